//! Buttons and links.

use egui::{Color32, Response, RichText, Sense, Stroke, Ui, Widget as _, WidgetInfo, vec2};

use super::icon::{Icon, paint_icon};
use crate::gui::theme::{CONTROL_HEIGHT, Palette, TEXT, Tone, medium, semibold};

/// What a button is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The one that matters.
    Primary,
    /// Any other.
    Plain,
    /// One that takes something away.
    Danger,
}

/// A button that is `enabled` or not.
pub(crate) fn button(ui: &mut Ui, kind: Kind, text: &str, enabled: bool) -> Response {
    let palette = Palette::of(ui.ctx());
    // No scope: in a line that breaks, a scope would not.
    let style = ui.style().clone();
    let text = match kind {
        Kind::Primary => {
            let widgets = &mut ui.style_mut().visuals.widgets;
            let edge = Stroke::new(1.0, palette.accent);
            for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                state.weak_bg_fill = palette.accent;
                state.bg_stroke = edge;
            }
            widgets.hovered.weak_bg_fill = palette.accent.gamma_multiply(0.9);
            widgets.active.weak_bg_fill = palette.accent.gamma_multiply(0.8);
            RichText::new(text).font(semibold(TEXT)).color(palette.on_accent)
        }
        Kind::Plain => RichText::new(text).font(medium(TEXT)).color(palette.text),
        Kind::Danger => RichText::new(text).font(medium(TEXT)).color(palette.strong(Tone::Bad)),
    };
    let button = egui::Button::new(text).min_size(vec2(0.0, CONTROL_HEIGHT));
    let response = ui.add_enabled(enabled, button);
    ui.set_style(style);
    ring(ui, &response);
    response
}

/// A square button with a picture, called `name`.
pub(crate) fn icon_button(ui: &mut Ui, icon: Icon, name: &str, framed: bool) -> Response {
    let palette = Palette::of(ui.ctx());
    let side = if framed { vec2(38.0, CONTROL_HEIGHT) } else { vec2(24.0, 24.0) };
    let (rect, response) = ui.allocate_exact_size(side, Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, enabled, name));
    if ui.is_rect_visible(rect) {
        let visuals = ui.style().interact(&response);
        let hovered = response.hovered() || response.has_focus();
        let fill = if framed || hovered { visuals.weak_bg_fill } else { Color32::TRANSPARENT };
        let edge = if framed { visuals.bg_stroke } else { Stroke::NONE };
        ui.painter().rect(rect, visuals.corner_radius, fill, edge, egui::StrokeKind::Inside);
        let color = if hovered || framed { palette.text } else { palette.dim };
        paint_icon(ui.painter(), icon, rect.center(), 14.0, color);
        ring(ui, &response);
    }
    response.on_hover_text(name)
}

/// Text that does something, in the colour of the accent.
pub(crate) fn link(ui: &mut Ui, text: &str) -> Response {
    let response = egui::Link::new(RichText::new(text).font(medium(TEXT))).ui(ui);
    ring(ui, &response);
    response
}

/// Shows where the keyboard is.
fn ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, Palette::of(ui.ctx()).accent);
        let rect = response.rect.expand(2.0);
        ui.painter().rect_stroke(rect, 8.0, stroke, egui::StrokeKind::Outside);
    }
}
