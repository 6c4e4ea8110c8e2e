//! Bytes a second, now and over the last minutes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::display::history::STEP;
use crate::display::{History, Rate, Rates};
use crate::model::{ConnectionId, ConnectionView, Snapshot};

/// Rates that are this old are worked out anew although the service tells nothing: they
/// fall. While it tells something, this never comes about.
const STALE: SignedDuration = SignedDuration::from_millis(3500);

/// Points of a chart, at the least.
const LEAST_POINTS: usize = 12;

/// Rates and their course.
#[derive(Debug, Default)]
pub(crate) struct TrafficLog {
    rates: Rates,
    history: History,
    /// When the first counters came.
    since: Option<Timestamp>,
    /// The rates that are shown, of those that carry anything.
    shown: BTreeMap<ConnectionId, Rate>,
    /// When they were worked out.
    shown_at: Option<Timestamp>,
}

impl TrafficLog {
    /// Takes the counters of all connections.
    pub(crate) fn record_all(&mut self, snapshot: &Snapshot, now: Timestamp) {
        self.since.get_or_insert(now);
        self.rates.record_all(snapshot, now);
        self.history.record_all(snapshot, now);
    }

    /// Takes the counters of one connection.
    pub(crate) fn record(&mut self, view: &ConnectionView, now: Timestamp) {
        self.rates.record(view, now);
        self.history.record(view, now);
    }

    /// Forgets one that was removed.
    pub(crate) fn forget(&mut self, id: &ConnectionId) {
        self.rates.forget(id);
        self.history.forget(id);
    }

    /// Works the rates out anew.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.shown = self.rates.at(now);
        self.shown_at = Some(now);
    }

    /// What `id` carries.
    pub(crate) fn rate(&self, id: &ConnectionId) -> Rate {
        self.shown.get(id).copied().unwrap_or_default()
    }

    /// What all carry together.
    pub(crate) fn total(&self) -> Rate {
        self.shown.values().fold(Rate::default(), |sum, rate| Rate {
            to_endpoint: sum.to_endpoint.saturating_add(rate.to_endpoint),
            to_azure: sum.to_azure.saturating_add(rate.to_azure),
        })
    }

    /// The last minutes of `id`, as far back as this window has seen anything.
    pub(crate) fn series(&self, id: &ConnectionId, now: Timestamp) -> Vec<u64> {
        let seen = self.since.map_or(0, |since| now.duration_since(since).as_secs());
        let points = usize::try_from(seen / STEP.as_secs()).unwrap_or(0);
        let series = self.history.of(id, now);
        series[series.len() - points.clamp(LEAST_POINTS, series.len())..].to_vec()
    }

    /// Rates fall to nothing although nothing more is told.
    pub(crate) fn changes_at(&self) -> Option<Timestamp> {
        let at = self.shown_at.filter(|_| !self.shown.is_empty())?;
        Some(at + STALE)
    }
}
