//! A newer version: told at the start, later, or not again.

use egui::Key;

use super::harness::{Opening, Window, now};
use crate::gui::backend::News;
use crate::gui::sample;
use crate::gui::state::{Dialog, Link, LinkProblem};
use crate::ipc::Push;
use crate::ipc::protocol::Event;
use crate::model::upgrade::{Release, UpgradeInfo};
use crate::model::{Fault, FaultCode, VERSION};

/// What a service knows that has asked an hour ago.
fn info(release: Option<Release>, fault: Option<Fault>) -> UpgradeInfo {
    UpgradeInfo {
        asked: Some("2026-11-22T03:00:00Z".parse().unwrap()),
        release,
        fault,
        ..UpgradeInfo::default()
    }
}

fn release(version: &str) -> Release {
    Release {
        version: version.parse().unwrap(),
        released: "2026-11-18T09:00:00Z".parse().unwrap(),
        notes: "- Reconnect at once after the machine wakes up.\n\
                - Show the gateways of your own stamp in the firewall list.\n\
                - Take a proxy password with `@`.\n"
            .to_owned(),
    }
}

/// A window that opens while its service knows `upgrade`.
pub(super) fn opening(upgrade: UpgradeInfo) -> Opening {
    let mut snapshot = sample::snapshot(now());
    snapshot.service.upgrade = Some(Box::new(upgrade));
    Opening { snapshot, ..Opening::new() }
}

pub(super) fn newer() -> UpgradeInfo {
    info(Some(release("1.1.0")), None)
}

fn shows_upgrade(window: &Window) -> bool {
    matches!(window.state().dialog, Some(Dialog::Upgrade))
}

fn available(window: &Window, version: &str) -> String {
    window.texts().with("upgrade-available", &[("version", version.to_owned().into())])
}

fn service_version(window: &Window) -> String {
    match &window.state().link {
        Link::Up { version, .. } => version.clone(),
        link => panic!("{link:?}"),
    }
}

#[test]
fn a_newer_version_is_told_at_the_start_and_later_from_the_lower_edge() {
    let mut window = opening(newer()).open();
    assert!(shows_upgrade(&window));
    for said in ["• Take a proxy password with @.", &window.text("upgrade-how")] {
        assert!(window.says(said), "{said}");
    }
    assert!(window.thing(&window.text("upgrade-later")).focused, "Enter is in nobody's way");
    window.click(&window.text("upgrade-later"));
    assert!(window.state().dialog.is_none());
    window.click(&available(&window, "1.1.0"));
    assert!(shows_upgrade(&window));
    window.key(Key::Escape);
    assert!(window.state().dialog.is_none());

    // A service that comes back is not asked again.
    let problem = LinkProblem::Lost("gone".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    window.tell(News::Link(Link::managed("1.0.0")));
    assert!(window.state().dialog.is_none());
    assert_eq!(window.desk.asked(), [""; 0]);
}

#[test]
fn a_skipped_version_is_not_told_again_but_the_next_one_is() {
    let mut window = opening(newer()).open();
    window.click(&window.text("upgrade-skip"));
    assert!(window.state().dialog.is_none());
    assert!(!window.says(&available(&window, "1.1.0")));
    let preferences = window.state().preferences.clone();
    assert_eq!(preferences.skipped_version.as_deref(), Some("1.1.0"));

    let again = Opening { preferences: preferences.clone(), ..opening(newer()) }.open();
    assert!(!shows_upgrade(&again) && !again.says(&available(&again, "1.1.0")));
    let next = info(Some(release("1.2.0")), None);
    let next = Opening { preferences, ..opening(next) }.open();
    assert!(shows_upgrade(&next) && next.says(&available(&next, "1.2.0")));
}

#[test]
fn what_comes_while_one_works_stays_at_the_lower_edge() {
    let mut window = Window::open();
    let mut service = window.state().snapshot.as_ref().unwrap().service.clone();
    service.upgrade = Some(Box::new(newer()));
    let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
    window.tell(News::Push(Push::Event { revision, event: Event::Service { service } }));
    assert!(window.state().dialog.is_none());
    assert!(window.says(&available(&window, "1.1.0")));
}

#[test]
fn who_looks_hears_that_it_is_the_newest_or_why_that_is_not_known() {
    let look = |window: &mut Window| {
        let about = [("version", VERSION.into())];
        window.click(&window.texts().with("about-version", &about));
        window.click(&window.text("upgrade-title"));
    };
    let mut newest = opening(info(None, None)).open();
    assert!(!shows_upgrade(&newest));
    look(&mut newest);
    let version = [("version", service_version(&newest).into())];
    assert!(newest.says(&newest.texts().with("upgrade-newest", &version)), "{}", newest.dump());

    let fault = Fault::new(FaultCode::ReleaseNotTrusted, "it is not signed");
    let mut refused = opening(info(None, Some(fault.clone()))).open();
    assert!(!shows_upgrade(&refused), "it is in nobody's way");
    look(&mut refused);
    let version = [("version", service_version(&refused).into())];
    assert!(refused.says(&refused.texts().with("upgrade-unknown", &version)));
    assert!(refused.says(&refused.texts().fault_line(&fault)), "{}", refused.dump());
}
