//! What went wrong with the account, and the ways out.

use egui::Ui;

use super::super::super::Cx;
use super::super::paste;
use super::act;
use crate::azure::{AzureError, AzureErrorKind, Method};
use crate::gui::state::{wants_sign_in, wants_tenant};
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
            sign_in_again(ui, cx, &[error]);
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

/// The sign-in that mends one of these, if one does; what was chosen stays.
pub(super) fn sign_in_again(ui: &mut Ui, cx: &mut Cx<'_>, errors: &[&AzureError]) {
    let Some(form) = cx.state.azure() else { return };
    let Some(last) = &form.last else { return };
    let chosen = form.subscription();
    let tenant = chosen.map(|one| one.reached_by.as_ref().unwrap_or(&one.tenant_id).clone());
    match tenant.filter(|tenant| !tenant.is_empty()) {
        Some(tenant) if errors.iter().any(|error| wants_tenant(error)) => {
            sign_in_to(ui, cx, tenant);
        }
        _ if errors.iter().any(|error| wants_sign_in(error)) => {
            let wants_step =
                errors.iter().any(|error| error.kind == AzureErrorKind::InteractionRequired);
            let (method, key) = if wants_step && last.method != Method::Browser {
                (Method::Browser, "azure-sign-in-browser")
            } else {
                (last.method, "azure-sign-in-again")
            };
            let tenant = form.tenant.clone();
            if widget::button(ui, Kind::Plain, &cx.texts.get(key), true).clicked() {
                act(cx, AzureAction::SignInTo(method, tenant));
            }
        }
        _ => {}
    }
}

/// Signs in to a tenant that wants a step of its own, where a person can do it.
pub(super) fn sign_in_to(ui: &mut Ui, cx: &mut Cx<'_>, tenant: String) {
    let last = cx.state.azure().and_then(|form| form.last.as_ref());
    let method = match last.map(|account| account.method) {
        Some(Method::DeviceCode) => Method::DeviceCode,
        _ => Method::Browser,
    };
    let name = cx.texts.get("azure-sign-in-tenant");
    if widget::button(ui, Kind::Plain, &name, true).clicked() {
        act(cx, AzureAction::SignInTo(method, Some(tenant)));
    }
}

pub(super) fn copy(ui: &mut Ui, cx: &mut Cx<'_>, text: &str) {
    if widget::button(ui, Kind::Plain, &cx.texts.get("azure-copy-error"), true).clicked() {
        cx.act(Action::Copy(text.to_owned()));
    }
}
