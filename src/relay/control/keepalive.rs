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

/// The liveness of one channel.
#[derive(Debug)]
pub(super) struct Keepalive {
    next_ping: Instant,
    answer_due: Option<Instant>,
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
        Self { next_ping: tick::next_shared(now, PING_EVERY), answer_due: None }
    }

    /// When [`Self::on_time`] wants to be called.
    pub(super) fn wake_at(&self) -> Instant {
        self.answer_due.map_or(self.next_ping, |due| due.min(self.next_ping))
    }

    /// Something came in.
    pub(super) fn on_inbound(&mut self, _now: Instant) {
        self.answer_due = None;
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
        self.answer_due.get_or_insert(now + ANSWER_LIMIT);
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
