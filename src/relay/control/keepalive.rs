//! When to ping, and when silence means death. Pure: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::relay::tick;

/// Time between pings. Well under the four minutes after which Azure's load balancer
/// drops a silent connection.
pub(super) const PING_EVERY: Duration = Duration::from_secs(30);
/// How long the answer to a ping (or anything else) may take. A channel that dies
/// right after a sign of life is found after 30 + 20 s.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// The same for a channel that is probed because there is reason to doubt it.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// The liveness of one channel.
#[derive(Debug)]
pub(super) struct Keepalive {
    next_ping: Instant,
    answer_due: Option<Instant>,
    /// How long the answer to the next ping may take.
    limit: Duration,
}

/// What a moment asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Wait,
    /// A ping.
    Ping,
    /// The channel is dead.
    Dead,
}

impl Keepalive {
    /// A channel that was opened at `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next_ping: tick::next_shared(now, PING_EVERY),
            answer_due: None,
            limit: ANSWER_LIMIT,
        }
    }

    /// When [`Self::on_time`] wants to be called.
    pub(super) fn wake_at(&self) -> Instant {
        self.answer_due.map_or(self.next_ping, |due| due.min(self.next_ping))
    }

    /// Something came in.
    pub(super) fn on_inbound(&mut self, _now: Instant) {
        if self.answer_due.take().is_some() {
            self.limit = ANSWER_LIMIT;
        }
    }

    /// There is reason to doubt the channel: it is pinged at once, and the answer is due
    /// soon. Another doubt while it is probed does not put that off.
    pub(super) fn on_doubt(&mut self, now: Instant) {
        if self.limit == PROBE_LIMIT {
            return;
        }
        self.next_ping = now;
        self.answer_due = None;
        self.limit = PROBE_LIMIT;
    }

    /// How long it was that the answer, which has not come, might take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// It is `now`.
    pub(super) fn on_time(&mut self, now: Instant) -> Turn {
        if self.answer_due.is_some_and(|due| due <= now) {
            return Turn::Dead;
        }
        if self.next_ping > now {
            return Turn::Wait;
        }
        self.next_ping = tick::next_shared(now, PING_EVERY);
        self.answer_due.get_or_insert(now + self.limit);
        Turn::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_that_answers_lives() {
        let start = Instant::now();
        let mut channel = Keepalive::new(start);
        for _ in 0..100 {
            let at = channel.wake_at();
            assert!(at <= start + PING_EVERY * 101);
            assert_eq!(channel.on_time(at), Turn::Ping);
            channel.on_inbound(at + Duration::from_millis(50));
        }
    }

    #[test]
    fn a_doubted_channel_is_pinged_at_once_and_answers_soon_or_is_dead() {
        let start = Instant::now();
        let doubt = start + Duration::from_secs(3);
        for answers in [true, false] {
            let mut channel = Keepalive::new(start);
            channel.on_doubt(doubt);
            // What had come in before the doubt is no sign of life.
            channel.on_inbound(doubt);
            assert_eq!(channel.wake_at(), doubt);
            assert_eq!(channel.on_time(doubt), Turn::Ping);
            let due = doubt + PROBE_LIMIT;
            assert!(channel.wake_at() <= due);
            if answers {
                channel.on_inbound(doubt + Duration::from_secs(1));
                assert_ne!(channel.on_time(due), Turn::Dead);
                assert_eq!(channel.limit(), ANSWER_LIMIT, "later pings are as before");
            } else {
                assert_eq!(channel.on_time(due), Turn::Dead);
                assert_eq!(channel.limit(), PROBE_LIMIT);
            }
        }
    }

    #[test]
    fn doubts_that_come_again_and_again_do_not_put_the_verdict_off() {
        let start = Instant::now();
        let mut channel = Keepalive::new(start);
        let mut dead_at = None;
        for doubt in (0..10).map(|times| start + Duration::from_secs(4) * times) {
            while dead_at.is_none() && channel.wake_at() <= doubt {
                let at = channel.wake_at();
                dead_at = (channel.on_time(at) == Turn::Dead).then_some(at);
            }
            channel.on_doubt(doubt);
        }
        assert_eq!(dead_at.map(|at| at - start), Some(PROBE_LIMIT));
    }

    #[test]
    fn silence_is_found_within_a_minute() {
        let start = Instant::now();
        let mut channel = Keepalive::new(start);
        channel.on_inbound(start);
        assert_eq!(channel.on_time(start + Duration::from_secs(1)), Turn::Wait);
        let mut dead_at = None;
        while dead_at.is_none() {
            let at = channel.wake_at();
            if channel.on_time(at) == Turn::Dead {
                dead_at = Some(at);
            }
        }
        assert!(dead_at.unwrap() - start <= Duration::from_secs(60));
    }
}
