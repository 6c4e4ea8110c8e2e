//! The place of the upgrade.

use egui::Ui;

use super::super::Cx;
use super::{close_button, frame};
use crate::gui::theme::{TEXT, regular};
use crate::gui::widget;

const WIDTH: f32 = 520.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>) {
    let title = cx.texts.get("upgrade-title");
    frame(ui, cx, WIDTH, &title, body, close_button);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>) {
    let version = [("version", env!("CARGO_PKG_VERSION").into())];
    let text = cx.texts.with("upgrade-none", &version);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
}
