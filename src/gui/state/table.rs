//! The table: which rows, in which order, and which are selected.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Preferences, TrafficLog};
use crate::gui::text::Texts;
use crate::model::{ConnectionId, ConnectionView};

/// Rows, order and selection.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the filter box holds.
    pub filter: String,
    /// Order of the rows.
    pub sort: Sort,
    /// The rows that are shown, in their order: places in the snapshot's connections.
    pub rows: Vec<usize>,
    /// What is selected.
    pub selected: BTreeSet<ConnectionId>,
    /// The row that the keyboard is at.
    pub cursor: Option<ConnectionId>,
    /// What was just added and is selected as soon as the service tells of it: its answer
    /// may come first.
    pub awaited: BTreeSet<ConnectionId>,
    /// Where an extended selection begins.
    anchor: Option<ConnectionId>,
    /// The cursor has moved by keyboard, and its row is to be scrolled into view.
    pub reveal: bool,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Column {
    /// This machine's listener.
    Status,
    /// Name of the hybrid connection.
    Name,
    /// Where its streams go.
    Endpoint,
    /// The namespace's own name.
    Namespace,
    /// Azure's listener count.
    Listeners,
    /// Streams that are open.
    Active,
    /// Bytes a second, and the last minutes.
    Traffic,
}

impl Column {
    /// All, from left to right.
    pub(crate) const ALL: [Self; 7] = [
        Self::Status,
        Self::Name,
        Self::Endpoint,
        Self::Namespace,
        Self::Listeners,
        Self::Active,
        Self::Traffic,
    ];

    /// Width in points before the user changes it.
    pub(crate) fn default_width(self) -> f32 {
        match self {
            Self::Status => 136.0,
            Self::Name => 114.0,
            Self::Endpoint => 210.0,
            Self::Namespace => 100.0,
            Self::Listeners => 74.0,
            Self::Active => 56.0,
            Self::Traffic => 160.0,
        }
    }

    /// The least width in points.
    pub(crate) fn least_width(self) -> f32 {
        match self {
            Self::Status => 118.0,
            Self::Traffic => 90.0,
            _ => 60.0,
        }
    }

    /// Numbers stand at the right.
    pub(crate) fn is_numeric(self) -> bool {
        matches!(self, Self::Listeners | Self::Active | Self::Traffic)
    }
}

/// Order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    /// By which column.
    pub column: Column,
    /// Which way.
    pub direction: Direction,
}

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Direction {
    /// The least first.
    Ascending,
    /// The most first.
    Descending,
}

impl Default for Sort {
    fn default() -> Self {
        Self { column: Column::Name, direction: Direction::Ascending }
    }
}

impl Sort {
    /// The order after a click on the head of `column`. Numbers begin with the most.
    pub(crate) fn clicked(self, column: Column) -> Self {
        let direction = match (self.column == column, self.direction) {
            (true, Direction::Ascending) => Direction::Descending,
            (true, Direction::Descending) => Direction::Ascending,
            (false, _) => match column {
                Column::Listeners | Column::Active | Column::Traffic => Direction::Descending,
                Column::Status | Column::Name | Column::Endpoint | Column::Namespace => {
                    Direction::Ascending
                }
            },
        };
        Self { column, direction }
    }
}

/// How a click selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// This row alone.
    Only,
    /// This row too, or no longer.
    Toggle,
    /// From the last picked row to this one.
    Extend,
}

/// Where the keyboard moves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// So many rows down, up where negative.
    By(isize),
    /// The first row.
    First,
    /// The last row.
    Last,
}

impl Move {
    /// The place that it leads to from `here`, where `last` is the last one.
    pub(super) fn place(self, here: Option<usize>, last: usize) -> usize {
        match (self, here) {
            (Self::First, _) => 0,
            (Self::Last, _) => last,
            (Self::By(rows), Some(here)) => here.saturating_add_signed(rows).min(last),
            (Self::By(rows), None) if rows < 0 => last,
            (Self::By(_), None) => 0,
        }
    }
}

impl Table {
    pub(super) fn new(preferences: &Preferences) -> Self {
        Self {
            filter: String::new(),
            sort: preferences.sort,
            rows: Vec::new(),
            selected: BTreeSet::new(),
            cursor: None,
            awaited: BTreeSet::new(),
            anchor: None,
            reveal: false,
        }
    }

    /// Finds the rows anew, and forgets what is gone.
    pub(crate) fn arrange(
        &mut self,
        connections: &[ConnectionView],
        traffic: &TrafficLog,
        texts: &Texts,
    ) {
        let is_there =
            |id: &ConnectionId| connections.binary_search_by(|view| view.id.cmp(id)).is_ok();
        self.selected.retain(is_there);
        for id in std::mem::take(&mut self.awaited) {
            if !is_there(&id) {
                self.awaited.insert(id);
                continue;
            }
            if self.selected.is_empty() {
                self.cursor = Some(id.clone());
                self.reveal = true;
            }
            self.selected.insert(id);
        }
        let filter = self.filter.trim().to_lowercase();
        let words: Vec<&str> = filter.split_whitespace().collect();
        self.rows.clear();
        self.rows.extend(
            (0..connections.len()).filter(|place| is_match(&connections[*place], &words, texts)),
        );
        let Sort { column, direction } = self.sort;
        self.rows.sort_by(|one, other| {
            let order = compare(column, &connections[*one], &connections[*other], traffic);
            let order = match direction {
                Direction::Ascending => order,
                Direction::Descending => order.reverse(),
            };
            order.then(one.cmp(other))
        });
        self.anchor = self.anchor.take().filter(is_there);
        self.cursor = self.cursor.take().filter(is_there);
    }

    /// Selects the row of `id`.
    pub(crate) fn pick(&mut self, id: &ConnectionId, how: Pick, connections: &[ConnectionView]) {
        self.awaited.clear();
        match how {
            Pick::Only => {
                self.selected = [id.clone()].into();
                self.anchor = Some(id.clone());
            }
            Pick::Toggle => {
                if !self.selected.remove(id) {
                    self.selected.insert(id.clone());
                }
                self.anchor = Some(id.clone());
            }
            Pick::Extend => {
                let from = self.anchor.clone().unwrap_or_else(|| id.clone());
                let place = |id: &ConnectionId| {
                    self.rows.iter().position(|row| connections[*row].id == *id)
                };
                if let (Some(from), Some(to)) = (place(&from), place(id)) {
                    let rows = &self.rows[from.min(to)..=from.max(to)];
                    self.selected = rows.iter().map(|row| connections[*row].id.clone()).collect();
                } else {
                    self.selected = [id.clone()].into();
                }
                self.anchor = Some(from);
            }
        }
        self.cursor = Some(id.clone());
    }

    /// Moves the cursor; `extend` selects what it passes.
    pub(crate) fn go(&mut self, to: Move, extend: bool, connections: &[ConnectionView]) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let here = self.cursor.as_ref();
        let here = here.and_then(|id| self.rows.iter().position(|row| connections[*row].id == *id));
        let place = to.place(here, last);
        let id = connections[self.rows[place]].id.clone();
        self.pick(&id, if extend { Pick::Extend } else { Pick::Only }, connections);
        self.reveal = true;
    }

    /// Selects all rows that are shown.
    pub(crate) fn select_all(&mut self, connections: &[ConnectionView]) {
        self.selected = self.rows.iter().map(|row| connections[*row].id.clone()).collect();
    }

    /// Selects nothing.
    pub(crate) fn clear_selection(&mut self) {
        self.awaited.clear();
        self.selected.clear();
        self.cursor = None;
        self.anchor = None;
    }
}

fn is_match(view: &ConnectionView, words: &[&str], texts: &Texts) -> bool {
    words.iter().all(|word| {
        let endpoint = view.endpoint.as_ref().map_or_else(String::new, ToString::to_string);
        let status = texts.status(view.status.label());
        [view.id.name(), view.id.namespace().host(), &endpoint, &status]
            .iter()
            .any(|text| text.to_lowercase().contains(word))
    })
}

fn compare(
    column: Column,
    one: &ConnectionView,
    other: &ConnectionView,
    traffic: &TrafficLog,
) -> Ordering {
    let listeners = |view: &ConnectionView| view.azure.as_ref().and_then(|it| it.listener_count);
    match column {
        // What needs a person comes first.
        Column::Status => urgency(one).cmp(&urgency(other)),
        Column::Name => compare_names(one.id.name(), other.id.name()),
        Column::Endpoint => {
            let text = |view: &ConnectionView| view.endpoint.as_ref().map(ToString::to_string);
            compare_names(&text(one).unwrap_or_default(), &text(other).unwrap_or_default())
        }
        Column::Namespace => one.id.namespace().cmp(other.id.namespace()),
        Column::Listeners => listeners(one).cmp(&listeners(other)),
        Column::Active => one.traffic.active_streams.cmp(&other.traffic.active_streams),
        Column::Traffic => both(traffic.rate(&one.id)).cmp(&both(traffic.rate(&other.id))),
    }
}

fn urgency(view: &ConnectionView) -> u8 {
    use crate::model::StatusLabel;
    match view.status.label() {
        StatusLabel::NotConnected => 0,
        StatusLabel::Connecting => 1,
        StatusLabel::Stopping => 2,
        StatusLabel::Connected => 3,
        StatusLabel::Disabled => 4,
    }
}

fn compare_names(one: &str, other: &str) -> Ordering {
    let folded = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    folded(one).cmp(&folded(other))
}

fn both(rate: crate::display::Rate) -> u64 {
    rate.to_endpoint.saturating_add(rate.to_azure)
}
