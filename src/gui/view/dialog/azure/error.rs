//! What went wrong with the account, and the ways out.

use egui::Ui;

use super::super::super::Cx;
use super::super::paste;
use super::act;
use crate::azure::AzureError;
use crate::gui::state::wants_sign_in;
use crate::gui::theme::{SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::{Action, AzureAction};
use crate::gui::widget::{self, Kind};

/// The error in a box. `again` tries once more what has failed, under the name of this text.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    error: &AzureError,
    again: Option<(&'static str, AzureAction)>,
) {
    paste::found(ui, cx, Tone::Bad, |ui, cx| {
        text(ui, cx, error);
        ui.horizontal_wrapped(|ui| {
            if wants_sign_in(error) {
                sign_in_again(ui, cx);
            }
            if let Some((key, action)) = again
                && widget::button(ui, Kind::Plain, &cx.texts.get(key), true).clicked()
            {
                act(cx, action);
            }
            copy(ui, cx, &cx.texts.azure_error(error));
        });
    });
}

/// The lines of such a box.
pub(super) fn text(ui: &mut Ui, cx: &Cx<'_>, error: &AzureError) {
    let color = cx.palette.strong(Tone::Bad);
    let summary = cx.texts.azure_summary(error.kind);
    let label = widget::wrapped(ui, &summary, semibold(TEXT), color);
    widget::speak(&label);
    widget::wrapped(ui, &cx.texts.azure_advice(error.kind), regular(TEXT), color);
    if !error.detail.is_empty() {
        widget::selectable(ui, &error.detail, regular(SMALL), color);
    }
    if let Some(ids) = cx.texts.azure_ids(error) {
        widget::selectable(ui, &ids, regular(SMALL), color);
    }
}

/// Signs in once more in the same way; what was chosen stays.
pub(super) fn sign_in_again(ui: &mut Ui, cx: &mut Cx<'_>) {
    let last = cx.state.azure().and_then(|form| form.last.as_ref());
    let Some(method) = last.map(|account| account.method) else { return };
    let name = cx.texts.get("azure-sign-in-again");
    if widget::button(ui, Kind::Plain, &name, true).clicked() {
        act(cx, AzureAction::SignIn(method));
    }
}

pub(super) fn copy(ui: &mut Ui, cx: &mut Cx<'_>, text: &str) {
    if widget::button(ui, Kind::Plain, &cx.texts.get("azure-copy-error"), true).clicked() {
        cx.act(Action::Copy(text.to_owned()));
    }
}
