//! Everything about one connection.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::connection::{MOST_LISTENERS, code, fault, progress, reachability, role};
use super::style::{Role, Style};
use super::text::{self, plain};
use crate::model::{ConnectionStatus, ConnectionView, Traffic};

/// Events that are shown, the last ones.
const EVENTS: usize = 10;
/// Cells of the names of the facts, with the space around them.
const LABELS: usize = 25;

/// The lines about `view` at `now`; without a `width` nothing is wrapped.
pub(crate) fn render(
    view: &ConnectionView,
    now: Timestamp,
    zone: &TimeZone,
    width: Option<usize>,
    style: Style,
) -> Vec<String> {
    let mut lines = vec![style.paint(Role::Strong, &view.id.short())];
    for (name, role, value) in facts(view, now, zone) {
        lines.extend(fact(name, role, &value, width, style));
    }
    if !view.events.is_empty() {
        lines.push("  Last events".to_owned());
        let skipped = view.events.len().saturating_sub(EVENTS);
        for event in view.events.iter().skip(skipped) {
            let when = style.paint(Role::Faint, &text::when(event.at, zone));
            let code = event.kind.fault().map(|fault| format!(" {}", code(fault)));
            let words = format!("{}{}", plain(&event.text), code.unwrap_or_default());
            let wrapped = match width {
                Some(width) => text::wrap(&words, width.saturating_sub(LABELS)),
                None => vec![words],
            };
            for (position, line) in wrapped.iter().enumerate() {
                let head = if position == 0 { when.clone() } else { " ".repeat(19) };
                lines.push(format!("    {head}  {line}"));
            }
        }
    }
    lines
}

/// One fact: its name, and its value in a column of its own.
fn fact(name: &str, role: Role, value: &str, width: Option<usize>, style: Style) -> Vec<String> {
    let wrapped = match width {
        Some(width) => text::wrap(value, width.saturating_sub(LABELS)),
        None => vec![value.to_owned()],
    };
    let heads = std::iter::once(name).chain(std::iter::repeat(""));
    heads
        .zip(wrapped)
        .map(|(head, line)| {
            let space = LABELS - 2;
            format!("  {head:<space$}{}", style.paint(role, &line))
        })
        .collect()
}

/// Names and values of what is known.
fn facts(
    view: &ConnectionView,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<(&'static str, Role, String)> {
    let unknown = || "not known".to_owned();
    let mut facts = status_facts(view, now, zone);
    let mut add = |name, value: String| facts.push((name, Role::Plain, value));
    add("Endpoint", view.endpoint.as_ref().map_or_else(unknown, ToString::to_string));
    let reached = view.reachability.as_ref();
    add("Reachability", reached.map_or_else(unknown, |seen| reachability(seen, now)));
    add("Service Bus endpoint", view.id.namespace().service_bus_endpoint());
    // One who only reads the status is not told it.
    if !view.key_name.is_empty() {
        add("Key name", plain(&view.key_name).into_owned());
    }
    let azure = view.azure.as_ref();
    let listeners = azure.and_then(|azure| Some((azure.listener_count?, azure.read_at)));
    let listeners = listeners.map(|(count, read_at)| {
        format!("{count} of {MOST_LISTENERS} · {}", text::ago(read_at, now))
    });
    add("Listeners", listeners.unwrap_or_else(unknown));
    let at = |time: Option<Timestamp>| time.map_or_else(unknown, |time| text::when(time, zone));
    add("Created in Azure", at(azure.and_then(|azure| azure.created_at)));
    add("Updated in Azure", at(azure.and_then(|azure| azure.updated_at)));
    if let Some(resource) = &view.resource {
        let (name, id) = (plain(&resource.subscription), plain(&resource.subscription_id));
        let named = format!("{name} ({id})");
        add("Subscription", if name.is_empty() { id.into_owned() } else { named });
        add("Resource group", plain(&resource.resource_group).into_owned());
        if !resource.region.is_empty() {
            add("Region", plain(&resource.region).into_owned());
        }
        if let Some(address) = resource.portal_address() {
            add("Azure portal", address);
        }
    }
    let Traffic { active_streams, total_streams, refused_streams, .. } = view.traffic;
    add(
        "Streams",
        format!("{active_streams} active · {total_streams} in all · {refused_streams} refused"),
    );
    add(
        "Traffic",
        format!(
            "{} to the endpoint · {} to Azure",
            text::bytes(view.traffic.bytes_to_endpoint),
            text::bytes(view.traffic.bytes_to_azure)
        ),
    );
    facts
}

fn status_facts(
    view: &ConnectionView,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<(&'static str, Role, String)> {
    let label = view.status.label();
    let mut words = label.to_string();
    if let ConnectionStatus::Connected { since, gateway } = &view.status {
        let lasting = text::span(now.duration_since(*since));
        words.push_str(&format!(" since {} ({lasting})", text::when(*since, zone)));
        if let Some(gateway) = gateway {
            words.push_str(&format!(", gateway {}", plain(gateway)));
        }
    }
    if let Some(progress) = progress(view, now) {
        words.push_str(&format!(" · {progress}"));
    }
    let mut facts = vec![("Status", role(label), words)];
    if let Some(reason) = view.status.fault() {
        facts.push(("Reason", Role::Bad, fault(reason)));
        facts.push(("More about it", Role::Faint, format!("hcm explain {}", reason.code)));
        if let Some(id) = &reason.tracking_id {
            facts.push(("Tracking id", Role::Plain, plain(id).into_owned()));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn show(view: &ConnectionView, width: Option<usize>) -> String {
        render(view, sample::now(), &TimeZone::UTC, width, Style::PLAIN).join("\n")
    }

    #[test]
    fn a_connected_one() {
        let expected = "\
contoso/sql
  Status                 Connected since 2026-11-22 00:48:00 (3 h 12 min), gateway G42
  Endpoint               sql01.corp:1433
  Reachability           TCP connect in 1.8 ms · 12 s ago
  Service Bus endpoint   sb://contoso.servicebus.windows.net/
  Key name               defaultListener
  Listeners              2 of 25 · 40 s ago
  Created in Azure       2026-01-02 10:00:00
  Updated in Azure       2026-03-04 11:30:00
  Streams                3 active · 120 in all · 1 refused
  Traffic                12.3 MB to the endpoint · 987 B to Azure
  Last events
    2026-11-22 00:47:59  Restarted
    2026-11-22 00:48:00  Connected (G42)";
        assert_eq!(show(&sample::view("contoso", "sql", sample::connected()), Some(94)), expected);
    }

    #[test]
    fn one_that_needs_a_person() {
        let mut view =
            sample::view("contoso", "sql", sample::waiting(sample::refused_key(), 42_000));
        (view.endpoint, view.azure, view.reachability) = (None, None, None);
        view.events.clear();
        let expected = "\
contoso/sql
  Status                 Not connected · retry in 42 s
  Reason                 Azure refused the key (401)
                         (InvalidSignature): The key was
                         regenerated or removed. Add the
                         connection again with its current
                         connection string: hcm add --replace.
                         [unauthorized]
  More about it          hcm explain unauthorized
  Tracking id            7f3c_G42
  Endpoint               not known
  Reachability           not known
  Service Bus endpoint   sb://contoso.servicebus.windows.net/
  Key name               defaultListener
  Listeners              not known
  Created in Azure       not known
  Updated in Azure       not known
  Streams                3 active · 120 in all · 1 refused
  Traffic                12.3 MB to the endpoint · 987 B to
                         Azure";
        assert_eq!(show(&view, Some(62)), expected);
    }

    #[test]
    fn one_that_was_selected_with_an_account() {
        let mut view = sample::view("contoso", "sql", sample::connected());
        view.resource = Some(sample::resource());
        let shown = show(&view, None);
        let expected = "
  Subscription           Contoso Production (0a1b2c3d-1111-4222-8333-444455556666)
  Resource group         rg-integration
  Region                 West Europe
  Azure portal           https://portal.azure.com/#@7f000001-1111-4222-8333-444455556666/resource/subscriptions/0a1b2c3d-";
        assert!(shown.contains(expected), "{shown}");
        view.resource.as_mut().unwrap().portal = None;
        assert!(!show(&view, None).contains("portal"));
    }

    #[test]
    fn only_the_last_events() {
        let mut view = sample::view("contoso", "sql", sample::connected());
        let event = view.events[0].clone();
        view.events = (0..30)
            .map(|n| crate::model::ConnectionEvent { text: format!("event {n}"), ..event.clone() })
            .collect();
        let shown = show(&view, None);
        assert!(!shown.contains("event 19") && shown.contains("event 20"));
        assert!(shown.ends_with("event 29"));
    }
}
