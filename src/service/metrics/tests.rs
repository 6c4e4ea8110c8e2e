use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::exposition::{Format, Kind};
use super::families::{FAMILIES, Facts, OF_CONNECTION, page};
use super::registry::Registry;
use crate::model::{ConnectionStatus, Fault, FaultCode, Snapshot, StatusLabel, sample};
use crate::platform::usage::Usage;
use crate::relay::TrafficCounters;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Everything that can be told, in `format`.
fn told(snapshot: &Snapshot, registry: &Registry, format: Format) -> String {
    let usage = Usage {
        cpu: Some(Duration::from_millis(1500)),
        resident: Some(4096),
        open_files: Some(20),
    };
    page(&Facts { snapshot, registry, usage, most_files: Some(1024) }, format)
}

fn everything() -> (Snapshot, Registry, Arc<TrafficCounters>) {
    let mut snapshot = sample::mixed();
    snapshot.service.faults = vec![Fault::new(FaultCode::LogsUnwritable, "disk full")];
    let (registry, counters) = (Registry::default(), Arc::new(TrafficCounters::default()));
    registry.register(&sample::id("contoso", "sql"), &counters);
    let meters = counters.meters();
    meters.lost.add(FaultCode::TlsFailed);
    meters.lost.add(FaultCode::ChannelLost);
    meters.count_renewal(true);
    meters.dial.observe(Duration::from_millis(3));
    counters.stream_refused(FaultCode::PolicyDenied);
    counters.add_to_azure(7);
    (snapshot, registry, counters)
}

#[test]
fn each_metric_has_a_sample_where_there_is_something_to_tell() {
    let (snapshot, registry, counters) = everything();
    let stream = counters.stream_opened();
    let text = told(&snapshot, &registry, Format::Text);
    for family in FAMILIES {
        let suffix = if family.kind == Kind::Histogram { "_count" } else { "" };
        let begin = format!("{}{suffix}", family.name);
        let sample = text.lines().find(|line| {
            line.strip_prefix(&begin).is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let sample = sample.unwrap_or_else(|| panic!("no sample of {}: {text}", family.name));
        for label in OF_CONNECTION.iter().filter(|_| family.is_of_connections()) {
            assert!(sample.contains(&format!("{label}=\"")), "{sample}");
        }
        for label in family.labels {
            assert!(sample.contains(&format!("{label}=\"")), "{sample}");
        }
    }
    let sql = r#"namespace="contoso.servicebus.windows.net",name="sql""#;
    for line in [
        "hcm_ready 0".to_owned(),
        r#"hcm_service_fault{code="logs-unwritable"} 1"#.to_owned(),
        format!("hcm_connection_up{{{sql}}} 1"),
        format!(r#"hcm_connection_state{{{sql},state="connected"}} 1"#),
        format!(r#"hcm_connection_state{{{sql},state="not-connected"}} 0"#),
        format!(r#"hcm_connection_reconnects_total{{{sql},code="channel-lost"}} 1"#),
        format!(r#"hcm_connection_reconnects_total{{{sql},code="recycled"}} 0"#),
        format!(r#"hcm_connection_reconnects_total{{{sql},code="tls-failed"}} 1"#),
        format!(r#"hcm_connection_streams_refused_total{{{sql},code="policy-denied"}} 1"#),
        format!("hcm_connection_token_renewals_total{{{sql}}} 1"),
        format!("hcm_connection_streams{{{sql}}} 1"),
        format!(r#"hcm_connection_carried_bytes_total{{{sql},direction="to-azure"}} 7"#),
        format!(r#"hcm_connection_dial_seconds_bucket{{{sql},le="0.005"}} 1"#),
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is missing: {text}");
    }
    drop(stream);
}

#[test]
fn what_is_told_of_a_connection_names_neither_endpoint_nor_key_nor_machine() {
    let (snapshot, registry, _counters) = everything();
    let view = &snapshot.connections[1];
    let endpoint = view.endpoint.as_ref().unwrap().host();
    for format in [Format::Text, Format::OpenMetrics] {
        let text = told(&snapshot, &registry, format);
        for word in [endpoint, &view.key_name, &snapshot.service.home, "disk full"] {
            assert!(!word.is_empty() && !text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn every_state_has_a_word_of_its_own() {
    let (mut snapshot, registry, _counters) = everything();
    let mut words = BTreeSet::new();
    for status in [
        ConnectionStatus::Disabled,
        ConnectionStatus::Starting,
        sample::connected(),
        sample::waiting(sample::refused_key(), 10),
        ConnectionStatus::Stopping { then: Box::new(crate::model::status::Then::Removed) },
    ] {
        let label: StatusLabel = status.label();
        snapshot.connections = vec![sample::view("contoso", "sql", status)];
        let text = told(&snapshot, &registry, Format::Text);
        let states = text.lines().filter(|line| line.starts_with("hcm_connection_state{"));
        let on: Vec<_> = states.filter(|line| line.ends_with(" 1")).collect();
        let [one] = on[..] else { panic!("{label}: {on:?}") };
        words.insert(one.to_owned());
    }
    assert_eq!(words.len(), 5, "{words:?}");
}

/// The rows of a table in docs/METRICS.md, as the code would write them.
#[test]
fn the_documentation_has_every_metric_and_no_other() {
    let document = file("docs/METRICS.md");
    let is_metric = |row: &&str| row.starts_with("| `hcm_") || row.starts_with("| `process_");
    let said: Vec<_> = document.lines().filter(is_metric).collect();
    let meant = FAMILIES.iter().map(|family| {
        let of_connection = OF_CONNECTION.iter().filter(|_| family.is_of_connections());
        let labels: Vec<_> =
            of_connection.chain(family.labels).map(|label| format!("`{label}`")).collect();
        let (name, kind) = (family.name, family.kind.as_str());
        format!("| `{name}` | {kind} | {} | {} |", labels.join(", "), family.help)
    });
    assert_eq!(said, meant.collect::<Vec<_>>());
}

/// The names of metrics in a query: words that are no function, keyword or label.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_metric = |word: &&str| word.starts_with("hcm_") || word.starts_with("process_");
    words.filter(is_metric).map(str::to_owned).collect()
}

#[test]
fn the_dashboard_asks_only_for_what_is_told_and_for_all_of_it() {
    let known: BTreeSet<_> = FAMILIES
        .iter()
        .flat_map(|family| match family.kind {
            Kind::Histogram => {
                ["_bucket", "_sum", "_count"].map(|s| format!("{}{s}", family.name)).into()
            }
            _ => vec![family.name.to_owned()],
        })
        .collect();
    let dashboard: serde_json::Value =
        serde_json::from_str(&file("installer/grafana/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    let asked: BTreeSet<_> = queries.iter().flat_map(|query| metrics_in(query)).collect();
    assert!(queries.iter().all(|query| !metrics_in(query).is_empty()), "{queries:?}");
    assert_eq!(asked, known);
    let variables = dashboard["templating"]["list"].to_string();
    assert!(metrics_in(&variables).is_subset(&known), "{variables}");
    let examples = file("docs/METRICS.md");
    let rules: Vec<_> = examples.lines().filter(|line| line.contains("expr: ")).collect();
    assert_eq!(rules.len(), 3);
    assert!(rules.iter().all(|rule| metrics_in(rule).is_subset(&known)), "{rules:?}");
}
