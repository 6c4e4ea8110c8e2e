//! How often a call is tried, and the pauses that Azure asks for.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// How long one call waits in all, because Azure asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The pauses before a call that failed is tried again.
const AFTER_FAILURE: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// What one call has been through.
#[derive(Debug, Default)]
pub(super) struct Patience {
    waited: Duration,
    pauses: u32,
    failures: usize,
}

impl Patience {
    /// Azure wants fewer calls: how long to wait, if that still makes sense.
    pub(super) fn after_throttling(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let usual = Duration::from_secs(2 << self.pauses.min(2));
        // A pause of nothing would make a circle without an end.
        let pause = asked.unwrap_or(usual).max(Duration::from_secs(1));
        self.pauses += 1;
        self.waited = self.waited.checked_add(pause)?;
        (self.waited <= LONGEST_WAIT).then_some(pause)
    }

    /// The call failed: how long to wait, if it is tried again.
    pub(super) fn after_failure(&mut self) -> Option<Duration> {
        let pause = AFTER_FAILURE.get(self.failures).copied();
        self.failures += 1;
        pause
    }
}

/// A pause that all calls keep together.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<Option<Instant>>);

impl Pause {
    /// No call begins for `time`. Tells whether that is news: a pause that lasts longer than
    /// the one that is known.
    pub(super) fn begin(&self, time: Duration) -> bool {
        /// Calls that are refused together ask for nearly the same.
        const SAME: Duration = Duration::from_millis(500);
        let until = Instant::now() + time;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = known.is_none_or(|known| until > known + SAME);
        if known.is_none_or(|known| until > known) {
            *known = Some(until);
        }
        is_news
    }

    /// How long it still lasts, if one is on.
    pub(super) fn left(&self) -> Option<Duration> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = known?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_call_waits_for_a_minute_in_all() {
        let mut patience = Patience::default();
        assert_eq!(patience.after_throttling(Some(30 * SECOND)), Some(30 * SECOND));
        assert_eq!(patience.after_throttling(Some(30 * SECOND)), Some(30 * SECOND));
        assert_eq!(patience.after_throttling(Some(SECOND)), None);
        assert_eq!(Patience::default().after_throttling(Some(61 * SECOND)), None);
        assert_eq!(Patience::default().after_throttling(Some(Duration::MAX)), None);
        let mut patience = Patience::default();
        let usual: Vec<_> =
            std::iter::from_fn(|| patience.after_throttling(None)).map(|p| p.as_secs()).collect();
        assert_eq!(usual, [2, 4, 8, 8, 8, 8, 8, 8]);
        let mut patience = Patience::default();
        let nothing = std::iter::from_fn(|| patience.after_throttling(Some(Duration::ZERO)));
        assert_eq!(nothing.count(), 60);
    }

    #[test]
    fn a_failed_call_is_tried_twice_more() {
        let mut patience = Patience::default();
        assert_eq!(patience.after_failure(), Some(SECOND / 5));
        assert_eq!(patience.after_failure(), Some(SECOND));
        assert_eq!(patience.after_failure(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_news_once_and_ends() {
        let pause = Pause::default();
        assert_eq!(pause.left(), None);
        assert!(pause.begin(2 * SECOND));
        assert!(!pause.begin(2 * SECOND) && !pause.begin(SECOND));
        assert!(pause.begin(4 * SECOND));
        tokio::time::advance(3 * SECOND).await;
        assert_eq!(pause.left(), Some(SECOND));
        tokio::time::advance(SECOND).await;
        assert_eq!(pause.left(), None);
    }
}
