//! Moments that all connections of this process share, so that hundreds of them cost one
//! wake-up instead of one each.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// The next multiple of `period` since the first call in this process; always after `now`.
pub fn next_shared(now: Instant, period: Duration) -> Instant {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let since_first = now.saturating_duration_since(*FIRST.get_or_init(|| now));
    let into_period = since_first.as_micros() % period.as_micros();
    now + period - Duration::from_micros(u64::try_from(into_period).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_one_period_are_the_same() {
        let period = Duration::from_secs(1);
        let tick = next_shared(Instant::now(), period);
        let later = next_shared(tick - Duration::from_millis(1), period);
        assert!(later.duration_since(tick) < Duration::from_micros(2), "{tick:?} {later:?}");
        let after = next_shared(tick + Duration::from_millis(1), period);
        assert!(after > tick && after - tick <= period + Duration::from_micros(2));
    }
}
