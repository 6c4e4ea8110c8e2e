//! New hybrid connections, by connection string.

use egui::{Key, Modifiers};
use jiff::SignedDuration;

use super::harness::{Window, now};
use super::strings::{KEY, string, twenty_with_one_bad};
use crate::gui::backend::mock::ASLEEP;
use crate::gui::backend::{News, Refusal};
use crate::gui::state::{Dialog, Link, LinkProblem};
use crate::ipc::protocol::{ErrorCode, Request, RequestError};
use crate::model::{FaultCode, VERSION};

/// Long enough for the typing to rest.
const REST: SignedDuration = SignedDuration::from_millis(400);

/// The button that creates `count` connections.
fn create(window: &Window, count: u32) -> String {
    window.texts().with("create-several", &[("count", count.into())])
}

fn open() -> Window {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    assert!(window.thing(&window.text("paste-field")).focused, "one can paste at once");
    window
}

#[test]
fn one_is_pasted_looked_at_and_created() {
    let mut window = open();
    assert!(!window.thing(&window.text("create")).enabled);
    window.paste(&string("payroll"));
    assert!(window.thing(&window.text("create")).enabled);
    for text in ["contoso-weu.servicebus.windows.net", "payroll", "defaultListener"] {
        assert!(window.says(text), "{text}");
    }
    assert!(window.desk.asked().is_empty(), "nothing is asked while one types");
    window.pass(REST);
    assert!(
        window.tells("check-endpoint", &[("endpoint", "payroll.corp.contoso.com:8443".into())])
    );
    assert!(window.tells("check-reachable", &[("time", "1.8 ms".into())]));
    window.click(&window.text("create"));
    assert!(window.state().dialog.is_none());
    assert!(
        window.tells("added", &[("count", 1_u32.into()), ("name", "contoso-weu/payroll".into())])
    );
    assert_eq!(window.selected(), ["payroll"]);
    assert!(window.row("payroll").selected);
    assert!(window.thing(&window.text("table")).focused);
}

#[test]
fn what_a_fault_means_is_told_over_what_was_typed() {
    let mut window = open();
    window.paste(&string(ASLEEP));
    window.pass(REST);
    window.click(&window.text("explain-open"));
    assert!(window.says(FaultCode::EndpointRefused.as_str()), "{}", window.dump());
    window.key(Key::Escape);
    assert_eq!(window.state().explained, None);
    assert!(window.says(ASLEEP), "the dialog under it is as it was");
    window.click(&window.text("create"));
    assert_eq!(window.selected(), [ASLEEP]);
}

#[test]
fn by_keyboard_it_needs_no_mouse() {
    let mut window = open();
    window.type_text(&string("payroll"));
    let create = window.text("create");
    for _ in 0..8 {
        if window.thing(&create).focused {
            break;
        }
        window.chord(Modifiers::SHIFT, Key::Tab);
    }
    window.key(Key::Enter);
    assert_eq!(window.selected(), ["payroll"]);
}

#[test]
fn what_is_new_is_seen_although_a_filter_hides_it() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::F);
    window.type_text("metrics");
    window.chord(Modifiers::COMMAND, Key::N);
    window.paste(&string("payroll"));
    window.click(&window.text("create"));
    assert!(window.row("payroll").selected);
}

#[test]
fn twenty_at_once_of_which_one_is_bad() {
    let mut window = open();
    window.paste(&twenty_with_one_bad());
    assert!(window.tells("new-found", &[("count", 19_u32.into())]));
    assert!(window.tells("new-found-bad", &[("count", 1_u32.into())]));
    let line = window.texts().with("new-line", &[("line", 7_u32.into())]);
    let bad = window.things().into_iter().find(|thing| thing.name.starts_with(&line));
    let bad = bad.expect("the bad one is named with its line");
    assert!(bad.rect.bottom() < 640.0, "it is seen without scrolling");
    let bad = bad.name;
    assert!(bad.contains("EntityPath"), "{bad}");
    window.pass(REST);
    let checks = window.desk.asked();
    assert_eq!(checks.len(), 19, "{checks:?}");
    window.click(&create(&window, 19));
    assert_eq!(window.state().connections().len(), 26);
    let is_open = matches!(&window.state().dialog, Some(Dialog::New(_)));
    assert!(is_open, "the bad one can still be mended");
    assert!(window.says(&bad));
    assert!(!window.thing(&window.text("create")).enabled, "nothing is left to create");
    assert_eq!(window.state().pending.len(), 0);
    window.click(&window.text("cancel"));
    assert!(window.row("fresh-01").name.contains("Connected"));
}

#[test]
fn one_of_several_fails_and_can_be_tried_again() {
    let mut window = open();
    window.desk.refuse(|request| match request {
        Request::AddConnection { connection_string, .. }
            if connection_string.expose().ends_with("=two") =>
        {
            let error = RequestError::new(ErrorCode::NotSaved, "The disk is full".to_owned());
            Some(Refusal::Said(error))
        }
        _ => None,
    });
    window.paste(&[string("one"), string("two"), string("three")].join("\n"));
    window.click(&create(&window, 3));
    assert!(window.says("The disk is full"));
    assert_eq!(window.state().connections().len(), 9);
    let added = window.text("new-added");
    let notes = window.things().into_iter().filter(|thing| thing.name == added).count();
    assert_eq!(notes, 2);
    window.desk.refuse(|_| None);
    window.click(&window.text("create"));
    assert!(window.state().dialog.is_none());
    assert!(window.tells("added", &[("count", 3_u32.into())]));
    assert_eq!(window.selected().len(), 3);
}

#[test]
fn what_is_there_already_is_not_added_but_can_be_updated() {
    let mut window = open();
    window.paste(&string("erp-sql"));
    assert!(window.says(&window.text("new-already")));
    assert!(!window.thing(&window.text("create")).enabled);
    window.click(&window.text("update"));
    assert!(window.tells("update-title", &[("name", "erp-sql".into())]));
}

#[test]
fn the_same_twice_is_added_once() {
    let mut window = open();
    window.paste(&[string("one"), string("one"), string("two")].join("\n"));
    assert!(window.says(&window.text("new-repeated")));
    window.click(&create(&window, 2));
    assert_eq!(window.state().connections().len(), 9);
}

#[test]
fn what_cannot_be_read_says_why_and_creates_nothing() {
    let mut window = open();
    let good = string("x");
    for (text, reason) in [
        ("hello", "connection string"),
        (good.strip_suffix(";EntityPath=x").unwrap(), "EntityPath"),
        (&good.replace("sb://", "ftp://"), "Endpoint"),
        (&good.replace(KEY, ""), "SharedAccessKey"),
    ] {
        window.chord(Modifiers::COMMAND, Key::A);
        window.paste(text);
        let things = window.things();
        let found = things
            .iter()
            .any(|thing| thing.role == egui::accesskit::Role::Label && thing.name.contains(reason));
        assert!(found, "{reason} in:\n{}", window.dump());
        assert!(!window.thing(&window.text("create")).enabled, "{reason}");
    }
    window.pass(REST);
    assert!(window.desk.asked().is_empty(), "{:?}", window.desk.asked());
}

#[test]
fn a_check_that_fails_is_told_and_keeps_nobody_from_creating() {
    let mut window = open();
    window.desk.refuse(|request| {
        matches!(request, Request::CheckConnectionString { .. }).then_some(Refusal::TimedOut)
    });
    window.paste(&string("payroll"));
    window.pass(REST);
    assert!(window.tells("check-failed", &[("reason", window.text("answer-timed-out").into())]));
    window.click(&window.text("create"));
    assert_eq!(window.selected(), ["payroll"]);
}

#[test]
fn what_was_checked_is_not_checked_again() {
    let mut window = open();
    window.paste(&string("one"));
    window.pass(REST);
    window.paste(&format!("\n{}", string("two")));
    window.pass(REST);
    assert_eq!(window.desk.asked().len(), 2, "{:?}", window.desk.asked());
}

#[test]
fn answers_are_lost_while_the_dialog_is_sent() {
    let mut window = open();
    window.desk.fall_silent();
    window.paste(&[string("one"), string("two")].join("\n"));
    window.click(&create(&window, 2));
    assert!(window.says(&window.text("creating")));
    let problem = LinkProblem::Lost("the service ended".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    assert!(window.says(&window.text("answer-lost")));
    assert!(window.says(&window.text("needs-service")));
    assert!(window.state().pending.is_empty());
    assert!(!window.thing(&create(&window, 2)).enabled);
    window.desk.speak();
    window.tell(News::Link(Link::managed(VERSION)));
    window.click(&create(&window, 2));
    assert_eq!(window.selected().len(), 2);
}

#[test]
fn a_dialog_that_was_closed_over_its_answers_leaves_a_word_of_what_failed() {
    let mut window = open();
    window.desk.fall_silent();
    window.paste(&string("payroll"));
    window.click(&window.text("create"));
    window.key(Key::Escape);
    assert!(window.state().dialog.is_none());
    let problem = LinkProblem::Lost("the service ended".to_owned());
    window.tell(News::Link(Link::Down { since: now(), problem }));
    assert!(window.says(&window.text("answer-lost")));
    assert!(window.tells("act-add", &[("name", "contoso-weu/payroll".into())]));
}
