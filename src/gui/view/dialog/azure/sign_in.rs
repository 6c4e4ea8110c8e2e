//! Nobody is signed in: the ways to do it.

use egui::{ComboBox, Id, TextEdit, Ui};
use zeroize::Zeroizing;

use super::super::super::Cx;
use super::super::paste;
use super::{act, error};
use crate::azure::{AzureError, Method};
use crate::gui::state::{AzureForm, PastedText, SettingsOfSignIn, SignIn};
use crate::gui::theme::{CONTROL_HEIGHT, SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::AzureAction;
use crate::gui::widget::{self, Kind};

/// The ways beside the browser, and their names.
const OTHERS: [(Method, &str); 2] =
    [(Method::DeviceCode, "azure-sign-in-code"), (Method::AzureCli, "azure-sign-in-cli")];

pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    form: &AzureForm,
    problem: Option<&(Method, AzureError)>,
) {
    if let SettingsOfSignIn::Failed(reason) = &form.settings {
        let reason = [("reason", reason.as_str().into())];
        let text = cx.texts.with("azure-settings-failed", &reason);
        paste::found(ui, cx, Tone::Bad, |ui, cx| {
            widget::wrapped(ui, &text, regular(TEXT), cx.palette.strong(Tone::Bad));
            let again = cx.texts.get("azure-settings-again");
            if widget::button(ui, Kind::Plain, &again, cx.state.may_manage()).clicked() {
                act(cx, AzureAction::ReadSettings);
            }
        });
    }
    let ready = matches!(form.settings, SettingsOfSignIn::Known(_)) && cx.state.may_manage();
    if let Some((method, error)) = problem {
        failed(ui, cx, *method, error, ready);
    }
    ui.add_space(14.0);
    let title = cx.texts.get("azure-sign-in-title");
    widget::label(ui, &title, semibold(TEXT), cx.palette.text);
    widget::label(ui, &cx.texts.get("azure-sign-in-text"), regular(TEXT), cx.palette.dim);
    if asks_proxy_password(form) {
        proxy_password(ui, cx, form);
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let name = cx.texts.get("azure-sign-in");
        let button = widget::button(ui, Kind::Primary, &name, ready);
        if ready && ui.memory(|memory| memory.focused()).is_none() {
            button.request_focus();
        }
        if button.clicked() {
            act(cx, AzureAction::SignIn(Method::Browser));
        }
        if matches!(form.settings, SettingsOfSignIn::Asked) {
            widget::spinner(ui, cx.palette.dim);
            let text = cx.texts.get("settings-loading");
            widget::label(ui, &text, regular(SMALL), cx.palette.dim);
        }
    });
    if problem.is_none() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 18.0;
            ui.add_enabled_ui(ready, |ui| {
                for (method, key) in OTHERS {
                    if widget::link(ui, &cx.texts.get(key)).clicked() {
                        act(cx, AzureAction::SignIn(method));
                    }
                }
            });
        });
    }
    ui.add_space(10.0);
    cloud(ui, cx, form);
    ui.add_space(14.0);
}

/// Why the last try came to nothing, and the other ways.
fn failed(ui: &mut Ui, cx: &mut Cx<'_>, tried: Method, error: &AzureError, ready: bool) {
    paste::found(ui, cx, Tone::Bad, |ui, cx| {
        error::text(ui, cx, error);
        ui.horizontal_wrapped(|ui| {
            for (method, key) in OTHERS {
                let key = if method == tried { "azure-sign-in-again" } else { key };
                if widget::button(ui, Kind::Plain, &cx.texts.get(key), ready).clicked() {
                    act(cx, AzureAction::SignIn(method));
                }
            }
            error::copy(ui, cx, &cx.texts.azure_error(error));
        });
    });
}

fn cloud(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm) {
    ui.horizontal(|ui| {
        let label = cx.texts.get("azure-cloud");
        widget::field_label(ui, &label);
        let name = |cloud| cx.texts.cloud(cloud, form.setting("azure.authority"));
        let mut chosen = None;
        let combo = ComboBox::from_id_salt("azure-cloud").width(260.0);
        let shown = combo.selected_text(name(form.cloud)).show_ui(ui, |ui| {
            for cloud in form.clouds() {
                if ui.selectable_label(cloud == form.cloud, name(cloud)).clicked() {
                    chosen = Some(cloud);
                }
            }
        });
        shown.response.accessible_name(&*label);
        if let Some(cloud) = chosen {
            act(cx, AzureAction::Cloud(cloud));
        }
    });
}

/// The field for the password of the proxy is there.
pub(in super::super) fn asks_proxy_password(form: &AzureForm) -> bool {
    matches!(form.sign_in, SignIn::Out(_)) && form.wants_proxy_password()
}

pub(in super::super) fn proxy_password_id() -> Id {
    Id::unique("azure-proxy-password")
}

/// The service alone knows the password of the proxy.
fn proxy_password(ui: &mut Ui, cx: &mut Cx<'_>, form: &AzureForm) {
    let proxy = [("proxy", form.setting("network.proxy").into())];
    let text = cx.texts.with("azure-proxy-password-text", &proxy);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
    let name = cx.texts.get("azure-proxy-password");
    let mut typed = Zeroizing::new(form.proxy_password.0.to_string());
    if typed.is_empty() {
        paste::forget(ui, proxy_password_id());
    }
    let edit = TextEdit::singleline(&mut *typed)
        .password(true)
        .id(proxy_password_id())
        .hint_text(&*name)
        .margin(egui::Margin::symmetric(10, 8));
    let size = egui::vec2(300.0, CONTROL_HEIGHT);
    let field = ui.add_sized(size, edit).accessible_name(name.to_string());
    if field.changed() {
        act(cx, AzureAction::ProxyPassword(PastedText(typed)));
    }
}
