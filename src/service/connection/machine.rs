//! What a connection does next. Pure: no I/O, and the time and chance are arguments.
//!
//! ```text
//!            Enable / Restart / TryNow / time up
//! Disabled ────────────────► Connecting ──Opened──► Connected
//!    ▲                        ▲   │  ▲                  │
//!    │                 time up│   │Failed               │Lost
//!    │                        │   ▼  └──(at once)───────┤
//!    └─Drained── Stopping   Waiting ◄───────────────────┘
//!                   ▲          │ Never retried
//!                   └─Disable  └──────────► Faulted ◄──Denied── (all but Disabled, Stopping)
//! ```

use std::time::Duration;

use jiff::Timestamp;

use crate::model::status::Then;
use crate::model::{ConnectionStatus, Desired, Fault};
use crate::relay::backoff;

/// A channel that lived this long was a good one: after it the table of waits begins
/// anew. One that is lost right after it was opened is a failed attempt, or a listener
/// whose channel is closed at once would come back several times a second.
const STEADY: Duration = Duration::from_secs(10);
/// How long an attempt is left alone when the system has changed: changes may follow one another
/// faster than any attempt could end. What came meanwhile is made up for once.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// By then Azure counts the listener of an open channel; its count may lag behind.
const COUNTED: Duration = Duration::from_secs(60);

/// Desired and actual state of one connection.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    desired: Desired,
    status: ConnectionStatus,
    /// Number of the attempt that is under way or led to the open channel.
    attempt: u32,
    /// When that attempt began.
    began: Timestamp,
    /// Whether the system has changed while that attempt was left alone.
    outdated: bool,
    /// How often in a row Azure has counted no listener, although the channel is open.
    not_counted: u32,
    /// Whether Azure has counted a listener since a channel was last given up for that: where it never
    /// counts one, its count tells nothing.
    was_counted: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The user wants it to listen.
    Enable,
    /// The user wants it to stop listening.
    Disable,
    /// The user wants a fresh channel.
    Restart,
    /// The user cuts a wait short.
    TryNow,
    /// Azure is reached in another way from now on.
    NetworkChanged,
    /// The machine has slept, or its network has changed.
    SystemChanged,
    /// The service ends.
    Shutdown,
    /// The channel is open.
    Opened {
        /// The gateway that serves it.
        gateway: Option<String>,
    },
    /// The channel could not be opened.
    Failed(Fault),
    /// The open channel ended.
    Lost(Fault),
    /// The policy of this machine does not allow it.
    Denied(Fault),
    /// The moment of the last [`Effect::WakeAt`] has come.
    TimeUp,
    /// No stream is open any more.
    Drained,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Open a channel; whatever was opened before is void.
    Open,
    /// Close the channel, or give up opening it.
    Close,
    /// Let the open streams end, then report [`Event::Drained`].
    Drain,
    /// Report [`Event::TimeUp`] then; replaces an earlier one.
    WakeAt(Timestamp),
}

impl Machine {
    /// A connection that nothing has happened to.
    pub(super) fn new() -> Self {
        Self {
            desired: Desired::Disabled,
            status: ConnectionStatus::Disabled,
            attempt: 0,
            began: Timestamp::MIN,
            outdated: false,
            not_counted: 0,
            was_counted: false,
        }
    }

    /// What the user wants.
    pub(super) fn desired(&self) -> Desired {
        self.desired
    }

    /// What it does.
    pub(super) fn status(&self) -> &ConnectionStatus {
        &self.status
    }

    /// Azure counts so many `listeners` at `now`; returns how often in a row that leaves out the
    /// one whose channel is open. None where it does not tell.
    pub(super) fn on_count(&mut self, listeners: Option<u32>, now: Timestamp) -> u32 {
        let ConnectionStatus::Connected { since, .. } = self.status else { return 0 };
        self.was_counted |= listeners.is_some_and(|count| count > 0);
        let is_left_out = listeners == Some(0) && self.was_counted && lasts(since, COUNTED, now);
        self.not_counted = if is_left_out { self.not_counted + 1 } else { 0 };
        self.not_counted
    }

    /// The open channel is given up because Azure does not count its listener.
    pub(super) fn give_up_uncounted(&mut self) {
        self.was_counted = false;
    }

    /// Takes in `event` at `now`; `random` from 0 to 1 spreads waits.
    pub(super) fn on(&mut self, event: Event, now: Timestamp, random: f64) -> Vec<Effect> {
        match event {
            Event::Enable => {
                self.desired = Desired::Enabled;
                if matches!(
                    self.status,
                    ConnectionStatus::Disabled | ConnectionStatus::Stopping { .. }
                ) {
                    return self.connect(1, None, now);
                }
                Vec::new()
            }
            Event::Disable => {
                self.desired = Desired::Disabled;
                self.stop(Then::Disabled)
            }
            Event::Shutdown => self.stop(Then::Shutdown),
            Event::Restart => match self.desired {
                Desired::Enabled => {
                    let mut effects = vec![Effect::Close];
                    effects.extend(self.connect(1, None, now));
                    effects
                }
                Desired::Disabled => Vec::new(),
            },
            Event::TimeUp if self.outdated => self.begin_anew(now),
            Event::TryNow | Event::TimeUp => self.cut_wait_short(now),
            Event::NetworkChanged => self.begin_anew(now),
            Event::SystemChanged => match self.status {
                ConnectionStatus::Connecting { .. } if !lasts(self.began, LEFT_ALONE, now) => {
                    self.outdated = true;
                    // Not longer where the clock was set back.
                    vec![Effect::WakeAt(later(self.began.min(now), LEFT_ALONE))]
                }
                _ => self.begin_anew(now),
            },
            Event::Opened { gateway } => {
                if matches!(self.status, ConnectionStatus::Connecting { .. }) {
                    self.status = ConnectionStatus::Connected { since: now, gateway };
                    self.not_counted = 0;
                }
                Vec::new()
            }
            Event::Failed(fault) => match self.status {
                ConnectionStatus::Connecting { attempt, .. } => {
                    let effects = self.wait(attempt.saturating_add(1), fault, now, random);
                    if self.outdated { self.cut_wait_short(now) } else { effects }
                }
                _ => Vec::new(),
            },
            Event::Lost(fault) => match self.status {
                ConnectionStatus::Connected { since, .. } => {
                    let steady = lasts(since, STEADY, now);
                    let attempt = if steady { 1 } else { self.attempt.saturating_add(1) };
                    self.wait(attempt, fault, now, random)
                }
                _ => Vec::new(),
            },
            Event::Denied(fault) => match self.status {
                ConnectionStatus::Disabled | ConnectionStatus::Stopping { .. } => Vec::new(),
                _ => {
                    self.status = ConnectionStatus::Faulted { fault };
                    vec![Effect::Close]
                }
            },
            Event::Drained => {
                if let ConnectionStatus::Stopping { then } = &self.status
                    && **then == Then::Disabled
                {
                    self.status = ConnectionStatus::Disabled;
                }
                Vec::new()
            }
        }
    }

    fn connect(&mut self, attempt: u32, last: Option<Fault>, now: Timestamp) -> Vec<Effect> {
        self.attempt = attempt;
        self.began = now;
        self.outdated = false;
        self.status = ConnectionStatus::Connecting { attempt, last };
        vec![Effect::Open]
    }

    /// Gives up the attempt that is under way for another, or cuts a wait short.
    fn begin_anew(&mut self, now: Timestamp) -> Vec<Effect> {
        let ConnectionStatus::Connecting { attempt, last } = &self.status else {
            return self.cut_wait_short(now);
        };
        let (attempt, last) = (*attempt, last.clone());
        let mut effects = vec![Effect::Close];
        effects.extend(self.connect(attempt, last, now));
        effects
    }

    fn cut_wait_short(&mut self, now: Timestamp) -> Vec<Effect> {
        match &self.status {
            ConnectionStatus::Waiting { attempt, fault, .. } => {
                let (attempt, fault) = (*attempt, fault.clone());
                self.connect(attempt, Some(fault), now)
            }
            ConnectionStatus::Faulted { fault } => {
                let fault = fault.clone();
                self.connect(1, Some(fault), now)
            }
            _ => Vec::new(),
        }
    }

    fn wait(&mut self, attempt: u32, fault: Fault, now: Timestamp, random: f64) -> Vec<Effect> {
        match backoff::wait_before(attempt, fault.code, random) {
            None => {
                self.status = ConnectionStatus::Faulted { fault };
                Vec::new()
            }
            Some(wait) => {
                let until = later(now, wait);
                self.status = ConnectionStatus::Waiting { until, attempt, fault };
                vec![Effect::WakeAt(until)]
            }
        }
    }

    fn stop(&mut self, then: Then) -> Vec<Effect> {
        match &self.status {
            ConnectionStatus::Disabled => Vec::new(),
            ConnectionStatus::Stopping { then: already } if **already == then => Vec::new(),
            _ => {
                self.status = ConnectionStatus::Stopping { then: Box::new(then) };
                vec![Effect::Close, Effect::Drain]
            }
        }
    }
}

/// Whether what began at `since` has lasted for `time`; not if the clock was set back.
fn lasts(since: Timestamp, time: Duration, now: Timestamp) -> bool {
    let lived = now.duration_since(since);
    !lived.is_negative() && lived.unsigned_abs() >= time
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultCode;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn fault(code: FaultCode) -> Fault {
        Fault::new(code, "")
    }

    fn connected() -> Machine {
        let mut machine = Machine::new();
        assert_eq!(machine.on(Event::Enable, at(0), 0.0), [Effect::Open]);
        assert_eq!(machine.on(Event::Opened { gateway: Some("G1".into()) }, at(1), 0.0), []);
        machine
    }

    #[test]
    fn a_lost_channel_is_opened_again_by_the_table() {
        let mut machine = connected();
        let mut waits = Vec::new();
        let mut now = 100;
        let mut effects = machine.on(Event::Lost(fault(FaultCode::ChannelLost)), at(now), 0.0);
        for _ in 0..7 {
            let [Effect::WakeAt(until)] = effects[..] else { panic!("{effects:?}") };
            waits.push(until.as_second() - at(now).as_second());
            now = until.as_second() - at(0).as_second();
            assert_eq!(machine.on(Event::TimeUp, at(now), 0.0), [Effect::Open]);
            effects = machine.on(Event::Failed(fault(FaultCode::AzureUnreachable)), at(now), 0.0);
        }
        assert_eq!(waits, [0, 1, 2, 5, 10, 30, 30]);
        machine.on(Event::TryNow, at(now), 0.0);
        machine.on(Event::Opened { gateway: None }, at(now), 0.0);
        now += 60;
        let again = machine.on(Event::Lost(fault(FaultCode::ChannelLost)), at(now), 0.0);
        assert_eq!(again, [Effect::WakeAt(at(now))], "being connected resets the table");
    }

    #[test]
    fn a_channel_that_is_closed_as_soon_as_it_is_open_counts_as_a_failed_attempt() {
        let mut machine = connected();
        let mut waits = Vec::new();
        let mut now = 1;
        for _ in 0..6 {
            let closed = Event::Lost(fault(FaultCode::ServiceUnavailable));
            let effects = machine.on(closed, at(now), 0.0);
            let [Effect::WakeAt(until)] = effects[..] else { panic!("{effects:?}") };
            waits.push(until.as_second() - at(now).as_second());
            now = until.as_second() - at(0).as_second();
            machine.on(Event::TimeUp, at(now), 0.0);
            machine.on(Event::Opened { gateway: None }, at(now), 0.0);
        }
        assert_eq!(waits, [1, 2, 5, 10, 30, 30]);
        let clock_set_back = at(now - 1000);
        let effects = machine.on(Event::Lost(fault(FaultCode::ChannelLost)), clock_set_back, 0.0);
        assert_eq!(effects, [Effect::WakeAt(at(now - 970))]);
    }

    #[test]
    fn another_network_is_used_at_once_also_by_an_attempt_that_is_under_way() {
        let mut machine = connected();
        assert_eq!(machine.on(Event::NetworkChanged, at(2), 0.0), []);
        machine.on(Event::Lost(fault(FaultCode::TlsUntrusted)), at(100), 0.0);
        assert_eq!(machine.on(Event::NetworkChanged, at(101), 0.0), [Effect::Open]);
        let before = machine.status().clone();
        let again = machine.on(Event::NetworkChanged, at(102), 0.0);
        assert_eq!((again, machine.status()), (vec![Effect::Close, Effect::Open], &before));
    }

    #[test]
    fn a_system_that_changes_again_and_again_lets_an_attempt_end() {
        let mut machine = connected();
        assert_eq!(machine.on(Event::SystemChanged, at(2), 0.0), []);
        machine.on(Event::Lost(fault(FaultCode::ChannelLost)), at(100), 0.0);
        assert_eq!(machine.on(Event::SystemChanged, at(100), 0.0), [Effect::Open]);
        let before = machine.status().clone();
        for second in [102, 104] {
            let put_off = machine.on(Event::SystemChanged, at(second), 0.0);
            assert_eq!(put_off, [Effect::WakeAt(at(105))]);
        }
        assert_eq!(machine.on(Event::TryNow, at(104), 0.0), []);
        // One that hangs would take 20 s.
        let again = machine.on(Event::TimeUp, at(105), 0.0);
        assert_eq!((again, machine.status()), (vec![Effect::Close, Effect::Open], &before));
        assert_eq!(machine.on(Event::TimeUp, at(106), 0.0), [], "once");
        let put_off = machine.on(Event::SystemChanged, at(109), 0.0);
        assert_eq!(put_off, [Effect::WakeAt(at(110))]);
        let again = machine.on(Event::SystemChanged, at(111), 0.0);
        assert_eq!((again, machine.status()), (vec![Effect::Close, Effect::Open], &before));
        let clock_set_back = at(50);
        let put_off = machine.on(Event::SystemChanged, clock_set_back, 0.0);
        assert_eq!(put_off, [Effect::WakeAt(at(55))]);
    }

    #[test]
    fn an_attempt_that_fails_after_the_system_has_changed_is_made_again_at_once() {
        for (code, attempt) in [(FaultCode::AzureUnreachable, 3), (FaultCode::TokenSpent, 1)] {
            let mut machine = connected();
            machine.on(Event::Lost(fault(FaultCode::ChannelLost)), at(2), 0.0);
            machine.on(Event::TimeUp, at(10), 0.0);
            machine.on(Event::SystemChanged, at(11), 0.0);
            assert_eq!(machine.on(Event::Failed(fault(code)), at(12), 0.0), [Effect::Open]);
            let last = Some(fault(code));
            assert_eq!(machine.status(), &ConnectionStatus::Connecting { attempt, last });
            let again = machine.on(Event::Failed(fault(code)), at(13), 0.0);
            assert!(!again.contains(&Effect::Open), "once: {again:?}");
        }
    }

    #[test]
    fn a_channel_that_opens_all_the_same_stays() {
        let mut machine = Machine::new();
        machine.on(Event::Enable, at(0), 0.0);
        assert_eq!(machine.on(Event::SystemChanged, at(1), 0.0), [Effect::WakeAt(at(5))]);
        machine.on(Event::Opened { gateway: None }, at(2), 0.0);
        assert_eq!(machine.on(Event::TimeUp, at(5), 0.0), []);
    }

    #[test]
    fn a_channel_that_azure_counts_no_listener_for_is_told_from_one_it_counts_late() {
        let mut machine = connected(); // at 1
        for (second, listeners, row) in [
            (2, Some(0), 0),
            (61, Some(0), 0), // it has never counted one
            (62, Some(1), 0),
            (63, Some(0), 1),
            (300, Some(1), 0),
            (600, Some(0), 1),
            (900, None, 0),
            (1200, Some(0), 1),
            (1260, Some(0), 2),
        ] {
            assert_eq!(machine.on_count(listeners, at(second)), row, "{second}");
        }
        machine.give_up_uncounted();
        machine.on(Event::Lost(fault(FaultCode::ChannelLost)), at(1260), 0.0);
        assert_eq!(machine.on_count(Some(0), at(1400)), 0, "it is not connected");
        machine.on(Event::TimeUp, at(1400), 0.0);
        machine.on(Event::Opened { gateway: None }, at(1400), 0.0);
        assert_eq!(machine.on_count(Some(1), at(1401)), 0);
        assert_eq!(machine.on_count(Some(0), at(1459)), 0, "it may count late");
        assert_eq!(machine.on_count(Some(0), at(1460)), 1, "of another channel");
        machine.give_up_uncounted();
        assert_eq!(machine.on_count(Some(0), at(1600)), 0, "a new channel has not helped");
    }

    #[test]
    fn try_now_cuts_any_wait_short_and_nothing_else() {
        let mut machine = connected();
        assert_eq!(machine.on(Event::TryNow, at(2), 0.0), []);
        machine.on(Event::Lost(fault(FaultCode::Unauthorized)), at(2), 0.0);
        assert!(matches!(machine.status(), ConnectionStatus::Waiting { .. }));
        assert_eq!(machine.on(Event::TryNow, at(3), 0.0), [Effect::Open]);
        machine.on(Event::Failed(fault(FaultCode::TokenSpent)), at(3), 0.0);
        assert!(matches!(machine.status(), ConnectionStatus::Faulted { .. }));
        assert_eq!(machine.on(Event::TryNow, at(4), 0.0), [Effect::Open]);
    }

    #[test]
    fn disabling_works_in_every_state_and_leaves_nothing_behind() {
        let mut starts = vec![connected()];
        let mut connecting = Machine::new();
        connecting.on(Event::Enable, at(0), 0.0);
        let mut waiting = connected();
        waiting.on(Event::Lost(fault(FaultCode::ChannelLost)), at(2), 0.5);
        let mut faulted = connecting.clone();
        faulted.on(Event::Failed(fault(FaultCode::TokenSpent)), at(2), 0.0);
        starts.extend([connecting, waiting, faulted]);
        for mut machine in starts {
            let effects = machine.on(Event::Disable, at(5), 0.0);
            assert_eq!(effects, [Effect::Close, Effect::Drain], "{:?}", machine.status());
            for stale in [
                Event::TimeUp,
                Event::TryNow,
                Event::NetworkChanged,
                Event::SystemChanged,
                Event::Restart,
                Event::Opened { gateway: None },
                Event::Failed(fault(FaultCode::ChannelLost)),
                Event::Lost(fault(FaultCode::ChannelLost)),
                Event::Denied(fault(FaultCode::PolicyDenied)),
            ] {
                assert_eq!(machine.on(stale, at(6), 0.0), []);
            }
            machine.on(Event::Drained, at(7), 0.0);
            assert_eq!(machine.status(), &ConnectionStatus::Disabled);
            assert_eq!(machine.desired(), Desired::Disabled);
        }
    }

    #[test]
    fn enabling_while_it_stops_connects_at_once() {
        let mut machine = connected();
        machine.on(Event::Disable, at(2), 0.0);
        assert_eq!(machine.on(Event::Enable, at(3), 0.0), [Effect::Open]);
        assert_eq!(machine.on(Event::Drained, at(4), 0.0), []);
        assert!(matches!(machine.status(), ConnectionStatus::Connecting { attempt: 1, .. }));
    }

    #[test]
    fn what_the_policy_denies_is_closed_in_every_state_until_something_changes() {
        let mut connecting = Machine::new();
        connecting.on(Event::Enable, at(0), 0.0);
        let mut waiting = connected();
        waiting.on(Event::Lost(fault(FaultCode::ChannelLost)), at(2), 0.5);
        let mut faulted = connecting.clone();
        faulted.on(Event::Failed(fault(FaultCode::TokenSpent)), at(2), 0.0);
        for mut machine in [connected(), connecting, waiting, faulted] {
            let denied = fault(FaultCode::PolicyDenied);
            let effects = machine.on(Event::Denied(denied.clone()), at(3), 0.0);
            assert_eq!(effects, [Effect::Close]);
            assert_eq!(machine.status(), &ConnectionStatus::Faulted { fault: denied });
            assert_eq!(machine.desired(), Desired::Enabled);
            let late = Event::Failed(fault(FaultCode::ChannelLost));
            assert_eq!(machine.on(late, at(4), 0.0), []);
            assert_eq!(machine.on(Event::TryNow, at(5), 0.0), [Effect::Open]);
        }
    }

    #[test]
    fn a_restart_opens_a_fresh_channel_also_while_failing() {
        let mut machine = connected();
        assert_eq!(machine.on(Event::Restart, at(2), 0.0), [Effect::Close, Effect::Open]);
        machine.on(Event::Failed(fault(FaultCode::NotFound)), at(3), 0.0);
        assert_eq!(machine.on(Event::Restart, at(4), 0.0), [Effect::Close, Effect::Open]);
        assert_eq!(machine.status(), &ConnectionStatus::Connecting { attempt: 1, last: None });
    }

    #[test]
    fn a_shutdown_wins_over_a_drained_disable() {
        let mut machine = connected();
        assert_eq!(machine.on(Event::Shutdown, at(2), 0.0), [Effect::Close, Effect::Drain]);
        assert_eq!(machine.desired(), Desired::Enabled, "what the user wants stays");
        machine.on(Event::Drained, at(3), 0.0);
        assert!(matches!(machine.status(), ConnectionStatus::Stopping { .. }));
    }
}
