//! When a token is renewed. Pure: the times are arguments.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::relay::sas::Token;

/// Share of a token's life after which it is renewed: early enough that there is time
/// to fail.
const SHARE: f64 = 0.75;
/// What is added by chance, so that not all listeners renew in the same instant.
const SPREAD: f64 = 0.05;

/// The next renewal, by both clocks: the monotonic one does not notice that the machine
/// slept, and the wall clock may be set back.
#[derive(Debug)]
pub(super) struct Renewal {
    at: Instant,
    at_time: Timestamp,
}

impl Renewal {
    /// The renewal of `token`, which is new; `None` for one that cannot be renewed.
    pub(super) fn of(token: &Token) -> Option<Self> {
        if !token.renewable {
            return None;
        }
        let life = token.expires_at.duration_since(token.made_at).unsigned_abs();
        Some(Self::after(life.mul_f64(SHARE + SPREAD * fastrand::f64()), token.made_at))
    }

    fn after(wait: Duration, made_at: Timestamp) -> Self {
        let at_time = made_at.checked_add(wait).unwrap_or(Timestamp::MAX);
        Self { at: Instant::now() + wait, at_time }
    }

    /// When to ask [`Self::is_due`] at the latest.
    pub(super) fn wake_at(&self) -> Instant {
        self.at
    }

    /// Whether either clock has come to it.
    pub(super) fn is_due(&self, now: Instant, time: Timestamp) -> bool {
        self.at <= now || self.at_time <= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_clock_makes_it_due() {
        let (now, time) = (Instant::now(), Timestamp::from_second(1_700_000_000).unwrap());
        let renewal = Renewal::after(Duration::from_secs(100), time);
        let later = |seconds| time + Duration::from_secs(seconds);
        assert!(!renewal.is_due(now, time));
        assert!(!renewal.is_due(now, later(99)));
        assert!(renewal.is_due(now, later(100)), "the machine slept");
        let set_back = time - Duration::from_secs(5000);
        assert!(renewal.is_due(Instant::now() + Duration::from_secs(101), set_back));
    }

    #[test]
    fn only_what_can_be_renewed_is() {
        let made_at = Timestamp::from_second(1_700_000_000).unwrap();
        let mut token = Token {
            text: crate::model::Secret::new("t"),
            made_at,
            expires_at: made_at + Duration::from_secs(3600),
            renewable: true,
        };
        for _ in 0..50 {
            let renewal = Renewal::of(&token).unwrap();
            let after = renewal.at_time.duration_since(made_at).as_secs();
            assert!((2700..=2880).contains(&after), "{after}");
        }
        token.renewable = false;
        assert!(Renewal::of(&token).is_none());
    }
}
