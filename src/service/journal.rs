//! What of the service's life goes into the system's own log: what an administrator has to
//! know, and no more. One fault of a connection is one entry, and its end another; the same
//! fault is told again after an hour at the earliest.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::hub::Hub;
use crate::ipc::protocol::Event;
use crate::model::{
    ConnectionId, ConnectionStatus, ConnectionView, Fault, FaultCode, Retry, StatusLabel,
};
use crate::platform::event_log::{EventId, EventLog};

/// How long a connection's fault is not told again.
const REPEAT_AFTER: Duration = Duration::from_secs(3600);

/// Follows the state and writes what matters into `log`, for as long as the service runs.
pub(super) async fn keep(log: &EventLog, hub: &Hub) {
    let mut journal = Journal::default();
    let (snapshot, mut changes) = hub.subscribe();
    let write = |entry: Entry| log.report(entry.id, &entry.text);
    for fault in &snapshot.service.faults {
        write(Entry::of_service(fault));
    }
    let look = |journal: &mut Journal, views: &[ConnectionView]| {
        let now = Instant::now();
        views.iter().filter_map(|view| journal.on(view, now)).for_each(write);
    };
    look(&mut journal, &snapshot.connections);
    loop {
        match changes.recv().await.as_deref() {
            Ok((_, Event::Connection { connection })) => {
                look(&mut journal, std::slice::from_ref(connection));
            }
            Ok((_, Event::Removed { id })) => journal.forget(id),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => {
                let (snapshot, fresh) = hub.subscribe();
                changes = fresh;
                look(&mut journal, &snapshot.connections);
            }
            Err(RecvError::Closed) => return,
        }
    }
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
struct Journal(HashMap<ConnectionId, Told>);

#[derive(Debug, Default)]
struct Told {
    /// The fault that the connection has now, and whether its beginning was told.
    current: Option<(FaultCode, bool)>,
    /// When each fault was told last.
    last: HashMap<FaultCode, Instant>,
}

impl Journal {
    /// What is new about a connection that looks like `view` at `now`.
    fn on(&mut self, view: &ConnectionView, now: Instant) -> Option<Entry> {
        let told = self.0.entry(view.id.clone()).or_default();
        if let Some(fault) = lasting_fault(&view.status) {
            if told.current.is_some_and(|(code, _)| code == fault.code) {
                return None;
            }
            let quiet = |at: &Instant| now.saturating_duration_since(*at) < REPEAT_AFTER;
            let repeated = told.last.get(&fault.code).is_some_and(quiet);
            told.current = Some((fault.code, !repeated));
            if repeated {
                return None;
            }
            told.last.insert(fault.code, now);
            let text = format!("{} is not connected: {fault}\n\n{}", view.id, fault.code.advice());
            return Some(Entry { id: EventId::ConnectionFault, text });
        }
        match view.status {
            ConnectionStatus::Connected { .. } => {
                let (_, was_told) = told.current.take()?;
                let text = format!("{} is connected again.", view.id);
                was_told.then_some(Entry { id: EventId::ConnectionRecovered, text })
            }
            ConnectionStatus::Disabled => {
                told.current = None;
                None
            }
            _ => None,
        }
    }

    fn forget(&mut self, id: &ConnectionId) {
        self.0.remove(id);
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
