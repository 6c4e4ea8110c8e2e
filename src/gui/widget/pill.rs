//! A word on a soft ground with a dot before it.

use egui::{Align, Color32, Pos2, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use super::text::cell;
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

/// A pill on a neutral ground, whose dot alone has the tone: for what is always there. It is
/// `most` points wide, where the text is then cut.
pub(crate) fn quiet_pill(ui: &mut Ui, tone: Tone, text: &str, most: f32) -> Response {
    let palette = Palette::of(ui.ctx());
    let size = vec2(width(ui, text).min(most), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, text));
    let (ground, ink) = (palette.soft(Tone::Neutral), palette.strong(Tone::Neutral));
    paint(ui, rect, (ground, palette.strong(tone), ink), text);
    response
}

/// A pill at a place, without a name of its own; returns where it is.
pub(crate) fn pill_at(ui: &Ui, left_center: Pos2, tone: Tone, text: &str) -> Rect {
    let palette = Palette::of(ui.ctx());
    let size = vec2(width(ui, text), HEIGHT);
    let rect = Rect::from_min_size(left_center - vec2(0.0, HEIGHT / 2.0), size);
    let color = palette.strong(tone);
    paint(ui, rect, (palette.soft(tone), color, color), text);
    rect
}

/// Colours of the ground, the dot and the text.
fn paint(ui: &Ui, rect: Rect, (ground, dot, ink): (Color32, Color32, Color32), text: &str) {
    let painter = ui.painter();
    painter.rect_filled(rect, HEIGHT / 2.0, ground);
    painter.circle_filled(pos2(rect.left() + 13.0, rect.center().y), DOT, dot);
    let room = Rect::from_min_max(pos2(rect.left() + 24.0, rect.top()), rect.max - vec2(9.0, 0.0));
    cell(painter, room, text, medium(SMALL), ink, Align::Min);
}

fn width(ui: &Ui, text: &str) -> f32 {
    let color = ui.visuals().text_color();
    let galley = ui.painter().layout_no_wrap(text.to_owned(), medium(SMALL), color);
    galley.size().x.ceil() + 34.0
}
