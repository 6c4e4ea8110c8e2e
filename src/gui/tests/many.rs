//! A thousand connections cost what twenty cost.

use egui::{Event, Key, Modifiers, vec2};

use super::harness::{Opening, Window, now};
use crate::gui::sample;

fn thousand() -> Window {
    Opening { snapshot: sample::many(1000, now()), ..Opening::new() }.open()
}

#[test]
fn only_the_rows_in_sight_are_there_and_the_keyboard_reaches_the_last() {
    let mut window = thousand();
    assert!(window.tells("footer-connections", &[("count", 1000_u32.into())]));
    let in_sight = |window: &Window| {
        let rows = window.rows();
        assert!((10..30).contains(&rows.len()), "{} rows", rows.len());
        rows
    };
    assert_eq!(in_sight(&window)[0], "connection-0000");
    window.key(Key::End);
    assert_eq!(window.selected(), ["connection-0999"]);
    assert_eq!(in_sight(&window).last().unwrap(), "connection-0999");
    let (row, table) = (window.row("connection-0999").rect, window.table());
    assert!(row.bottom() <= table.bottom() + 0.5, "{row} is not wholly in {table}");
    window.key(Key::Home);
    assert_eq!(in_sight(&window)[0], "connection-0000");
    for _ in 0..3 {
        window.key(Key::PageDown);
    }
    let selected = window.selected().remove(0);
    assert!(in_sight(&window).contains(&selected), "{selected}");
    for _ in 0..25 {
        window.key(Key::ArrowDown);
        let selected = window.selected().remove(0);
        let row = window.row(&selected).rect;
        let table = window.table();
        assert!(
            row.bottom() <= table.bottom() + 0.5 && row.top() >= table.top() - 0.5,
            "{selected}"
        );
    }
}

#[test]
fn the_wheel_scrolls_and_the_filter_finds_one_of_a_thousand() {
    let mut window = thousand();
    window.send(Event::PointerMoved(window.table().center()));
    for _ in 0..10 {
        window.send(Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: vec2(0.0, -200.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
    }
    window.settle();
    assert!(window.rows()[0] > "connection-0020".to_owned(), "{:?}", window.rows());
    window.chord(Modifiers::COMMAND, Key::F);
    window.type_text("host777");
    assert_eq!(window.rows(), ["connection-0777"]);
}

#[test]
fn all_of_them_can_be_selected_and_removed() {
    let mut window = thousand();
    window.chord(Modifiers::COMMAND, Key::A);
    assert!(window.tells("details-several", &[("count", 1000_u32.into())]));
    window.key(Key::Delete);
    window.click(&window.text("remove-do"));
    assert!(window.state().connections().is_empty());
    assert!(window.says(&window.text("empty-title")));
}
