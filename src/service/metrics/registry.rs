//! What is counted of each connection, for as long as the connection is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::model::ConnectionId;
use crate::relay::TrafficCounters;

/// The counters of all connections.
#[derive(Debug, Default)]
pub(in crate::service) struct Registry(Mutex<BTreeMap<ConnectionId, Weak<TrafficCounters>>>);

impl Registry {
    /// `counters` are those of `id` from now on.
    pub(in crate::service) fn register(&self, id: &ConnectionId, counters: &Arc<TrafficCounters>) {
        let mut known = self.lock();
        known.retain(|_, counters| counters.strong_count() > 0);
        known.insert(id.clone(), Arc::downgrade(counters));
    }

    /// The counters of `id`, if there is such a connection.
    pub(super) fn counters(&self, id: &ConnectionId) -> Option<Arc<TrafficCounters>> {
        self.lock().get(id).and_then(Weak::upgrade)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Weak<TrafficCounters>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn one_that_was_removed_and_added_again_begins_anew() {
        let (registry, id) = (Registry::default(), sample::id("contoso", "sql"));
        let (first, second) = (Arc::default(), Arc::default());
        registry.register(&id, &first);
        registry.register(&id, &second);
        drop(first);
        assert!(Arc::ptr_eq(&registry.counters(&id).unwrap(), &second));
        drop(second);
        assert!(registry.counters(&id).is_none());
        registry.register(&sample::id("contoso", "web"), &Arc::default());
        assert_eq!(registry.lock().len(), 1, "what is gone is forgotten");
    }
}
