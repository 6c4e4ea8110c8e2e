//! The last events of a connection, in words.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::{ConnectionEvent, ConnectionStatus, Fault};

/// Events that are kept.
const KEPT: usize = 20;
/// Longest text of an event, in characters.
const LONGEST: usize = 500;

/// The last events, oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<ConnectionEvent>);

impl History {
    /// Something happened.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        let text = text.into().chars().take(LONGEST).collect();
        self.0.push_back(ConnectionEvent { at: Timestamp::now(), text });
    }

    /// The same, unless it is already among the last events.
    pub(super) fn note_once(&mut self, text: impl Into<String>) {
        let text: String = text.into().chars().take(LONGEST).collect();
        if self.0.iter().all(|event| event.text != text) {
            self.note(text);
        }
    }

    /// A fault, and what follows from it. A repeated one replaces its last mention, so
    /// that a long outage does not wash everything else away.
    pub(super) fn note_fault(&mut self, fault: &Fault, status: &ConnectionStatus) {
        let text = match status {
            ConnectionStatus::Waiting { until, attempt, .. } => {
                let seconds = until.duration_since(Timestamp::now()).as_secs().max(0);
                match seconds {
                    0 => fault.to_string(),
                    _ => format!("{fault}; attempt {attempt} in {seconds} s"),
                }
            }
            _ => fault.to_string(),
        };
        self.replace_last(&fault.to_string(), text);
    }

    /// A stream that came to nothing; many of one kind are one event.
    pub(super) fn note_failed_stream(&mut self, fault: &Fault) {
        let kind = format!("A stream failed: {}", fault.code.summary());
        self.replace_last(&kind, format!("A stream failed: {fault}"));
    }

    /// Notes `text`, in the place of the last event if that begins with `kind`.
    fn replace_last(&mut self, kind: &str, text: String) {
        let kind: String = kind.chars().take(LONGEST).collect();
        if self.0.back().is_some_and(|last| last.text.starts_with(&kind)) {
            self.0.pop_back();
        }
        self.note(text);
    }

    /// The events, oldest first.
    pub(super) fn entries(&self) -> Vec<ConnectionEvent> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultCode;

    #[test]
    fn keeps_the_last_and_folds_repeats() {
        let mut history = History::default();
        for number in 0..30 {
            history.note(number.to_string());
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
        assert_eq!(entries[KEPT - 2].text, "29");
        for gateway in 0..30 {
            let fault = Fault::new(FaultCode::AzureUnreachable, format!("g{gateway}"));
            history.note_failed_stream(&fault);
        }
        let entries = history.entries();
        assert!(entries[KEPT - 1].text.contains("g29"));
        assert!(entries[KEPT - 2].text.contains("attempt 8 in"));
        history.note("x".repeat(100_000));
        assert_eq!(history.entries()[KEPT - 1].text.len(), LONGEST);
    }

    #[test]
    fn what_was_said_lately_is_not_said_again() {
        let mut history = History::default();
        history.note_once("29");
        history.note("attempt 8 in");
        history.note_once("29");
        let entries = history.entries();
        assert_eq!(entries.len(), 2);
        assert!(entries[1].text.contains("attempt 8"));
    }
}
