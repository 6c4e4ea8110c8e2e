//! How wide the columns are.

use std::collections::BTreeMap;

use egui::{Rangef, Rect};

use crate::gui::state::Column;

/// Room left and right of what a cell holds.
const PADDING: f32 = 9.0;

/// The columns side by side.
#[derive(Debug, PartialEq)]
pub(super) struct Columns {
    widths: [f32; Column::ALL.len()],
}

impl Columns {
    /// Columns for a table of `room` points, of which the user has set some. The texts take
    /// what is left over, or give what is missing, down to their least width.
    pub(super) fn fit(set: &BTreeMap<Column, f32>, room: f32) -> Self {
        let mut widths = Column::ALL.map(|column| {
            let width = set.get(&column).copied().unwrap_or_else(|| column.default_width());
            width.max(column.least_width())
        });
        let left_over = room - widths.iter().sum::<f32>();
        let flexible = [Column::Endpoint, Column::Name, Column::Namespace];
        let flexible: Vec<usize> = Column::ALL
            .iter()
            .enumerate()
            .filter(|(_, column)| flexible.contains(column) && !set.contains_key(column))
            .map(|(place, _)| place)
            .collect();
        let is_all_set = flexible.is_empty() && set.len() + 1 >= Column::ALL.len();
        let all: f32 = flexible.iter().map(|place| widths[*place]).sum();
        for place in flexible {
            let share = left_over * widths[place] / all;
            widths[place] = (widths[place] + share).max(Column::ALL[place].least_width());
        }
        if let (Some(last), true) = (widths.last_mut(), is_all_set && left_over > 0.0) {
            // Where the user has set all others, the chart takes the rest.
            *last += left_over;
        }
        Self { widths }
    }

    /// All together.
    pub(super) fn total(&self) -> f32 {
        self.widths.iter().sum()
    }

    /// Each column with its width.
    pub(super) fn each(&self) -> impl Iterator<Item = (Column, f32)> {
        Column::ALL.into_iter().zip(self.widths)
    }

    /// The cells of a row that fills `row`: each column with the room for what it holds.
    pub(super) fn cells(&self, row: Rect) -> impl Iterator<Item = (Column, Rect)> {
        let mut left = row.left();
        self.each().map(move |(column, width)| {
            let x = Rangef::new(left + PADDING, left + width - PADDING);
            left += width;
            (column, Rect::from_x_y_ranges(x, row.y_range()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fills_its_room_and_keeps_what_the_user_set() {
        let set = [(Column::Name, 300.0)].into();
        for room in [850.0, 1400.0] {
            let columns = Columns::fit(&set, room);
            assert_eq!(columns.widths[1], 300.0);
            let total = columns.total();
            assert!((total - room).abs() < 1.0 || total > room, "{total} of {room}");
        }
        assert!((Columns::fit(&BTreeMap::new(), 1200.0).total() - 1200.0).abs() < 1.0);
    }

    #[test]
    fn nothing_is_left_over_twice() {
        for unset in Column::ALL {
            let others = Column::ALL.into_iter().filter(|column| *column != unset);
            let set = others.map(|column| (column, 120.0)).collect();
            let total = Columns::fit(&set, 1400.0).total();
            assert!(total < 1401.0, "{unset:?}: {total}");
        }
    }

    #[test]
    fn a_narrow_window_scrolls_instead_of_squeezing() {
        let columns = Columns::fit(&BTreeMap::new(), 300.0);
        for (column, width) in columns.each() {
            assert!(width >= column.least_width(), "{column:?}");
        }
    }
}
