//! A table of text that fits the width of the terminal.

use super::style::{Role, Style};
use super::text;

/// Cells between two columns.
const GAP: usize = 2;
/// Cells before a line that belongs to the row above it.
const INDENT: usize = 2;

/// Where a cell's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A column and how it gives way when the terminal is narrow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) title: &'static str,
    /// Where its texts stand.
    pub(crate) align: Align,
    /// Cells with which it is still worth showing, if its texts are longer.
    pub(crate) least: usize,
    /// One of rank 0 is always shown; of the others the lower rank comes first.
    pub(crate) rank: u8,
}

/// One text of a row.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) role: Role,
}

impl Cell {
    /// A cell in the ordinary colour; its text may come from another machine.
    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self { text: text::plain_line(text.as_ref()), role: Role::Plain }
    }
}

/// One row, and lines below it that use the whole width.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    pub(crate) below: Vec<(Role, String)>,
}

/// The lines of a table. Without a `width` nothing is cut or wrapped.
pub(crate) fn render(
    columns: &[Column],
    rows: &[Row],
    width: Option<usize>,
    style: Style,
) -> Vec<String> {
    let natural: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let texts = rows.iter().map(|row| text::width(&row.cells[at].text));
            texts.chain([text::width(column.title)]).max().unwrap_or(0)
        })
        .collect();
    let kept = fit(columns, &natural, width.unwrap_or(usize::MAX));
    let line = |cell: &dyn Fn(usize) -> (Role, String)| {
        let last = kept.len().saturating_sub(1);
        let cells = kept.iter().enumerate().map(|(position, &(at, cells))| {
            let (role, whole) = cell(at);
            let shown = text::cut(&whole, cells);
            let space = " ".repeat(cells.saturating_sub(text::width(&shown)));
            let painted = style.paint(role, &shown);
            match columns[at].align {
                Align::Right => format!("{space}{painted}"),
                Align::Left if position == last => painted,
                Align::Left => format!("{painted}{space}"),
            }
        });
        cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    let mut lines = vec![line(&|at| (Role::Strong, columns[at].title.to_owned()))];
    for row in rows {
        lines.push(line(&|at| (row.cells[at].role, row.cells[at].text.clone())));
        for (role, below) in &row.below {
            lines.extend(indented(below, INDENT, width).iter().map(|line| {
                let (indent, words) = line.split_at(INDENT);
                format!("{indent}{}", style.paint(*role, words))
            }));
        }
    }
    lines
}

/// `text` behind `indent` spaces, wrapped where there is a width.
pub(crate) fn indented(text: &str, indent: usize, width: Option<usize>) -> Vec<String> {
    let space = " ".repeat(indent);
    match width {
        Some(width) => text::wrap(text, width.saturating_sub(indent))
            .into_iter()
            .map(|line| format!("{space}{line}"))
            .collect(),
        None => vec![format!("{space}{text}")],
    }
}

/// The columns that are shown, with the cells that each gets: those of rank 0, and
/// then, by rank, each for which there is room.
fn fit(columns: &[Column], natural: &[usize], width: usize) -> Vec<(usize, usize)> {
    let of_rank_0 = (0..columns.len()).filter(|&at| columns[at].rank == 0);
    let mut kept: Vec<(usize, usize)> = of_rank_0.map(|at| (at, natural[at])).collect();
    shrink(&mut kept, width);
    let mut others: Vec<usize> = (0..columns.len()).filter(|&at| columns[at].rank > 0).collect();
    others.sort_by_key(|&at| columns[at].rank);
    for at in others {
        let room = width.saturating_sub(width_of(&kept) + GAP);
        if columns[at].least.min(natural[at]) <= room {
            kept.push((at, natural[at].min(room)));
        }
    }
    kept.sort_unstable();
    kept
}

fn width_of(kept: &[(usize, usize)]) -> usize {
    kept.iter().map(|(_, cells)| cells).sum::<usize>() + GAP * kept.len().saturating_sub(1)
}

/// Takes cells away, from the widest column first, until `width` is enough.
fn shrink(kept: &mut [(usize, usize)], width: usize) {
    while width_of(kept) > width {
        match kept.iter_mut().max_by_key(|(_, cells)| *cells) {
            Some((_, cells)) if *cells > 1 => *cells -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { title: "Status", align: Align::Left, least: 0, rank: 0 },
        Column { title: "Name", align: Align::Left, least: 0, rank: 0 },
        Column { title: "Endpoint", align: Align::Left, least: 12, rank: 1 },
        Column { title: "Active", align: Align::Right, least: 6, rank: 2 },
    ];

    fn rows() -> Vec<Row> {
        let row = |cells: [&str; 4], below: &str| Row {
            cells: cells.into_iter().map(Cell::plain).collect(),
            below: [(Role::Plain, below.to_owned())]
                .into_iter()
                .filter(|b| !b.1.is_empty())
                .collect(),
        };
        vec![
            row(["Connected", "orders", "sql01.corp:1433", "3"], ""),
            row(["Connected", "文件", "files.corp:445", "120"], "slow: look at the disk"),
        ]
    }

    fn at(width: usize) -> String {
        render(&COLUMNS, &rows(), Some(width), Style::PLAIN).join("\n")
    }

    #[test]
    fn a_wide_terminal_shows_everything_aligned() {
        let expected = "\
Status     Name    Endpoint         Active
Connected  orders  sql01.corp:1433       3
Connected  文件    files.corp:445      120
  slow: look at the disk";
        assert_eq!(at(80), expected);
        assert_eq!(render(&COLUMNS, &rows(), None, Style::PLAIN).join("\n"), expected);
    }

    #[test]
    fn a_narrow_one_shows_what_there_is_room_for() {
        let dropped = "\
Status     Name    Endpoint
Connected  orders  sql01.corp:14…
Connected  文件    files.corp:445
  slow: look at the disk";
        assert_eq!(at(33), dropped);
        let refilled = "\
Status     Name    Active
Connected  orders       3
Connected  文件       120
  slow: look at the disk";
        assert_eq!(at(26), refilled);
        let bare = "\
Status    Name
Connect…  orders
Connect…  文件
  slow: look at
  the disk";
        assert_eq!(at(16), bare);
        for width in 1..50 {
            for line in at(width.max(10)).lines() {
                assert!(text::width(line) <= width.max(10), "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn colours_change_no_width() {
        let plain = at(30);
        let painted = render(&COLUMNS, &rows(), Some(30), Style { color: true }).join("\n");
        assert_eq!(painted.replace("\u{1b}[1m", "").replace("\u{1b}[0m", ""), plain);
        assert!(painted.contains("\u{1b}[1mStatus\u{1b}[0m"));
    }
}
