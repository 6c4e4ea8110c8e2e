//! The link to what a fault means.

use egui::Ui;

use super::Cx;
use crate::gui::update::Action;
use crate::gui::widget;
use crate::model::FaultCode;

/// "What does this mean?"
pub(super) fn link(ui: &mut Ui, cx: &mut Cx<'_>, code: FaultCode) {
    if widget::link(ui, &cx.texts.get("explain-open")).clicked() {
        cx.act(Action::Explain(code));
    }
}
