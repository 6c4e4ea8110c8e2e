//! Somebody is signing in: what is waited for, and until when.

use egui::Ui;
use jiff::SignedDuration;

use super::super::super::Cx;
use super::super::paste;
use super::act;
use crate::azure::{DeviceCode, Method};
use crate::gui::state::SigningIn;
use crate::gui::theme::{SMALL, TEXT, Tone, mono, regular, semibold};
use crate::gui::update::{Action, AzureAction};
use crate::gui::widget::{self, Kind};

/// Size of the code.
const LARGE: f32 = 28.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, running: &SigningIn) {
    ui.add_space(14.0);
    if let Some(code) = &running.code {
        device_code(ui, cx, code);
    }
    let key = match (running.method, &running.code) {
        (Method::Browser, _) => "azure-waiting-browser",
        (Method::DeviceCode, None) => "azure-waiting-code",
        (Method::DeviceCode, Some(_)) => "azure-waiting-device",
        (Method::AzureCli | Method::Environment, _) => "azure-waiting-cli",
    };
    ui.horizontal(|ui| {
        widget::spinner(ui, cx.palette.accent);
        let label = widget::label(ui, &cx.texts.get(key), semibold(TEXT), cx.palette.text);
        widget::speak(&label);
    });
    if running.method == Method::Browser {
        let text = cx.texts.get("azure-waiting-browser-text");
        widget::label(ui, &text, regular(TEXT), cx.palette.text);
    }
    time_left(ui, cx, running);
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        if running.method == Method::Browser
            && widget::button(ui, Kind::Plain, &cx.texts.get("azure-page-again"), true).clicked()
        {
            act(cx, AzureAction::OpenPage);
        }
        let cancel = widget::button(ui, Kind::Plain, &cx.texts.get("azure-stop-sign-in"), true);
        if ui.memory(|memory| memory.focused()).is_none() {
            cancel.request_focus();
        }
        if cancel.clicked() {
            act(cx, AzureAction::StopSignIn);
        }
    });
    ui.add_space(14.0);
}

fn device_code(ui: &mut Ui, cx: &mut Cx<'_>, code: &DeviceCode) {
    let text = cx.texts.get("azure-device-text");
    widget::label(ui, &text, regular(TEXT), cx.palette.text);
    paste::found(ui, cx, Tone::Neutral, |ui, cx| {
        ui.horizontal(|ui| {
            let label = widget::selectable(ui, &code.address, mono(TEXT), cx.palette.text);
            widget::speak(&label);
            widget::at_right(ui, "azure-address", |ui| {
                let copy = cx.texts.get("azure-copy-address");
                if widget::button(ui, Kind::Plain, &copy, true).clicked() {
                    cx.act(Action::Copy(code.address.clone()));
                }
                if widget::link(ui, &cx.texts.get("azure-device-open")).clicked() {
                    cx.act(Action::Open(code.address.clone()));
                }
            });
        });
        ui.horizontal(|ui| {
            let label = widget::selectable(ui, &code.code, mono(LARGE), cx.palette.text);
            widget::speak(&label);
            widget::at_right(ui, "azure-code", |ui| {
                let copy = cx.texts.get("azure-copy-code");
                if widget::button(ui, Kind::Plain, &copy, true).clicked() {
                    cx.act(Action::Copy(code.code.clone()));
                }
            });
        });
    });
    ui.add_space(2.0);
}

/// Until when is waited.
fn time_left(ui: &mut Ui, cx: &mut Cx<'_>, running: &SigningIn) {
    let Some(end) = running.ends_at() else { return };
    let Some(left) = cx.texts.until(end, cx.now) else { return };
    let text = cx.texts.with("azure-waiting-left", &[("left", left.into())]);
    widget::label(ui, &text, regular(SMALL), cx.palette.dim);
    let into_second = end.duration_since(cx.now).subsec_nanos().max(1);
    cx.again_at(cx.now + SignedDuration::from_nanos(i64::from(into_second)));
}
