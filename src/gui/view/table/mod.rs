//! The table of connections. It is painted row by row, and only the rows in sight: a
//! thousand connections cost what twenty cost.

mod columns;
mod head;
mod menu;
mod row;

use egui::{
    EventFilter, Key, Modifiers, PointerButton, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo,
    vec2,
};

use self::columns::Columns;
use super::{Cx, keys, rows};
use crate::gui::effect::Target;
use crate::gui::state::Link;
use crate::gui::theme::{ROW_HEIGHT, TEXT, regular};
use crate::gui::update::Action;
use crate::gui::widget;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    if matches!(cx.state.link, Link::Down { .. } | Link::Starting) {
        ui.set_opacity(0.55);
    }
    let columns = Columns::fit(&cx.state.preferences.columns, ui.available_width());
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ScrollArea::horizontal().auto_shrink(false).id_salt("table-x").show(ui, |ui| {
        ui.set_width(columns.total());
        head::show(ui, cx, &columns);
        if cx.state.table.rows.is_empty() {
            return nothing_found(ui, cx);
        }
        body(ui, cx, &columns);
    });
}

fn nothing_found(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.vertical_centered(|ui| {
        ui.add_space(48.0);
        let filter = cx.state.table.filter.trim();
        let text = cx.texts.with("filter-nothing", &[("filter", filter.into())]);
        widget::label(ui, &text, regular(TEXT), cx.palette.dim);
        ui.add_space(8.0);
        if widget::link(ui, &cx.texts.get("filter-clear")).clicked() {
            cx.act(Action::Filter(String::new()));
        }
    });
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, columns: &Columns) {
    let id = Target::Table.id();
    let area = ui.available_rect_before_wrap();
    let response = ui.interact(area, id, Sense::click());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Table, true, cx.texts.get("table").to_string())
    });
    // Not by Enter or Space, which are the table's own.
    if response.clicked_by(PointerButton::Primary) {
        response.request_focus();
        cx.act(Action::ClearSelection);
    }
    let has_focus = response.has_focus();
    if has_focus {
        let filter = EventFilter { vertical_arrows: true, escape: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        take_keys(ui, cx, area.height());
    }
    let count = cx.state.table.rows.len();
    let mut scroll = ScrollArea::vertical().auto_shrink(false).id_salt("table-y");
    if let Some(offset) = reveal(ui, cx, area.height()) {
        scroll = scroll.vertical_scroll_offset(offset);
    }
    let shown = scroll.show_rows(ui, ROW_HEIGHT, count, |ui, range| {
        for place in range {
            let top = ui.next_widget_position();
            let rect = Rect::from_min_size(top, vec2(columns.total(), ROW_HEIGHT));
            ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
                row::show(ui, cx, columns, rect, place, has_focus);
            });
        }
    });
    rows::remember_offset(ui, id, shown.state.clamped_offset().y);
}

/// Where to scroll so that the cursor's row can be seen, if it has moved out of sight.
fn reveal(ui: &Ui, cx: &Cx<'_>, height: f32) -> Option<f32> {
    let table = &cx.state.table;
    if !table.reveal {
        return None;
    }
    let connections = cx.state.connections();
    let cursor = table.cursor.as_ref()?;
    let place = table.rows.iter().position(|row| connections[*row].id == *cursor)?;
    rows::reveal(ui, Target::Table.id(), place, height)
}

fn take_keys(ui: &Ui, cx: &mut Cx<'_>, height: f32) {
    for (key, to) in rows::moves(height) {
        for (modifiers, extend) in [(Modifiers::SHIFT, true), (Modifiers::NONE, false)] {
            let times = ui.input_mut(|input| input.count_and_consume_key(modifiers, key));
            for _ in 0..times {
                cx.act(Action::Go { to, extend });
            }
        }
    }
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND, Key::A) {
        cx.act(Action::SelectAll);
    }
    let selected = keys::selected(cx);
    if pressed(Modifiers::NONE, Key::Enter) {
        cx.act(Action::ShowDetails(!cx.state.preferences.details_open));
    }
    if selected.is_empty() {
        return;
    }
    if pressed(Modifiers::NONE, Key::Delete) {
        cx.act(Action::AskRemove(selected.clone()));
    }
    if ui.input(|input| input.events.iter().any(|event| matches!(event, egui::Event::Copy))) {
        cx.act(Action::CopyDetails(selected));
    }
}
