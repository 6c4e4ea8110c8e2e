//! What a connection has gone through, counted for those who watch it from outside: once for a
//! stream, a channel or a token, never for a byte.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::FaultCode;

/// The upper bounds of a [`Histogram`]'s buckets, in seconds: from an endpoint in the same rack
/// to one that answers just before the rendezvous is given up.
pub const BOUNDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];

/// Meters of one connection, shared by its channels and streams.
#[derive(Debug, Default)]
pub struct Meters {
    /// How long endpoints that answered took to do so.
    pub dial: Histogram,
    /// How long streams took from their announcement until they were there.
    pub rendezvous: Histogram,
    /// Streams that were refused, by why.
    pub refused: ByCode,
    /// Streams that came to nothing between Azure and this machine, by why.
    pub failed: ByCode,
    /// Channels that were opened.
    pub opened: Count,
    /// Channels that could not be opened, by why.
    pub not_opened: ByCode,
    /// Open channels that were lost, by why.
    pub lost: ByCode,
    /// Tokens that were sent in the place of one that was about to expire.
    pub renewed: Count,
    /// Those that could not be made or sent.
    pub not_renewed: Count,
}

impl Meters {
    /// The token was to be renewed, and that has been done or not.
    pub fn count_renewal(&self, done: bool) {
        if done { &self.renewed } else { &self.not_renewed }.add();
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// The number now.
    pub fn read(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Numbers that only grow, one for each kind of fault that has been.
#[derive(Debug, Default)]
pub struct ByCode(Mutex<BTreeMap<FaultCode, u64>>);

impl ByCode {
    /// One more of `code`.
    pub fn add(&self, code: FaultCode) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// The numbers now.
    pub fn read(&self) -> BTreeMap<FaultCode, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How long something took, in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// What a [`Histogram`] has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// How many took no longer than each of [`BOUNDS`]; then all.
    pub up_to: [u64; BOUNDS.len() + 1],
    /// The seconds of all together.
    pub sum: f64,
}

impl Histogram {
    /// Something took this long.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Relaxed);
        self.buckets[bucket].fetch_add(1, Relaxed);
    }

    /// What it has seen so far.
    pub fn read(&self) -> Observed {
        let mut so_far = 0;
        let up_to = self.buckets.each_ref().map(|bucket| {
            so_far += bucket.load(Relaxed);
            so_far
        });
        Observed { up_to, sum: Duration::from_nanos(self.nanos.load(Relaxed)).as_secs_f64() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_each_in_every_bucket_that_is_not_below_it() {
        let histogram = Histogram::default();
        for millis in [0, 1, 2, 30_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let observed = histogram.read();
        assert_eq!(observed.up_to[..3], [2, 3, 3]);
        assert_eq!(observed.up_to[BOUNDS.len() - 1..], [3, 4]);
        assert!((observed.sum - 30.003).abs() < 1e-9, "{observed:?}");
    }

    #[test]
    fn faults_are_counted_apart() {
        let counts = ByCode::default();
        for code in [FaultCode::Recycled, FaultCode::ChannelLost, FaultCode::Recycled] {
            counts.add(code);
        }
        let expected = [(FaultCode::ChannelLost, 1), (FaultCode::Recycled, 2)];
        assert_eq!(counts.read(), expected.into());
    }
}
