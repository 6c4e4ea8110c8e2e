//! Rows of which some are to be chosen.

use super::style::Style;
use super::table::{self, Align, Cell, Column, Row};
use super::text;

/// A table of things to choose from, each with a short name.
pub(crate) struct Choices {
    columns: Vec<Column>,
    names: Vec<String>,
    rows: Vec<Row>,
}

impl Choices {
    /// Choices with these columns.
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), names: Vec::new(), rows: Vec::new() }
    }

    /// Adds a row; `cells` are as many as the columns.
    pub(crate) fn add(&mut self, name: String, cells: Vec<Cell>) {
        self.names.push(text::plain(&name).into_owned());
        self.rows.push(Row { cells, below: Vec::new() });
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// One line for each, aligned and cut to `width`, without a heading.
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        // Without its title a column is as wide as its texts.
        let columns: Vec<Column> =
            self.columns.iter().map(|column| Column { title: "", ..*column }).collect();
        let lines = table::render(&columns, &self.rows, Some(width), Style { color: false });
        lines.into_iter().skip(1).collect()
    }

    /// The name of each, and all of its text.
    pub(crate) fn into_names_and_texts(self) -> Vec<(String, String)> {
        let texts = self.rows.iter().map(|row| {
            let cells = row.cells.iter().map(|cell| cell.text.as_str());
            cells.collect::<Vec<_>>().join(" ")
        });
        let texts: Vec<String> = texts.collect();
        self.names.into_iter().zip(texts).collect()
    }

    /// A table with a heading and numbers from 1, cut to `width` where there is one.
    pub(crate) fn numbered(&self, width: Option<usize>) -> Vec<String> {
        let number = Column { title: "No.", align: Align::Right, least: 0, rank: 0 };
        let columns: Vec<Column> = [number].into_iter().chain(self.columns.clone()).collect();
        let rows: Vec<Row> = (1..)
            .zip(&self.rows)
            .map(|(number, row)| {
                let number = Cell::plain(i32::to_string(&number));
                let cells = [number].into_iter().chain(row.cells.iter().cloned()).collect();
                Row { cells, below: Vec::new() }
            })
            .collect();
        table::render(&columns, &rows, width, Style { color: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column { title: "Name", align: Align::Left, least: 0, rank: 0 },
        Column { title: "Endpoint", align: Align::Left, least: 6, rank: 1 },
    ];

    fn choices() -> Choices {
        let mut choices = Choices::new(&COLUMNS);
        choices.add("a/sql".into(), vec![Cell::plain("sql"), Cell::plain("sql01.corp:1433")]);
        choices.add("a/files".into(), vec![Cell::plain("fi\u{1b}les"), Cell::plain("f:1")]);
        choices
    }

    #[test]
    fn they_are_numbered_or_bare() {
        let expected = "\
No.  Name    Endpoint
  1  sql     sql01.corp:1433
  2  fi les  f:1";
        assert_eq!(choices().numbered(None).join("\n"), expected);
        assert_eq!(choices().lines(19), ["sql     sql01.corp…", "fi les  f:1"]);
        assert_eq!(choices().len(), 2);
        let texts = choices().into_names_and_texts();
        assert_eq!(texts[0], ("a/sql".to_owned(), "sql sql01.corp:1433".to_owned()));
    }
}
