//! Bytes a second of each connection, now and over the last minutes.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::model::{ConnectionId, ConnectionView, Snapshot};

/// PLACEHOLDER until the shared module is merged.
#[derive(Debug, Default)]
pub(crate) struct TrafficLog {
    last: BTreeMap<ConnectionId, (Timestamp, u64, u64)>,
    rates: BTreeMap<ConnectionId, Rate>,
    series: BTreeMap<ConnectionId, VecDeque<f32>>,
}

/// Bytes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    pub to_endpoint: u64,
    pub to_azure: u64,
}

impl Rate {
    pub(crate) fn total(self) -> u64 {
        self.to_endpoint + self.to_azure
    }
}

impl TrafficLog {
    pub(crate) fn record_all(&mut self, snapshot: &Snapshot, now: Timestamp) {
        for view in &snapshot.connections {
            self.record(view, now);
        }
    }

    pub(crate) fn record(&mut self, view: &ConnectionView, now: Timestamp) {
        let (i, o) = (view.traffic.bytes_to_endpoint, view.traffic.bytes_to_azure);
        if let Some((at, li, lo)) = self.last.insert(view.id.clone(), (now, i, o)) {
            let ms = now.duration_since(at).as_millis().max(1000) as u64;
            let rate = Rate {
                to_endpoint: i.saturating_sub(li) * 1000 / ms,
                to_azure: o.saturating_sub(lo) * 1000 / ms,
            };
            self.rates.insert(view.id.clone(), rate);
            self.series.entry(view.id.clone()).or_default().push_back(rate.total() as f32);
        }
    }

    pub(crate) fn settle(&mut self, _now: Timestamp) {}

    pub(crate) fn rate(&self, id: &ConnectionId) -> Rate {
        self.rates.get(id).copied().unwrap_or_default()
    }

    pub(crate) fn total(&self) -> Rate {
        self.rates.values().fold(Rate::default(), |a, b| Rate {
            to_endpoint: a.to_endpoint + b.to_endpoint,
            to_azure: a.to_azure + b.to_azure,
        })
    }

    pub(crate) fn series(&self, id: &ConnectionId) -> Vec<f32> {
        self.series.get(id).map(|s| s.iter().copied().collect()).unwrap_or_default()
    }

    pub(crate) fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.rates
            .values()
            .any(|rate| rate.total() > 0)
            .then(|| now + SignedDuration::from_secs(1))
    }
}
