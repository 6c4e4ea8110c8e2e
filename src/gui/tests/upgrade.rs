//! A newer version: told at the start, later, or not again.

use egui::accesskit::Role;
use egui::{Key, Modifiers, ViewportCommand, vec2};
use egui_kittest::kittest::NodeT as _;
use jiff::SignedDuration;

use super::chinese;
use super::harness::{Opening, Window, now};
use crate::gui::backend::mock::Ending;
use crate::gui::backend::{News, NotStarted, Refusal};
use crate::gui::sample;
use crate::gui::state::{Dialog, Link, LinkProblem};
use crate::gui::text::Language;
use crate::ipc::Push;
use crate::ipc::protocol::{Access, ErrorCode, Event, Request, RequestError};
use crate::model::upgrade::{Release, UpgradeInfo, UpgradeProgress, UpgradeStep};
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
    Release { version: version.parse().unwrap(), ..sample::newer().release.unwrap() }
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
    window.desk.forget();
    window.tell(News::Link(Link::managed(VERSION)));
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

#[test]
fn who_looks_before_anybody_has_asked_does_not_hear_that_it_is_the_newest() {
    let mut window = opening(UpgradeInfo::default()).open();
    look(&mut window);
    let service = version(&service_version(&window));
    assert!(window.tells("upgrade-unknown", &service), "{}", window.dump());
}

#[test]
fn a_service_that_was_put_back_shows_the_failure_in_the_open_dialog() {
    let mut window = able();
    begin(&mut window, 10_400);
    let problem = LinkProblem::Lost("the service ended".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    window.tell(News::Link(Link::managed(VERSION)));
    let fault = Fault::new(FaultCode::UpgradeRolledBack, "no answer within 30 s");
    let step = UpgradeStep::Failed { fault: fault.clone() };
    let progress = Some(UpgradeProgress { version: "1.1.0".parse().unwrap(), step });
    // It knows of no release.
    let snapshot = opening(UpgradeInfo { progress, ..UpgradeInfo::default() }).snapshot;
    window.tell(News::Push(Push::Snapshot(Box::new(snapshot))));
    assert!(shows_upgrade(&window));
    assert!(window.says(&window.texts().fault_line(&fault)), "{}", window.dump());
    // It knows of it again.
    window.tell(service_at(UpgradeStep::Failed { fault: fault.clone() }));
    assert!(window.says(&window.texts().fault_line(&fault)), "{}", window.dump());
    assert!(window.thing(&window.text("upgrade-again")).enabled);
}

/// A window whose service can upgrade itself.
pub(super) fn able() -> Window {
    opening(sample::newer()).open()
}

/// The same, with an upgrade that ends in this way.
pub(super) fn ending(ending: Ending) -> Window {
    Opening { ending, ..opening(sample::newer()) }.open()
}

/// Begins the upgrade, and lets `millis` of it pass.
pub(super) fn begin(window: &mut Window, millis: i64) {
    window.click(&window.text("upgrade-do"));
    window.pass(SignedDuration::from_millis(millis));
}

fn version(version: &str) -> [(&'static str, crate::gui::text::Value<'static>); 1] {
    [("version", version.to_owned().into())]
}

/// How much of the bar is filled, in percent.
fn percent(window: &Window) -> Option<f64> {
    let nodes: Vec<_> = window.root().children_recursive().collect();
    let bar = nodes.iter().find(|node| node.accesskit_node().role() == Role::ProgressIndicator);
    bar.and_then(|bar| bar.accesskit_node().numeric_value())
}

#[test]
fn it_is_said_before_what_becomes_of_streams() {
    let mut window = able();
    let streams = [("count", 55_u64.into()), ("seconds", 30_u32.into())];
    assert!(window.tells("upgrade-streams", &streams), "{}", window.dump());
    assert!(window.says(&window.text("upgrade-streams-new")));
    assert!(!window.says(&window.text("upgrade-how")));
    // It is as it is now, not as it was when the dialog opened.
    let mut view = window.state().connections()[0].clone();
    let before = view.traffic.active_streams;
    view.traffic.active_streams = before + 7;
    let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
    let event = Event::Connection { connection: Box::new(view) };
    window.tell(News::Push(Push::Event { revision, event }));
    let streams = [("count", 62_u64.into()), ("seconds", 30_u32.into())];
    assert!(window.tells("upgrade-streams", &streams), "{}", window.dump());
    assert!(window.thing(&window.text("upgrade-later")).focused, "Enter is in nobody's way");
}

#[test]
fn the_upgrade_is_followed_to_the_new_version_and_the_window_starts_anew() {
    let mut window = able();
    window.key(Key::Tab);
    assert!(window.thing(&window.text("upgrade-do")).focused, "{}", window.dump());
    window.key(Key::Enter);
    assert!(window.desk.asked().iter().any(|asked| asked.contains("Upgrade {")));
    assert!(window.tells("upgrade-to", &version("1.1.0")), "{}", window.dump());
    assert!(window.says(&window.text("upgrade-goes-on")));
    window.pass(SignedDuration::from_millis(1600));
    let bytes = [("done", "5.7 MB".into()), ("total", "14.2 MB".into())];
    assert!(window.tells("upgrade-downloading", &bytes), "{}", window.dump());
    assert_eq!(percent(&window), Some(40.0));
    window.pass(SignedDuration::from_millis(2800));
    assert!(window.says(&window.text("upgrade-installing")), "{}", window.dump());
    assert_eq!(percent(&window), None);
    window.pass(SignedDuration::from_millis(2000));
    assert!(window.says(&window.text("upgrade-waiting")), "{}", window.dump());
    assert!(!window.says(&window.text("banner-not-running")), "that is as it should be");
    window.pass(SignedDuration::from_millis(2000));
    assert!(window.tells("upgrade-runs", &version("1.1.0")), "{}", window.dump());
    let connected = |window: &Window, count: &str| {
        let values = [("active", count.to_owned().into()), ("total", "7".into())];
        window.tells("upgrade-connected", &values)
    };
    assert!(connected(&window, "0"), "{}", window.dump());
    window.pass(SignedDuration::from_millis(2000));
    assert!(connected(&window, "7"), "{}", window.dump());
    assert!(window.thing(&window.text("upgrade-later")).focused, "Enter is in nobody's way");
    window.key(Key::Tab);
    assert!(window.thing(&window.text("window-restart")).focused);
    window.key(Key::Enter);
    assert!(window.desk.asked().iter().any(|asked| asked == "RestartWindow"));
    let closes = |command: &ViewportCommand| matches!(command, ViewportCommand::Close);
    assert!(window.commands.iter().any(closes), "the new window waits for the end of this one");
}

#[test]
fn closing_the_dialog_stops_nothing_and_the_lower_edge_leads_back() {
    let mut window = able();
    begin(&mut window, 1600);
    window.key(Key::Escape);
    assert!(window.state().dialog.is_none());
    let link = window.texts().with("footer-upgrading", &version("1.1.0"));
    window.click(&link);
    assert_eq!(percent(&window), Some(40.0));
    window.click(&window.text("close"));
    window.pass(SignedDuration::from_millis(8400));
    assert!(window.tells("upgrade-runs", &version("1.1.0")), "it is told when it is done");
    assert!(!window.has(&link));
    let own = VERSION;
    let values = [("version", "1.1.0".into()), ("other", own.into())];
    window.click(&window.texts().with("footer-window-old", &values));
    assert!(window.desk.asked().iter().any(|asked| asked == "RestartWindow"));
}

#[test]
fn a_service_that_somebody_else_has_upgraded_is_newer_than_the_window() {
    let mut window = Window::open();
    let own = VERSION;
    window.tell(News::Link(Link::managed("1.1.0")));
    let values = [("version", "1.1.0".into()), ("other", own.into())];
    let link = window.texts().with("footer-window-old", &values);
    assert!(window.has(&link), "{}", window.dump());
    window.tell(News::StartedAgain(Err(NotStarted::SameProgram)));
    assert!(window.tells("window-not-replaced", &values), "{}", window.dump());
    window.tell(News::StartedAgain(Err(NotStarted::Failed("no such file".to_owned()))));
    assert!(window.tells("window-not-restarted", &[("reason", "no such file".into())]));
    // In a small window it stands alone, and whole.
    let mut small = Opening { size: vec2(640.0, 400.0), ..Opening::new() }.open();
    let totals = window.texts().with("footer-streams", &[("count", 55_u64.into())]);
    assert!(small.says(&totals));
    small.tell(News::Link(Link::managed("1.1.0")));
    let rect = small.thing(&link).rect;
    assert!(rect.left() > 0.0 && rect.right() < 640.0, "{rect:?}");
    assert!(!small.says(&totals), "{}", small.dump());
    // An older one is not mended by that.
    window.tell(News::Link(Link::managed("0.0.9")));
    assert!(!window.says(&window.texts().with("footer-window-old", &values)));
}

#[test]
fn an_upgrade_that_somebody_else_has_begun_is_followed_too() {
    let mut window = opening(info(None, None)).open();
    let mut service = window.state().snapshot.as_ref().unwrap().service.clone();
    let step = UpgradeStep::Installing;
    let progress = Some(UpgradeProgress { version: "1.1.0".parse().unwrap(), step });
    service.upgrade = Some(Box::new(UpgradeInfo { progress, ..sample::newer() }));
    let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
    window.tell(News::Push(Push::Event { revision, event: Event::Service { service } }));
    assert!(window.state().dialog.is_none(), "it is in nobody's way");
    window.click(&window.texts().with("footer-upgrading", &version("1.1.0")));
    assert!(window.says(&window.text("upgrade-installing")), "{}", window.dump());
}

#[test]
fn a_failure_says_why_and_can_be_tried_again() {
    let fault = Fault::new(FaultCode::UpgradeFailed, "dpkg ended with 1");
    let mut window = ending(Ending::Fails(fault.clone()));
    begin(&mut window, 10_000);
    assert!(window.says(&window.text("upgrade-failed-title")), "{}", window.dump());
    assert!(window.says(&window.texts().fault_line(&fault)), "{}", window.dump());
    assert!(window.says(&window.texts().fault_advice(fault.code)));
    window.desk.forget();
    window.click(&window.text("upgrade-again"));
    assert!(window.desk.asked().iter().any(|asked| asked.contains("Upgrade {")));
    assert!(window.tells("upgrade-to", &version("1.1.0")), "{}", window.dump());
    // Who looks elsewhere hears of it.
    window.key(Key::Escape);
    window.pass(SignedDuration::from_secs(10));
    assert!(window.tells("upgrade-failed", &version("1.1.0")), "{}", window.dump());
    assert!(window.says("dpkg ended with 1"));
}

/// Opens the dialog from that about the program.
fn look(window: &mut Window) {
    window.click(&window.texts().with("about-version", &version(VERSION)));
    window.click(&window.text("upgrade-title"));
}

#[test]
fn an_upgrade_that_has_ended_is_not_in_the_way_of_the_next() {
    let mut window = able();
    begin(&mut window, 10_400);
    assert!(window.tells("upgrade-runs", &version("1.1.0")), "{}", window.dump());
    let mut snapshot = window.state().snapshot.clone().unwrap();
    let next = UpgradeInfo { release: Some(release("1.2.0")), ..sample::newer() };
    snapshot.service.upgrade = Some(Box::new(next));
    window.tell(News::Push(Push::Snapshot(Box::new(snapshot))));
    assert!(window.tells("upgrade-runs", &version("1.1.0")), "it is not taken away from under one");
    window.key(Key::Escape);
    look(&mut window);
    assert!(window.tells("upgrade-available", &version("1.2.0")), "{}", window.dump());
    window.desk.forget();
    window.click(&window.text("upgrade-do"));
    assert!(window.desk.asked().iter().any(|asked| asked.contains("Upgrade {")));
}

#[test]
fn a_refusal_is_of_the_past_when_the_dialog_has_closed_or_another_version_is_offered() {
    let refusing = || {
        let window = able();
        let error = RequestError::new(ErrorCode::NotUpgraded, "it is not offered any more");
        window.desk.refuse(move |request| match request {
            Request::Upgrade { .. } => Some(Refusal::Said(error.clone())),
            _ => None,
        });
        window
    };
    let mut window = refusing();
    begin(&mut window, 0);
    assert!(window.says(&window.text("upgrade-failed-title")), "{}", window.dump());
    window.key(Key::Escape);
    window.click(&available(&window, "1.1.0"));
    assert!(window.has(&window.text("upgrade-do")), "{}", window.dump());

    // One that comes when nobody looks is told to who looks next.
    let mut window = able();
    window.desk.fall_silent();
    window.click(&window.text("upgrade-do"));
    window.desk.speak();
    let ticket = *window.state().pending.keys().next_back().unwrap();
    window.key(Key::Escape);
    let error = RequestError::new(ErrorCode::NotUpgraded, "it is not offered any more");
    window.tell(News::Answer { ticket, outcome: Err(Refusal::Said(error)) });
    window.click(&available(&window, "1.1.0"));
    assert!(window.says("it is not offered any more"), "{}", window.dump());
}

/// The service of this machine, at `step` of the upgrade to 1.1.0.
fn service_at(step: UpgradeStep) -> News {
    let mut snapshot = opening(sample::newer()).snapshot;
    let progress = Some(UpgradeProgress { version: "1.1.0".parse().unwrap(), step });
    snapshot.service.upgrade = Some(Box::new(UpgradeInfo { progress, ..sample::newer() }));
    News::Push(Push::Snapshot(Box::new(snapshot)))
}

#[test]
fn a_new_version_that_did_not_stay_is_a_failure() {
    let mut window = able();
    begin(&mut window, 10_400);
    assert!(window.tells("upgrade-runs", &version("1.1.0")), "{}", window.dump());
    let problem = LinkProblem::Lost("the service ended".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    window.tell(News::Link(Link::managed(VERSION)));
    window.tell(service_at(UpgradeStep::Installing));
    assert!(window.says(&window.text("upgrade-installing")), "{}", window.dump());
    let fault = Fault::new(FaultCode::UpgradeRolledBack, "no answer within 30 s");
    window.tell(service_at(UpgradeStep::Failed { fault: fault.clone() }));
    assert!(window.says(&window.texts().fault_line(&fault)), "{}", window.dump());
}

#[test]
fn one_that_is_under_way_already_is_followed() {
    let mut window = able();
    window.desk.fall_silent();
    window.click(&window.text("upgrade-do"));
    window.desk.speak();
    let ticket = *window.state().pending.keys().next_back().unwrap();
    window.tell(service_at(UpgradeStep::Installing));
    let error = RequestError::new(ErrorCode::NotUpgraded, "it is under way already");
    window.tell(News::Answer { ticket, outcome: Err(Refusal::Said(error)) });
    assert!(window.says(&window.text("upgrade-installing")), "{}", window.dump());
}

#[test]
fn a_refusal_is_told_and_one_that_does_not_know_it_is_named() {
    let mut window = able();
    let said = "the service (version 0.0.9) does not know this yet";
    window.desk.refuse(move |request| match request {
        Request::Upgrade { .. } => {
            Some(Refusal::Said(RequestError::new(ErrorCode::VersionMismatch, said)))
        }
        _ => None,
    });
    begin(&mut window, 0);
    assert!(window.says(said), "{}", window.dump());
    assert!(window.has(&window.text("upgrade-again")));
}

#[test]
fn a_new_service_that_does_not_come_is_said_to_be_late() {
    let mut window = ending(Ending::Silence);
    begin(&mut window, 7_000);
    assert!(window.says(&window.text("upgrade-waiting")), "{}", window.dump());
    // The window looks again when the time is over, by itself.
    assert!(window.next_frame_in().is_some());
    window.pass(SignedDuration::from_secs(3 * 60 + 29));
    assert!(window.says(&window.text("upgrade-waiting")), "{}", window.dump());
    window.pass(SignedDuration::from_secs(10));
    assert!(window.says(&window.text("upgrade-late")), "{}", window.dump());
    assert!(window.says(&window.text("upgrade-late-advice")));
    window.key(Key::Escape);
    assert!(window.says(&window.text("banner-not-running")), "{}", window.dump());
    // The old one, started by hand.
    window.tell(News::Link(Link::managed(VERSION)));
    let snapshot = Box::new(opening(sample::newer()).snapshot);
    window.tell(News::Push(Push::Snapshot(snapshot)));
    window.click(&window.texts().with("footer-upgrading", &version("1.1.0")));
    let old = version(VERSION);
    assert!(window.tells("upgrade-still-old", &old), "{}", window.dump());
    window.desk.forget();
    window.click(&window.text("upgrade-again"));
    assert!(window.desk.asked().iter().any(|asked| asked.contains("Upgrade {")));
    assert!(window.tells("upgrade-to", &version("1.1.0")), "{}", window.dump());
}

#[test]
fn who_only_reads_the_status_sees_it_and_begins_nothing() {
    let mut window = able();
    let (version, access) = (VERSION.to_owned(), Access::ReadStatus);
    window.tell(News::Link(Link::Up { version, access }));
    assert!(!window.thing(&window.text("upgrade-do")).enabled);
    let standing = window.state().standing;
    assert!(window.says(&window.texts().read_only(standing)), "{}", window.dump());
}

#[test]
fn it_is_told_in_chinese_too() {
    let mut window = able();
    chinese::install(window.ctx());
    window.click(&window.text("upgrade-later"));
    window.chord(Modifiers::COMMAND, Key::Comma);
    window.click(&window.text("settings-language"));
    window.click_last("简体中文");
    window.key(Key::Escape);
    window.click(&available(&window, "1.1.0"));
    assert_eq!(window.texts().language(), Language::Chinese);
    let streams = [("count", 55_u64.into()), ("seconds", 30_u32.into())];
    assert!(window.tells("upgrade-streams", &streams), "{}", window.dump());
    begin(&mut window, 1600);
    assert!(window.tells("upgrade-to", &version("1.1.0")), "{}", window.dump());
    window.pass(SignedDuration::from_secs(10));
    assert!(window.has(&window.text("window-restart")), "{}", window.dump());
}
