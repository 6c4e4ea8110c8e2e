//! Every dialog opens where a person looks for it, and closes by Esc.

use egui::{Key, Modifiers};

use super::harness::{Opening, Window};
use crate::gui::state::Dialog;
use crate::model::{FaultCode, VERSION};

type Open = fn(&mut Window);
type Is = fn(&Dialog) -> bool;

const DIALOGS: [(Open, Is); 10] = [
    (|window| window.click(&window.text("new")), |dialog| matches!(dialog, Dialog::New(_))),
    (
        |window| window.click(&window.text("settings")),
        |dialog| matches!(dialog, Dialog::Settings(_)),
    ),
    (
        |window| {
            window.click(&window.texts().with("about-version", &[("version", VERSION.into())]))
        },
        |dialog| matches!(dialog, Dialog::About),
    ),
    (|window| window.key(Key::F1), |dialog| matches!(dialog, Dialog::Shortcuts)),
    (
        |window| {
            window.key(Key::Escape);
            window.click(&window.text("diagnose"));
        },
        |dialog| matches!(dialog, Dialog::Diagnose(None)),
    ),
    (
        |window| {
            window.click_row("legacy-soap", Modifiers::NONE);
            window.click_last(&window.text("diagnose"));
        },
        |dialog| matches!(dialog, Dialog::Diagnose(Some(id)) if id.name() == "legacy-soap"),
    ),
    (
        |window| {
            window.click_row("metrics", Modifiers::NONE);
            window.click(&window.text("firewall"));
        },
        |dialog| matches!(dialog, Dialog::Firewall(id) if id.name() == "metrics"),
    ),
    (
        |window| {
            window.click_row("legacy-soap", Modifiers::NONE);
            window.click(&window.text("update"));
        },
        |dialog| matches!(dialog, Dialog::Update(form) if form.id.name() == "legacy-soap"),
    ),
    (
        |window| {
            window.click_row("metrics", Modifiers::NONE);
            window.click(&window.text("remove"));
        },
        |dialog| matches!(dialog, Dialog::Remove(_)),
    ),
    (
        |window| {
            window.key(Key::F1);
            window.key(Key::Escape);
            window.click(&window.text("settings"));
            window.click(&window.text("about-open"));
            window.click(&window.text("upgrade-title"));
        },
        |dialog| matches!(dialog, Dialog::Upgrade),
    ),
];

#[test]
fn every_dialog_opens_and_closes_by_esc() {
    let mut window = Opening { foreign_characters: true, ..Opening::new() }.open();
    for (place, (open, is)) in DIALOGS.into_iter().enumerate() {
        open(&mut window);
        assert!(
            window.state().dialog.as_ref().is_some_and(is),
            "{place}: {:?}",
            window.state().dialog
        );
        window.key(Key::Escape);
        assert!(window.state().dialog.is_none(), "{place}");
        assert!(window.thing(&window.text("table")).focused, "{place}: the keyboard is back");
    }
}

#[test]
fn the_keyboard_stays_in_the_dialog() {
    let mut window = Opening { foreign_characters: true, ..Opening::new() }.open();
    for (place, (open, _)) in DIALOGS.into_iter().enumerate() {
        open(&mut window);
        let behind = [window.text("filter"), window.text("new"), window.text("table")];
        for _ in 0..14 {
            window.key(Key::Tab);
            let focused = window.things().into_iter().find(|thing| thing.focused);
            let focused = focused.map(|thing| thing.name).unwrap_or_default();
            assert!(!behind.contains(&focused), "{place}: {focused}");
        }
        window.key(Key::Escape);
        window.key(Key::Escape);
    }
}

#[test]
fn a_click_beside_a_dialog_does_not_lose_what_was_typed() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::N);
    window.type_text("Endpoint=");
    window.click_at(egui::pos2(20.0, 300.0), egui::PointerButton::Primary, Modifiers::NONE);
    assert!(matches!(&window.state().dialog, Some(Dialog::New(form)) if form.text.0.len() == 9));
}

#[test]
fn diagnose_and_firewall_say_what_is_known() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click_last(&window.text("diagnose"));
    assert!(window.tells("diagnose-title", &[("name", "legacy-soap".into())]));
    assert!(window.says(&window.text("service-running")));
    window.click(&window.text("close"));
    window.click(&window.text("firewall"));
    assert!(window.says("contoso-weu.servicebus.windows.net  TCP 443"));
    window.click(&window.text("copy"));
    assert!(window.copied.as_deref().unwrap().contains("*.servicebus.windows.net  TCP 443"));
}

#[test]
fn a_fault_is_explained_and_can_be_copied() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.click(&window.text("explain-open"));
    let (code, texts) = (FaultCode::Unauthorized, window.texts());
    assert!(window.says(code.as_str()));
    for text in [texts.fault_cause(code), texts.fault_by_itself(code)] {
        assert!(window.says(&text), "{}", window.dump());
    }
    window.click(&window.text("copy"));
    assert_eq!(window.copied.as_deref(), Some(texts.fault_explained(code).as_str()));
    for _ in 0..6 {
        window.key(Key::Tab);
        assert!(!window.thing(&window.text("table")).focused, "the keyboard stays in it");
    }
    window.click(&window.text("close"));
    assert_eq!(window.state().explained, None);
    assert!(window.thing(&window.text("table")).focused, "the keyboard is back");
}
