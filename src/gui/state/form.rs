//! Connection strings as they are being pasted.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::AzureForm;
use crate::model::connection_string::ConnectionStringError;
use crate::model::{ConnectionCheck, ConnectionId, ConnectionString};

/// A text in a field that may hold keys. It never prints, and is wiped when it goes.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct PastedText(pub Zeroizing<String>);

impl PastedText {
    /// Longest text in characters: more than a thousand connection strings. A longer one is
    /// something else that was copied by mistake.
    pub(crate) const LONGEST: usize = 256 << 10;
}

impl fmt::Debug for PastedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PastedText({} bytes)", self.0.len())
    }
}

/// How long the text must rest before it is checked against Azure.
pub(crate) const TYPING_PAUSE: SignedDuration = SignedDuration::from_millis(350);

/// The dialog "New hybrid connections".
#[derive(Debug)]
pub(crate) struct NewForm {
    /// Which of the two ways.
    pub tab: NewTab,
    /// What stands in the field.
    pub text: PastedText,
    /// The connection strings in it, in their order.
    pub entries: Vec<Entry>,
    /// When those that are new are checked.
    pub check_at: Option<Timestamp>,
    /// How far it is.
    pub phase: Phase,
    /// The other way.
    pub azure: Box<AzureForm>,
}

/// The two ways to add connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewTab {
    /// By signing in.
    Azure,
    /// By pasting.
    ConnectionString,
}

/// How far a form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Being filled in.
    Editing,
    /// The service has been asked.
    Sent,
}

/// One connection string of several.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The line where it begins, from 1.
    pub line: usize,
    /// What it is.
    pub parsed: Result<Parsed, ConnectionStringError>,
}

/// A connection string that can be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    /// It, key included.
    pub string: ConnectionString,
    /// What Azure and the endpoint say.
    pub check: Check,
    /// What came of adding it.
    pub added: Option<Result<(), Failure>>,
}

/// What Azure and the endpoint say of a connection string.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    /// Not asked yet.
    NotYet,
    /// Asked.
    Running,
    /// Answered.
    Done(Box<ConnectionCheck>),
    /// Not to be had, and why.
    Failed(String),
}

/// Why something was not done, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub String);

impl NewForm {
    /// An empty dialog at `tab`.
    pub(crate) fn new(tab: NewTab) -> Self {
        Self {
            tab,
            text: PastedText::default(),
            entries: Vec::new(),
            check_at: None,
            phase: Phase::Editing,
            azure: Box::default(),
        }
    }

    /// What was chosen is being added; it is shown as it was sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.phase == Phase::Sent || self.azure.is_creating()
    }

    /// Takes a new text. What was known of strings that are still there stays known.
    pub(crate) fn set_text(&mut self, text: PastedText, now: Timestamp) {
        let before = std::mem::take(&mut self.entries);
        let known = |string: &ConnectionString| {
            let parsed = before.iter().filter_map(|entry| entry.parsed.as_ref().ok());
            parsed.into_iter().find(|parsed| parsed.string == *string).cloned()
        };
        let found = ConnectionString::parse_many(&text.0).into_iter();
        let entries = found.map(|found| Entry {
            line: found.line,
            parsed: found.value.map(|string| {
                known(&string).unwrap_or(Parsed { string, check: Check::NotYet, added: None })
            }),
        });
        self.entries = entries.collect();
        self.text = text;
        let is_fresh = self.unchecked().next().is_some();
        self.check_at = is_fresh.then(|| now + TYPING_PAUSE);
    }

    /// Those that Azure has not been asked about.
    pub(crate) fn unchecked(&self) -> impl Iterator<Item = &ConnectionString> {
        let parsed = self.entries.iter().filter_map(|entry| entry.parsed.as_ref().ok());
        parsed.filter(|parsed| parsed.check == Check::NotYet).map(|parsed| &parsed.string)
    }

    /// The entries that hold `string`.
    pub(crate) fn holding(
        &mut self,
        string: &ConnectionString,
    ) -> impl Iterator<Item = &mut Parsed> {
        let parsed = self.entries.iter_mut().filter_map(|entry| entry.parsed.as_mut().ok());
        parsed.filter(move |parsed| parsed.string == *string)
    }

    /// Places of those that Create adds: readable, not there yet, each connection once.
    pub(crate) fn creatable(&self, is_there: impl Fn(&ConnectionId) -> bool) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let places = self.entries.iter().enumerate().filter(|(_, entry)| {
            entry.parsed.as_ref().is_ok_and(|parsed| {
                let is_new = seen.insert(&parsed.string.id);
                is_new && parsed.added != Some(Ok(())) && !is_there(&parsed.string.id)
            })
        });
        places.map(|(place, _)| place).collect()
    }

    /// Whether the entry at `place` names the same connection as one before it.
    pub(crate) fn is_repeated(&self, place: usize) -> bool {
        let ids =
            self.entries[..=place].iter().map(|entry| Some(&entry.parsed.as_ref().ok()?.string.id));
        let ids: Vec<Option<&ConnectionId>> = ids.collect();
        ids[place].is_some() && ids[..place].contains(&ids[place])
    }
}

/// The dialog "Update connection string".
#[derive(Debug)]
pub(crate) struct UpdateForm {
    /// Of which connection.
    pub id: ConnectionId,
    /// What stands in the field.
    pub text: PastedText,
    /// The connection string in it; nothing while the field is empty.
    pub parsed: Option<Result<Parsed, UpdateProblem>>,
    /// When it is checked.
    pub check_at: Option<Timestamp>,
    /// How far it is.
    pub phase: Phase,
}

/// Why a connection string cannot be the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UpdateProblem {
    /// It cannot be read.
    Unreadable(ConnectionStringError),
    /// It is of another connection.
    OtherConnection(ConnectionId),
}

impl UpdateForm {
    /// An empty dialog for `id`.
    pub(crate) fn new(id: ConnectionId) -> Self {
        let text = PastedText::default();
        Self { id, text, parsed: None, check_at: None, phase: Phase::Editing }
    }

    /// Takes a new text.
    pub(crate) fn set_text(&mut self, text: PastedText, now: Timestamp) {
        self.parsed = (!text.0.trim().is_empty()).then(|| {
            let string = ConnectionString::parse(&text.0).map_err(UpdateProblem::Unreadable)?;
            if string.id != self.id {
                return Err(UpdateProblem::OtherConnection(string.id));
            }
            Ok(Parsed { string, check: Check::NotYet, added: None })
        });
        self.text = text;
        self.check_at = matches!(self.parsed, Some(Ok(_))).then(|| now + TYPING_PAUSE);
    }

    /// The connection string, if it can be the new one.
    pub(crate) fn ready(&mut self) -> Option<&mut Parsed> {
        self.parsed.as_mut()?.as_mut().ok()
    }
}
