//! The table with the mouse: select, sort, filter, resize, and the menu of a row.

use egui::{Event, Key, Modifiers, PointerButton};

use super::harness::{Window, now};
use crate::gui::backend::News;
use crate::gui::sample;
use crate::gui::state::Column;
use crate::ipc::Push;
use crate::ipc::protocol::Event as ServiceEvent;
use crate::model::Traffic;

#[test]
fn clicks_select_one_several_and_what_lies_between() {
    let mut window = Window::open();
    window.click_row("file-drop", Modifiers::NONE);
    assert_eq!(window.selected(), ["file-drop"]);
    assert!(window.row("file-drop").selected);
    assert!(window.says("sb://contoso-weu.servicebus.windows.net/"), "the details are open");
    window.click_row("metrics", Modifiers::COMMAND);
    assert_eq!(window.selected(), ["metrics", "file-drop"]);
    assert!(window.tells("details-several", &[("count", 2_u32.into())]));
    window.click_row("metrics", Modifiers::COMMAND);
    assert_eq!(window.selected(), ["file-drop"]);
    window.click_row("file-drop", Modifiers::NONE);
    window.click_row("mail-relay", Modifiers::SHIFT);
    assert_eq!(window.selected(), ["mail-relay", "file-drop", "legacy-soap"]);
    window.click_row("erp-sql", Modifiers::SHIFT);
    assert_eq!(window.selected(), ["erp-sql", "file-drop"]);
    // Beside the rows, nothing is selected.
    let below = window.row("warehouse-mq").rect.center_bottom() + egui::vec2(0.0, 60.0);
    window.click_at(below, PointerButton::Primary, Modifiers::NONE);
    assert!(window.selected().is_empty());
    assert!(window.thing(&window.text("table")).focused);
}

#[test]
fn a_row_that_was_clicked_leaves_the_keyboard_in_the_table() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::F);
    assert!(window.thing(&window.text("filter")).focused);
    window.click_row("file-drop", Modifiers::NONE);
    assert!(window.thing(&window.text("table")).focused);
}

#[test]
fn every_column_sorts_both_ways() {
    let mut window = Window::open();
    let orders_api = sample::id("contoso-weu", "orders-api");
    for seconds in 0..3 {
        let mut busy = window.state().connection(&orders_api).unwrap().clone();
        busy.traffic = Traffic { bytes_to_azure: seconds * 1_000_000, ..busy.traffic };
        let event = ServiceEvent::Connection { connection: Box::new(busy) };
        let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
        window.tell(News::Push(Push::Event { revision, event }));
        window.pass(jiff::SignedDuration::from_secs(1));
    }
    // The column, the first row, and the first row the other way.
    let cases = [
        ("column-status", "legacy-soap", "mail-relay"),
        ("column-endpoint", "legacy-soap", "erp-sql"),
        ("column-namespace", "warehouse-mq", "erp-sql"),
        ("column-listeners", "metrics", "warehouse-mq"),
        ("column-active", "orders-api", "warehouse-mq"),
        ("column-traffic", "orders-api", "warehouse-mq"),
        ("column-name", "erp-sql", "warehouse-mq"),
    ];
    let mut before = "column-name";
    for (key, first, other_way) in cases {
        let name = window.text(key);
        let spoken = |window: &Window, how: &'static str| format!("{name}, {}", window.text(how));
        window.click(&spoken(&window, "sorted-not"));
        assert_eq!(window.rows()[0], first, "{key}");
        let descends = matches!(key, "column-listeners" | "column-active" | "column-traffic");
        let ways = ["sorted-ascending", "sorted-descending"];
        let (now, then) = if descends { (ways[1], ways[0]) } else { (ways[0], ways[1]) };
        window.click(&spoken(&window, now));
        assert_eq!(window.rows()[0], other_way, "{key}");
        assert!(window.has(&spoken(&window, then)));
        assert!(window.has(&format!("{}, {}", window.text(before), window.text("sorted-not"))));
        before = key;
    }
    assert!(window.desk.asked().last().unwrap().contains("column: Name"), "it is remembered");
}

#[test]
fn the_filter_looks_everywhere_and_says_when_nothing_matches() {
    let mut window = Window::open();
    window.chord(Modifiers::COMMAND, Key::F);
    window.type_text("contoso-ops connected");
    assert_eq!(window.rows(), ["mail-relay", "metrics"]);
    window.chord(Modifiers::COMMAND, Key::A);
    window.type_text(":5672");
    assert_eq!(window.rows(), ["warehouse-mq"]);
    window.type_text("nowhere");
    assert!(window.rows().is_empty());
    assert!(window.tells("filter-nothing", &[("filter", ":5672nowhere".into())]));
    window.click(&window.text("filter-clear"));
    assert_eq!(window.rows().len(), 7);
}

#[test]
fn a_double_click_shows_the_details_that_were_closed() {
    let mut window = Window::open();
    window.click_row("metrics", Modifiers::NONE);
    window.click(&window.text("details-close"));
    assert!(!window.state().preferences.details_open);
    let pos = window.row("metrics").rect.center();
    let modifiers = Modifiers::NONE;
    window.send(Event::PointerMoved(pos));
    for pressed in [true, false, true, false] {
        let button = PointerButton::Primary;
        window.queue(Event::PointerButton { pos, button, pressed, modifiers });
    }
    window.settle();
    assert!(window.state().preferences.details_open);
}

#[test]
fn the_edge_of_a_column_is_dragged_and_remembered() {
    let mut window = Window::open();
    let name = format!("{}, {}", window.text("column-name"), window.text("sorted-ascending"));
    let head = window.thing(&name).rect;
    let (from, to) = (head.right_center(), head.right_center() + egui::vec2(60.0, 0.0));
    window.drag(from, to);
    let width = window.state().preferences.columns[&Column::Name];
    assert!((width - head.width() - 60.0).abs() < 2.0, "{width} after {}", head.width());
    assert!((window.thing(&name).rect.width() - width).abs() < 1.0);
    assert!(window.desk.asked().last().unwrap().starts_with("SavePreferences"));
}

#[test]
fn the_menu_of_a_row_is_about_what_is_selected() {
    let mut window = Window::open();
    window.click_row("erp-sql", Modifiers::NONE);
    window.click_row("file-drop", Modifiers::COMMAND);
    let open = |window: &mut Window, name: &str| {
        let at = window.row(name).rect.center();
        window.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    };
    open(&mut window, "erp-sql");
    assert!(!window.has(&window.text("details-show")), "that is about one connection");
    window.desk.forget();
    window.click_last(&window.text("restart"));
    let asked = window.desk.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.starts_with("RestartConnection")), "{asked:?}");
    // A row that is not selected is selected first.
    open(&mut window, "metrics");
    assert_eq!(window.selected(), ["metrics"]);
    window.click_last(&window.text("firewall"));
    assert!(window.tells("firewall-title", &[("name", "metrics".into())]));
}

#[test]
fn what_is_gone_is_no_longer_selected() {
    let mut window = Window::open();
    window.click_row("metrics", Modifiers::NONE);
    let revision = window.state().snapshot.as_ref().unwrap().revision + 1;
    let event = ServiceEvent::Removed { id: sample::id("contoso-ops", "metrics") };
    window.tell(News::Push(Push::Event { revision, event }));
    assert!(window.selected().is_empty());
    assert!(!window.has(&window.text("details-close")));
    let mut snapshot = sample::snapshot(now());
    snapshot.connections.truncate(2);
    window.tell(News::Push(Push::Snapshot(Box::new(snapshot))));
    assert_eq!(window.rows().len(), 2);
}
