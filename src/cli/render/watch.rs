//! What `hcm list --watch` shows: a table in place, or a line per change.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::connection::{endpoint_fault, fault};
use super::list::{self, TrafficColumn};
use super::style::{Role, Style};
use super::table;
use super::text::{self, plain};
use crate::cli::watch::{Link, WatchState};
use crate::model::{ConnectionStatus, ConnectionView};

/// The lines of the table in place, at `now`.
pub(crate) fn table(
    state: &WatchState,
    now: Timestamp,
    zone: &TimeZone,
    width: usize,
    style: Style,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Link::Lost { since, reason } = &state.link {
        let since = text::clock(*since, zone);
        let words = format!("The service is gone since {since}: {}", plain(reason));
        let wrapped = table::indented(&words, 0, Some(width));
        lines.extend(wrapped.iter().map(|line| style.paint(Role::Bad, line)));
        let below = "Below is what it said last. Looking for it…";
        lines.extend(
            table::indented(below, 0, Some(width)).iter().map(|line| style.paint(Role::Busy, line)),
        );
    }
    if let Some(snapshot) = state.snapshot() {
        let rates = state.rates.at(now);
        let traffic = TrafficColumn::Rates(&rates);
        lines.extend(list::render(snapshot, &traffic, now, Some(width), style));
    }
    let changed = text::clock(state.changed, zone);
    let footer = match &state.link {
        Link::Back { since } => {
            let since = text::clock(*since, zone);
            format!("Service back at {since} · changed {changed} · Ctrl-C ends")
        }
        Link::Up | Link::Lost { .. } => format!("Changed {changed} · Ctrl-C ends"),
    };
    lines.push(style.paint(Role::Faint, &text::cut(&footer, width)));
    lines
}

/// What a line per change says of `view`, without the time. It has no counter and no
/// countdown, so that two equal lines mean that nothing happened.
pub(crate) fn line(view: &ConnectionView, zone: &TimeZone) -> String {
    let mut words = format!("{}: {}", view.id, view.status.label());
    let mut add = |text: &str| words.push_str(&format!(" · {text}"));
    match &view.status {
        ConnectionStatus::Waiting { until, .. } => {
            add(&format!("retry at {}", text::clock(*until, zone)));
        }
        ConnectionStatus::Connecting { attempt, last: Some(_) } => {
            add(&format!("attempt {attempt}"))
        }
        _ => {}
    }
    if let Some(endpoint) = &view.endpoint {
        add(&endpoint.to_string());
    }
    if let Some(listeners) = view.azure.as_ref().and_then(|azure| azure.listener_count) {
        add(&text::count(listeners.into(), "listener", "listeners"));
    }
    if let Some(reason) = view.status.fault() {
        add(&fault(reason));
    }
    if let Some(reason) = endpoint_fault(view) {
        add(&format!("endpoint · {}", fault(reason)));
    }
    words
}

/// `words` behind the time at which they became true.
pub(crate) fn stamped(words: &str, now: Timestamp, zone: &TimeZone, style: Style) -> String {
    format!("{}  {words}", style.paint(Role::Faint, &text::when(now, zone)))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::cli::exit::Exit;
    use crate::cli::failure::Failure;
    use crate::cli::watch::Update;
    use crate::ipc::Push;

    fn shown(state: &WatchState) -> String {
        table(state, sample::now(), &TimeZone::UTC, 66, Style::PLAIN).join("\n")
    }

    fn snapshot() -> Update {
        let view = sample::view("contoso", "sql", sample::connected());
        Update::Push(Push::Snapshot(Box::new(sample::snapshot(vec![view]))))
    }

    fn one() -> WatchState {
        let mut state = WatchState::default();
        state.take(snapshot(), sample::ago(5)).unwrap();
        state
    }

    #[test]
    fn the_table_in_place() {
        let expected = "\
Status     Name  Endpoint         Active  Traffic
Connected  sql   sql01.corp:1433       3  0 B/s in · 0 B/s out
Changed 03:59:55 · Ctrl-C ends";
        assert_eq!(shown(&one()), expected);
    }

    #[test]
    fn a_service_that_went_away_is_said_first() {
        let mut state = one();
        let lost = Failure::new(Exit::ServiceNotReachable, "the service ended");
        state.take(Update::Lost(lost), sample::ago(2)).unwrap();
        let expected = "\
The service is gone since 03:59:58: the service ended
Below is what it said last. Looking for it…
Status     Name  Endpoint         Active  Traffic
Connected  sql   sql01.corp:1433       3  0 B/s in · 0 B/s out
Changed 03:59:58 · Ctrl-C ends";
        assert_eq!(shown(&state), expected);
        state.take(snapshot(), sample::ago(1)).unwrap();
        let last = shown(&state).lines().last().unwrap().to_owned();
        assert_eq!(last, "Service back at 03:59:59 · changed 03:59:59 · Ctrl-C ends");
    }

    #[test]
    fn a_line_per_change_has_no_countdown() {
        let snapshot = sample::mixed();
        let lines: Vec<_> =
            snapshot.connections.iter().map(|view| line(view, &TimeZone::UTC)).collect();
        assert_eq!(lines[0], "contoso/files: Disabled · sql01.corp:1433");
        assert_eq!(lines[1], "contoso/sql: Connected · sql01.corp:1433 · 2 listeners");
        assert!(
            lines[2].starts_with(
                "fabrikam/web: Not connected · retry at 04:00:11 · 2 listeners · Azure refused the key (401) ("
            ),
            "{}",
            lines[2]
        );
        assert_eq!(
            stamped(&lines[0], sample::now(), &TimeZone::UTC, Style::PLAIN),
            "2026-11-22 04:00:00  contoso/files: Disabled · sql01.corp:1433"
        );
    }
}
