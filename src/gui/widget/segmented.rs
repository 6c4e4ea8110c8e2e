//! A choice between a few things that lie side by side.

use egui::{Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::gui::theme::{Palette, TEXT, medium, semibold};

const HEIGHT: f32 = 34.0;

/// Shows `names` with the one at `chosen` marked; returns the one that was clicked.
pub(crate) fn segmented(ui: &mut Ui, id: &str, names: &[&str], chosen: usize) -> Option<usize> {
    let palette = Palette::of(ui.ctx());
    let color = ui.visuals().text_color();
    let widths: Vec<f32> = names
        .iter()
        .map(|name| {
            let galley = ui.painter().layout_no_wrap((*name).to_owned(), semibold(TEXT), color);
            galley.size().x.ceil() + 32.0
        })
        .collect();
    let size = vec2(widths.iter().sum::<f32>() + 6.0, HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(8), palette.hover);
    let mut left = rect.left() + 3.0;
    let mut clicked = None;
    for (place, (name, width)) in names.iter().zip(widths).enumerate() {
        let part = Rect::from_min_size(pos2(left, rect.top() + 3.0), vec2(width, HEIGHT - 6.0));
        left += width;
        let is_chosen = place == chosen;
        let response = ui.interact(part, ui.scope_id().with((id, place)), Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| {
            WidgetInfo::selected(egui::Role::RadioButton, enabled, is_chosen, name)
        });
        if is_chosen {
            let edge = Stroke::new(1.0, palette.line);
            ui.painter().rect(part, 6.0, palette.panel, edge, StrokeKind::Inside);
        }
        if response.has_focus() {
            let stroke = Stroke::new(2.0, palette.accent);
            ui.painter().rect_stroke(part, 6.0, stroke, StrokeKind::Outside);
        }
        let font = if is_chosen { semibold(TEXT) } else { medium(TEXT) };
        let color = if is_chosen || response.hovered() { palette.text } else { palette.dim };
        ui.painter().text(part.center(), Align2::CENTER_CENTER, name, font, color);
        if response.clicked() {
            clicked = Some(place);
        }
    }
    clicked
}
