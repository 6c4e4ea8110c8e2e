//! How often Azure was asked for what.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

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

#[derive(Debug, Default)]
pub(crate) struct Counting(Mutex<AzureCounters>);

impl Counting {
    /// Counts a request, which lasts until the guard is dropped.
    pub(crate) fn request(self: &Arc<Self>, kind: &str) -> InFlight {
        let mut counters = self.lock();
        counters.requests += 1;
        *counters.by_kind.entry(kind.to_owned()).or_default() += 1;
        counters.in_flight += 1;
        counters.most_in_flight = counters.most_in_flight.max(counters.in_flight);
        drop(counters);
        InFlight(Arc::clone(self))
    }

    pub(crate) fn token(&self) {
        self.lock().tokens_issued += 1;
    }

    pub(crate) fn told(&self) -> AzureCounters {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, AzureCounters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered.
pub(crate) struct InFlight(Arc<Counting>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut counters = self.0.lock();
        counters.in_flight = counters.in_flight.saturating_sub(1);
    }
}
