//! Bytes a second, from the counters that the service tells.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::model::{ConnectionId, ConnectionView, Snapshot};

/// The time over which a rate is the mean.
const WINDOW: SignedDuration = SignedDuration::from_secs(3);

/// Bytes a second of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// From Azure to the endpoint.
    pub to_endpoint: u64,
    /// From the endpoint to Azure.
    pub to_azure: u64,
}

/// The counters of the last seconds.
#[derive(Debug, Default)]
pub struct Rates(BTreeMap<ConnectionId, VecDeque<Sample>>);

/// Counters of one connection, which stay as they are until the next sample.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Timestamp,
    to_endpoint: u64,
    to_azure: u64,
}

impl Rates {
    /// Takes the counters of all connections at `now`.
    pub fn record_all(&mut self, snapshot: &Snapshot, now: Timestamp) {
        for view in &snapshot.connections {
            self.record(view, now);
        }
        // Looking for removed ones costs more than knowing that there are none.
        if self.0.len() > snapshot.connections.len() {
            self.0.retain(|id, _| snapshot.connections.iter().any(|view| view.id == *id));
        }
    }

    /// Takes the counters of one connection at `now`.
    pub fn record(&mut self, view: &ConnectionView, now: Timestamp) {
        let sample = Sample {
            at: now,
            to_endpoint: view.traffic.bytes_to_endpoint,
            to_azure: view.traffic.bytes_to_azure,
        };
        let samples = self.0.entry(view.id.clone()).or_default();
        let is_reset = samples.back().is_some_and(|last| {
            last.to_endpoint > sample.to_endpoint || last.to_azure > sample.to_azure
        });
        if is_reset {
            samples.clear();
        }
        let is_same = samples.back().is_some_and(|last| {
            (last.to_endpoint, last.to_azure) == (sample.to_endpoint, sample.to_azure)
        });
        if !is_same {
            samples.push_back(sample);
        }
        while samples.get(1).is_some_and(|second| second.at <= now - WINDOW) {
            samples.pop_front();
        }
    }

    /// Forgets a connection that was removed.
    pub fn forget(&mut self, id: &ConnectionId) {
        self.0.remove(id);
    }

    /// The rate of one connection at `now`.
    pub fn of(&self, id: &ConnectionId, now: Timestamp) -> Rate {
        self.0.get(id).map_or_else(Rate::default, |samples| rate(samples, now))
    }

    /// The rate of all connections together at `now`.
    pub fn total(&self, now: Timestamp) -> Rate {
        self.0.values().map(|samples| rate(samples, now)).fold(Rate::default(), |sum, one| Rate {
            to_endpoint: sum.to_endpoint.saturating_add(one.to_endpoint),
            to_azure: sum.to_azure.saturating_add(one.to_azure),
        })
    }

    /// The rates at `now` of the connections that carry anything.
    pub fn at(&self, now: Timestamp) -> BTreeMap<ConnectionId, Rate> {
        let rates = self.0.iter().map(|(id, samples)| (id.clone(), rate(samples, now)));
        rates.filter(|(_, rate)| *rate != Rate::default()).collect()
    }
}

fn rate(samples: &VecDeque<Sample>, now: Timestamp) -> Rate {
    let start = now - WINDOW;
    let before = samples.iter().rev().find(|sample| sample.at <= start);
    let (Some(first), Some(last)) = (before.or(samples.front()), samples.back()) else {
        return Rate::default();
    };
    // A shorter time than a second would make a rate of a single packet.
    let over = now.duration_since(first.at.max(start)).as_millis().max(1000);
    let over = u64::try_from(over).unwrap_or(u64::MAX);
    let per_second = |bytes: u64| bytes.saturating_mul(1000) / over;
    Rate {
        to_endpoint: per_second(last.to_endpoint - first.to_endpoint),
        to_azure: per_second(last.to_azure - first.to_azure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    /// Rate towards the endpoint at `at` seconds, after samples of (seconds, bytes).
    fn rate_at(samples: &[(i64, u64)], at: i64) -> u64 {
        let start = sample::now();
        let mut rates = Rates::default();
        let mut view = sample::view("a", "b", sample::connected());
        for &(seconds, bytes) in samples {
            view.traffic.bytes_to_endpoint = bytes;
            rates.record(&view, start + SignedDuration::from_secs(seconds));
        }
        let rates = rates.at(start + SignedDuration::from_secs(at));
        rates.get(&view.id).map_or(0, |rate| rate.to_endpoint)
    }

    #[test]
    fn a_rate_is_the_mean_of_the_last_seconds() {
        assert_eq!(rate_at(&[(0, 5_000)], 0), 0);
        assert_eq!(rate_at(&[(0, 0), (1, 1_000)], 1), 1_000);
        assert_eq!(rate_at(&[(0, 0), (1, 1_000), (2, 2_000), (3, 3_000), (4, 4_000)], 4), 1_000);
        assert_eq!(rate_at(&[(0, 0), (1, 9_000)], 3), 3_000);
    }

    #[test]
    fn silence_brings_it_to_nothing() {
        assert_eq!(rate_at(&[(0, 0), (1, 3_000)], 4), 0);
        assert_eq!(rate_at(&[(0, 0), (10, 3_000)], 10), 1_000);
        assert_eq!(rate_at(&[(0, 0), (1, 0), (2, 0), (4, 3_000)], 4), 1_000);
    }

    #[test]
    fn a_new_service_begins_at_nothing() {
        assert_eq!(rate_at(&[(0, 9_000), (1, 10_000), (2, 100)], 2), 0);
        assert_eq!(rate_at(&[(0, 9_000), (1, 10_000), (2, 100), (3, 600)], 3), 500);
    }

    #[test]
    fn a_removed_connection_is_forgotten() {
        let mut rates = Rates::default();
        rates.record_all(&sample::mixed(), sample::now());
        rates.record_all(&sample::snapshot(vec![]), sample::now());
        assert!(rates.0.is_empty());
        rates.record_all(&sample::mixed(), sample::now());
        rates.forget(&sample::id("contoso", "sql"));
        assert_eq!(rates.0.len(), 2);
    }

    #[test]
    fn the_total_is_the_sum_of_all() {
        let mut snapshot = sample::mixed();
        let mut rates = Rates::default();
        rates.record_all(&snapshot, sample::ago(1));
        for view in &mut snapshot.connections {
            view.traffic.bytes_to_endpoint += 100;
            view.traffic.bytes_to_azure += 30;
        }
        rates.record_all(&snapshot, sample::now());
        let one = Rate { to_endpoint: 100, to_azure: 30 };
        assert_eq!(rates.of(&snapshot.connections[1].id, sample::now()), one);
        assert_eq!(rates.of(&sample::id("contoso", "none"), sample::now()), Rate::default());
        let all = Rate { to_endpoint: 300, to_azure: 90 };
        assert_eq!(rates.total(sample::now()), all);
    }
}
