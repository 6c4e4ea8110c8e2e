//! The details of a connection as text, for the clipboard. No secret is in them.

use jiff::Timestamp;

use super::Texts;
use crate::model::ConnectionView;

/// Everything that the details show of `view`, a line each.
pub(crate) fn details_as_text(texts: &Texts, view: &ConnectionView, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |key: &'static str, value: &str| {
        text.push_str(&texts.more_about(&texts.get(key), value));
        text.push('\n');
    };
    line("column-name", view.id.name());
    line("column-status", &texts.status(view.status.label()));
    if let Some(fault) = view.status.fault() {
        line("details-fault", &texts.fault_line(fault));
        line("explain-code", fault.code.as_str());
        line("details-advice", &texts.fault_advice(fault.code));
        if let Some(tracking_id) = &fault.tracking_id {
            line("details-tracking-id", tracking_id);
        }
    }
    line("details-service-bus-endpoint", &view.id.namespace().service_bus_endpoint());
    if let Some(endpoint) = &view.endpoint {
        line("column-endpoint", &endpoint.to_string());
    }
    if let Some(reachability) = &view.reachability {
        line("details-reachable", &texts.reachability(reachability, now));
    }
    if !view.key_name.is_empty() {
        line("details-key", &view.key_name);
    }
    if let Some(count) = view.azure.as_ref().and_then(|azure| azure.listener_count) {
        line("column-listeners", &count.to_string());
    }
    if let Some(resource) = &view.resource {
        line("details-subscription", resource.subscription_name());
        line("details-resource-group", &resource.resource_group);
        if !resource.region.is_empty() {
            line("details-region", &resource.region);
        }
        line("details-resource-id", &resource.id);
    }
    for event in &view.events {
        line("details-event", &format!("{} {}", event.at, texts.event(event)));
    }
    text
}
