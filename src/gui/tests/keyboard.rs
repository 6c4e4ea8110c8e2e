//! The window with the keyboard alone.

use egui::{Event, Key, Modifiers};

use super::harness::Window;
use crate::gui::state::Dialog;

#[test]
fn arrows_home_and_end_move_through_the_table() {
    let mut window = Window::open();
    let steps = [
        (Key::ArrowDown, "erp-sql"),
        (Key::ArrowDown, "file-drop"),
        (Key::End, "warehouse-mq"),
        (Key::ArrowDown, "warehouse-mq"),
        (Key::ArrowUp, "orders-api"),
        (Key::Home, "erp-sql"),
        (Key::ArrowUp, "erp-sql"),
        (Key::PageDown, "warehouse-mq"),
        (Key::PageUp, "erp-sql"),
    ];
    for (key, name) in steps {
        window.key(key);
        assert_eq!(window.selected(), [name], "{key:?}");
    }
    window.key(Key::Escape);
    assert!(window.selected().is_empty());
    window.key(Key::ArrowUp);
    assert_eq!(window.selected(), ["warehouse-mq"], "upwards it begins at the end");
}

#[test]
fn shift_extends_the_selection_and_control_a_selects_all() {
    let mut window = Window::open();
    window.key(Key::ArrowDown);
    window.chord(Modifiers::SHIFT, Key::ArrowDown);
    window.chord(Modifiers::SHIFT, Key::ArrowDown);
    assert_eq!(window.selected(), ["erp-sql", "file-drop", "legacy-soap"]);
    window.chord(Modifiers::SHIFT, Key::ArrowUp);
    assert_eq!(window.selected(), ["erp-sql", "file-drop"]);
    window.chord(Modifiers::SHIFT, Key::End);
    assert_eq!(window.selected().len(), 7);
    window.key(Key::Home);
    window.chord(Modifiers::COMMAND, Key::A);
    assert_eq!(window.selected().len(), 7);
}

#[test]
fn enter_shows_and_hides_the_details() {
    let mut window = Window::open();
    window.key(Key::ArrowDown);
    assert!(window.has(&window.text("details-close")));
    window.key(Key::Enter);
    assert!(!window.has(&window.text("details-close")));
    assert_eq!(window.selected(), ["erp-sql"]);
    window.key(Key::Enter);
    assert!(window.has(&window.text("details-close")));
}

#[test]
fn delete_asks_first_and_the_safe_answer_has_the_keyboard() {
    let mut window = Window::open();
    window.key(Key::Delete);
    assert!(window.state().dialog.is_none(), "nothing is selected");
    window.key(Key::ArrowDown);
    window.key(Key::Delete);
    assert!(window.tells("remove-title", &[("name", "erp-sql".into())]));
    assert!(window.thing(&window.text("cancel")).focused);
    window.key(Key::Enter);
    assert!(window.state().dialog.is_none());
    assert_eq!(window.rows().len(), 7);
    window.key(Key::Delete);
    window.key(Key::Tab);
    window.key(Key::Enter);
    assert!(window.state().dialog.is_none());
    assert_eq!(window.rows().len(), 6);
    window.key(Key::ArrowDown);
    assert_eq!(window.selected().len(), 1, "the keyboard is in the table again");
}

#[test]
fn the_filter_is_reached_left_and_cleared() {
    let mut window = Window::open();
    let (filter, table) = (window.text("filter"), window.text("table"));
    window.chord(Modifiers::COMMAND, Key::F);
    assert!(window.thing(&filter).focused);
    window.type_text("soap");
    assert_eq!(window.rows(), ["legacy-soap"]);
    window.key(Key::ArrowDown);
    assert!(window.thing(&table).focused);
    window.key(Key::ArrowDown);
    assert_eq!(window.selected(), ["legacy-soap"]);
    // First what was typed goes, then the selection.
    window.key(Key::Escape);
    assert_eq!((window.rows().len(), window.selected().len()), (7, 1));
    window.key(Key::Escape);
    assert!(window.selected().is_empty());
    window.chord(Modifiers::COMMAND, Key::F);
    window.key(Key::Escape);
    assert!(window.thing(&table).focused, "from an empty filter back to the table");
}

#[test]
fn shortcuts_open_what_they_name() {
    let mut window = Window::open();
    type IsOpen = fn(&Dialog) -> bool;
    let cases: [(Modifiers, Key, IsOpen); 3] = [
        (Modifiers::COMMAND, Key::N, |dialog| matches!(dialog, Dialog::New(_))),
        (Modifiers::COMMAND, Key::Comma, |dialog| matches!(dialog, Dialog::Settings(_))),
        (Modifiers::NONE, Key::F1, |dialog| matches!(dialog, Dialog::Shortcuts)),
    ];
    for (modifiers, key, is_open) in cases {
        window.chord(modifiers, key);
        assert!(window.state().dialog.as_ref().is_some_and(is_open), "{key:?}");
        window.key(Key::Escape);
        assert!(window.state().dialog.is_none(), "{key:?}");
        assert!(window.thing(&window.text("table")).focused, "{key:?}");
    }
}

#[test]
fn keys_of_the_window_rest_while_a_dialog_is_open() {
    let mut window = Window::open();
    window.key(Key::ArrowDown);
    window.key(Key::F1);
    window.desk.forget();
    for (modifiers, key) in [
        (Modifiers::NONE, Key::Delete),
        (Modifiers::NONE, Key::F5),
        (Modifiers::COMMAND, Key::N),
        (Modifiers::COMMAND, Key::A),
        (Modifiers::NONE, Key::ArrowDown),
    ] {
        window.chord(modifiers, key);
        assert!(matches!(window.state().dialog, Some(Dialog::Shortcuts)), "{key:?}");
    }
    assert_eq!(window.selected(), ["erp-sql"]);
    assert!(window.desk.asked().is_empty(), "{:?}", window.desk.asked());
}

#[test]
fn the_menu_opens_by_shift_f10_and_is_used_by_keyboard() {
    let mut window = Window::open();
    window.key(Key::ArrowDown);
    window.chord(Modifiers::SHIFT, Key::F10);
    assert!(window.has(&window.text("details-show")));
    window.key(Key::Escape);
    assert!(!window.has(&window.text("details-show")));
    assert_eq!(window.selected(), ["erp-sql"], "Esc has closed the menu alone");
    window.chord(Modifiers::SHIFT, Key::F10);
    // Tab goes from entry to entry, Enter takes one.
    let restart = window.text("restart");
    for _ in 0..12 {
        if window.last(&restart).focused {
            break;
        }
        window.key(Key::Tab);
    }
    window.desk.forget();
    window.key(Key::Enter);
    assert!(window.desk.asked()[0].starts_with("RestartConnection"), "{:?}", window.desk.asked());
    assert!(!window.has(&window.text("details-show")), "the menu has closed");
    assert!(window.thing(&window.text("table")).focused, "the keyboard is in the table again");
}

#[test]
fn keys_act_on_what_is_selected() {
    let mut window = Window::open();
    window.key(Key::ArrowDown);
    window.chord(Modifiers::SHIFT, Key::ArrowDown);
    for (modifiers, key, asked) in
        [(Modifiers::NONE, Key::F5, "TryNow"), (Modifiers::COMMAND, Key::R, "RestartConnection")]
    {
        window.desk.forget();
        window.chord(modifiers, key);
        let all = window.desk.asked();
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all.iter().all(|one| one.starts_with(asked)), "{all:?}");
    }
    window.send(Event::Copy);
    window.settle();
    let copied = window.copied.clone().unwrap();
    assert!(copied.contains("erp-sql") && copied.contains("files.corp.contoso.com:8080"));
    assert!(window.says(&window.text("copied")));
    window.pass(jiff::SignedDuration::from_secs(6));
    assert!(!window.says(&window.text("copied")), "a message of success goes by itself");
}

#[test]
fn tab_reaches_every_control_and_comes_round() {
    let mut window = Window::open();
    window.click_row("legacy-soap", Modifiers::NONE);
    let table = window.text("table");
    let mut reached = Vec::new();
    for _ in 0..60 {
        window.key(Key::Tab);
        let focused = window.things().into_iter().find(|thing| thing.focused);
        let focused = focused.expect("something has the keyboard").name;
        if focused == table {
            break;
        }
        reached.push(focused);
    }
    for key in ["filter", "settings", "new", "details-close", "update", "try-now", "remove"] {
        assert!(reached.contains(&window.text(key)), "{key} in {reached:?}");
    }
    assert!(reached.len() < 60, "it does not come round: {reached:?}");
    let rows = reached.iter().filter(|name| name.contains("contoso.com,")).count();
    assert_eq!(rows, 0, "the table is one stop");
}

#[test]
fn a_click_on_a_button_leaves_the_arrows_to_the_table() {
    let mut window = Window::open();
    window.click_row("erp-sql", Modifiers::NONE);
    window.click(&window.text("restart"));
    window.key(Key::ArrowDown);
    assert_eq!(window.selected(), ["file-drop"]);
    window.click(&window.text("new"));
    assert!(window.thing(&window.text("paste-field")).focused, "a dialog takes the keyboard");
}

#[test]
fn control_q_closes_the_window() {
    let mut window = Window::open();
    window.commands.clear();
    window.chord(Modifiers::COMMAND, Key::Q);
    assert!(window.commands.contains(&egui::ViewportCommand::Close), "{:?}", window.commands);
}
