//! How often Azure was asked for what.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Requests to Microsoft Entra and Azure Resource Manager since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AzureCounters {
    /// All of them.
    pub requests: u64,
    /// By kind: `authorize`, `token`, `deviceCode`, `tenants`, `subscriptions`,
    /// `resourceGroups`, `namespaces`, `hybridConnections`, `rules`, `listKeys`, …
    pub by_kind: BTreeMap<String, u64>,
    /// How many are being answered.
    pub in_flight: u64,
    /// How many were being answered at once, at the most.
    pub most_in_flight: u64,
    /// Access tokens that were issued.
    pub tokens_issued: u64,
}

impl AzureCounters {
    /// How many requests of a kind there were.
    pub fn of(&self, kind: &str) -> u64 {
        self.by_kind.get(kind).copied().unwrap_or(0)
    }
}

/// The counters, and who waits for them.
#[derive(Debug, Default)]
pub(crate) struct Counting(watch::Sender<AzureCounters>);

impl Counting {
    /// Counts a request, which lasts until the guard is dropped.
    pub(crate) fn request(self: &Arc<Self>, kind: &str) -> InFlight {
        self.0.send_modify(|counters| {
            counters.requests += 1;
            *counters.by_kind.entry(kind.to_owned()).or_default() += 1;
            counters.in_flight += 1;
            counters.most_in_flight = counters.most_in_flight.max(counters.in_flight);
        });
        InFlight(Arc::clone(self))
    }

    pub(crate) fn token(&self) {
        self.0.send_modify(|counters| counters.tokens_issued += 1);
    }

    pub(crate) fn told(&self) -> AzureCounters {
        self.0.borrow().clone()
    }

    /// Waits until the counters are as `wanted`.
    pub(crate) async fn wait_until(&self, wanted: impl Fn(&AzureCounters) -> bool) {
        // It ends without that only when the sender is gone, which this one is not.
        let there = self.0.subscribe().wait_for(wanted).await.is_ok();
        debug_assert!(there);
    }
}

/// A request that is being answered.
pub(crate) struct InFlight(Arc<Counting>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let end = |counters: &mut AzureCounters| {
            counters.in_flight = counters.in_flight.saturating_sub(1);
        };
        self.0.0.send_modify(end);
    }
}
