//! The table of all connections.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::connection::{notes, role, service_notes};
use super::style::{Role, Style};
use super::table::{self, Align, Cell, Column, Row};
use super::text;
use crate::display::rates::Rate;
use crate::model::{ConnectionId, ConnectionView, Snapshot, Traffic};

const WHOLE: usize = usize::MAX;
const COLUMNS: [Column; 7] = [
    Column { title: "Status", align: Align::Left, least: WHOLE, rank: 0 },
    Column { title: "Name", align: Align::Left, least: WHOLE, rank: 0 },
    Column { title: "Endpoint", align: Align::Left, least: 12, rank: 1 },
    Column { title: "Namespace", align: Align::Left, least: 9, rank: 4 },
    Column { title: "Listeners", align: Align::Right, least: WHOLE, rank: 5 },
    Column { title: "Active", align: Align::Right, least: WHOLE, rank: 3 },
    Column { title: "Traffic", align: Align::Left, least: WHOLE, rank: 2 },
];

/// What the column "Traffic" shows.
pub(crate) enum TrafficColumn<'a> {
    /// Bytes since the service started.
    Totals,
    /// Bytes a second; none counts as nothing.
    Rates(&'a BTreeMap<ConnectionId, Rate>),
}

/// The lines of the table at `now`; without a `width` nothing is cut.
pub(crate) fn render(
    snapshot: &Snapshot,
    traffic: &TrafficColumn<'_>,
    now: Timestamp,
    width: Option<usize>,
    style: Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (role, note) in service_notes(&snapshot.service) {
        let wrapped = table::indented(&note, 0, width);
        lines.extend(wrapped.iter().map(|line| style.paint(role, line)));
    }
    if snapshot.connections.is_empty() {
        lines.push("No hybrid connections yet. Add one: hcm add".to_owned());
        return lines;
    }
    let traffic = traffic_texts(&snapshot.connections, traffic);
    let namespaces = namespace_texts(&snapshot.connections);
    let rows: Vec<Row> = (snapshot.connections.iter().zip(namespaces).zip(traffic))
        .map(|((view, namespace), traffic)| row(view, namespace, traffic, now))
        .collect();
    lines.extend(table::render(&COLUMNS, &rows, width, style));
    lines
}

fn row(view: &ConnectionView, namespace: String, traffic: String, now: Timestamp) -> Row {
    let label = view.status.label();
    let listeners = view.azure.as_ref().and_then(|azure| azure.listener_count);
    let known = |text: Option<String>| match text {
        Some(text) => Cell::plain(text),
        None => Cell { text: "-".to_owned(), role: Role::Faint },
    };
    Row {
        cells: vec![
            Cell { text: label.to_string(), role: role(label) },
            Cell::plain(view.id.name()),
            known(view.endpoint.as_ref().map(ToString::to_string)),
            Cell::plain(namespace),
            known(listeners.map(|count| count.to_string())),
            Cell::plain(view.traffic.active_streams.to_string()),
            Cell::plain(traffic),
        ],
        below: notes(view, now),
    }
}

/// Each namespace by its first label, or by its whole host where two share a label.
fn namespace_texts(views: &[ConnectionView]) -> Vec<String> {
    let namespace = |view: &ConnectionView| view.id.namespace().clone();
    views
        .iter()
        .map(|view| {
            let own = namespace(view);
            let shared = views
                .iter()
                .map(namespace)
                .any(|other| other.label() == own.label() && other != own);
            if shared { own.to_string() } else { own.label().to_owned() }
        })
        .collect()
}

/// Both directions of every connection, numbers below numbers.
fn traffic_texts(views: &[ConnectionView], column: &TrafficColumn<'_>) -> Vec<String> {
    let pairs: Vec<(String, String)> = views.iter().map(|view| pair(view, column)).collect();
    let widest = |side: fn(&(String, String)) -> &String| {
        pairs.iter().map(|pair| text::width(side(pair))).max().unwrap_or(0)
    };
    let (left, right) = (widest(|pair| &pair.0), widest(|pair| &pair.1));
    pairs.iter().map(|(to, from)| format!("{to:>left$} in · {from:>right$} out")).collect()
}

fn pair(view: &ConnectionView, column: &TrafficColumn<'_>) -> (String, String) {
    match column {
        TrafficColumn::Totals => {
            let Traffic { bytes_to_endpoint, bytes_to_azure, .. } = view.traffic;
            (text::bytes(bytes_to_endpoint), text::bytes(bytes_to_azure))
        }
        TrafficColumn::Rates(rates) => {
            let rate = rates.get(&view.id).copied().unwrap_or_default();
            let shown = |bytes| format!("{}/s", text::bytes(bytes));
            (shown(rate.to_endpoint), shown(rate.to_azure))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::NamespaceAddress;

    fn list(snapshot: &Snapshot, width: Option<usize>) -> String {
        render(snapshot, &TrafficColumn::Totals, sample::now(), width, Style::PLAIN).join("\n")
    }

    #[test]
    fn every_kind_of_connection_in_a_wide_terminal() {
        let expected = "\
Status         Name   Endpoint         Namespace  Listeners  Active  Traffic
Disabled       files  sql01.corp:1433  contoso            -       0      0 B in ·    0 B out
Connected      sql    sql01.corp:1433  contoso            2       3  12.3 MB in ·  987 B out
Not connected  web    -                fabrikam           2       0      0 B in · 4.6 MB out
  retry in 12 s · Azure refused the key (401) (InvalidSignature): The key was regenerated or
  removed. Add the connection again with its current connection string: hcm add --replace.
  [unauthorized]";
        assert_eq!(list(&sample::mixed(), Some(94)), expected);
    }

    #[test]
    fn narrow_terminals_lose_the_least_important_columns_first() {
        let titles =
            |width| list(&sample::mixed(), Some(width)).lines().next().map(str::to_owned).unwrap();
        let most = "Status         Name   Endpoint         Namespace  Active  Traffic";
        assert_eq!(titles(85), most);
        assert_eq!(titles(80), "Status         Name   Endpoint         Active  Traffic");
        assert_eq!(titles(60), "Status         Name   Endpoint         Namespace  Active");
        assert_eq!(titles(40), "Status         Name   Endpoint");
        assert_eq!(titles(30), "Status         Name   Active");
        assert_eq!(titles(24), "Status         Name");
    }

    #[test]
    fn nothing_is_cut_without_a_terminal() {
        let lines = list(&sample::mixed(), None);
        assert_eq!(lines.lines().count(), 5);
        assert!(
            lines
                .ends_with("with its current connection string: hcm add --replace. [unauthorized]")
        );
    }

    #[test]
    fn rates_take_the_place_of_totals() {
        let snapshot = sample::mixed();
        let rates = BTreeMap::from([(
            sample::id("contoso", "sql"),
            Rate { to_endpoint: 1_250_000, to_azure: 3_000 },
        )]);
        let lines = render(
            &snapshot,
            &TrafficColumn::Rates(&rates),
            sample::now(),
            Some(100),
            Style::PLAIN,
        );
        assert!(lines[2].ends_with("3  1.2 MB/s in · 3.0 kB/s out"), "{}", lines[2]);
        assert!(lines[1].ends_with("0     0 B/s in ·    0 B/s out"), "{}", lines[1]);
    }

    #[test]
    fn two_clouds_with_one_label_are_told_apart() {
        let mut snapshot = sample::mixed();
        snapshot.connections[2].id = ConnectionId::new(
            NamespaceAddress::new("contoso.servicebus.chinacloudapi.cn", 443),
            "web",
        );
        let lines = list(&snapshot, None);
        assert!(lines.contains("contoso.servicebus.chinacloudapi.cn"));
        assert!(lines.contains("contoso.servicebus.windows.net"));
    }

    #[test]
    fn an_empty_list_says_how_to_fill_it() {
        let lines = list(&sample::snapshot(vec![]), Some(80));
        assert_eq!(lines, "No hybrid connections yet. Add one: hcm add");
    }

    #[test]
    fn colours_only_add_to_the_words() {
        let snapshot = sample::mixed();
        let painted = render(
            &snapshot,
            &TrafficColumn::Totals,
            sample::now(),
            Some(94),
            Style { color: true },
        )
        .join("\n");
        assert!(painted.contains("\u{1b}[32mConnected\u{1b}[0m    "));
        assert!(painted.contains("\u{1b}[31mNot connected\u{1b}[0m"));
        let stripped = ["1", "2", "31", "32", "33", "0"]
            .iter()
            .fold(painted, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
        assert_eq!(stripped, list(&snapshot, Some(94)));
    }
}
