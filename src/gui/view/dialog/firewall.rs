//! What a firewall must let through for a connection.

use egui::Ui;

use super::super::Cx;
use super::{close_button, frame, paste};
use crate::gui::theme::{SMALL, TEXT, Tone, mono, regular};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::ConnectionId;

const WIDTH: f32 = 620.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, id: &ConnectionId) {
    let title = cx.texts.with("firewall-title", &[("name", id.name().into())]);
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, id), close_button);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, id: &ConnectionId) {
    let text = cx.texts.get("firewall-text");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
    let rules = rules(id);
    paste::found(ui, cx, Tone::Neutral, |ui, cx| {
        widget::selectable(ui, &rules, mono(SMALL), cx.palette.text);
    });
    let text = cx.texts.get("firewall-gateways");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    if widget::button(ui, Kind::Plain, &cx.texts.get("copy"), true).clicked() {
        cx.act(Action::Copy(rules));
    }
}

/// The namespace, and the gateways beside it, whose names only their suffix is sure of.
fn rules(id: &ConnectionId) -> String {
    let namespace = id.namespace();
    let suffix = namespace.host().split_once('.').map_or(namespace.host(), |(_, suffix)| suffix);
    let port = namespace.port();
    format!("{}  TCP {port}\n*.{suffix}  TCP {port}", namespace.host())
}
