//! One row: a connection.

use egui::{Align, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::super::Cx;
use super::columns::Columns;
use super::menu;
use crate::gui::effect::Target;
use crate::gui::state::{Column, Pick};
use crate::gui::text::tone_of;
use crate::gui::theme::{TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};
use crate::model::ConnectionView;

const CHART: egui::Vec2 = vec2(70.0, 18.0);
/// The room that a rate takes before its chart.
pub(super) const RATE: f32 = 66.0;

pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    columns: &Columns,
    rect: Rect,
    place: usize,
    table_has_focus: bool,
) {
    let state = cx.state;
    let view = &state.connections()[state.table.rows[place]];
    let is_selected = state.table.selected.contains(&view.id);
    // A row is no stop of the Tab key: the table is one.
    let response = ui.interact(rect, egui::Id::unique(("row", &view.id)), Sense::CLICK);
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::Row, ui.is_enabled(), is_selected, spoken(cx, view))
    });
    ui.advance_cursor_after_rect(rect);
    let painter = ui.painter();
    if is_selected {
        painter.rect_filled(rect, 0.0, cx.palette.selection);
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, cx.palette.hover);
    }
    let line = Stroke::new(1.0, cx.palette.line);
    painter.hline(rect.x_range(), rect.bottom() - 0.5, line);
    if table_has_focus && state.table.cursor.as_ref() == Some(&view.id) {
        let bar = Rect::from_min_size(rect.min, vec2(3.0, rect.height() - 1.0));
        painter.rect_filled(bar, 0.0, cx.palette.accent);
    }
    let mut cut = false;
    for (column, room) in columns.cells(rect) {
        cut |= cell(ui, cx, view, column, room);
    }
    let response = if cut { response.on_hover_text(spoken(cx, view)) } else { response };
    clicks(ui, cx, &response, view);
    menu::show(ui, cx, &response, view);
}

fn clicks(ui: &Ui, cx: &mut Cx<'_>, response: &egui::Response, view: &ConnectionView) {
    if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        let how = match (modifiers.command, modifiers.shift) {
            (_, true) => Pick::Extend,
            (true, false) => Pick::Toggle,
            (false, false) => Pick::Only,
        };
        cx.act(Action::Pick(view.id.clone(), how));
        ui.memory_mut(|memory| memory.request_focus(Target::Table.id()));
    }
    if response.double_clicked() {
        cx.act(Action::ShowDetails(true));
    }
    if response.secondary_clicked() && !cx.state.table.selected.contains(&view.id) {
        cx.act(Action::Pick(view.id.clone(), Pick::Only));
    }
}

/// Paints what `view` has in `column`; whether it had to be cut.
fn cell(ui: &Ui, cx: &Cx<'_>, view: &ConnectionView, column: Column, room: Rect) -> bool {
    let (palette, painter) = (cx.palette, ui.painter());
    let text =
        |text: &str, align| widget::cell(painter, room, text, regular(TEXT), palette.text, align);
    match column {
        Column::Status => {
            let label = view.status.label();
            widget::pill_at(ui, room.left_center(), tone_of(label), &cx.texts.status(label));
            false
        }
        Column::Name => {
            widget::cell(painter, room, view.id.name(), semibold(TEXT), palette.text, Align::Min)
        }
        Column::Endpoint => endpoint(ui, cx, view, room),
        Column::Namespace => {
            let name = view.id.namespace().label();
            widget::cell(painter, room, name, regular(TEXT), palette.dim, Align::Min)
        }
        Column::Listeners => {
            let count = view.azure.as_ref().and_then(|azure| azure.listener_count);
            text(&count.map_or_else(|| "–".to_owned(), |count| count.to_string()), Align::Max)
        }
        Column::Active => text(&view.traffic.active_streams.to_string(), Align::Max),
        Column::Traffic => {
            traffic(ui, cx, view, room);
            false
        }
    }
}

fn endpoint(ui: &Ui, cx: &Cx<'_>, view: &ConnectionView, mut room: Rect) -> bool {
    let Some(endpoint) = &view.endpoint else {
        let text = cx.texts.get("endpoint-unknown");
        return widget::cell(ui.painter(), room, &text, regular(TEXT), cx.palette.dim, Align::Min);
    };
    if view.reachability.as_ref().is_some_and(|reachability| reachability.fault.is_some()) {
        let at = pos2(room.left() + 7.0, room.center().y);
        widget::paint_icon(ui.painter(), Icon::Warning, at, 13.0, cx.palette.strong(Tone::Bad));
        room.min.x += 20.0;
    }
    let text = endpoint.to_string();
    widget::cell(ui.painter(), room, &text, regular(TEXT), cx.palette.text, Align::Min)
}

fn traffic(ui: &Ui, cx: &Cx<'_>, view: &ConnectionView, room: Rect) {
    let rate = cx.state.traffic.rate(&view.id);
    let sum = rate.to_endpoint.saturating_add(rate.to_azure);
    let text = if sum == 0 { "—".to_owned() } else { cx.texts.rate(sum) };
    let number = Rect::from_min_size(room.min, vec2(RATE.min(room.width()), room.height()));
    widget::cell(ui.painter(), number, &text, regular(TEXT), cx.palette.text, Align::Max);
    let left = room.left() + RATE + 12.0;
    if room.right() - left < 24.0 {
        return;
    }
    let width = CHART.x.max(room.right() - left).min(2.0 * CHART.x);
    let chart = Rect::from_min_size(
        pos2(left, room.center().y - CHART.y / 2.0),
        vec2(width.min(room.right() - left), CHART.y),
    );
    let series = cx.state.traffic.series(&view.id, cx.now);
    widget::sparkline(ui.painter(), chart, &series, cx.palette.accent);
}

/// The row in words, for those who do not see it.
fn spoken(cx: &Cx<'_>, view: &ConnectionView) -> String {
    let endpoint = match &view.endpoint {
        Some(endpoint) => endpoint.to_string(),
        None => cx.texts.get("endpoint-unknown").to_string(),
    };
    let mut parts = vec![
        view.id.name().to_owned(),
        cx.texts.status(view.status.label()).to_string(),
        endpoint,
        view.id.namespace().host().to_owned(),
    ];
    if let Some(fault) = view.reachability.as_ref().and_then(|it| it.fault.as_ref()) {
        parts.push(format!("{} [{}]", cx.texts.fault_summary(fault.code), fault.code));
    }
    if let Some(count) = view.azure.as_ref().and_then(|azure| azure.listener_count) {
        parts.push(cx.texts.with("spoken-listeners", &[("count", count.into())]));
    }
    let streams = view.traffic.active_streams;
    parts.push(cx.texts.with("spoken-streams", &[("count", streams.into())]));
    parts.join(", ")
}
