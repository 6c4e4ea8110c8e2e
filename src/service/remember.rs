//! Keeps the last events of each connection over restarts. Nobody waits for it: connections get
//! what was before when it has been read, and what is new is written some seconds later.

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::hub::{Change, Hub};
use crate::ipc::protocol::Event;
use crate::model::{ConnectionEvent, ConnectionId, ConnectionView};
use crate::store::{Events, EventsFile};

/// How long events are gathered before they are written; as much is lost when the service is
/// killed.
const PAUSE: Duration = Duration::from_secs(5);
/// The same for one that only happens again: while an endpoint is dead, each stream is one.
const REPEATS_PAUSE: Duration = Duration::from_secs(60);
/// When a disk that has not taken them is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// How long the disk gets for what is written last.
pub(super) const LAST_WRITE: Duration = Duration::from_secs(5);

/// The events of before, once they have been read; each connection takes its own.
#[derive(Clone, Debug)]
pub(super) struct Past(watch::Receiver<Option<Arc<Mutex<Events>>>>);

impl Past {
    /// Waits until they have been read, and takes those of `id`.
    pub(super) async fn take(mut self, id: &ConnectionId) -> Vec<ConnectionEvent> {
        let read = self.0.wait_for(Option::is_some).await;
        let Ok(Some(events)) = read.map(|events| events.clone()) else { return Vec::new() };
        let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
        events.remove(id).unwrap_or_default()
    }

    /// Nothing was before.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self(watch::channel(Some(Arc::default())).1)
    }
}

/// The task that does so.
#[derive(Debug)]
pub(super) struct EventKeeper {
    task: TaskTracker,
    finish: CancellationToken,
}

impl EventKeeper {
    /// Reads `file`, and keeps in it what happens to the connections of `hub`. Of those that
    /// are not `configured` any more nothing is kept.
    pub(super) fn start(
        file: EventsFile,
        hub: Arc<Hub>,
        configured: BTreeSet<ConnectionId>,
    ) -> (Self, Past) {
        let (task, finish) = (TaskTracker::new(), CancellationToken::new());
        let (told, past) = watch::channel(None);
        // Before the first connection tells anything.
        let (_, changes) = hub.subscribe();
        task.spawn(keep(file, hub, changes, configured, told, finish.clone()));
        task.close();
        (Self { task, finish }, Past(past))
    }

    /// Writes what has not been written yet.
    pub(super) async fn finish(&self) {
        self.finish.cancel();
        if timeout(LAST_WRITE, self.task.wait()).await.is_err() {
            warn!("the disk does not take the last events");
        }
    }
}

async fn keep(
    file: EventsFile,
    hub: Arc<Hub>,
    mut changes: Receiver<Change>,
    configured: BTreeSet<ConnectionId>,
    told: watch::Sender<Option<Arc<Mutex<Events>>>>,
    finish: CancellationToken,
) {
    let from = file.clone();
    let mut events = spawn_blocking(move || from.read()).await.unwrap_or_default();
    let found = events.len();
    events.retain(|id, _| configured.contains(id));
    let past = Arc::new(Mutex::new(events.clone()));
    told.send_replace(Some(past.clone()));
    let is_new = events.len() < found;
    let mut memory = Memory { file, past, events, due: None, failed: false };
    if is_new {
        memory.write_within(PAUSE);
    }
    while !finish.is_cancelled() {
        let due = memory.due;
        tokio::select! {
            change = changes.recv() => match change {
                Ok(change) => memory.take(&change.1),
                Err(RecvError::Lagged(_)) => memory.take_all(&hub),
                Err(RecvError::Closed) => break,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                memory.write().await;
            }
            () = finish.cancelled() => {}
        }
    }
    loop {
        match changes.try_recv() {
            Ok(change) => memory.take(&change.1),
            Err(TryRecvError::Lagged(_)) => memory.take_all(&hub),
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    if memory.due.is_some() {
        memory.write().await;
    }
}

/// What is to be in the file.
struct Memory {
    file: EventsFile,
    /// What the connections have not taken yet.
    past: Arc<Mutex<Events>>,
    events: Events,
    /// When it is written; nothing while the file has it.
    due: Option<Instant>,
    /// Whether the disk did not take the last.
    failed: bool,
}

impl Memory {
    /// The file has something else, and is written within `pause`, unless a disk that has not
    /// taken it gets more time.
    fn write_within(&mut self, pause: Duration) {
        let due = Instant::now() + pause;
        if self.due.is_none_or(|known| due < known && !self.failed) {
            self.due = Some(due);
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Connection { connection } => self.take_view(connection),
            Event::Removed { id } => {
                if self.events.remove(id).is_some() {
                    self.write_within(PAUSE);
                }
            }
            Event::Service { .. } | Event::Other => {}
        }
    }

    fn take_view(&mut self, view: &ConnectionView) {
        // Until it has taken what was before, a connection tells only a part.
        let is_part =
            self.past.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&view.id);
        let known = self.events.get(&view.id).map_or(&[][..], Vec::as_slice);
        if view.events.is_empty() || is_part || known == view.events {
            return;
        }
        let pause = if only_repeats(known, &view.events) { REPEATS_PAUSE } else { PAUSE };
        self.events.insert(view.id.clone(), view.events.clone());
        self.write_within(pause);
    }

    /// The changes between were missed.
    fn take_all(&mut self, hub: &Hub) {
        let snapshot = hub.snapshot();
        let is_there = |id: &ConnectionId| {
            snapshot.connections.binary_search_by(|view| view.id.cmp(id)).is_ok()
        };
        let before = self.events.len();
        self.events.retain(|id, _| is_there(id));
        if self.events.len() < before {
            self.write_within(PAUSE);
        }
        snapshot.connections.iter().for_each(|view| self.take_view(view));
    }

    async fn write(&mut self) {
        let (file, events) = (self.file.clone(), self.events.clone());
        let written = spawn_blocking(move || file.write(&events)).await;
        match written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(()) => (self.due, self.failed) = (None, false),
            Err(error) => {
                if !self.failed {
                    warn!(%error, "the last events are not kept for the next start yet");
                }
                (self.due, self.failed) = (Some(Instant::now() + RETRY_AFTER), true);
            }
        }
    }
}

/// Whether `new` tells only that the last of the `known` events has happened again.
fn only_repeats(known: &[ConnectionEvent], new: &[ConnectionEvent]) -> bool {
    let (Some((known, before)), Some((new, rest))) = (known.split_last(), new.split_last()) else {
        return false;
    };
    let code = |event: &ConnectionEvent| event.kind.fault().map(|fault| fault.code);
    let same_kind = discriminant(&known.kind) == discriminant(&new.kind);
    before == rest && same_kind && code(known) == code(new)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::{EventKind, Fault, FaultCode, sample};

    fn happened(name: &str, kinds: impl IntoIterator<Item = EventKind>) -> ConnectionView {
        let mut view = sample::view("contoso", name, sample::connected());
        view.events =
            kinds.into_iter().map(|kind| ConnectionEvent::new(sample::now(), kind)).collect();
        view
    }

    fn publish(hub: &Hub, view: &ConnectionView) {
        hub.publish(Event::Connection { connection: Box::new(view.clone()) });
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_killed_loses_some_seconds_at_most() {
        let home = tempfile::tempdir().unwrap();
        let file = EventsFile::in_home(home.path());
        let hub = Arc::new(Hub::new(sample::service()));
        let (_keeper, past) = EventKeeper::start(file.clone(), hub.clone(), BTreeSet::new());
        let sql = happened("sql", [EventKind::Restarted]);
        assert_eq!(past.take(&sql.id).await, []);
        publish(&hub, &sql);
        let written = async {
            // The file is there when it is whole.
            while file.read().get(&sql.id) != Some(&sql.events) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(PAUSE * 2, written).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_only_happens_again_is_written_once_a_minute() {
        let home = tempfile::tempdir().unwrap();
        let file = EventsFile::in_home(home.path());
        let hub = Arc::new(Hub::new(sample::service()));
        let (keeper, past) = EventKeeper::start(file.clone(), hub.clone(), BTreeSet::new());
        let fault = Fault::new(FaultCode::EndpointRefused, "sql01.corp:1433");
        let mut sql = happened("sql", [EventKind::Restarted, EventKind::StreamFailed { fault }]);
        assert_eq!(past.take(&sql.id).await, []);
        let (mut writes, mut written) = (0, file.read());
        for _ in 0..600 {
            sql.events[1].at += SignedDuration::from_secs(1);
            publish(&hub, &sql);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = file.read();
            writes += usize::from(now != written);
            written = now;
        }
        assert!((10..=11).contains(&writes), "{writes} writes in ten minutes");
        sql.events.push(ConnectionEvent::new(sample::now(), EventKind::EndpointAnswers));
        publish(&hub, &sql);
        tokio::time::sleep(PAUSE + Duration::from_secs(1)).await;
        assert_eq!(file.read()[&sql.id], sql.events, "what is new does not wait");
        sql.events[2].at += SignedDuration::from_secs(1);
        publish(&hub, &sql);
        keeper.finish().await;
        assert_eq!(file.read()[&sql.id], sql.events, "what happened last is kept at the end");
    }

    #[tokio::test(start_paused = true)]
    async fn events_come_back_after_an_end_and_go_with_their_connection() {
        let home = tempfile::tempdir().unwrap();
        let file = EventsFile::in_home(home.path());
        let hub = Arc::new(Hub::new(sample::service()));
        let fault = Fault::new(FaultCode::ChannelLost, "the network is gone");
        let sql = happened("sql", [EventKind::Restarted, EventKind::StreamFailed { fault }]);
        let web = happened("web", [EventKind::Restarted]);
        let ids = BTreeSet::from([sql.id.clone(), web.id.clone()]);
        let (keeper, past) = EventKeeper::start(file.clone(), hub.clone(), ids.clone());
        assert_eq!(past.take(&sql.id).await, []);
        publish(&hub, &sql);
        publish(&hub, &web);
        hub.publish(Event::Removed { id: web.id.clone() });
        keeper.finish().await;

        let (keeper, past) = EventKeeper::start(file.clone(), hub.clone(), ids);
        // A view from before what was before has been taken up is only a part of it.
        publish(&hub, &happened("sql", [EventKind::KeyReplaced]));
        keeper.finish().await;
        assert_eq!(past.clone().take(&sql.id).await, sql.events);
        assert_eq!(past.clone().take(&sql.id).await, [], "they are taken once");
        assert_eq!(past.take(&web.id).await, []);
        assert_eq!(file.read().into_keys().collect::<Vec<_>>(), [sql.id]);
        let (keeper, _past) = EventKeeper::start(file.clone(), hub, BTreeSet::new());
        keeper.finish().await;
        assert_eq!(file.read(), Events::new(), "it is not configured any more");
    }
}
