//! What is known of the connection.

use egui::{Align, Layout, Ui, vec2};

use super::super::{Cx, explain, manage};
use crate::gui::text::Texts;
use crate::gui::theme::{SMALL, TEXT, Tone, mono, regular};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};
use crate::model::{AzureResource, ConnectionStatus, ConnectionView};

/// Listeners that a hybrid connection may have in Azure.
const MOST_LISTENERS: u32 = 25;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    ui.spacing_mut().item_spacing.y = 3.0;
    service_bus_endpoint(ui, cx, view);
    ui.add_space(8.0);
    endpoint(ui, cx, view);
    reachability(ui, cx, view);
    ui.add_space(8.0);
    columns(ui, &three_facts(cx, view), cx);
    ui.add_space(8.0);
    columns(ui, &totals(cx, view), cx);
    let azure = azure_times(cx, view);
    if !azure.is_empty() {
        ui.add_space(8.0);
        columns(ui, &azure, cx);
    }
    if let Some(resource) = &view.resource {
        ui.add_space(8.0);
        in_azure(ui, cx, resource);
    }
    ui.spacing_mut().item_spacing.y = 4.0;
}

fn service_bus_endpoint(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    widget::field_label(ui, &cx.texts.get("details-service-bus-endpoint"));
    ui.horizontal(|ui| {
        let address = view.id.namespace().service_bus_endpoint();
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width() - 28.0);
            widget::selectable(ui, &address, mono(11.0), cx.palette.text);
        });
        let name = cx.texts.get("copy-service-bus-endpoint");
        if widget::icon_button(ui, Icon::Copy, &name, false).clicked() {
            cx.act(Action::Copy(address));
        }
    });
}

fn endpoint(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    widget::field_label(ui, &cx.texts.get("column-endpoint"));
    let Some(endpoint) = &view.endpoint else {
        let text = cx.texts.get("endpoint-unknown-long");
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
        return;
    };
    widget::selectable(ui, &endpoint.to_string(), regular(TEXT), cx.palette.text);
    let warn = |ui: &mut Ui, key: &'static str| {
        ui.horizontal_top(|ui| {
            sign(ui, Icon::Warning, cx.palette.strong(Tone::Warn));
            let color = cx.palette.strong(Tone::Warn);
            widget::wrapped(ui, &cx.texts.get(key), regular(TEXT), color);
        });
    };
    if endpoint.host().parse::<std::net::IpAddr>().is_ok() {
        warn(ui, "endpoint-is-address");
    } else if endpoint.host().eq_ignore_ascii_case("localhost") {
        warn(ui, "endpoint-is-localhost");
    }
}

fn reachability(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    if view.endpoint.is_none() {
        return;
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 16.0;
        widget::field_label(ui, &cx.texts.get("details-reachable"));
        ui.add_enabled_ui(cx.state.may_manage(), |ui| {
            let check = widget::link(ui, &cx.texts.get("reach-check"));
            if manage::explained(cx, check).clicked() {
                cx.act(Action::CheckEndpoint(view.id.clone()));
            }
        });
    });
    ui.horizontal_top(|ui| {
        ui.set_min_height(20.0);
        match &view.reachability {
            Some(reachability) => {
                let (tone, icon) = match reachability.fault {
                    None => (Tone::Ok, Icon::Check),
                    Some(_) => (Tone::Bad, Icon::Warning),
                };
                sign(ui, icon, cx.palette.strong(tone));
                let text = cx.texts.reachability(reachability, cx.now);
                ui.vertical(|ui| {
                    widget::wrapped(ui, &text, regular(TEXT), cx.palette.strong(tone));
                    if let Some(fault) = &reachability.fault {
                        let advice = cx.texts.fault_advice(fault.code);
                        widget::wrapped(ui, &advice, regular(TEXT), cx.palette.text);
                        explain::link(ui, cx, fault.code);
                    }
                });
                let changes = Texts::ago_changes(reachability.checked_at, cx.now);
                cx.again_at(cx.now + changes);
            }
            None => {
                let text = cx.texts.get("reach-unknown");
                widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
            }
        }
    });
}

/// A small picture as high as a line.
fn sign(ui: &mut Ui, icon: Icon, color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 16.0), egui::Sense::hover());
    widget::paint_icon(ui.painter(), icon, rect.center(), 13.0, color);
}

fn three_facts(cx: &Cx<'_>, view: &ConnectionView) -> Vec<(&'static str, String)> {
    let listeners = match view.azure.as_ref().and_then(|azure| azure.listener_count) {
        Some(count) => cx
            .texts
            .with("details-listeners", &[("count", count.into()), ("most", MOST_LISTENERS.into())]),
        None => "–".to_owned(),
    };
    let mut facts = vec![("column-listeners", listeners)];
    // Those who only read the status are not told it.
    if !view.key_name.is_empty() {
        facts.insert(0, ("details-key", view.key_name.clone()));
    }
    if let ConnectionStatus::Connected { since, gateway } = &view.status {
        let since = cx.texts.clock(*since, cx.now);
        let since = match gateway {
            Some(gateway) => format!("{since} · {gateway}"),
            None => since,
        };
        facts.push(("details-since", since));
    } else if let Some(last) = view.events.last() {
        facts.push(("details-since", cx.texts.clock(last.at, cx.now)));
    }
    facts
}

fn totals(cx: &Cx<'_>, view: &ConnectionView) -> Vec<(&'static str, String)> {
    let traffic = &view.traffic;
    let streams = cx.texts.with(
        "details-streams",
        &[("active", traffic.active_streams.into()), ("total", traffic.total_streams.into())],
    );
    let mut facts = vec![
        ("details-streams-label", streams),
        ("details-in", cx.texts.bytes(traffic.bytes_to_endpoint)),
        ("details-out", cx.texts.bytes(traffic.bytes_to_azure)),
    ];
    if traffic.refused_streams > 0 {
        facts.push(("details-refused", traffic.refused_streams.to_string()));
    }
    facts
}

fn azure_times(cx: &Cx<'_>, view: &ConnectionView) -> Vec<(&'static str, String)> {
    let Some(azure) = &view.azure else { return Vec::new() };
    let date = |key, at: Option<jiff::Timestamp>| at.map(|at| (key, cx.texts.date(at)));
    [date("details-created", azure.created_at), date("details-updated", azure.updated_at)]
        .into_iter()
        .flatten()
        .collect()
}

/// Where it is in Azure, as far as that is known.
fn in_azure(ui: &mut Ui, cx: &mut Cx<'_>, resource: &AzureResource) {
    let mut facts = vec![
        ("details-subscription", resource.subscription_name().to_owned()),
        ("details-resource-group", resource.resource_group.clone()),
    ];
    if !resource.region.is_empty() {
        facts.push(("details-region", resource.region.clone()));
    }
    columns(ui, &facts, cx);
    if let Some(address) = resource.portal_address() {
        ui.add_space(2.0);
        if widget::link(ui, &cx.texts.get("azure-portal")).clicked() {
            cx.act(Action::Open(address));
        }
    }
}

/// Labels with values under them, side by side, broken into lines where it is narrow.
fn columns(ui: &mut Ui, facts: &[(&'static str, String)], cx: &Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(18.0, 6.0);
        for (key, value) in facts {
            let label = cx.texts.get(key);
            let width = text_width(ui, &label, SMALL).max(text_width(ui, value, TEXT));
            let size = vec2(width.min(ui.max_rect().width()), 34.0);
            ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
                widget::field_label(ui, &label);
                widget::label(ui, value, regular(TEXT), cx.palette.text);
            });
        }
    });
}

fn text_width(ui: &Ui, text: &str, size: f32) -> f32 {
    let color = ui.visuals().text_color();
    let galley = ui.painter().layout_no_wrap(text.to_owned(), regular(size), color);
    galley.size().x.ceil() + 1.0
}
