//! When to try again. Whether to is the fault's business ([`Retry`]).

use std::time::Duration;

use crate::model::{FaultCode, Retry};

pub use crate::model::by_itself::{SLOW, STEPS};

/// Share of a wait by which it may be longer, so that many listeners that lost the
/// same gateway do not come back in the same instant.
const JITTER: f64 = 0.2;

/// The wait before attempt number `attempt` (1 is the first after a connected or new
/// listener) when the last one ended with `code`; `None` means never.
///
/// `random` is from 0 to 1 and spreads the wait over its step and a fifth more. The
/// first attempt comes at once, but for the same spread over a fifth of a second.
pub fn wait_before(attempt: u32, code: FaultCode, random: f64) -> Option<Duration> {
    let step = match code.retry() {
        Retry::Never => return None,
        Retry::Slowly => SLOW,
        Retry::Soon => {
            let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
            STEPS[index.min(STEPS.len() - 1)]
        }
    };
    let spread = step.max(Duration::from_secs(1)).mul_f64(JITTER * random.clamp(0.0, 1.0));
    Some(step + spread)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn follows_the_table_and_stays_at_its_end() {
        let waits: Vec<_> = (1..=8)
            .map(|attempt| wait_before(attempt, FaultCode::ChannelLost, 0.0).unwrap().as_secs())
            .collect();
        assert_eq!(waits, [0, 1, 2, 5, 10, 30, 30, 30]);
    }

    #[test]
    fn a_persons_turn_is_awaited_slowly_and_a_hopeless_one_never() {
        assert_eq!(wait_before(1, FaultCode::Unauthorized, 0.0), Some(SLOW));
        assert_eq!(wait_before(9, FaultCode::NotFound, 0.0), Some(SLOW));
        assert_eq!(wait_before(1, FaultCode::TokenSpent, 0.0), None);
    }

    proptest! {
        #[test]
        fn jitter_stays_in_its_bounds(attempt in 0u32..100, random in -1.0f64..2.0) {
            let least = wait_before(attempt, FaultCode::ChannelLost, 0.0).unwrap();
            let wait = wait_before(attempt, FaultCode::ChannelLost, random).unwrap();
            let most = least.max(Duration::from_secs(1)).mul_f64(JITTER) + least;
            prop_assert!(wait >= least && wait <= most);
        }
    }
}
