//! Where things stand.

use egui::{Align, Id, Layout, Response, RichText, Stroke, TextBuffer, Ui, UiBuilder, vec2};

use crate::gui::theme::{CONTROL_HEIGHT, Palette, SMALL, TEXT, regular};

/// Shows `content` in one line at the right edge, in reading order (which is the order of
/// the Tab key too): its width is the one that it had the last time.
pub(crate) fn at_right<R>(ui: &mut Ui, id: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let id: Id = ui.scope_id().with(id);
    let known: Option<f32> = ui.data(|data| data.get_temp(id));
    let room = ui.available_rect_before_wrap();
    // Not known yet, it stands at the left: beyond the right edge it would widen its parent.
    let left = room.right() - known.unwrap_or(f32::INFINITY).min(room.width());
    let place = egui::Rect::from_min_max(egui::pos2(left, room.top()), room.right_bottom());
    let layout = Layout::left_to_right(Align::Center);
    let shown = ui.scope_builder(UiBuilder::new().max_rect(place).layout(layout), |ui| {
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        content(ui)
    });
    let width = shown.response.rect.width();
    if known.is_none_or(|known| (known - width).abs() > 0.5) {
        ui.data_mut(|data| data.insert_temp(id, width));
        ui.ctx().request_discard("the right edge has moved");
    }
    shown.inner
}

/// The label over a field.
pub(crate) fn field_label(ui: &mut Ui, text: &str) -> Response {
    let color = Palette::of(ui.ctx()).dim;
    ui.label(RichText::new(text).font(regular(SMALL)).color(color))
}

/// A field for one line of text.
pub(crate) fn text_field(
    ui: &mut Ui,
    text: &mut dyn TextBuffer,
    id: Id,
    hint: &str,
    width: f32,
) -> Response {
    let palette = Palette::of(ui.ctx());
    let visuals = &mut ui.style_mut().visuals;
    visuals.widgets.hovered.bg_stroke = Stroke::new(1.0, palette.dim);
    ui.add_sized(
        vec2(width, CONTROL_HEIGHT),
        egui::TextEdit::singleline(text)
            .id(id)
            .hint_text(RichText::new(hint).color(palette.dim))
            .font(regular(TEXT))
            .margin(egui::Margin::symmetric(10, 8))
            .align(egui::Align2::LEFT_CENTER),
    )
}
