//! The traffic of the last minutes, one point for every few seconds.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{ConnectionId, ConnectionView, Snapshot, Traffic};

/// Points of a series; together they are five minutes.
pub const POINTS: usize = 75;
/// The time that one point stands for.
pub const STEP: SignedDuration = SignedDuration::from_secs(4);

/// The same in milliseconds, the unit in which bytes are spread over points.
const STEP_MILLIS: i64 = 4_000;
/// The service tells the counters of a busy connection once in this time, so bytes that
/// are told now flowed within it.
const TOLD_EVERY_MILLIS: i64 = 1_000;
/// Points that are kept: those that are shown, and those that are still being filled.
const KEPT: i64 = POINTS as i64 + 2;

/// Bytes a second in both directions together, oldest first. The last point is the
/// youngest that is complete.
pub type Series = [u64; POINTS];

/// The traffic of the last five minutes, of each connection and of all together.
///
/// Its memory is bound by the number of connections: less than a kilobyte each, and next
/// to nothing for one that carries nothing.
#[derive(Debug, Default)]
pub struct History {
    connections: BTreeMap<ConnectionId, Track>,
    total: Points,
    /// When the service was heard last, in milliseconds.
    heard: Option<i64>,
}

/// One connection.
#[derive(Debug)]
struct Track {
    /// Both counters together, as they were told last.
    bytes: u64,
    /// When.
    at: i64,
    points: Points,
}

impl History {
    /// Takes the counters of all connections at `now`. What was carried since the service
    /// was heard last, after a lost channel for example, is spread over that time.
    pub fn record_all(&mut self, snapshot: &Snapshot, now: Timestamp) {
        let heard = self.heard;
        let now = self.hear(now);
        let since = heard.map_or(now, |heard| heard.min(now - TOLD_EVERY_MILLIS));
        for view in &snapshot.connections {
            self.take(view, since, now);
        }
        if self.connections.len() > snapshot.connections.len() {
            self.connections.retain(|id, _| snapshot.connections.iter().any(|v| v.id == *id));
        }
    }

    /// Takes the counters of one connection at `now`.
    pub fn record(&mut self, view: &ConnectionView, now: Timestamp) {
        let now = self.hear(now);
        self.take(view, now - TOLD_EVERY_MILLIS, now);
    }

    /// Forgets a connection that was removed; what it carried stays in the total.
    pub fn forget(&mut self, id: &ConnectionId) {
        self.connections.remove(id);
    }

    /// The last five minutes of one connection at `now`.
    pub fn of(&self, id: &ConnectionId, now: Timestamp) -> Series {
        self.connections.get(id).map_or([0; POINTS], |track| track.points.series(now))
    }

    /// The last five minutes of all connections together at `now`.
    pub fn total(&self, now: Timestamp) -> Series {
        self.total.series(now)
    }

    fn take(&mut self, view: &ConnectionView, since: i64, now: i64) {
        let Traffic { bytes_to_endpoint, bytes_to_azure, .. } = view.traffic;
        let bytes = bytes_to_endpoint.saturating_add(bytes_to_azure);
        let Some(track) = self.connections.get_mut(&view.id) else {
            // When its first bytes flowed is not known.
            let track = Track { bytes, at: now, points: Points::default() };
            self.connections.insert(view.id.clone(), track);
            return;
        };
        // Fewer than before: a new service, which counts from nothing.
        let more = bytes.checked_sub(track.bytes).unwrap_or(bytes);
        if more > 0 {
            let since = since.max(track.at);
            track.points.spread(more, since, now);
            self.total.spread(more, since, now);
        }
        (track.bytes, track.at) = (bytes, now);
    }

    /// The service is heard at `now`, which comes back in milliseconds. A clock that was set back by a little stands still until it
    /// has caught up; by more, the history begins anew.
    fn hear(&mut self, now: Timestamp) -> i64 {
        let mut now = now.as_millisecond();
        if let Some(heard) = self.heard {
            if heard - now > STEP_MILLIS {
                *self = Self::default();
            } else {
                now = now.max(heard);
            }
        }
        self.heard = Some(now);
        now
    }
}

/// All connections of `snapshot` in one: streams, and bytes since the service started.
pub fn total(snapshot: &Snapshot) -> Traffic {
    snapshot.connections.iter().fold(Traffic::default(), |sum, view| Traffic {
        active_streams: sum.active_streams.saturating_add(view.traffic.active_streams),
        total_streams: sum.total_streams.saturating_add(view.traffic.total_streams),
        refused_streams: sum.refused_streams.saturating_add(view.traffic.refused_streams),
        bytes_to_endpoint: sum.bytes_to_endpoint.saturating_add(view.traffic.bytes_to_endpoint),
        bytes_to_azure: sum.bytes_to_azure.saturating_add(view.traffic.bytes_to_azure),
    })
}

/// Bytes by the time in which they flowed, in a ring; empty until the first bytes.
#[derive(Debug, Default)]
struct Points {
    ring: Vec<u64>,
    /// The youngest point of the ring, counted from 1970.
    newest: i64,
}

impl Points {
    /// Adds bytes that flowed evenly from `since` to `now`.
    fn spread(&mut self, bytes: u64, since: i64, now: i64) {
        // What is older than the ring is not shown, and not walked through.
        let oldest = (now.div_euclid(STEP_MILLIS) - KEPT + 1) * STEP_MILLIS;
        let over = u128::from((now - since).max(1).unsigned_abs());
        let part = |millis: i64| {
            let part = u128::from(bytes) * u128::from(millis.max(0).unsigned_abs()) / over;
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        let mut from = since.max(oldest);
        let mut left = bytes.saturating_sub(part(from - since));
        loop {
            let point = from.div_euclid(STEP_MILLIS);
            let end = (point + 1) * STEP_MILLIS;
            if end >= now {
                return self.add(point, left);
            }
            let here = part(end - from).min(left);
            self.add(point, here);
            left -= here;
            from = end;
        }
    }

    fn add(&mut self, point: i64, bytes: u64) {
        if self.ring.is_empty() {
            self.ring = vec![0; usize::try_from(KEPT).unwrap_or_default()];
            self.newest = point;
        }
        if point - self.newest >= KEPT {
            self.ring.fill(0);
            self.newest = point;
        }
        while self.newest < point {
            self.newest += 1;
            let newest = self.newest;
            self.set(newest, 0);
        }
        if let Some(before) = self.get(point) {
            self.set(point, before.saturating_add(bytes));
        }
    }

    fn set(&mut self, point: i64, bytes: u64) {
        if let Some(there) = self.ring.get_mut(place(point)) {
            *there = bytes;
        }
    }

    /// The bytes of a point that is in the ring.
    fn get(&self, point: i64) -> Option<u64> {
        let is_in = point <= self.newest && point > self.newest - KEPT;
        if is_in { self.ring.get(place(point)).copied() } else { None }
    }

    fn series(&self, now: Timestamp) -> Series {
        // Bytes of the last second may not have been told yet.
        let complete = (now.as_millisecond() - TOLD_EVERY_MILLIS).div_euclid(STEP_MILLIS);
        let mut series = [0; POINTS];
        for (point, shown) in (complete - POINTS as i64..complete).zip(&mut series) {
            *shown = self.get(point).unwrap_or(0) * 1_000 / STEP_MILLIS.unsigned_abs();
        }
        series
    }
}

/// Where a point is in the ring.
fn place(point: i64) -> usize {
    usize::try_from(point.rem_euclid(KEPT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    /// A connection that has carried `bytes`, half of them each way.
    fn view(bytes: u64) -> ConnectionView {
        let mut view = sample::view("contoso", "sql", sample::connected());
        view.traffic.bytes_to_endpoint = bytes / 2;
        view.traffic.bytes_to_azure = bytes - bytes / 2;
        view
    }

    /// `millis` after a moment at which a point begins.
    fn at(millis: i64) -> Timestamp {
        let start = sample::now();
        assert_eq!(start.as_millisecond() % STEP_MILLIS, 0);
        start + SignedDuration::from_millis(millis)
    }

    /// The last `N` points at `millis`.
    fn last<const N: usize>(history: &History, millis: i64) -> [u64; N] {
        let series = history.of(&view(0).id, at(millis));
        assert_eq!(series, history.total(at(millis)), "one connection is all of them");
        *series.last_chunk().unwrap()
    }

    #[test]
    fn a_steady_flow_is_a_flat_line() {
        let mut history = History::default();
        for second in 0..=400_i64 {
            // The second's tick comes a little late, now more, now less.
            let late = second * 7 % 40;
            history.record(&view(1_000 * second.unsigned_abs()), at(second * 1_000 + late));
        }
        let line = history.of(&view(0).id, at(401_000));
        let (least, most) = (line.iter().min().unwrap(), line.iter().max().unwrap());
        assert!(*least >= 980 && *most <= 1_020, "{line:?}");
    }

    #[test]
    fn bytes_belong_to_the_second_before_they_were_told() {
        let mut history = History::default();
        history.record(&view(0), at(0));
        history.record(&view(4_000), at(60_000));
        assert_eq!(last(&history, 61_000), [0, 1_000]);
        history.record(&view(12_000), at(64_500));
        assert_eq!(last(&history, 65_000), [0, 1_000, 1_000]);
        assert_eq!(last(&history, 69_000), [1_000, 1_000, 1_000]);
        assert_eq!(last(&history, 73_000), [1_000, 1_000, 0]);
    }

    #[test]
    fn an_unfinished_point_is_not_shown() {
        let mut history = History::default();
        history.record(&view(0), at(0));
        history.record(&view(8_000), at(2_000));
        assert_eq!(last(&history, 4_999), [0, 0]);
        assert_eq!(last(&history, 5_000), [0, 2_000]);
    }

    #[test]
    fn what_was_carried_unheard_is_spread_over_that_time() {
        let mut history = History::default();
        history.record_all(&sample::snapshot(vec![view(0)]), at(0));
        history.record_all(&sample::snapshot(vec![view(20_000)]), at(20_000));
        assert_eq!(last(&history, 21_000), [0, 1_000, 1_000, 1_000, 1_000, 1_000]);
        // An hour unheard: only its end is shown.
        history.record_all(&sample::snapshot(vec![view(3_620_000)]), at(3_620_000));
        assert_eq!(last(&history, 3_621_000), [1_000; POINTS]);
    }

    #[test]
    fn a_snapshot_amid_the_flow_is_no_gap() {
        let mut history = History::default();
        let mut other = sample::view("contoso", "web", sample::connected());
        history.record_all(&sample::snapshot(vec![view(0), other.clone()]), at(0));
        history.record(&view(0), at(7_000));
        other.traffic.bytes_to_azure += 4_000;
        history.record_all(&sample::snapshot(vec![view(0), other.clone()]), at(8_000));
        let series = history.of(&other.id, at(9_000));
        assert_eq!(series.last_chunk(), Some(&[0, 1_000]));
    }

    #[test]
    fn a_new_service_counts_from_nothing() {
        let mut history = History::default();
        history.record(&view(9_000), at(0));
        history.record(&view(4_000), at(3_000));
        assert_eq!(last(&history, 5_000), [0, 1_000]);
    }

    #[test]
    fn the_past_moves_out_and_silence_moves_in() {
        let mut history = History::default();
        history.record(&view(0), at(0));
        history.record(&view(4_000), at(1_000));
        let five_minutes = POINTS as i64 * STEP_MILLIS;
        assert_eq!(history.of(&view(0).id, at(five_minutes + 1_000))[0], 1_000);
        assert_eq!(last(&history, five_minutes + 5_000), [0; POINTS]);
        history.record(&view(8_000), at(100 * five_minutes));
        assert_eq!(last(&history, 100 * five_minutes + 1_000), [0, 1_000]);
        assert_eq!(history.total(at(100 * five_minutes + 1_000)).iter().sum::<u64>(), 1_000);
    }

    #[test]
    fn a_clock_that_is_set_does_no_harm() {
        let mut history = History::default();
        history.record(&view(0), at(10_000));
        history.record(&view(4_000), at(9_000));
        assert_eq!(last(&history, 13_000), [0, 1_000]);
        history.record(&view(8_000), at(-3_600_000));
        history.record(&view(12_000), at(-3_599_000));
        assert_eq!(last(&history, -3_595_000), [0, 1_000]);
    }

    #[test]
    fn a_removed_connection_is_forgotten_and_stays_in_the_total() {
        let mut history = History::default();
        for (millis, bytes) in [(0, 0), (1_000, 4_000)] {
            history.record_all(&sample::snapshot(vec![view(bytes)]), at(millis));
        }
        history.record_all(&sample::snapshot(vec![]), at(2_000));
        assert!(history.connections.is_empty());
        assert_eq!(history.total(at(5_000)).last(), Some(&1_000));
        assert_eq!(history.of(&view(0).id, at(5_000)), [0; POINTS]);
    }

    #[test]
    fn memory_is_bound() {
        let mut history = History::default();
        for second in 0..2_000_u64 {
            history.record(&view(second), at(1_000 * second.cast_signed()));
        }
        let track = &history.connections[&view(0).id];
        assert!(size_of_val(track) + 8 * track.points.ring.capacity() < 1_000);
        let quiet = sample::view("contoso", "quiet", sample::connected());
        history.record(&quiet, at(2_000_000));
        assert_eq!(history.connections[&quiet.id].points.ring.capacity(), 0);
    }

    #[test]
    fn totals_are_sums() {
        let snapshot = sample::mixed();
        let of = |value: fn(&Traffic) -> u64| {
            snapshot.connections.iter().map(|view| value(&view.traffic)).sum::<u64>()
        };
        let total = total(&snapshot);
        assert_eq!(total.active_streams, of(|traffic| traffic.active_streams));
        assert_eq!(total.bytes_to_endpoint, of(|traffic| traffic.bytes_to_endpoint));
        assert_eq!(total.bytes_to_azure, of(|traffic| traffic.bytes_to_azure));
    }
}
