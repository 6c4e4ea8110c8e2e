//! The heads of the columns: sort by a click, resize at the edge.

use egui::{Align, CursorIcon, Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::super::Cx;
use super::columns::Columns;
use super::row;
use crate::gui::state::{Column, Direction};
use crate::gui::theme::{Palette, SMALL, medium};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};

const HEIGHT: f32 = 36.0;
/// Width of the place at which a column is resized.
const GRIP: f32 = 8.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, columns: &Columns) {
    let (rect, _) = ui.allocate_exact_size(vec2(columns.total(), HEIGHT), Sense::hover());
    let mut left = rect.left();
    for ((column, width), (_, cell)) in columns.each().zip(columns.cells(rect)) {
        let head = Rect::from_min_size(pos2(left, rect.top()), vec2(width, HEIGHT));
        left += width;
        name(ui, cx, column, head, cell);
        grip(ui, cx, column, head);
    }
    let line = Stroke::new(1.0, cx.palette.line);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
}

/// The catalogue's key of a column's name.
pub(super) fn key(column: Column) -> &'static str {
    match column {
        Column::Status => "column-status",
        Column::Name => "column-name",
        Column::Endpoint => "column-endpoint",
        Column::Namespace => "column-namespace",
        Column::Listeners => "column-listeners",
        Column::Active => "column-active",
        Column::Traffic => "column-traffic",
    }
}

fn name(ui: &mut Ui, cx: &mut Cx<'_>, column: Column, head: Rect, cell: Rect) {
    let text = cx.texts.get(key(column));
    let sort = cx.state.table.sort;
    let sorted = (sort.column == column).then_some(sort.direction);
    let response = ui.interact(head, ui.scope_id().with(("head", column)), Sense::click());
    let spoken = cx.texts.get(match sorted {
        None => "sorted-not",
        Some(Direction::Ascending) => "sorted-ascending",
        Some(Direction::Descending) => "sorted-descending",
    });
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::ColumnHeader, true, format!("{text}, {spoken}"))
    });
    let color =
        if response.hovered() || response.has_focus() { cx.palette.text } else { cx.palette.dim };
    let align = if column.is_numeric() { Align::Max } else { Align::Min };
    let cell = match column {
        // Over the numbers, not over the charts.
        Column::Traffic => Rect::from_min_size(cell.min, vec2(row::RATE, cell.height())),
        _ => cell,
    };
    if response.has_focus() {
        ui.painter().rect_stroke(
            head.shrink(3.0),
            6.0,
            Stroke::new(2.0, Palette::of(ui.ctx()).accent),
            egui::StrokeKind::Inside,
        );
    }
    let galley = ui.painter().layout_no_wrap(text.to_string(), medium(SMALL), color);
    let width = galley.size().x.min(cell.width());
    widget::cell(ui.painter(), cell, &text, medium(SMALL), color, align);
    if let Some(direction) = sorted {
        let icon = match direction {
            Direction::Ascending => Icon::Up,
            Direction::Descending => Icon::Down,
        };
        let x = match align {
            Align::Max => cell.right() - width - 9.0,
            _ => cell.left() + width + 9.0,
        };
        widget::paint_icon(ui.painter(), icon, pos2(x, cell.center().y), 13.0, cx.palette.text);
    }
    if response.clicked() {
        cx.act(Action::Sort(column));
    }
}

fn grip(ui: &mut Ui, cx: &mut Cx<'_>, column: Column, head: Rect) {
    let edge = Rect::from_center_size(pos2(head.right(), head.center().y), vec2(GRIP, HEIGHT));
    let id = ui.scope_id().with(("grip", column));
    let response = ui.interact(edge, id, Sense::DRAG);
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeColumn);
        let line = Stroke::new(1.0, cx.palette.dim);
        ui.painter().vline(head.right() - 0.5, head.y_range().shrink(8.0), line);
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        cx.act(Action::Resize(column, pointer.x - head.left()));
    }
}
