//! What someone who watches the service knows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::failure::Failure;
use super::render;
use crate::display::rates::Rates;
use crate::ipc::protocol::Event;
use crate::ipc::{Gap, Mirror, Push};
use crate::model::{ConnectionId, ConnectionStatus, Snapshot};

/// Something that a watcher learns.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    /// The service said something.
    Push(Push),
    /// The service is gone, and is looked for.
    Lost(Failure),
}

/// How the service is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    /// As it always was.
    #[default]
    Up,
    /// Again.
    Back {
        /// Since when.
        since: Timestamp,
    },
    /// Not at all.
    Lost {
        /// Since when.
        since: Timestamp,
        /// Why, in words.
        reason: String,
    },
}

/// The state that a table in place shows.
#[derive(Debug, Default)]
pub(crate) struct WatchState {
    mirror: Mirror,
    /// Bytes a second.
    pub(crate) rates: Rates,
    /// How the service is reached.
    pub(crate) link: Link,
    /// When anything changed last.
    pub(crate) changed: Timestamp,
}

impl WatchState {
    /// The service's state as it was said last, once it was.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.mirror.snapshot()
    }

    /// Takes what was learnt at `now`.
    ///
    /// # Errors
    /// [`Gap`] where an event is missing: subscribe again.
    pub(crate) fn take(&mut self, update: Update, now: Timestamp) -> Result<(), Gap> {
        self.changed = now;
        match update {
            Update::Lost(failure) => self.lost(failure.message, now),
            Update::Push(push) => {
                self.mirror.apply(push)?;
                if let Link::Lost { .. } = self.link {
                    self.link = Link::Back { since: now };
                }
                if let Some(snapshot) = self.mirror.snapshot() {
                    self.rates.record_all(snapshot, now);
                }
            }
        }
        Ok(())
    }

    /// Whether what is shown changes by time alone: a countdown runs, or bytes flow.
    pub(crate) fn is_counting(&self, now: Timestamp) -> bool {
        let waits = |snapshot: &Snapshot| {
            let mut statuses = snapshot.connections.iter().map(|view| &view.status);
            statuses.any(
                |status| matches!(status, ConnectionStatus::Waiting { until, .. } if *until > now),
            )
        };
        self.snapshot().is_some_and(waits) || !self.rates.at(now).is_empty()
    }

    fn lost(&mut self, reason: String, now: Timestamp) {
        let since = match self.link {
            Link::Lost { since, .. } => since,
            Link::Up | Link::Back { .. } => now,
        };
        self.link = Link::Lost { since, reason };
    }
}

/// Makes a line of every change, for a standard output that is no terminal.
#[derive(Default)]
pub(crate) struct ChangeLines {
    said: BTreeMap<ConnectionId, String>,
    said_of_service: Vec<String>,
    lost: bool,
}

impl ChangeLines {
    /// What is to be said about `update`; nothing where it says nothing new.
    pub(crate) fn take(&mut self, update: &Update, zone: &TimeZone) -> Vec<String> {
        let mut lines = Vec::new();
        match update {
            Update::Lost(failure) => {
                self.lost = true;
                lines.push(format!("service: gone · {}", render::text::plain(&failure.message)));
            }
            Update::Push(Push::Snapshot(snapshot)) => {
                if std::mem::take(&mut self.lost) {
                    lines.push("service: back".to_owned());
                }
                self.service(&snapshot.service, &mut lines);
                let has = |id: &ConnectionId| snapshot.connections.iter().any(|v| v.id == *id);
                let gone = self.said.keys().filter(|id| !has(id)).cloned().collect::<Vec<_>>();
                for id in gone {
                    self.removed(&id, &mut lines);
                }
                for view in &snapshot.connections {
                    self.connection(view, zone, &mut lines);
                }
            }
            Update::Push(Push::Event { event, .. }) => match event {
                Event::Connection { connection } => self.connection(connection, zone, &mut lines),
                Event::Removed { id } => self.removed(id, &mut lines),
                Event::Service { service } => self.service(service, &mut lines),
                Event::Other => {}
            },
            Update::Push(Push::Log(_) | Push::Diagnosis { .. }) => {}
        }
        lines
    }

    fn connection(
        &mut self,
        view: &crate::model::ConnectionView,
        zone: &TimeZone,
        lines: &mut Vec<String>,
    ) {
        let line = render::watch::line(view, zone);
        if self.said.insert(view.id.clone(), line.clone()).as_ref() != Some(&line) {
            lines.push(line);
        }
    }

    fn removed(&mut self, id: &ConnectionId, lines: &mut Vec<String>) {
        if self.said.remove(id).is_some() {
            lines.push(format!("{id}: removed"));
        }
    }

    fn service(&mut self, service: &crate::model::ServiceInfo, lines: &mut Vec<String>) {
        let notes = render::connection::service_notes(service).into_iter();
        let notes: Vec<String> = notes.map(|(_, note)| note).collect();
        lines.extend(notes.iter().filter(|note| !self.said_of_service.contains(note)).cloned());
        self.said_of_service = notes;
    }
}

#[cfg(test)]
mod tests {
    use super::super::exit::Exit;
    use super::super::render::sample;
    use super::*;
    use crate::model::{ConnectionView, Traffic};

    fn whole(snapshot: Snapshot) -> Update {
        Update::Push(Push::Snapshot(Box::new(snapshot)))
    }

    fn event(revision: u64, event: Event) -> Update {
        Update::Push(Push::Event { revision, event })
    }

    fn changed(revision: u64, view: &ConnectionView) -> Update {
        event(revision, Event::Connection { connection: Box::new(view.clone()) })
    }

    fn gone(message: &str) -> Update {
        Update::Lost(Failure::new(Exit::ServiceNotReachable, message))
    }

    #[test]
    fn a_loss_is_remembered_from_its_beginning_until_the_next_word() {
        let mut state = WatchState::default();
        state.take(whole(sample::mixed()), sample::ago(10)).unwrap();
        assert_eq!(state.link, Link::Up);
        state.take(gone("it ended"), sample::ago(8)).unwrap();
        state.take(gone("another version"), sample::ago(6)).unwrap();
        let lost = Link::Lost { since: sample::ago(8), reason: "another version".into() };
        assert_eq!(state.link, lost);
        assert_eq!(state.snapshot(), Some(&sample::mixed()));
        state.take(whole(sample::snapshot(vec![])), sample::ago(2)).unwrap();
        assert_eq!(state.link, Link::Back { since: sample::ago(2) });
        assert_eq!(state.changed, sample::ago(2));
    }

    #[test]
    fn it_counts_while_a_countdown_runs_or_bytes_flow() {
        let mut state = WatchState::default();
        assert!(!state.is_counting(sample::now()));
        state.take(whole(sample::mixed()), sample::now()).unwrap();
        assert!(state.is_counting(sample::now()));
        assert!(!state.is_counting(sample::ago(-60)));
        let mut view = sample::view("contoso", "sql", sample::connected());
        view.traffic = Traffic { bytes_to_azure: 5_000, ..view.traffic };
        state.take(changed(8, &view), sample::ago(-60)).unwrap();
        assert!(state.is_counting(sample::ago(-61)));
        assert!(!state.is_counting(sample::ago(-70)));
    }

    #[test]
    fn a_missing_event_is_noticed() {
        let mut state = WatchState::default();
        state.take(whole(sample::mixed()), sample::now()).unwrap();
        let view = sample::view("contoso", "sql", sample::connected());
        assert!(state.take(changed(9, &view), sample::now()).is_err());
    }

    #[test]
    fn lines_are_said_once() {
        let mut lines = ChangeLines::default();
        let mut take = |update: &Update| lines.take(update, &TimeZone::UTC).join("|");
        let mut view = sample::view("contoso", "sql", sample::connected());
        let first = "contoso/sql: Connected · sql01.corp:1433 · 2 listeners";
        let snapshot = sample::snapshot(vec![view.clone()]);
        assert_eq!(take(&whole(snapshot.clone())), first);
        view.traffic.active_streams += 1;
        assert_eq!(take(&changed(8, &view)), "");
        view.status = ConnectionStatus::Disabled;
        let second = "contoso/sql: Disabled · sql01.corp:1433 · 2 listeners";
        assert_eq!(take(&changed(9, &view)), second);
        assert_eq!(take(&event(10, Event::Removed { id: view.id })), "contoso/sql: removed");
        assert_eq!(take(&gone("it ended")), "service: gone · it ended");
        assert_eq!(take(&whole(snapshot)), format!("service: back|{first}"));
        let mut service = sample::mixed().service;
        service.draining = Some(2);
        let words = "The service is stopping; 2 streams still open.";
        assert_eq!(take(&event(8, Event::Service { service: service.clone() })), words);
        assert_eq!(take(&event(9, Event::Service { service })), "");
        assert_eq!(take(&whole(sample::snapshot(vec![]))), "contoso/sql: removed");
    }
}
