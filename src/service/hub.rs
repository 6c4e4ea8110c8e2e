//! The state that clients see: one snapshot, and its changes in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tracing::warn;

use crate::ipc::protocol::Event;
use crate::model::{ConnectionId, ConnectionView, Fault, FaultCode, ServiceInfo, Snapshot};

/// Changes that a slow client may be behind before it gets a fresh snapshot instead.
const BACKLOG: usize = 1024;

/// A change and the revision after it.
pub(super) type Change = Arc<(u64, Event)>;

/// Keeps the snapshot and tells subscribers of its changes.
#[derive(Debug)]
pub(super) struct Hub {
    state: Mutex<Snapshot>,
    changes: broadcast::Sender<Change>,
}

impl Hub {
    /// A hub without connections.
    pub(super) fn new(service: ServiceInfo) -> Self {
        let state = Snapshot { revision: 0, service, connections: Vec::new() };
        Self { state: Mutex::new(state), changes: broadcast::Sender::new(BACKLOG) }
    }

    /// Makes `event` part of the state and tells everybody.
    pub(super) fn publish(&self, event: Event) {
        self.publish_to(&mut self.lock(), event);
    }

    fn publish_to(&self, state: &mut Snapshot, event: Event) {
        let revision = state.revision + 1;
        event.clone().apply(state, revision);
        // Nobody listens: that is no fault.
        self.changes.send(Arc::new((revision, event))).unwrap_or_default();
    }

    /// Changes what is said of the service itself.
    pub(super) fn update_service(&self, change: impl FnOnce(&mut ServiceInfo)) {
        let mut state = self.lock();
        let mut service = state.service.clone();
        change(&mut service);
        if service != state.service {
            self.publish_to(&mut state, Event::Service { service });
        }
    }

    /// Puts `fault`, or nothing, in the place of what is said with `code` of the service itself;
    /// what is new stands in the log too.
    pub(super) fn set_fault(&self, code: FaultCode, fault: Option<Fault>) {
        self.update_service(|service| {
            if let Some(fault) = fault.as_ref().filter(|fault| !service.faults.contains(fault)) {
                warn!(code = %fault.code, "{fault}");
            }
            service.faults.retain(|known| known.code != code);
            service.faults.extend(fault);
        });
    }

    /// The state now.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// One connection now.
    pub(super) fn connection(&self, id: &ConnectionId) -> Option<ConnectionView> {
        let state = self.lock();
        let at = state.connections.binary_search_by(|view| view.id.cmp(id)).ok()?;
        Some(state.connections[at].clone())
    }

    /// What `look` sees of the state now; everybody waits for it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> T {
        look(&self.lock())
    }

    /// How many streams are open over all connections.
    pub(super) fn open_streams(&self) -> u64 {
        self.lock().connections.iter().map(|view| view.traffic.active_streams).sum()
    }

    /// The state now, and all changes that follow it without a gap.
    pub(super) fn subscribe(&self) -> (Snapshot, broadcast::Receiver<Change>) {
        let state = self.lock();
        (state.clone(), self.changes.subscribe())
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn hub() -> Hub {
        Hub::new(sample::service())
    }

    #[tokio::test]
    async fn a_subscriber_can_follow_from_its_snapshot() {
        let hub = hub();
        hub.update_service(|service| service.draining = Some(1));
        let (mut mine, mut changes) = hub.subscribe();
        assert_eq!(mine.revision, 1);
        hub.update_service(|service| service.draining = Some(1));
        hub.update_service(|service| service.draining = Some(2));
        let (revision, event) = (*changes.recv().await.unwrap()).clone();
        assert_eq!(revision, mine.revision + 1);
        event.apply(&mut mine, revision);
        assert_eq!(mine, hub.snapshot());
    }

    #[test]
    fn a_fault_takes_the_place_of_the_last_with_its_code() {
        let hub = hub();
        let fault = |code, port: &str| Some(Fault::new(code, port));
        hub.set_fault(FaultCode::LogsUnwritable, fault(FaultCode::LogsUnwritable, "full"));
        for port in ["9464", "9465", "9465"] {
            hub.set_fault(FaultCode::MetricsClosed, fault(FaultCode::MetricsClosed, port));
        }
        let told = hub.snapshot();
        let details: Vec<_> = told.service.faults.iter().map(|one| one.detail.as_str()).collect();
        assert_eq!((told.revision, &details[..]), (3, &["full", "9465"][..]));
        hub.set_fault(FaultCode::MetricsClosed, None);
        assert_eq!(hub.snapshot().service.faults.len(), 1);
    }

    #[tokio::test]
    async fn one_who_lags_is_told_so() {
        let hub = hub();
        let (_, mut changes) = hub.subscribe();
        for streams in 0..=BACKLOG as u64 {
            hub.update_service(|service| service.draining = Some(streams));
        }
        let told = changes.recv().await;
        assert!(matches!(told, Err(broadcast::error::RecvError::Lagged(_))));
    }
}
