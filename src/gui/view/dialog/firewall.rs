//! What a firewall must let out for a connection, in the words of several firewalls.

use egui::{Frame, Margin, ScrollArea, Stroke, Ui};

use super::super::Cx;
use super::{close_button, frame};
use crate::gui::state::FirewallForm;
use crate::gui::theme::{CONTROL_RADIUS, SMALL, TEXT, Tone, mono, regular};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::reach::firewall::{Format, Found, Gap, Home};

const WIDTH: f32 = 760.0;
/// Height of the box with the list, in points; longer ones scroll in it.
const HEIGHT: f32 = 250.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, form: &FirewallForm) {
    let title = cx.texts.with("firewall-title", &[("name", form.id.name().into())]);
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, form), |ui, cx| buttons(ui, cx, form));
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, form: &FirewallForm) {
    let text = cx.texts.get("firewall-text");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
    if let Some(proxy) = &form.list.proxy {
        let text = cx.texts.with("firewall-proxy", &[("proxy", proxy.as_str().into())]);
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.strong(Tone::Warn));
    }
    state(ui, cx, form);
    ui.add_space(4.0);
    choice(ui, cx, form.format);
    content(ui, cx, form);
    let key = if form.format.is_by_address() { "firewall-by-address" } else { "firewall-by-name" };
    let wildcard = form.list.wildcard();
    let text = cx.texts.with(key, &[("wildcard", wildcard.into())]);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
}

/// Where the namespace lives, and how far its gateways are known.
fn state(ui: &mut Ui, cx: &Cx<'_>, form: &FirewallForm) {
    let (text, tone) = said(cx, form);
    ui.horizontal_top(|ui| {
        if !form.is_whole {
            widget::spinner(ui, cx.palette.dim);
        }
        let color = tone.map_or(cx.palette.text, |tone| cx.palette.strong(tone));
        let label = widget::wrapped(ui, &text, regular(TEXT), color);
        if form.is_whole {
            widget::speak(&label);
        }
    });
}

fn said(cx: &Cx<'_>, form: &FirewallForm) -> (String, Option<Tone>) {
    let list = &form.list;
    let namespace = list.namespace.host();
    match &list.home {
        Home::Asking => {
            (cx.texts.with("firewall-asking", &[("namespace", namespace.into())]), None)
        }
        Home::Stamp(stamp) => {
            let counts = list.counts();
            let values = [
                ("stamp", stamp.as_str().into()),
                ("total", counts.gateways.into()),
                ("resolved", counts.resolved.into()),
                ("unknown", counts.unknown.into()),
                ("failed", counts.failed.into()),
                ("waiting", counts.waiting.into()),
            ];
            let (key, tone) = match (form.is_whole, list.gap()) {
                (false, _) => ("firewall-searching", None),
                (true, Some(Gap::Unanswered)) => ("firewall-stamp-failed", Some(Tone::Warn)),
                (true, Some(Gap::NoGateway)) => ("firewall-stamp-unknown", Some(Tone::Warn)),
                (true, _) => ("firewall-stamp", None),
            };
            (cx.texts.with(key, &values), tone)
        }
        Home::PrivateLink => {
            let text = cx.texts.with("firewall-private", &[("namespace", namespace.into())]);
            (text, Some(Tone::Warn))
        }
        Home::Untold => {
            let text = cx.texts.with("firewall-untold", &[("namespace", namespace.into())]);
            (text, Some(Tone::Warn))
        }
        Home::Unresolved => {
            let key = match list.hosts.first().map(|host| &host.found) {
                Some(Found::Unknown) => "firewall-unknown",
                _ => "firewall-no-dns",
            };
            (cx.texts.with(key, &[("namespace", namespace.into())]), Some(Tone::Bad))
        }
    }
}

/// Which firewall it is for.
fn choice(ui: &mut Ui, cx: &mut Cx<'_>, chosen: Format) {
    let text = cx.texts.get("firewall-format-text");
    let names = Format::ALL.map(|format| match format {
        Format::Text => &*text,
        Format::Csv => "CSV",
        Format::WindowsFirewall => "Windows Firewall",
        Format::Nftables => "nftables",
        Format::AzureFirewall => "Azure Firewall",
    });
    let place = Format::ALL.iter().position(|format| *format == chosen).unwrap_or_default();
    if let Some(clicked) = widget::segmented(ui, "firewall-format", &names, place) {
        cx.act(Action::FirewallFormat(Format::ALL[clicked]));
    }
}

fn content(ui: &mut Ui, cx: &Cx<'_>, form: &FirewallForm) {
    let stroke = Stroke::new(1.0, cx.palette.line);
    let boxed = Frame::new().fill(cx.palette.panel).stroke(stroke);
    boxed.corner_radius(CONTROL_RADIUS).inner_margin(Margin::symmetric(12, 10)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.set_min_height(HEIGHT);
        if form.text().is_empty() {
            let text = cx.texts.get("firewall-no-address");
            widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
            return;
        }
        let area = ScrollArea::vertical().id_salt(("firewall", form.format)).max_height(HEIGHT);
        area.auto_shrink(false).show(ui, |ui| {
            widget::selectable(ui, form.text(), mono(SMALL), cx.palette.text);
        });
    });
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, form: &FirewallForm) {
    let has_text = !form.text().is_empty();
    if widget::button(ui, Kind::Plain, &cx.texts.get("copy"), has_text).clicked() {
        cx.act(Action::Copy(form.text().to_owned()));
    }
    if widget::button(ui, Kind::Plain, &cx.texts.get("save-as"), has_text).clicked() {
        cx.act(Action::SaveFirewall);
    }
    close_button(ui, cx);
}
