//! Tells changes that matter at once from counters that run on.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ipc::Push;
use crate::ipc::protocol::Event;
use crate::model::{
    AzureFacts, ConnectionId, ConnectionStatus, ConnectionView, Desired, Endpoint, Reachability,
};

/// What was told of each connection last, besides its counters.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<ConnectionId, Facts>);

#[derive(Debug, PartialEq)]
struct Facts {
    desired: Desired,
    status: ConnectionStatus,
    endpoint: Option<Endpoint>,
    azure: Option<AzureFacts>,
    reachability: Option<Reachability>,
    last_event: Option<Timestamp>,
}

impl Known {
    /// Takes `push`, and says whether it changes nothing but the counters of a connection.
    pub(super) fn is_traffic_alone(&mut self, push: &Push) -> bool {
        match push {
            Push::Event { event: Event::Connection { connection }, .. } => {
                let facts = facts(connection);
                let before = self.0.get(&connection.id);
                if before == Some(&facts) {
                    return true;
                }
                self.0.insert(connection.id.clone(), facts);
                false
            }
            Push::Event { event: Event::Removed { id }, .. } => {
                self.0.remove(id);
                false
            }
            Push::Snapshot(snapshot) => {
                let views = snapshot.connections.iter();
                self.0 = views.map(|view| (view.id.clone(), facts(view))).collect();
                false
            }
            Push::Event { event: Event::Service { .. } | Event::Other, .. }
            | Push::Log(_)
            | Push::Diagnosis { .. } => false,
        }
    }
}

fn facts(view: &ConnectionView) -> Facts {
    Facts {
        desired: view.desired,
        status: view.status.clone(),
        endpoint: view.endpoint.clone(),
        azure: view.azure.clone(),
        reachability: view.reachability.clone(),
        last_event: view.events.last().map(|event| event.at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::sample;

    #[test]
    fn counters_alone_are_told_in_passing() {
        let snapshot = sample::snapshot(Timestamp::UNIX_EPOCH);
        let mut view = snapshot.connections[0].clone();
        let mut known = Known::default();
        assert!(!known.is_traffic_alone(&Push::Snapshot(Box::new(snapshot))));
        let mut tell = |view: &ConnectionView| {
            let event = Event::Connection { connection: Box::new(view.clone()) };
            known.is_traffic_alone(&Push::Event { revision: 2, event })
        };
        view.traffic.bytes_to_azure += 1;
        view.traffic.active_streams += 1;
        assert!(tell(&view));
        view.status = ConnectionStatus::Disabled;
        assert!(!tell(&view));
        assert!(tell(&view));
        view.reachability = None;
        assert!(!tell(&view));
    }
}
