//! A word on a soft ground with a dot before it.

use egui::{Align2, Pos2, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::gui::theme::{Palette, SMALL, Tone, medium};

const HEIGHT: f32 = 21.0;
const DOT: f32 = 4.0;

/// A pill in the flow of the layout.
pub(crate) fn pill(ui: &mut Ui, tone: Tone, text: &str) -> Response {
    let width = width(ui, text);
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, text));
    pill_at(ui, rect.left_center(), tone, text);
    response
}

/// A pill at a place, without a name of its own; returns where it is.
pub(crate) fn pill_at(ui: &Ui, left_center: Pos2, tone: Tone, text: &str) -> Rect {
    let palette = Palette::of(ui.ctx());
    let size = vec2(width(ui, text), HEIGHT);
    let rect = Rect::from_min_size(left_center - vec2(0.0, HEIGHT / 2.0), size);
    let painter = ui.painter();
    let color = palette.strong(tone);
    painter.rect_filled(rect, HEIGHT / 2.0, palette.soft(tone));
    painter.circle_filled(pos2(rect.left() + 13.0, rect.center().y), DOT, color);
    let at = pos2(rect.left() + 24.0, rect.center().y);
    painter.text(at, Align2::LEFT_CENTER, text, medium(SMALL), color);
    rect
}

fn width(ui: &Ui, text: &str) -> f32 {
    let color = ui.visuals().text_color();
    let galley = ui.painter().layout_no_wrap(text.to_owned(), medium(SMALL), color);
    galley.size().x.ceil() + 34.0
}
