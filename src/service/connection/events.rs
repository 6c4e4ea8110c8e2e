//! The last events of a connection.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::{ConnectionEvent, ConnectionStatus, EventKind, Fault, NextAttempt};

/// Events that are kept.
const KEPT: usize = 20;
/// Longest text of an event, and of what is seen of its fault, in characters.
const LONGEST: usize = 500;

/// The last events, oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<ConnectionEvent>);

impl History {
    /// Something happened.
    pub(super) fn note(&mut self, kind: EventKind) {
        self.push(event(kind));
    }

    /// The same, unless it is already among the last events.
    pub(super) fn note_once(&mut self, kind: EventKind) {
        let event = event(kind);
        if self.0.iter().all(|known| known.text != event.text) {
            self.push(event);
        }
    }

    /// A fault of the channel, and what follows from it. A repeated one replaces its
    /// last mention, so that a long outage does not wash everything else away.
    pub(super) fn note_fault(&mut self, fault: &Fault, status: &ConnectionStatus) {
        let next = match status {
            ConnectionStatus::Waiting { until, attempt, .. } => {
                let seconds = until.duration_since(Timestamp::now()).as_secs();
                let seconds = u64::try_from(seconds).unwrap_or_default();
                (seconds > 0).then_some(NextAttempt { attempt: *attempt, seconds })
            }
            _ => None,
        };
        self.replace_last(EventKind::ChannelFailed { fault: fault.clone(), next }, |last, new| {
            matches!(last, EventKind::ChannelFailed { fault, .. }
                if fault.code == new.code && fault.detail == new.detail)
        });
    }

    /// A stream that came to nothing; many of one kind are one event.
    pub(super) fn note_failed_stream(&mut self, fault: &Fault) {
        self.replace_last(
            EventKind::StreamFailed { fault: fault.clone() },
            |last, new| matches!(last, EventKind::StreamFailed { fault } if fault.code == new.code),
        );
    }

    /// Notes `kind`, in the place of the last event if its fault is the same by `same`.
    fn replace_last(&mut self, kind: EventKind, same: fn(&EventKind, &Fault) -> bool) {
        let event = event(kind);
        let repeats = event.kind.fault().zip(self.0.back());
        if repeats.is_some_and(|(fault, last)| same(&last.kind, fault)) {
            self.0.pop_back();
        }
        self.push(event);
    }

    /// Puts what happened before a restart before what has happened since.
    pub(super) fn put_before(&mut self, past: Vec<ConnectionEvent>) {
        let room = KEPT.saturating_sub(self.0.len());
        let skipped = past.len().saturating_sub(room);
        for mut event in past.into_iter().skip(skipped).rev() {
            cut(&mut event.text);
            self.0.push_front(event);
        }
    }

    fn push(&mut self, event: ConnectionEvent) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    /// The events, oldest first.
    pub(super) fn entries(&self) -> Vec<ConnectionEvent> {
        self.0.iter().cloned().collect()
    }
}

/// An event of this moment, of bounded length.
fn event(mut kind: EventKind) -> ConnectionEvent {
    if let EventKind::ChannelFailed { fault, .. }
    | EventKind::StreamFailed { fault }
    | EventKind::EndpointKept { fault }
    | EventKind::EndpointNotRead { fault }
    | EventKind::EndpointFailed { fault } = &mut kind
    {
        cut(&mut fault.detail);
    }
    let mut event = ConnectionEvent::new(Timestamp::now(), kind);
    cut(&mut event.text);
    event
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultCode;

    fn connected(number: u32) -> EventKind {
        EventKind::Connected { gateway: Some(format!("G{number}")) }
    }

    #[test]
    fn keeps_the_last_and_folds_repeats() {
        let mut history = History::default();
        for number in 0..30 {
            history.note(connected(number));
        }
        let fault = Fault::new(FaultCode::AzureUnreachable, "no route");
        for attempt in 2..9 {
            let status = ConnectionStatus::Waiting {
                until: Timestamp::now() + std::time::Duration::from_secs(9),
                attempt,
                fault: fault.clone(),
            };
            history.note_fault(&fault, &status);
        }
        let entries = history.entries();
        assert_eq!(entries.len(), KEPT);
        assert!(entries[KEPT - 1].text.contains("attempt 8 in"));
        assert_eq!(entries[KEPT - 2].text, "Connected (G29)");
        let EventKind::ChannelFailed { next: Some(next), .. } = &entries[KEPT - 1].kind else {
            panic!("{entries:?}");
        };
        assert_eq!(next.attempt, 8);
        for gateway in 0..30 {
            let fault = Fault::new(FaultCode::AzureUnreachable, format!("g{gateway}"));
            history.note_failed_stream(&fault);
        }
        let entries = history.entries();
        assert!(entries[KEPT - 1].text.contains("g29"));
        assert!(entries[KEPT - 2].text.contains("attempt 8 in"));
        let fault = Fault::new(FaultCode::EndpointMissing, "é".repeat(100_000));
        history.note(EventKind::EndpointKept { fault });
        let last = &history.entries()[KEPT - 1];
        assert_eq!(last.text.chars().count(), LONGEST);
        assert_eq!(last.kind.fault().unwrap().detail.chars().count(), LONGEST);
    }

    #[test]
    fn what_was_before_a_restart_comes_first() {
        let mut history = History::default();
        history.note(EventKind::Restarted);
        let past = (0..30).map(|number| event(connected(number))).collect();
        history.put_before(past);
        let entries = history.entries();
        assert_eq!(entries.len(), KEPT);
        assert_eq!(entries[KEPT - 1].kind, EventKind::Restarted);
        assert_eq!(entries[KEPT - 2].text, "Connected (G29)");
        assert_eq!(entries[0].text, "Connected (G11)");
        history.put_before(vec![event(connected(7))]);
        assert_eq!(history.entries(), entries, "there is no room");
    }

    #[test]
    fn what_was_said_lately_is_not_said_again() {
        let mut history = History::default();
        history.note_once(connected(29));
        history.note(EventKind::Restarted);
        history.note_once(connected(29));
        let entries = history.entries();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].kind, EventKind::Restarted);
    }
}
