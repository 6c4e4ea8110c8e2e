//! What of the service's life goes into the system's own log: what an administrator has to
//! know, and no more. One fault of a connection is one entry, and its end another; the same
//! fault is told again after an hour at the earliest.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval};

use super::hub::{Change, Hub};
use crate::ipc::protocol::Event;
use crate::model::{
    ConnectionId, ConnectionStatus, ConnectionView, Fault, FaultCode, Retry, StatusLabel,
};
use crate::platform::event_log::{EventId, EventLog};

/// How long a connection's fault is not told again.
const REPEAT_AFTER: Duration = Duration::from_secs(3600);
/// How often all is looked at though nothing has changed: a fault that was kept quiet may
/// last longer than that.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// Follows the state and writes what matters into `log`, for as long as the service runs.
pub(super) async fn keep(log: &EventLog, hub: &Hub) {
    let mut journal = Journal::default();
    let mut changes = journal.look_at_all(log, hub);
    let mut again = interval(LOOK_AGAIN);
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            _ = again.tick() => {
                changes = journal.look_at_all(log, hub);
                continue;
            }
        };
        match change.as_deref() {
            Ok((_, Event::Connection { connection })) => {
                write(log, journal.on(connection, Instant::now()));
            }
            Ok((_, Event::Removed { id })) => journal.forget(id),
            Ok((_, Event::Service { service })) => write(log, journal.on_service(&service.faults)),
            Ok((_, Event::Other)) => {}
            Err(RecvError::Lagged(_)) => changes = journal.look_at_all(log, hub),
            Err(RecvError::Closed) => return,
        }
    }
}

fn write(log: &EventLog, entries: impl IntoIterator<Item = Entry>) {
    entries.into_iter().for_each(|entry| log.report(entry.id, &entry.text));
}

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    id: EventId,
    text: String,
}

impl Entry {
    fn of_service(fault: &Fault) -> Self {
        Self { id: EventId::ServiceFault, text: format!("{fault}\n\n{}", fault.code.advice()) }
    }
}

/// What was told of each connection. Pure: the time is an argument.
#[derive(Debug, Default)]
struct Journal {
    connections: HashMap<ConnectionId, Told>,
    /// The faults of the service that are there and were told.
    service: Vec<Fault>,
}

#[derive(Debug, Default)]
struct Told {
    /// The fault that the connection has now, if that was told.
    current: Option<FaultCode>,
    /// Whether a fault was told since it was connected last.
    broken: bool,
    /// When each fault was told last.
    last: HashMap<FaultCode, Instant>,
}

impl Journal {
    /// Writes what is new about everything, and follows it from there.
    fn look_at_all(&mut self, log: &EventLog, hub: &Hub) -> Receiver<Change> {
        let (snapshot, changes) = hub.subscribe();
        let now = Instant::now();
        write(log, self.on_service(&snapshot.service.faults));
        for view in &snapshot.connections {
            write(log, self.on(view, now));
        }
        changes
    }

    /// What is new about the service as a whole, which has these faults.
    fn on_service(&mut self, faults: &[Fault]) -> Vec<Entry> {
        let new = faults.iter().filter(|fault| !self.service.contains(fault));
        let entries = new.map(Entry::of_service).collect();
        self.service = faults.to_vec();
        entries
    }

    /// What is new about a connection that looks like `view` at `now`.
    fn on(&mut self, view: &ConnectionView, now: Instant) -> Option<Entry> {
        let told = self.connections.entry(view.id.clone()).or_default();
        if let Some(fault) = lasting_fault(&view.status) {
            let quiet = |at: &Instant| now.saturating_duration_since(*at) < REPEAT_AFTER;
            if told.current == Some(fault.code) || told.last.get(&fault.code).is_some_and(quiet) {
                return None;
            }
            (told.current, told.broken) = (Some(fault.code), true);
            told.last.insert(fault.code, now);
            let text = format!("{} is not connected: {fault}\n\n{}", view.id, fault.code.advice());
            return Some(Entry { id: EventId::ConnectionFault, text });
        }
        match view.status {
            ConnectionStatus::Connected { .. } => {
                told.current = None;
                let text = format!("{} is connected again.", view.id);
                std::mem::take(&mut told.broken)
                    .then_some(Entry { id: EventId::ConnectionRecovered, text })
            }
            ConnectionStatus::Disabled => {
                (told.current, told.broken) = (None, false);
                None
            }
            _ => None,
        }
    }

    fn forget(&mut self, id: &ConnectionId) {
        self.connections.remove(id);
    }
}

/// A fault that does not pass by itself within moments: a channel that is lost and comes
/// back at once is everyday life.
fn lasting_fault(status: &ConnectionStatus) -> Option<&Fault> {
    let passing = |fault: &Fault| {
        fault.code.retry() == Retry::Soon
            && matches!(status, ConnectionStatus::Waiting { attempt: ..=2, .. })
    };
    let broken = status.label() == StatusLabel::NotConnected;
    status.fault().filter(|fault| broken && !passing(fault))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::sample;

    fn view(status: ConnectionStatus) -> ConnectionView {
        sample::view("contoso", "sql", status)
    }

    fn waiting(code: FaultCode, attempt: u32) -> ConnectionView {
        let fault = Fault::new(code, "x");
        view(ConnectionStatus::Waiting { until: Timestamp::UNIX_EPOCH, attempt, fault })
    }

    fn connected() -> ConnectionView {
        view(ConnectionStatus::Connected { since: Timestamp::UNIX_EPOCH, gateway: None })
    }

    fn ids(journal: &mut Journal, views: &[ConnectionView], now: Instant) -> Vec<EventId> {
        views.iter().filter_map(|view| journal.on(view, now)).map(|entry| entry.id).collect()
    }

    #[test]
    fn a_fault_is_told_once_and_so_is_its_end() {
        let (mut journal, now) = (Journal::default(), Instant::now());
        let attempts: Vec<_> =
            (2..40).map(|attempt| waiting(FaultCode::Unauthorized, attempt)).collect();
        assert_eq!(ids(&mut journal, &attempts, now), [EventId::ConnectionFault]);
        let good = [connected(), connected()];
        assert_eq!(ids(&mut journal, &good, now), [EventId::ConnectionRecovered]);
        let entry = journal.on(&waiting(FaultCode::NotFound, 2), now).unwrap();
        let advice = FaultCode::NotFound.advice();
        assert!(entry.text.contains("/sql is not connected") && entry.text.contains(advice));
    }

    #[test]
    fn what_passes_within_moments_is_not_told() {
        let (mut journal, now) = (Journal::default(), Instant::now());
        let flaps = [waiting(FaultCode::ChannelLost, 1), connected()];
        assert_eq!(ids(&mut journal, &flaps, now), []);
        let outage = [waiting(FaultCode::ChannelLost, 2), waiting(FaultCode::ChannelLost, 3)];
        assert_eq!(ids(&mut journal, &outage, now), [EventId::ConnectionFault]);
    }

    #[test]
    fn a_fault_that_comes_and_goes_is_told_once_an_hour() {
        let (mut journal, start) = (Journal::default(), Instant::now());
        let flaps = [waiting(FaultCode::AzureUnreachable, 5), connected()];
        let both = [EventId::ConnectionFault, EventId::ConnectionRecovered];
        for (minutes, expected) in [(0, &both[..]), (1, &[]), (59, &[]), (60, &both)] {
            let now = start + Duration::from_secs(60 * minutes);
            assert_eq!(ids(&mut journal, &flaps, now), expected, "after {minutes} minutes");
        }
    }

    #[test]
    fn a_quiet_fault_that_lasts_is_told_when_its_hour_is_over() {
        let (mut journal, start) = (Journal::default(), Instant::now());
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let fault = [waiting(FaultCode::AzureUnreachable, 5)];
        ids(&mut journal, &[fault[0].clone(), connected()], start);
        for (minutes, expected) in [(30, &[][..]), (61, &[EventId::ConnectionFault]), (200, &[])] {
            assert_eq!(ids(&mut journal, &fault, at(minutes)), expected, "{minutes} minutes");
        }
    }

    #[test]
    fn the_end_of_what_was_told_is_told_whatever_came_after_it() {
        let (mut journal, now) = (Journal::default(), Instant::now());
        let (first, second) = (FaultCode::AzureUnreachable, FaultCode::Unauthorized);
        ids(&mut journal, &[waiting(second, 5), connected()], now);
        let views = [waiting(first, 5), waiting(second, 5), connected(), connected()];
        let expected = [EventId::ConnectionFault, EventId::ConnectionRecovered];
        assert_eq!(ids(&mut journal, &views, now), expected);
    }

    #[test]
    fn a_fault_of_the_service_is_told_when_it_comes() {
        let mut journal = Journal::default();
        let full = Fault::new(FaultCode::NotWritten, "no space left");
        let told = |journal: &mut Journal, faults: &[Fault]| journal.on_service(faults).len();
        assert_eq!(told(&mut journal, std::slice::from_ref(&full)), 1);
        let both = [full.clone(), Fault::new(FaultCode::CaUnusable, "x")];
        assert_eq!(told(&mut journal, &both), 1);
        assert_eq!(told(&mut journal, &[]), 0);
        assert_eq!(told(&mut journal, &[full]), 1, "it is back");
    }

    #[test]
    fn one_that_was_disabled_or_removed_begins_anew() {
        let (mut journal, now) = (Journal::default(), Instant::now());
        ids(&mut journal, &[waiting(FaultCode::NotFound, 2)], now);
        let views = [view(ConnectionStatus::Disabled), connected()];
        assert_eq!(ids(&mut journal, &views, now), [], "nobody waits for it to come back");
        journal.forget(&connected().id);
        let again = [waiting(FaultCode::NotFound, 2)];
        assert_eq!(ids(&mut journal, &again, now), [EventId::ConnectionFault]);
    }
}
