//! "Diagnose": the cause first, every check as it comes.

use egui::{Key, Modifiers};
use jiff::SignedDuration;

use super::harness::{Window, now};
use super::read_only::only_reading;
use crate::gui::backend::{News, Refusal};
use crate::gui::state::{Dialog, Link, LinkProblem, Look};
use crate::ipc::Push;
use crate::ipc::protocol::{ErrorCode, Event, Request, RequestError};
use crate::model::diagnosis::{CheckName, Verdict};
use crate::model::{ConnectionStatus, ConnectionView, FaultCode, VERSION};

const STEP: SignedDuration = SignedDuration::from_millis(120);

/// Opens it for the connection `name`; nothing was shown yet.
pub(super) fn look_at(name: &str) -> Window {
    let mut window = Window::open();
    window.click_row(name, Modifiers::NONE);
    window.click_last(&window.text("diagnose"));
    window
}

/// Lets everything come.
pub(super) fn end(window: &mut Window) {
    for _ in 0..24 {
        window.pass(STEP);
    }
}

fn look(window: &Window) -> Look {
    match &window.state().dialog {
        Some(Dialog::Diagnose(look)) => look.clone(),
        other => panic!("not open: {other:?}"),
    }
}

#[test]
fn what_is_found_is_shown_as_it_comes() {
    let mut window = look_at("orders-api");
    assert!(
        window.says(&window.texts().check_title(CheckName::EndpointTcp)),
        "what follows is told"
    );
    assert!(look(&window).is_running());
    assert!(!window.thing(&window.text("diagnose-again")).enabled);
    window.pass(STEP);
    assert!(look(&window).reports.len() < 4);
    assert!(window.says(CheckName::Service.ok()), "{}", window.dump());
    end(&mut window);
    let found = look(&window);
    assert!(!found.is_running() && found.cause().is_none(), "{found:?}");
    assert!(window.says("Nothing is wrong"), "{}", window.dump());
    window.click(&window.text("diagnose-again"));
    assert!(look(&window).is_running() && look(&window).reports.len() < 2);
}

/// The service tells of a change.
fn told(window: &mut Window, event: Event) {
    let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
    window.tell(News::Push(Push::Event { revision, event }));
}

#[test]
fn a_change_of_the_connection_makes_what_was_found_old() {
    let mut window = look_at("orders-api");
    let all = window.text("diagnose-all-gateways");
    assert!(!window.thing(&all).enabled, "what it tells does not say which gateways it tries");
    end(&mut window);
    assert!(window.thing(&all).enabled);
    let is_old = |window: &Window| window.says("The connection has changed since");
    let view = look(&window).connection.unwrap();
    let view = window.state().connection(&view).unwrap().clone();
    let with = |status| Event::Connection {
        connection: Box::new(ConnectionView { status, ..view.clone() }),
    };
    told(&mut window, with(ConnectionStatus::Connected { since: now(), gateway: None }));
    assert!(!is_old(&window), "a new channel changes nothing: {}", window.dump());
    told(&mut window, with(ConnectionStatus::Disabled));
    assert!(is_old(&window), "{}", window.dump());
    window.click(&window.text("diagnose-again"));
    end(&mut window);
    assert!(!is_old(&window), "{}", window.dump());
    told(&mut window, Event::Removed { id: view.id.clone() });
    assert!(is_old(&window), "{}", window.dump());
}

#[test]
fn the_cause_stands_first_and_is_explained() {
    let mut window = look_at("legacy-soap");
    end(&mut window);
    let texts = window.texts();
    let title = texts.check_title(CheckName::Listen);
    assert!(window.tells("diagnose-cause", &[("what", title.into())]), "{}", window.dump());
    assert!(window.says(&texts.fault_advice(FaultCode::Unauthorized)));
    window.click_last(&window.text("explain-open"));
    assert_eq!(window.state().explained, Some(FaultCode::Unauthorized));
    window.key(Key::Escape);
    assert_eq!(look(&window).cause().unwrap().check, CheckName::Listen);
    window.click(&window.text("copy"));
    let copied = window.copied.clone().unwrap();
    assert!(copied.contains("[failed] Listener: ") && copied.contains("→"), "{copied}");
    window.desk.forget();
    window.click(&window.text("save-as"));
    let asked = window.desk.asked();
    assert!(asked[0].starts_with("SaveText { name: \"diagnosis-legacy-soap.txt\""), "{asked:?}");
}

#[test]
fn what_a_check_has_seen_opens_by_click_and_by_key() {
    let mut window = look_at("orders-api");
    end(&mut window);
    let texts = window.texts();
    let title = texts.check_title(CheckName::NamespaceDns);
    let row = texts.more_about(&title, &texts.verdict(Some(Verdict::Ok)));
    assert!(!window.says("prod-am3-018"));
    window.click(&row);
    assert!(window.says("prod-am3-018"), "{}", window.dump());
    window.click(&row);
    assert!(!window.says("prod-am3-018"));
    for _ in 0..30 {
        window.key(Key::Tab);
        if window.thing(&row).focused {
            break;
        }
    }
    window.key(Key::Space);
    assert!(window.says("prod-am3-018"), "{}", window.dump());
}

#[test]
fn all_gateways_are_tried_on_wish() {
    let mut window = look_at("orders-api");
    end(&mut window);
    window.desk.forget();
    window.click(&window.text("diagnose-all-gateways"));
    assert!(look(&window).is_running());
    let asked = window.desk.asked();
    assert!(asked.iter().any(|one| one.contains("all_gateways: true")), "{asked:?}");
}

#[test]
fn without_the_service_it_says_so_and_looks_when_it_is_back() {
    let mut window = Window::open();
    let problem = LinkProblem::NotRunning;
    window.tell(News::Link(Link::Down { since: now(), problem }));
    window.click(&window.text("diagnose"));
    assert_eq!(look(&window).cause().unwrap().check, CheckName::Service);
    assert!(window.has(&window.text("service-start")));
    window.tell(News::Link(Link::managed(VERSION)));
    assert!(look(&window).cause().is_none(), "{:?}", look(&window));
    end(&mut window);
    assert!(window.says("Nothing is wrong"), "{}", window.dump());
}

#[test]
fn a_service_that_goes_is_the_cause() {
    let mut window = look_at("legacy-soap");
    end(&mut window);
    assert_eq!(look(&window).cause().unwrap().check, CheckName::Listen);
    assert!(!window.has(&window.text("service-start")));
    let problem = LinkProblem::Lost("the service ended".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    assert_eq!(look(&window).cause().unwrap().check, CheckName::Service);
    assert!(window.says("the service ended"), "{}", window.dump());
}

#[test]
fn what_the_service_does_not_do_is_told() {
    let mut window = Window::open();
    window.desk.refuse(|request| match request {
        Request::Diagnose { .. } => {
            let error =
                RequestError::new(ErrorCode::Stopping, "the service is stopping".to_owned());
            Some(Refusal::Said(error))
        }
        _ => None,
    });
    window.click(&window.text("diagnose"));
    assert!(window.says("the service is stopping"));
    window.key(Key::Escape);
    window.tell(only_reading());
    window.click(&window.text("diagnose"));
    let standing = window.state().standing;
    assert!(window.says(&window.texts().read_only(standing)), "{}", window.dump());
    assert!(!window.thing(&window.text("diagnose-again")).enabled);
}

#[test]
fn a_look_that_was_closed_disturbs_no_other() {
    let mut window = look_at("legacy-soap");
    window.pass(STEP);
    window.key(Key::Escape);
    window.click_row("orders-api", Modifiers::NONE);
    window.click_last(&window.text("diagnose"));
    end(&mut window);
    let found = look(&window);
    assert!(!found.is_running() && found.cause().is_none(), "{found:?}");
}
