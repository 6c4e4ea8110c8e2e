//! How much of something is done.

use egui::{Rect, Response, Sense, Ui, WidgetInfo, vec2};

use crate::gui::theme::Palette;

/// Height in points.
const HEIGHT: f32 = 5.0;

/// A bar over the whole width, of which `share` (from 0 to 1) is done; `name` says what.
pub(crate) fn progress(ui: &mut Ui, share: f32, name: &str) -> Response {
    let palette = Palette::of(ui.ctx());
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let share = share.clamp(0.0, 1.0);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ProgressIndicator, true, name));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(100.0);
        node.set_numeric_value(f64::from((share * 100.0).round()));
    });
    let radius = HEIGHT / 2.0;
    ui.painter().rect_filled(rect, radius, palette.line);
    let done = Rect::from_min_size(rect.min, vec2(rect.width() * share, HEIGHT));
    ui.painter().rect_filled(done, radius, palette.accent);
    response
}
