//! The keys of the window.

use egui::{Grid, Ui};

use super::super::{Cx, keys};
use super::{close_button, frame};
use crate::gui::theme::{TEXT, medium, regular};
use crate::gui::widget;

const WIDTH: f32 = 460.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>) {
    let title = cx.texts.get("shortcuts");
    frame(ui, cx, WIDTH, &title, body, close_button);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>) {
    Grid::new("keys").num_columns(2).spacing([24.0, 8.0]).show(ui, |ui| {
        for (name, what) in keys::LIST {
            widget::label(ui, name, medium(TEXT), cx.palette.text);
            widget::label(ui, &cx.texts.get(what), regular(TEXT), cx.palette.dim);
            ui.end_row();
        }
    });
}
