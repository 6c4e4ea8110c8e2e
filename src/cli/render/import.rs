//! The table of what is taken over.

use super::style::{Role, Style};
use super::table::{self, Align, Cell, Column, Row as TableRow};
use crate::cli::import::{Row, Step};

const WHOLE: usize = usize::MAX;
const COLUMNS: [Column; 5] = [
    Column { title: "Import", align: Align::Left, least: WHOLE, rank: 0 },
    Column { title: "Name", align: Align::Left, least: 8, rank: 0 },
    Column { title: "Namespace", align: Align::Left, least: 9, rank: 1 },
    Column { title: "Key name", align: Align::Left, least: 8, rank: 2 },
    Column { title: "From", align: Align::Left, least: 12, rank: 3 },
];

/// One line for each of `rows`, under a heading; without a `width` nothing is cut.
pub(crate) fn table(rows: &[Row], width: Option<usize>, style: Style) -> Vec<String> {
    let rows: Vec<TableRow> = rows.iter().map(row).collect();
    table::render(&COLUMNS, &rows, width, style)
}

fn row(row: &Row) -> TableRow {
    let (word, role) = match row.step {
        Step::Add => ("Add", Role::Good),
        Step::Replace => ("Replace key", Role::Busy),
        Step::AlreadyThere => ("Already there", Role::Faint),
        Step::Repeated => ("Repeated", Role::Faint),
        Step::Skipped => ("Cannot be added", Role::Bad),
        Step::Added => ("Added", Role::Good),
        Step::Replaced => ("Replaced key", Role::Good),
        Step::Failed => ("Not added", Role::Bad),
    };
    let known = |text: Option<&str>| match text {
        Some(text) => Cell::plain(text),
        None => Cell { text: "-".to_owned(), role: Role::Faint },
    };
    // What cannot be added is called as in the file.
    let (namespace, name) = row.names().unzip();
    let file = row.path.file_name().unwrap_or(row.path.as_os_str()).to_string_lossy();
    TableRow {
        cells: vec![
            Cell { text: word.to_owned(), role },
            known(name),
            known(namespace),
            known(row.key_name()),
            Cell::plain(format!("{file}:{}", row.line)),
        ],
        below: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::import::{Source, plan};
    use crate::cli::render::sample;
    use crate::managers::read;

    #[test]
    fn each_stands_with_what_becomes_of_it() {
        let text = r#"[
{ "Namespace": "contoso", "Name": "web", "KeyName": "listen", "KeyValue": "c2VjcmV0" },
{ "Namespace": "contoso", "Name": "sql", "KeyName": "listen", "KeyValue": "c2VjcmV0" },
{ "Namespace": "contoso", "Name": "fi\u001bles", "KeyName": "listen" },
7 ]"#;
        let files = [Source { path: "/x/connections.json".into(), contents: read(text).unwrap() }];
        let here = [sample::view("contoso", "sql", sample::connected())];
        let expected = "\
Import           Name    Namespace  Key name  From
Add              web     contoso    listen    connections.json:2
Already there    sql     contoso    listen    connections.json:3
Cannot be added  fi les  contoso    -         connections.json:4
Cannot be added  -       -          -         connections.json:5";
        let rows = plan(&files, &here, false);
        assert_eq!(table(&rows, None, Style::PLAIN).join("\n"), expected);
        let narrow = table(&rows, Some(40), Style::PLAIN);
        assert_eq!(narrow[1], "Add              web     contoso");
    }
}
