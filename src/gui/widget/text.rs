//! Pieces of text.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align, Color32, FontId, Painter, Rect, Response, RichText, TextFormat, Ui, pos2};

/// Text in the flow of the layout.
pub(crate) fn label(ui: &mut Ui, text: &str, font: FontId, color: Color32) -> Response {
    ui.add(egui::Label::new(RichText::new(text).font(font).color(color)))
}

/// Text that breaks into lines.
pub(crate) fn wrapped(ui: &mut Ui, text: &str, font: FontId, color: Color32) -> Response {
    ui.add(egui::Label::new(RichText::new(text).font(font).color(color)).wrap())
}

/// Text that can be marked and copied.
pub(crate) fn selectable(ui: &mut Ui, text: &str, font: FontId, color: Color32) -> Response {
    ui.add(egui::Label::new(RichText::new(text).font(font).color(color)).wrap().selectable(true))
}

/// Lets a screen reader say the text of `label` when it appears or changes.
pub(crate) fn speak(label: &Response) {
    label.ctx.accesskit_node_builder(label.id, |node| {
        node.set_live(egui::accesskit::Live::Polite);
    });
}

/// One line of text in the middle of `rect`, cut with an ellipsis; whether it was cut.
pub(crate) fn cell(
    painter: &Painter,
    rect: Rect,
    text: &str,
    font: FontId,
    color: Color32,
    align: Align,
) -> bool {
    let mut job = LayoutJob::single_section(text.to_owned(), TextFormat::simple(font, color));
    job.wrap = TextWrapping::truncate_at_width(rect.width().max(0.0));
    let galley = painter.layout_job(job);
    let x = match align {
        Align::Min => rect.left(),
        Align::Center => rect.center().x - galley.size().x / 2.0,
        Align::Max => rect.right() - galley.size().x,
    };
    let is_cut = galley.elided;
    painter.galley(pos2(x, rect.center().y - galley.size().y / 2.0), galley, color);
    is_cut
}
