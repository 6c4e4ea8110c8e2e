//! Short messages at the lower edge of the window.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::gui::theme::Tone;

/// How long a message of success stays.
const STAYS: SignedDuration = SignedDuration::from_secs(5);
/// Messages that are shown at once.
const MOST: usize = 4;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Names it.
    pub id: u64,
    /// Good or bad.
    pub tone: Tone,
    /// In words.
    pub text: String,
    /// When it goes by itself; a bad one stays until it is closed.
    pub until: Option<Timestamp>,
}

/// The messages that are shown, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    shown: VecDeque<Notice>,
    last_id: u64,
}

impl Notices {
    /// Says that something was done.
    pub(crate) fn say(&mut self, text: String, now: Timestamp) {
        self.push(Tone::Ok, text, Some(now + STAYS));
    }

    /// Says that something went wrong, until it is closed. The same is not said twice.
    pub(crate) fn warn(&mut self, text: String) {
        self.shown.retain(|notice| notice.text != text);
        self.push(Tone::Bad, text, None);
    }

    /// What is to be shown.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Notice> {
        self.shown.iter()
    }

    pub(crate) fn close(&mut self, id: u64) {
        self.shown.retain(|notice| notice.id != id);
    }

    /// Takes away what has been there long enough.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.shown.retain(|notice| notice.until.is_none_or(|until| until > now));
    }

    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.shown.iter().filter_map(|notice| notice.until).min()
    }

    fn push(&mut self, tone: Tone, text: String, until: Option<Timestamp>) {
        self.last_id += 1;
        if self.shown.len() == MOST {
            self.shown.pop_front();
        }
        self.shown.push_back(Notice { id: self.last_id, tone, text, until });
    }
}
