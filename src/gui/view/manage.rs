//! What only those may do who manage the service.

use egui::{Response, Ui};

use super::Cx;
use crate::gui::widget::{self, Kind};

/// A button for those who manage the service; whether it was clicked. It does nothing before
/// it is `ready`, nor for others, and tells them why.
pub(super) fn button(ui: &mut Ui, cx: &Cx<'_>, kind: Kind, text: &str, ready: bool) -> bool {
    let enabled = ready && !cx.state.reads_only();
    explained(cx, widget::button(ui, kind, text, enabled)).clicked()
}

/// With the reason why it does nothing, for those who only read the status.
pub(super) fn explained(cx: &Cx<'_>, response: Response) -> Response {
    if cx.state.reads_only() {
        return response.on_disabled_hover_text(cx.texts.read_only(cx.state.standing));
    }
    response
}
