//! Bytes a second, from the counters that the service tells.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::render::Rate;
use crate::model::{ConnectionId, ConnectionView, Snapshot};

/// The time over which a rate is the mean.
const WINDOW: SignedDuration = SignedDuration::from_secs(3);

/// The counters of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Rates(BTreeMap<ConnectionId, VecDeque<Sample>>);

/// Counters of one connection, which stay as they are until the next sample.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Timestamp,
    to_endpoint: u64,
    to_azure: u64,
}

impl Rates {
    /// Takes the counters of all connections at `now`.
    pub(crate) fn record_all(&mut self, snapshot: &Snapshot, now: Timestamp) {
        self.0.retain(|id, _| snapshot.connections.iter().any(|view| view.id == *id));
        for view in &snapshot.connections {
            self.record(view, now);
        }
    }

    /// Takes the counters of one connection at `now`.
    pub(crate) fn record(&mut self, view: &ConnectionView, now: Timestamp) {
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

    /// The rates at `now` of the connections that carry anything.
    pub(crate) fn at(&self, now: Timestamp) -> BTreeMap<ConnectionId, Rate> {
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
    use super::super::render::sample;
    use super::*;

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
    }
}
