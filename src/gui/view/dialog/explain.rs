//! What a fault means: what usually causes it, what to do, what the program does by itself.

use egui::{Id, Ui};

use super::super::Cx;
use super::{close_button, layer};
use crate::gui::theme::{SMALL, TEXT, mono, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::FaultCode;

const WIDTH: f32 = 560.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, code: FaultCode) {
    let title = cx.texts.get("explain-title");
    // What it is asked about may stand in a dialog, which must not lose what was typed.
    let id = Id::unique("explain");
    layer(ui, cx, id, WIDTH, &title, |ui, cx| body(ui, cx, code), close_button);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, code: FaultCode) {
    widget::wrapped(ui, &cx.texts.fault_summary(code), semibold(TEXT), cx.palette.text);
    widget::selectable(ui, code.as_str(), mono(SMALL), cx.palette.dim);
    let parts = [
        ("explain-cause", cx.texts.fault_cause(code)),
        ("details-advice", cx.texts.fault_advice(code)),
        ("explain-by-itself", cx.texts.fault_by_itself(code)),
    ];
    for (name, text) in parts {
        ui.add_space(4.0);
        widget::field_label(ui, &cx.texts.get(name));
        widget::selectable(ui, &text, regular(TEXT), cx.palette.text);
    }
    ui.add_space(4.0);
    if widget::button(ui, Kind::Plain, &cx.texts.get("copy"), true).clicked() {
        cx.act(Action::Copy(cx.texts.fault_explained(code)));
    }
}
