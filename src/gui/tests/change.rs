//! What is done to connections that are there: update, remove, restart, disable, copy.

use egui::{Key, Modifiers};
use jiff::SignedDuration;

use super::harness::{Opening, Window};
use super::strings::{KEY, string};
use crate::gui::backend::Refusal;
use crate::gui::state::Dialog;
use crate::ipc::protocol::{ErrorCode, Request, RequestError};
use crate::model::{ConnectionStatus, Fault, FaultCode};

fn refusal(message: &str) -> Option<Refusal> {
    Some(Refusal::Said(RequestError::new(ErrorCode::NotSaved, message.to_owned())))
}

/// The dialog "Update connection string" of legacy-soap, opened from its fault.
fn update() -> Window {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("update"));
    assert!(window.thing(&window.text("paste-field")).focused, "one can paste at once");
    window
}

#[test]
fn a_new_connection_string_is_checked_and_taken() {
    let mut window = update();
    assert!(!window.thing(&window.text("update-do")).enabled);
    window.paste(&string("legacy-soap"));
    window.pass(SignedDuration::from_millis(400));
    assert!(
        window.tells("check-endpoint", &[("endpoint", "legacy-soap.corp.contoso.com:8443".into())])
    );
    window.desk.forget();
    window.click(&window.text("update-do"));
    assert!(window.state().dialog.is_none());
    assert!(window.tells("updated", &[("name", "contoso-weu/legacy-soap".into())]));
    let asked = window.desk.asked();
    assert!(asked[0].contains("replace: true"), "{asked:?}");
    assert_eq!(window.rows().len(), 7);
    assert!(window.thing(&window.text("table")).focused);
}

#[test]
fn a_key_that_was_sealed_elsewhere_is_named_and_replaced() {
    let mut opening = Opening::new();
    let seen = "the key of the rule defaultListener is sealed (dpapi-machine)";
    let mut rows = opening.snapshot.connections.iter_mut();
    let view = rows.find(|view| view.id.name() == "legacy-soap").unwrap();
    view.status = ConnectionStatus::Faulted { fault: Fault::new(FaultCode::KeySealed, seen) };
    let mut window = opening.open();
    window.click_row("legacy-soap", Modifiers::NONE);
    assert!(window.says(FaultCode::KeySealed.summary()), "{}", window.dump());
    assert!(window.tells("fault-key-sealed-advice", &[]), "{}", window.dump());
    assert!(window.says(seen), "{}", window.dump());
    window.click(&window.text("update"));
    window.paste(&string("legacy-soap"));
    window.pass(SignedDuration::from_millis(400));
    window.desk.forget();
    window.click(&window.text("update-do"));
    assert!(window.desk.asked()[0].contains("replace: true"));
}

#[test]
fn the_connection_string_of_another_connection_is_not_taken() {
    let mut window = update();
    window.paste(&string("erp-sql"));
    let other = crate::gui::sample::id("contoso-weu", "erp-sql").full();
    assert!(window.tells("update-other-connection", &[("name", other.into())]));
    assert!(!window.thing(&window.text("update-do")).enabled);
    window.chord(Modifiers::COMMAND, Key::A);
    window.paste("Endpoint=sb://contoso-weu.servicebus.windows.net/");
    assert!(!window.thing(&window.text("update-do")).enabled);
    window.chord(Modifiers::COMMAND, Key::A);
    window.paste(&string("legacy-soap"));
    assert!(window.thing(&window.text("update-do")).enabled);
}

#[test]
fn an_update_that_is_refused_says_why_and_can_be_tried_again() {
    let mut window = update();
    window.desk.refuse(|request| {
        let is_update = matches!(request, Request::AddConnection { replace: true, .. });
        is_update.then(|| refusal("The disk is full")).flatten()
    });
    window.paste(&string("legacy-soap"));
    window.click(&window.text("update-do"));
    assert!(window.says("The disk is full"));
    window.desk.refuse(|_| None);
    window.click(&window.text("update-do"));
    assert!(window.state().dialog.is_none());
}

#[test]
fn one_is_removed_after_a_question_that_says_what_stops() {
    let mut window = Window::open();
    window.click_row("orders-api", Modifiers::NONE);
    window.click(&window.text("remove"));
    assert!(window.tells("remove-title", &[("name", "orders-api".into())]));
    assert!(window.says("orders.corp.contoso.com:443"));
    assert!(window.tells("remove-streams", &[("count", 38_u32.into())]));
    window.click(&window.text("cancel"));
    assert_eq!(window.rows().len(), 7);
    window.click(&window.text("remove"));
    window.click(&window.text("remove-do"));
    assert!(!window.rows().contains(&"orders-api".to_owned()));
    assert!(
        window.tells(
            "removed",
            &[("count", 1_u32.into()), ("name", "contoso-weu/orders-api".into())]
        )
    );
    assert!(window.thing(&window.text("table")).focused);
}

#[test]
fn three_are_removed_at_once_and_one_that_stays_says_why() {
    let mut window = Window::open();
    for name in ["erp-sql", "metrics", "mail-relay"] {
        window.click_row(name, Modifiers::COMMAND);
    }
    window.desk.refuse(|request| match request {
        Request::RemoveConnection { connection } if connection.to_string().contains("metrics") => {
            refusal("The disk is full")
        }
        _ => None,
    });
    window.click(&window.text("remove"));
    assert!(window.tells("remove-title-several", &[("count", 3_u32.into())]));
    for name in ["erp-sql", "metrics", "mail-relay"] {
        assert!(window.says(&format!("/{name}")), "{name} is named");
    }
    window.click(&window.text("remove-do"));
    assert_eq!(window.rows().len(), 5);
    assert_eq!(window.selected(), ["metrics"]);
    let told = window.things().into_iter().find(|thing| thing.name.contains("The disk is full"));
    let told = told.expect("the refusal is told").name;
    assert!(told.contains("metrics"), "{told}");
    window.pass(SignedDuration::from_secs(60));
    assert!(window.says(&told), "what went wrong stays until it is closed");
}

#[test]
fn buttons_of_the_details_ask_the_service() {
    let mut window = Window::open();
    window.click_row("erp-sql", Modifiers::NONE);
    for (key, asked) in [
        ("restart", "RestartConnection"),
        ("disable", "DisableConnection"),
        ("enable", "EnableConnection"),
        ("reach-check", "CheckEndpoint"),
    ] {
        window.desk.forget();
        window.click(&window.text(key));
        let all = window.desk.asked();
        assert!(all.len() == 1 && all[0].starts_with(asked), "{key}: {all:?}");
    }
    window.click_row("legacy-soap", Modifiers::NONE);
    window.desk.forget();
    window.click(&window.text("try-now"));
    assert!(window.desk.asked()[0].starts_with("TryNow"));
}

#[test]
fn what_was_done_to_several_is_asked_for_each() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::A);
    window.desk.forget();
    window.click(&window.text("disable"));
    assert_eq!(window.desk.asked().len(), 7);
    assert!(window.tells("footer-connected", &[("count", 0_u32.into())]));
    window.desk.refuse(|_| refusal("The disk is full"));
    window.click(&window.text("enable"));
    let told = window.things().into_iter();
    let told = told.filter(|thing| thing.name.contains("The disk is full")).count();
    assert!((1..=4).contains(&told), "{told} messages at once");
}

#[test]
fn the_endpoint_of_what_is_looked_at_is_dialled_once_the_selection_rests() {
    let mut window = Window::open();
    window.desk.forget();
    for _ in 0..4 {
        window.key(Key::ArrowDown);
        window.pass(SignedDuration::from_millis(100));
    }
    assert!(window.desk.asked().is_empty(), "who runs through dials nothing");
    window.pass(SignedDuration::from_millis(500));
    let asked = window.desk.asked();
    assert!(asked.len() == 1 && asked[0].contains("mail-relay"), "{asked:?}");
}

#[test]
fn copied_details_tell_all_but_a_key() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.paste(&string("payroll"));
    window.click(&window.text("create"));
    window.click(&window.text("copy-details"));
    let copied = window.copied.clone().unwrap();
    for part in ["payroll", "sb://contoso-weu.servicebus.windows.net/", "defaultListener"] {
        assert!(copied.contains(part), "{part} in {copied}");
    }
    assert!(!copied.contains(&KEY[..8]) && !copied.contains("SharedAccessKey"), "{copied}");
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("copy-details"));
    let copied = window.copied.clone().unwrap();
    for part in ["(401)", "0d6e8f4e-6e1b-4c43-8f0d-1c8f1e4d2a77_G12", "10.20.0.14:8443"] {
        assert!(copied.contains(part), "{part} in {copied}");
    }
    window.click(&window.text("copy-service-bus-endpoint"));
    assert_eq!(window.copied.as_deref(), Some("sb://contoso-weu.servicebus.windows.net/"));
}

#[test]
fn a_question_about_what_is_gone_removes_nothing_else() {
    let mut window = Window::open();
    window.click_row("orders-api", Modifiers::NONE);
    window.key(Key::Delete);
    let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
    let id = crate::gui::sample::id("contoso-weu", "orders-api");
    let event = crate::ipc::protocol::Event::Removed { id };
    window.tell(crate::gui::backend::News::Push(crate::ipc::Push::Event { revision, event }));
    assert!(matches!(window.state().dialog, Some(Dialog::Remove(_)) | None));
    window.key(Key::Escape);
    assert_eq!(window.rows().len(), 6);
}
