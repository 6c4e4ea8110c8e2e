//! Nothing is configured yet: what this is, and the three ways to begin.

use egui::{Align, Layout, Shape, Stroke, Ui, pos2, vec2};

use super::{Cx, manage};
use crate::gui::state::{Demo, NewTab};
use crate::gui::theme::{TEXT, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};

/// Height of everything, to stand in the middle.
const HEIGHT: f32 = 250.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let above = ((ui.available_height() - HEIGHT) / 2.0).max(16.0);
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.add_space(above);
        picture(ui, cx);
        ui.add_space(26.0);
        widget::label(ui, &cx.texts.get("empty-title"), semibold(18.0), cx.palette.text);
        ui.add_space(6.0);
        ui.spacing_mut().item_spacing.y = 4.0;
        for line in ["empty-text-1", "empty-text-2"] {
            widget::label(ui, &cx.texts.get(line), regular(TEXT), cx.palette.dim);
        }
        ui.add_space(16.0);
        buttons(ui, cx);
        if cfg!(feature = "emulator") && cx.state.demo == Demo::Off {
            ui.add_space(14.0);
            if widget::link(ui, &cx.texts.get("empty-demo")).clicked() {
                cx.act(Action::StartDemo);
            }
        }
    });
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    let names = [cx.texts.get("select-with-azure"), cx.texts.get("use-connection-string")];
    let color = cx.palette.text;
    let widths = names.iter().map(|name| {
        let font = semibold(TEXT);
        ui.painter().layout_no_wrap(name.to_string(), font, color).size().x + 24.0
    });
    let width = widths.sum::<f32>() + 10.0;
    ui.allocate_ui_with_layout(vec2(width, 32.0), Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        if manage::button(ui, cx, Kind::Primary, &names[0], true) {
            cx.act(Action::New(NewTab::Azure));
        }
        if manage::button(ui, cx, Kind::Plain, &names[1], true) {
            cx.act(Action::New(NewTab::ConnectionString));
        }
    });
}

/// Two ends and the relay between them.
fn picture(ui: &mut Ui, cx: &Cx<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(204.0, 46.0), egui::Sense::hover());
    let (painter, stroke) = (ui.painter(), Stroke::new(3.0, cx.palette.accent));
    let middle = rect.center();
    for side in [-1.0, 1.0] {
        let end = pos2(middle.x + side * 80.0, middle.y);
        painter.circle_stroke(end, 20.5, stroke);
        let line = [pos2(middle.x + side * 15.0, middle.y), pos2(end.x - side * 22.0, end.y)];
        painter.extend(Shape::dashed_line(&line, stroke, 5.0, 5.0));
    }
    painter.circle_filled(middle, 13.0, cx.palette.accent);
}
