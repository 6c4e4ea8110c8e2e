//! The list of hybrid connections. Only the rows in sight are drawn.

use egui::{
    Align, EventFilter, Id, Key, Modifiers, PointerButton, Rect, ScrollArea, Sense, Stroke, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};

use super::super::super::{Cx, rows};
use super::row::{self, Cells};
use super::{act, is_there};
use crate::gui::state::{Checked, Listing, Move};
use crate::gui::theme::{ROW_HEIGHT, SMALL, TEXT, medium, regular};
use crate::gui::update::AzureAction;
use crate::gui::widget;

const HEAD_HEIGHT: f32 = 36.0;
/// What the dialog takes besides the rows.
const BESIDE: f32 = 462.0;
/// Rows that are always in sight, and that are at the most.
const LEAST: f32 = 3.0;
const MOST: f32 = 10.0;

/// The box to filter by.
pub(super) fn filter(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing) {
    let mut text = listing.filter.clone();
    let hint = cx.texts.get("azure-filter");
    let width = ui.available_width();
    let id = Id::unique("azure-filter");
    let field = ui.scope(|ui| widget::text_field(ui, &mut text, id, &hint, width)).inner;
    let field = field.accessible_name(hint.to_string());
    if ui.memory(|memory| memory.focused()).is_none() {
        field.request_focus();
    }
    // From the filter, the arrow goes on into the list.
    if field.has_focus() && ui.input_mut(|it| it.consume_key(Modifiers::NONE, Key::ArrowDown)) {
        ui.memory_mut(|memory| memory.request_focus(list_id()));
        act(cx, AzureAction::Go(Move::First));
    }
    // First what was typed goes, then the dialog. egui has taken the keyboard away by now.
    let is_typing = field.has_focus() || field.lost_focus();
    let clears = is_typing
        && !text.is_empty()
        && ui.input_mut(|it| it.consume_key(Modifiers::NONE, Key::Escape));
    if clears {
        field.request_focus();
        act(cx, AzureAction::Filter(String::new()));
    } else if field.changed() {
        act(cx, AzureAction::Filter(text));
    }
}

fn list_id() -> Id {
    Id::unique("azure-list")
}

/// The list. It is small where something beside it needs room.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing, needs_room: bool) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let width = ui.available_width();
    head(ui, cx, listing, width);
    let rows = ((ui.ctx().content_rect().height() - BESIDE) / ROW_HEIGHT).floor();
    let most = if needs_room { LEAST } else { MOST };
    let height = rows.clamp(LEAST, most) * ROW_HEIGHT;
    let (area, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        ui.set_clip_rect(ui.clip_rect().intersect(area));
        if listing.shown.is_empty() && !listing.found.is_empty() {
            return nothing_found(ui, cx, listing);
        }
        body(ui, cx, listing, area);
    });
    ui.spacing_mut().item_spacing.y = 8.0;
    ui.add_space(8.0);
}

fn nothing_found(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing) {
    super::middle(ui, |ui| {
        let filter = [("filter", listing.filter.trim().into())];
        let text = cx.texts.with("filter-nothing", &filter);
        widget::label(ui, &text, regular(TEXT), cx.palette.dim);
        if widget::link(ui, &cx.texts.get("azure-filter-clear")).clicked() {
            act(cx, AzureAction::Filter(String::new()));
        }
    });
}

fn head(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing, width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, HEAD_HEIGHT), Sense::hover());
    let cells = Cells::of(rect);
    let checked = listing.all_checked(|id| is_there(cx, id));
    let enabled = checked.is_some() && !listing.is_creating();
    let side = Rect::from_center_size(cells.check.center(), vec2(24.0, 24.0));
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(side, Id::unique("azure-check-all"), sense);
    let name = cx.texts.get("azure-check-all");
    response.widget_info(|| WidgetInfo {
        selected: match checked {
            Some(Checked::All) => Some(true),
            Some(Checked::None) | None => Some(false),
            Some(Checked::Some) => None,
        },
        ..WidgetInfo::labeled(egui::Role::CheckBox, enabled, name.to_string())
    });
    row::check(ui, cx, cells.check.center(), checked.unwrap_or(Checked::None), enabled);
    if response.has_focus() {
        let ring = Stroke::new(2.0, cx.palette.accent);
        ui.painter().rect_stroke(side, 6.0, ring, egui::StrokeKind::Inside);
    }
    if response.on_hover_text(&*name).clicked() {
        act(cx, AzureAction::ToggleAll);
    }
    let names = [
        (cells.name, "column-name", Align::Min),
        (cells.endpoint, "column-endpoint", Align::Min),
        (cells.namespace, "column-namespace", Align::Min),
        (cells.group, "azure-resource-group", Align::Min),
        (cells.listeners, "column-listeners", Align::Max),
    ];
    for (cell, key, align) in names {
        let text = cx.texts.get(key);
        widget::cell(ui.painter(), cell, &text, medium(SMALL), cx.palette.dim, align);
    }
    let line = Stroke::new(1.0, cx.palette.line);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, listing: &Listing, area: Rect) {
    let id = list_id();
    let response = ui.interact(area, id, Sense::click());
    let name = cx.texts.get("azure-list");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Table, true, name.to_string()));
    if response.clicked_by(PointerButton::Primary) {
        response.request_focus();
    }
    let has_focus = response.has_focus();
    if has_focus {
        let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        take_keys(ui, cx, listing, area.height());
    }
    let mut scroll = ScrollArea::vertical().auto_shrink(false).id_salt("azure-rows");
    if let Some(offset) = reveal(ui, listing, area.height()) {
        scroll = scroll.vertical_scroll_offset(offset);
    }
    let mut active = None;
    let shown = scroll.show_rows(ui, ROW_HEIGHT, listing.shown.len(), |ui, range| {
        for place in range {
            let top = ui.next_widget_position();
            let rect = Rect::from_min_size(top, vec2(area.width(), ROW_HEIGHT));
            ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
                let one = &listing.found[listing.shown[place]];
                row::show(ui, cx, listing, one, rect, has_focus);
                if listing.cursor.as_ref() == Some(&one.resource_id) {
                    active = Some(row::id(one));
                }
            });
        }
    });
    // A screen reader says the row of the cursor, though the list has the keyboard.
    if let (true, Some(row)) = (has_focus, active) {
        let row = row.accesskit_id();
        ui.ctx().accesskit_node_builder(id, |node| node.set_active_descendant(row));
    }
    let offset = shown.state.clamped_offset().y;
    rows::remember_offset(ui, id, offset);
    follow(ui, listing, area, offset);
    if has_focus && listing.cursor.is_none() {
        let ring = Stroke::new(2.0, cx.palette.accent);
        let edge = Rect::from_min_max(area.min, pos2(area.right(), area.bottom()));
        ui.painter().rect_stroke(edge, 6.0, ring, egui::StrokeKind::Inside);
    }
}

/// Where the window is low, what holds the list goes along with a cursor that has moved.
fn follow(ui: &Ui, listing: &Listing, area: Rect, offset: f32) {
    let seen = list_id().with("followed");
    let before: Option<Option<String>> = ui.data(|data| data.get_temp(seen));
    if before.as_ref() == Some(&listing.cursor) {
        return;
    }
    ui.data_mut(|data| data.insert_temp(seen, listing.cursor.clone()));
    if let (true, Some(place)) = (before.is_some(), place_of_cursor(listing)) {
        let top = pos2(area.left(), area.top() + rows::top_of(place) - offset);
        let row = Rect::from_min_size(top, vec2(area.width(), ROW_HEIGHT));
        ui.scroll_to_rect(row.intersect(area), None);
    }
}

fn place_of_cursor(listing: &Listing) -> Option<usize> {
    let cursor = listing.cursor.as_ref()?;
    listing.rows().position(|one| one.resource_id == *cursor)
}

/// Where to scroll so that the cursor's row can be seen, if it has moved out of sight.
fn reveal(ui: &Ui, listing: &Listing, height: f32) -> Option<f32> {
    if !listing.reveal {
        return None;
    }
    rows::reveal(ui, list_id(), place_of_cursor(listing)?, height)
}

fn take_keys(ui: &Ui, cx: &mut Cx<'_>, listing: &Listing, height: f32) {
    for (key, to) in rows::moves(height) {
        let times = ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        for _ in 0..times {
            act(cx, AzureAction::Go(to));
        }
    }
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::COMMAND, Key::A) {
        act(cx, AzureAction::ToggleAll);
    }
    let toggles = pressed(Modifiers::NONE, Key::Space) | pressed(Modifiers::NONE, Key::Enter);
    if let (true, Some(cursor)) = (toggles, &listing.cursor) {
        act(cx, AzureAction::Toggle(cursor.clone()));
    }
}
