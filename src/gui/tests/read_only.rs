//! An account that may see the status and change nothing.

use egui::{Key, Modifiers};

use super::harness::Window;
use super::strings::string;
use crate::gui::backend::News;
use crate::gui::state::Link;
use crate::ipc::protocol::Access;
use crate::model::VERSION;
use crate::platform::elevation::Consent;
use crate::platform::permissions::{Membership, Standing};

/// The service lets this account read the status.
pub(super) fn only_reading() -> News {
    let version = VERSION.to_owned();
    News::Link(Link::Up { version, access: Access::ReadStatus })
}

fn reading() -> Window {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    window.tell(only_reading());
    window.desk.forget();
    window
}

/// Why this account changes nothing.
fn why(window: &Window) -> String {
    window.texts().read_only(window.state().standing)
}

#[test]
fn what_manages_is_out_of_reach_and_the_rest_is_not() {
    let window = reading();
    for key in ["service-read-only", "read-only"] {
        assert!(window.says(&window.text(key)), "{key}");
    }
    assert!(window.says(&why(&window)), "it says who may");
    for key in ["new", "restart", "disable", "update", "remove", "try-now", "reach-check"] {
        assert!(!window.thing(&window.text(key)).enabled, "{key}");
    }
    for key in ["copy-details", "firewall", "settings"] {
        assert!(window.last(&window.text(key)).enabled, "{key}");
    }
    assert_eq!(window.rows().len(), 7);
}

#[test]
fn a_button_says_why_it_does_nothing() {
    let mut window = reading();
    let why = why(&window);
    let count = |window: &Window| window.dump().matches(&why).count();
    let before = count(&window);
    let at = window.thing(&window.text("new")).rect.center();
    window.send(egui::Event::PointerMoved(at));
    window.pass(jiff::SignedDuration::from_secs(2));
    assert_eq!(count(&window), before + 1, "{}", window.dump());
}

#[test]
fn keys_and_pasting_ask_the_service_for_nothing() {
    let mut window = reading();
    let why = why(&window);
    for (modifiers, key) in [
        (Modifiers::COMMAND, Key::N),
        (Modifiers::COMMAND, Key::R),
        (Modifiers::NONE, Key::F5),
        (Modifiers::NONE, Key::Delete),
    ] {
        window.chord(modifiers, key);
        assert!(window.state().dialog.is_none(), "{key:?}");
    }
    window.paste(&string("other"));
    assert!(window.state().dialog.is_none());
    assert_eq!(window.state().notices.shown().count(), 1, "said once");
    assert!(window.state().notices.shown().any(|notice| notice.text == why));
    // The details do not dial the endpoint either.
    window.click_row("orders-api", Modifiers::NONE);
    window.pass(jiff::SignedDuration::from_secs(1));
    let asked = window.desk.asked().join("\n");
    assert!(!asked.contains("Connection") && !asked.contains("Endpoint"), "{asked}");
}

#[test]
fn the_settings_of_the_window_can_be_changed_and_those_of_the_service_are_not_read() {
    let mut window = reading();
    window.chord(Modifiers::COMMAND, Key::Comma);
    assert!(window.has(&window.text("theme-dark")));
    assert!(!window.has(&window.text("settings-proxy")));
    assert!(!window.desk.asked().iter().any(|asked| asked.contains("GetSettings")));
    assert!(!window.thing(&window.text("save")).enabled);
}

#[test]
fn who_has_more_rights_than_the_window_is_offered_them() {
    let mut window = reading();
    assert!(!window.has(&window.text("elevate")));
    window.tell(News::CanElevate);
    window.click(&window.text("elevate"));
    assert!(window.says(&window.text("read-only")), "it was declined");
    window.tell(News::Elevated(Err("no".to_owned())));
    assert_eq!(window.state().notices.shown().count(), 1);
    window.tell(News::Elevated(Ok(Consent::Given)));
    assert!(window.commands.contains(&egui::ViewportCommand::Close), "{:?}", window.commands);
}

#[test]
fn one_who_may_manage_again_gets_everything_back() {
    let mut window = reading();
    window.tell(News::Link(Link::managed(VERSION)));
    assert!(!window.says(&window.text("read-only")));
    assert!(window.thing(&window.text("restart")).enabled);
}

#[test]
fn who_may_manage_and_the_next_step_are_said_in_both_languages() {
    use crate::gui::text::{Language, Texts};

    for language in Language::ALL {
        let texts = Texts::new(language);
        let mut said = Vec::new();
        for (membership, command) in [
            (Membership::Outside, None),
            (Membership::Outside, Some("join it")),
            (Membership::NoGroup, Some("make it")),
            (Membership::NotYet, None),
            (Membership::Inside, Some("restart it")),
        ] {
            let text = texts.read_only(Standing { group: "the few", membership, command });
            assert!(text.contains("the few"), "{text}");
            assert!(text.contains(command.unwrap_or_default()), "{text}");
            assert!(!said.contains(&text), "{text}");
            said.push(text);
        }
    }
}
