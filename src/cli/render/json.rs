//! The shapes of `--output json`. They are stable: keys are added, never renamed.

mod apply;
mod doctor;
mod explain;
mod firewall;
mod help;
mod import;
mod login;
mod probe;
mod shapes;
mod upgrade;

use serde::Serialize;

use self::apply::ApplyShape;
use self::doctor::DiagnosisShape;
use self::explain::ExplainedShape;
use self::firewall::FirewallShape;
pub(crate) use self::help::HELP;
use self::import::ImportShape;
use self::login::LoginShape;
use self::probe::ProbeShape;
use self::shapes::{
    ChangeShape, CheckShape, Connection, ErrorShape, LogShape, ResultShape, ServiceShape,
    StatusShape, UpgradeShape, VersionShape,
};
pub(crate) use self::upgrade::UpgradeResult;
use super::account::Attempt;
use crate::azure::Subscriptions;
use crate::cli::apply::Changes;
use crate::cli::explain::Entry;
use crate::cli::failure::Failure;
use crate::cli::import::{Row, Source};
use crate::display::health::{Health, Verdict};
use crate::ipc::protocol::LogLine;
use crate::model::upgrade::UpgradeInfo;
use crate::model::{ConnectionId, ConnectionView, Diagnosis, ServiceInfo, Snapshot};
use crate::reach::firewall::FirewallList;
use crate::reach::probe::Probe;

/// One connection with its events.
pub(crate) fn connection(view: &ConnectionView) -> String {
    pretty(&Connection::of(view).with_events(&view.events))
}

/// One connection as the lists have it.
pub(crate) fn connection_brief(view: &ConnectionView) -> String {
    pretty(&Connection::of(view))
}

/// Several connections.
pub(crate) fn connections<'a>(views: impl IntoIterator<Item = &'a ConnectionView>) -> String {
    pretty(&views.into_iter().map(Connection::of).collect::<Vec<_>>())
}

/// The answer of `status`.
pub(crate) fn status(service: &ServiceInfo, health: &Health<'_>) -> String {
    pretty(&StatusShape {
        healthy: health.verdict() == Verdict::Healthy,
        enabled: health.enabled(),
        connected: health.connected(),
        disabled: health.disabled(),
        service: ServiceShape::of(service),
        connections: health.views.iter().map(|view| Connection::of(view)).collect(),
    })
}

/// The answer of `status --check`, on one line; `failure` says why it is no.
pub(crate) fn check(check: &str, failure: Option<&Failure>) -> String {
    let code = failure.map(|failure| failure.code.as_str());
    let reason = failure.map(|failure| failure.message.as_str());
    compact(&CheckShape { check, passed: failure.is_none(), code, reason })
}

/// What was done to some connections.
pub(crate) fn results<'a>(
    done: impl IntoIterator<Item = &'a ConnectionId>,
    result: &str,
) -> String {
    let shape = |id: &'a ConnectionId| ResultShape {
        namespace: id.namespace().label(),
        name: id.name(),
        id: id.full(),
        result,
    };
    pretty(&done.into_iter().map(shape).collect::<Vec<_>>())
}

/// Names and values of settings.
pub(crate) fn settings(settings: &[(String, String)]) -> String {
    let object = settings.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
    pretty(&object.collect::<serde_json::Map<String, serde_json::Value>>())
}

/// The versions; `message` says why the service's is not known.
pub(crate) fn version(
    own: &str,
    service: Option<&str>,
    message: Option<&str>,
    upgrade: Option<&UpgradeInfo>,
) -> String {
    pretty(&VersionShape {
        version: own,
        service_version: service,
        service_message: message,
        upgrade: upgrade.map(UpgradeShape::of),
    })
}

/// How an upgrade went.
pub(crate) fn upgrade(told: &UpgradeResult<'_>) -> String {
    pretty(&upgrade::ResultShape::of(told))
}

/// What is wrong.
pub(crate) fn diagnoses(diagnoses: &[Diagnosis]) -> String {
    pretty(&diagnoses.iter().map(DiagnosisShape::of).collect::<Vec<_>>())
}

/// What codes mean.
pub(crate) fn explained(entries: &[Entry]) -> String {
    pretty(&entries.iter().copied().map(ExplainedShape::of).collect::<Vec<_>>())
}

/// What a firewall must let out.
pub(crate) fn firewall(list: &FirewallList) -> String {
    pretty(&FirewallShape::of(list))
}

/// What was tried of `target`.
pub(crate) fn probe(target: &str, probe: &Probe) -> String {
    pretty(&ProbeShape::of(target, probe))
}

/// A line of the log, on one line.
pub(crate) fn log(line: &LogLine) -> String {
    let LogLine { at, level, target, message, connection } = line;
    let connection = connection.as_deref();
    compact(&LogShape { at: *at, level, target, message, connection })
}

/// How the ways to sign in went, and what the first that works sees.
pub(crate) fn login(attempts: &[Attempt], seen: Option<&Subscriptions>) -> String {
    pretty(&LoginShape::of(attempts, seen))
}

/// What was found in the files of Microsoft's managers, and what becomes of it.
pub(crate) fn import(sources: &[Source], rows: &[Row], is_dry: bool) -> String {
    pretty(&ImportShape::of(sources, rows, is_dry))
}

/// What is declared, and what becomes of it.
pub(crate) fn apply(changes: &Changes, is_dry: bool) -> String {
    pretty(&ApplyShape::of(changes, is_dry))
}

/// A failure, on one line.
pub(crate) fn failure(failure: &Failure) -> String {
    let details = failure.details.as_deref();
    compact(&ErrorShape {
        code: &failure.code,
        message: &failure.message,
        field: failure.field.as_deref(),
        line: failure.line,
        column: details.and_then(|details| details.column),
        file: details.and_then(|details| details.file.as_deref()),
        connection: details.and_then(|details| details.connection.as_deref()),
        azure_code: details.and_then(|details| details.azure_code.as_deref()),
        correlation_id: details.and_then(|details| details.correlation_id.as_deref()),
    })
}

/// The whole state, on one line.
pub(crate) fn change_to_snapshot(snapshot: &Snapshot) -> String {
    compact(&ChangeShape::Snapshot {
        revision: snapshot.revision,
        service: ServiceShape::of(&snapshot.service),
        connections: snapshot.connections.iter().map(Connection::of).collect(),
    })
}

/// A new or changed connection, on one line.
pub(crate) fn change_of_connection(revision: u64, view: &ConnectionView) -> String {
    let connection = Box::new(Connection::of(view));
    compact(&ChangeShape::Connection { revision, connection })
}

/// A removed connection, on one line.
pub(crate) fn change_by_removal(revision: u64, id: &ConnectionId) -> String {
    let (namespace, name) = (id.namespace().label(), id.name());
    compact(&ChangeShape::Removed { revision, id: id.full(), namespace, name })
}

/// A change of the service, on one line.
pub(crate) fn change_of_service(revision: u64, service: &ServiceInfo) -> String {
    compact(&ChangeShape::Service { revision, service: ServiceShape::of(service) })
}

/// The loss of the service, on one line.
pub(crate) fn change_by_loss(message: &str) -> String {
    compact(&ChangeShape::ServiceLost { message })
}

fn pretty(value: &impl Serialize) -> String {
    text_of(serde_json::to_string_pretty(value))
}

fn compact(value: &impl Serialize) -> String {
    text_of(serde_json::to_string(value))
}

/// The shapes have text keys and plain values, which always have a JSON text.
fn text_of(text: serde_json::Result<String>) -> String {
    text.unwrap_or_else(|error| unreachable!("a shape without a JSON text: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::sample;
    use super::*;
    use crate::cli::exit::Exit;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_connection_has_the_keys_of_microsofts_hcm_first() {
        let text = connection(&sample::view("contoso", "sql", sample::connected()));
        let expected = r#"{
  "Namespace": "contoso",
  "Name": "sql",
  "Endpoint": "sql01.corp:1433",
  "Status": "Connected",
  "NumberOfListeners": 2,
  "ServiceBusEndpoint": "contoso.servicebus.windows.net",
  "CreatedOn": "2026-01-02T10:00:00Z",
  "LastUpdated": "2026-03-04T11:30:00Z",
  "SubscriptionId": null,
  "ResourceGroup": null,
  "Subscription": null,
  "Region": null,
  "PortalAddress": null,
  "Id": "contoso.servicebus.windows.net/sql",
  "Enabled": true,
  "State": "connected",
  "Since": "2026-11-22T00:48:00Z",
  "Gateway": "G42",
  "RetryAt": null,
  "Attempt": null,
  "Fault": null,
  "KeyName": "defaultListener",
  "Reachability": {
    "CheckedAt": "2026-11-22T03:59:48Z",
    "ConnectMicroseconds": 1840,
    "Fault": null
  },
  "Traffic": {
    "ActiveStreams": 3,
    "TotalStreams": 120,
    "RefusedStreams": 1,
    "BytesToEndpoint": 12345678,
    "BytesToAzure": 987
  },
  "Events": [
    {
      "At": "2026-11-22T00:47:59Z",
      "Text": "Restarted"
    },
    {
      "At": "2026-11-22T00:48:00Z",
      "Text": "Connected (G42)"
    }
  ]
}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn what_came_with_an_account_tells_where_it_is_in_azure() {
        let mut view = sample::view("contoso", "sql", sample::connected());
        view.resource = Some(sample::resource());
        let shown = value(&connection_brief(&view));
        assert_eq!(shown["SubscriptionId"], "0a1b2c3d-1111-4222-8333-444455556666");
        assert_eq!(shown["ResourceGroup"], "rg-integration");
        assert_eq!(shown["Subscription"], "Contoso Production");
        assert_eq!(shown["Region"], "West Europe");
        let address = shown["PortalAddress"].as_str().unwrap();
        assert!(address.starts_with("https://portal.azure.com/#@"), "{address}");
    }

    #[test]
    fn a_fault_is_an_object() {
        let snapshot = sample::mixed();
        let list = value(&connections(&snapshot.connections));
        assert_eq!(list[2]["State"], "waiting");
        assert_eq!(list[2]["RetryAt"], "2026-11-22T04:00:11.2Z");
        assert_eq!(list[2]["Attempt"], 3);
        assert_eq!(
            list[2]["Fault"],
            json!({
                "Code": "unauthorized",
                "Summary": "Azure refused the key (401)",
                "Detail": "InvalidSignature",
                "Advice": "The key was regenerated or removed. Add the connection again with its current connection string: hcm add --replace.",
                "TrackingId": "7f3c_G42",
            })
        );
        assert_eq!(list[0]["Enabled"], false);
        assert_eq!(list[0]["NumberOfListeners"], Value::Null);
        assert!(list[0].get("Events").is_none());
    }

    #[test]
    fn changes_are_one_object_a_line() {
        let snapshot = sample::mixed();
        let (view, id) = (&snapshot.connections[1], &snapshot.connections[1].id);
        let lines = [
            change_to_snapshot(&snapshot),
            change_of_connection(8, view),
            change_by_removal(9, id),
            change_of_service(10, &snapshot.service),
            change_by_loss("gone"),
        ];
        assert!(lines.iter().all(|line| !line.contains('\n')));
        let events = lines.iter().map(|line| value(line)["Event"].as_str().unwrap().to_owned());
        let events: Vec<_> = events.collect();
        assert_eq!(events, ["snapshot", "connection", "removed", "service", "service-lost"]);
        assert_eq!(
            lines[2],
            r#"{"Event":"removed","Revision":9,"Id":"contoso.servicebus.windows.net/sql","Namespace":"contoso","Name":"sql"}"#
        );
        assert_eq!(value(&lines[1])["Connection"]["Name"], "sql");
        assert_eq!(value(&lines[3])["Service"]["Pid"], 4711);
    }

    #[test]
    fn the_small_shapes() {
        let snapshot = sample::mixed();
        let health = Health::of(&snapshot, None);
        let status = value(&status(&snapshot.service, &health));
        assert_eq!(
            (&status["Healthy"], &status["Enabled"], &status["Connected"], &status["Disabled"]),
            (&json!(false), &json!(2), &json!(1), &json!(1))
        );
        assert_eq!(
            value(&results([&snapshot.connections[1].id], "enabled")),
            json!([{
                "Namespace": "contoso",
                "Name": "sql",
                "Id": "contoso.servicebus.windows.net/sql",
                "Result": "enabled",
            }])
        );
        assert_eq!(
            value(&settings(&[("log.level".into(), "info".into())])),
            json!({ "log.level": "info" })
        );
        assert_eq!(
            value(&version("0.1.0", None, Some("no service"), None)),
            json!({
                "Version": "0.1.0",
                "ServiceVersion": null,
                "ServiceMessage": "no service",
                "Upgrade": null,
            })
        );
        assert_eq!(
            check("ready", None),
            r#"{"Check":"ready","Passed":true,"Code":null,"Reason":null}"#
        );
        assert_eq!(
            check("live", Some(&Failure::new(Exit::TimedOut, "no answer"))),
            r#"{"Check":"live","Passed":false,"Code":"timed-out","Reason":"no answer"}"#
        );
        let line = LogLine {
            at: sample::now(),
            level: "INFO".into(),
            target: "relay".into(),
            message: "a\nb".into(),
            connection: None,
        };
        assert_eq!(
            log(&line),
            r#"{"At":"2026-11-22T04:00:00Z","Level":"INFO","Target":"relay","Message":"a\nb","Connection":null}"#
        );
    }

    #[test]
    fn errors_leave_out_what_there_is_not() {
        let plain = Failure::new(Exit::NotFound, "no such connection");
        assert_eq!(failure(&plain), r#"{"code":"not-found","message":"no such connection"}"#);
        let full = Failure { field: Some("EntityPath".into()), ..plain.at_line(Some(4)) };
        assert_eq!(
            failure(&full),
            r#"{"code":"not-found","message":"no such connection","field":"EntityPath","line":4}"#
        );
    }

    #[test]
    fn the_help_names_every_key() {
        let mut view = sample::view("contoso", "web", sample::waiting(sample::refused_key(), 1));
        view.reachability = Some(sample::refused_endpoint());
        let mut keys = Vec::new();
        collect_keys(&value(&connection(&view)), &mut keys);
        collect_keys(&value(&change_of_service(1, &sample::mixed().service)), &mut keys);
        for key in keys {
            assert!(HELP.contains(&key), "{key}");
        }
    }

    fn collect_keys(value: &Value, keys: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    keys.push(key.clone());
                    collect_keys(value, keys);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| collect_keys(value, keys)),
            _ => {}
        }
    }
}
