//! The hybrid connections of a subscription, and what was chosen of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::{Failure, Move, Ticket};
use crate::azure::{AzureError, BrowseEvent, FoundConnection, Namespace};
use crate::model::ConnectionId;

/// The hybrid connections of a subscription. Each is known by its resource id.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Names the reading whose news count.
    pub run: Ticket,
    /// How far the reading is.
    pub reading: Reading,
    /// Namespaces that are read, and that are known so far.
    pub namespaces: (usize, usize),
    /// All that were found, ordered by name.
    pub found: Vec<FoundConnection>,
    /// Places in `found` of those that the filter lets through.
    pub shown: Vec<usize>,
    /// What stands in the filter box.
    pub filter: String,
    /// Those that are checked.
    pub checked: BTreeSet<String>,
    /// Where the keyboard is.
    pub cursor: Option<String>,
    /// The cursor has moved and is to be brought into sight.
    pub reveal: bool,
    /// Namespaces that could not be read, and why.
    pub problems: Vec<(Arc<Namespace>, AzureError)>,
    /// Names the adding whose news count.
    pub adding: Ticket,
    /// How many the last Create adds.
    pub wanted: usize,
    /// The user has stopped the last Create.
    pub is_stopped: bool,
    /// What came of adding them.
    pub added: BTreeMap<String, Added>,
    /// What this reading has found; what it has not is gone at its end.
    seen: BTreeSet<String>,
}

/// How far the reading is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Under way.
    Running {
        /// Azure wants a pause until then.
        pause_until: Option<Timestamp>,
    },
    /// Stopped by the user; what is there stays.
    Stopped,
    /// Everything is there.
    Done,
    /// The namespaces could not be listed.
    Failed(AzureError),
}

impl Default for Reading {
    fn default() -> Self {
        Self::Running { pause_until: None }
    }
}

/// What came of adding one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// Not known yet.
    Waiting,
    /// It is there.
    Yes,
    /// It is not, and why.
    No(NotAdded),
}

/// Why one was not added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// Azure did not give its key.
    Azure(AzureError),
    /// The service did not take it.
    Service(Failure),
    /// The user stopped before it was sent.
    Stopped,
}

impl Listing {
    /// Begins to read, or to read again. What is there stays until the new is.
    pub(crate) fn begin(&mut self, run: Ticket) {
        self.run = run;
        self.reading = Reading::default();
        self.namespaces = (0, 0);
        self.problems.clear();
        self.seen.clear();
    }

    /// Stops reading. Nothing that comes later counts.
    pub(crate) fn stop(&mut self) {
        self.run = 0;
        self.reading = Reading::Stopped;
    }

    /// Takes what comes while a subscription is read.
    pub(crate) fn take(&mut self, events: Vec<BrowseEvent>, now: Timestamp) {
        let mut pause = None;
        for event in events {
            match event {
                BrowseEvent::Progress { read, found, .. } => self.namespaces = (read, found),
                BrowseEvent::Found(found) => {
                    self.seen.extend(found.iter().map(|one| one.resource_id.clone()));
                    self.found.extend(found);
                }
                BrowseEvent::NamespaceFailed { namespace, error } => {
                    self.problems.push((namespace, error));
                }
                BrowseEvent::Waiting { seconds } => {
                    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).min(3600);
                    pause = Some(now + SignedDuration::from_secs(seconds));
                    continue;
                }
                BrowseEvent::Done(result) => self.end(result),
            }
            pause = None;
        }
        if let Reading::Running { pause_until } = &mut self.reading {
            *pause_until = pause;
        }
        self.order();
        self.arrange();
    }

    fn end(&mut self, result: Result<(), AzureError>) {
        self.reading = match result {
            Ok(()) => {
                let failed = self.problems.iter().map(|(namespace, _)| &namespace.resource_id);
                let failed: BTreeSet<&String> = failed.collect();
                let (seen, added) = (&self.seen, &self.added);
                // What came of adding one is still to be told, and counts in the end.
                self.found.retain(|one| {
                    seen.contains(&one.resource_id)
                        || added.contains_key(&one.resource_id)
                        || failed.contains(&one.namespace.resource_id)
                });
                Reading::Done
            }
            Err(error) => Reading::Failed(error),
        };
    }

    /// By name, whatever its case; of one that came twice, the later stays.
    fn order(&mut self) {
        self.found.sort_by_cached_key(|one| (one.name.to_lowercase(), one.resource_id.clone()));
        self.found.dedup_by(|later, earlier| {
            let is_same = later.resource_id == earlier.resource_id;
            if is_same {
                std::mem::swap(later, earlier);
            }
            is_same
        });
    }

    /// Finds what the filter lets through.
    pub(crate) fn arrange(&mut self) {
        let wanted = self.filter.trim().to_lowercase();
        let is_shown = |one: &FoundConnection| {
            let namespace = &one.namespace;
            let endpoint = one.usable.as_ref().map(|usable| usable.endpoint.to_string());
            [
                one.name.as_str(),
                endpoint.as_deref().unwrap_or_default(),
                namespace.name.as_str(),
                namespace.resource_group.as_str(),
            ]
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
        };
        let all = self.found.iter().enumerate();
        self.shown = all.filter(|(_, one)| is_shown(one)).map(|(place, _)| place).collect();
        let is_gone = |key: &String| !self.rows().any(|one| one.resource_id == *key);
        if self.cursor.as_ref().is_some_and(is_gone) {
            self.cursor = None;
        }
    }

    /// Those that the filter lets through, from top to bottom.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &FoundConnection> {
        self.shown.iter().map(|place| &self.found[*place])
    }

    /// Whether `one` can be checked, where `is_there` tells what was added before.
    pub(crate) fn is_open(
        &self,
        one: &FoundConnection,
        is_there: impl Fn(&ConnectionId) -> bool,
    ) -> bool {
        let is_taken = matches!(self.added.get(&one.resource_id), Some(Added::Yes));
        !is_taken && one.usable.as_ref().is_ok_and(|usable| !is_there(&usable.id))
    }

    /// Those that Create adds.
    pub(crate) fn chosen(
        &self,
        is_there: impl Fn(&ConnectionId) -> bool,
    ) -> impl Iterator<Item = &FoundConnection> {
        self.found.iter().filter(move |one| {
            self.checked.contains(&one.resource_id) && self.is_open(one, &is_there)
        })
    }

    /// Whether all, some or none of those that are shown are checked; nothing where none
    /// can be.
    pub(crate) fn all_checked(&self, is_there: impl Fn(&ConnectionId) -> bool) -> Option<Checked> {
        let mut open = self.rows().filter(|one| self.is_open(one, &is_there));
        let first = self.checked.contains(&open.next()?.resource_id);
        let is_mixed = open.any(|one| self.checked.contains(&one.resource_id) != first);
        Some(match (is_mixed, first) {
            (true, _) => Checked::Some,
            (false, true) => Checked::All,
            (false, false) => Checked::None,
        })
    }

    /// Checks one, or no longer.
    pub(crate) fn toggle(&mut self, key: &str, is_there: impl Fn(&ConnectionId) -> bool) {
        let one = self.found.iter().find(|one| one.resource_id == key);
        if one.is_some_and(|one| self.is_open(one, is_there)) && !self.checked.remove(key) {
            self.checked.insert(key.to_owned());
        }
        self.cursor = Some(key.to_owned());
    }

    /// Checks all that are shown, or none of them where all are.
    pub(crate) fn toggle_all(&mut self, is_there: impl Fn(&ConnectionId) -> bool) {
        let is_all = self.all_checked(&is_there) == Some(Checked::All);
        let open = self.rows().filter(|one| self.is_open(one, &is_there));
        let open: Vec<String> = open.map(|one| one.resource_id.clone()).collect();
        for key in open {
            if is_all {
                self.checked.remove(&key);
            } else {
                self.checked.insert(key);
            }
        }
    }

    /// Moves the cursor.
    pub(crate) fn go(&mut self, to: Move) {
        let last = self.shown.len().saturating_sub(1);
        let at = self.rows().position(|one| Some(&one.resource_id) == self.cursor.as_ref());
        let place = to.place(at, last);
        let key = self.rows().nth(place).map(|one| one.resource_id.clone());
        self.cursor = key;
        self.reveal = true;
    }

    /// Something is being added.
    pub(crate) fn is_creating(&self) -> bool {
        self.added.values().any(|added| *added == Added::Waiting)
    }

    /// How many of those that the last Create adds have a result, and how many it adds.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let waiting = self.added.values().filter(|added| **added == Added::Waiting).count();
        (self.wanted.saturating_sub(waiting), self.wanted)
    }

    /// Those that were not added, with the reason, in the order of the rows.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (&FoundConnection, &NotAdded)> {
        self.found.iter().filter_map(|one| match self.added.get(&one.resource_id)? {
            Added::No(why) => Some((one, why)),
            Added::Waiting | Added::Yes => None,
        })
    }

    /// Ids of those that were added.
    pub(crate) fn ids_added(&self) -> Vec<ConnectionId> {
        let is_added =
            |one: &&FoundConnection| self.added.get(&one.resource_id) == Some(&Added::Yes);
        let added = self.found.iter().filter(is_added);
        added.filter_map(|one| Some(one.usable.as_ref().ok()?.id.clone())).collect()
    }
}

/// How many are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Every one.
    All,
    /// One at least, and not every one.
    Some,
    /// Not one.
    None,
}
