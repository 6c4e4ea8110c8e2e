//! What programs see of a connection, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::Actor;
use crate::ipc::protocol;
use crate::model::ConnectionView;
use crate::relay::tick;

/// Time between two views that differ in nothing but traffic; all busy connections
/// publish at the same moments.
const TRAFFIC_EVERY: Duration = Duration::from_secs(1);

impl Actor {
    pub(super) fn publish_soon(&mut self) {
        self.dirty = true;
        let soon = tick::next_shared(Instant::now(), TRAFFIC_EVERY);
        self.publish_at = Some(self.publish_at.map_or(soon, |at| at.min(soon)));
    }

    /// Publishes the view if its traffic has changed, which costs nothing to find out.
    pub(super) fn publish_traffic(&mut self) {
        let traffic = self.streams.counters.read();
        if self.dirty || self.shown.as_ref().is_none_or(|shown| shown.traffic != traffic) {
            return self.publish();
        }
        self.publish_at =
            (traffic.active_streams > 0).then(|| tick::next_shared(Instant::now(), TRAFFIC_EVERY));
    }

    /// Publishes the view if anything in it has changed.
    pub(super) fn publish(&mut self) {
        self.dirty = false;
        let view = self.view();
        self.publish_at = (view.traffic.active_streams > 0)
            .then(|| tick::next_shared(Instant::now(), TRAFFIC_EVERY));
        if self.shown.as_ref() != Some(&view) {
            self.shown = Some(view.clone());
            self.context.hub.publish(protocol::Event::Connection { connection: Box::new(view) });
        }
    }

    fn view(&self) -> ConnectionView {
        ConnectionView {
            id: self.id.clone(),
            key_name: self.credential.key_name().to_owned(),
            desired: self.machine.desired(),
            status: self.machine.status().clone(),
            endpoint: self.streams.endpoint(),
            azure: self.azure.clone(),
            resource: self.resource.clone(),
            reachability: self.reachability.clone(),
            traffic: self.streams.counters.read(),
            events: self.history.entries(),
        }
    }
}
