//! The table of what `hcm apply` changes.

use super::style::{Role, Style};
use super::table::{self, Align, Cell, Column, Row as TableRow};
use super::text::plain_line;
use crate::cli::apply::{Changes, Connection, Progress, Setting};
use crate::declared::Place;
use crate::declared::plan::Step;

const WHOLE: usize = usize::MAX;
const COLUMNS: [Column; 4] = [
    Column { title: "Apply", align: Align::Left, least: WHOLE, rank: 0 },
    Column { title: "Name", align: Align::Left, least: 8, rank: 0 },
    Column { title: "Namespace", align: Align::Left, least: 9, rank: 1 },
    Column { title: "From", align: Align::Left, least: 12, rank: 2 },
];

/// The settings, a line each, and under a heading the connections.
pub(crate) fn lines(changes: &Changes, width: Option<usize>, style: Style) -> Vec<String> {
    let settings = changes.settings.iter().filter(|one| one.changes);
    let mut lines: Vec<String> = settings.map(|one| setting(one, style)).collect();
    if !changes.connections.is_empty() {
        let rows: Vec<TableRow> = changes.connections.iter().map(row).collect();
        lines.extend(table::render(&COLUMNS, &rows, width, style));
    }
    lines
}

fn setting(one: &Setting, style: Style) -> String {
    let shown = |value: &str| match value {
        "" => "not set".to_owned(),
        value => plain_line(value),
    };
    let (before, after) = (shown(&one.before), shown(&one.after));
    let change = match before == after {
        // What differs is a password.
        true => format!("{after} (another password)"),
        false => format!("{before} -> {after}"),
    };
    format!("{} {}: {change} ({})", style.paint(Role::Busy, "Set"), one.name, from(&one.place))
}

fn row(one: &Connection) -> TableRow {
    let (word, role) = word(one);
    let id = &one.row.id;
    let place = match &one.row.place {
        Some(place) => Cell::plain(from(place)),
        None => Cell { text: "-".to_owned(), role: Role::Faint },
    };
    let namespace = Cell::plain(id.namespace().label());
    TableRow {
        cells: vec![Cell { text: word, role }, Cell::plain(id.name()), namespace, place],
        below: Vec::new(),
    }
}

fn word(one: &Connection) -> (String, Role) {
    if matches!(one.progress, Progress::Failed(_)) {
        return ("Not changed".to_owned(), Role::Bad);
    }
    let words = match one.row.steps[..] {
        [] if one.row.place.is_none() => {
            return ("Not declared, left alone".to_owned(), Role::Faint);
        }
        [] => return ("Unchanged".to_owned(), Role::Faint),
        [step] => return (first(step).to_owned(), role(step)),
        [one, two] => (one, two),
        [one, .., two] => (one, two),
    };
    (format!("{}, {}", first(words.0), first(words.1).to_lowercase()), role(words.0))
}

fn first(step: Step) -> &'static str {
    match step {
        Step::Add => "Add",
        Step::ReplaceKey => "Replace key",
        Step::Enable => "Enable",
        Step::Disable => "Disable",
        Step::Remove => "Remove",
    }
}

fn role(step: Step) -> Role {
    match step {
        Step::Add | Step::Enable => Role::Good,
        Step::ReplaceKey | Step::Disable => Role::Busy,
        Step::Remove => Role::Bad,
    }
}

/// What was done by `steps`, in words before the name.
pub(crate) fn done(steps: &[Step]) -> &'static str {
    match steps {
        [Step::Add] => "Added",
        [Step::Add, ..] => "Added, disabled,",
        [Step::ReplaceKey] => "Updated the key of",
        [Step::ReplaceKey, Step::Enable] => "Updated the key of and enabled",
        [Step::ReplaceKey, ..] => "Updated the key of and disabled",
        [Step::Enable, ..] => "Enabled",
        [Step::Disable, ..] => "Disabled",
        [Step::Remove, ..] => "Removed",
        [] => "Left alone",
    }
}

/// The name of the file and the line.
fn from(place: &Place) -> String {
    let file = std::path::Path::new(&*place.source).file_name();
    let file = file.map_or_else(|| place.source.to_string(), |name| name.to_string_lossy().into());
    match place.mark {
        Some(mark) => format!("{file}:{}", mark.line),
        None => file,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use crate::cli::failure::Failure;
    use crate::cli::render::sample;
    use crate::declared::Mark;
    use crate::declared::plan::Row;

    fn place(line: usize) -> Place {
        Place { source: "/etc/hcm/c.yaml".into(), mark: Some(Mark { line, column: 5 }) }
    }

    /// One of each.
    pub(crate) fn changes() -> Changes {
        let one = |name: &str, line: usize, steps: &[Step]| {
            let id = sample::view("contoso", name, sample::connected()).id;
            let place = (line > 0).then(|| place(line));
            let row = Row { id, declared: None, place, steps: steps.to_vec() };
            Connection { row, progress: Progress::Planned }
        };
        let mut changes = Changes {
            settings: vec![Setting {
                name: "log.level",
                place: place(2),
                before: "info".to_owned(),
                after: "debug".to_owned(),
                changes: true,
                progress: Progress::Done,
            }],
            connections: vec![
                one("sql", 4, &[Step::Add, Step::Disable]),
                one("web", 6, &[Step::ReplaceKey]),
                one("files", 7, &[]),
                one("reports", 8, &[Step::Enable]),
                one("old", 0, &[]),
                one("older", 0, &[Step::Remove]),
            ],
        };
        let failure = Failure::new(Exit::Failure, "the disk is full");
        changes.connections[3].progress = Progress::Failed(Box::new(failure));
        changes
    }

    #[test]
    fn each_stands_with_what_is_done_to_it() {
        let expected = "\
Set log.level: info -> debug (c.yaml:2)
Apply                     Name     Namespace  From
Add, disable              sql      contoso    c.yaml:4
Replace key               web      contoso    c.yaml:6
Unchanged                 files    contoso    c.yaml:7
Not changed               reports  contoso    c.yaml:8
Not declared, left alone  old      contoso    -
Remove                    older    contoso    -";
        assert_eq!(lines(&changes(), None, Style::PLAIN).join("\n"), expected);
        assert_eq!(changes().count(), 5);
    }

    #[test]
    fn another_password_is_told_and_not_shown() {
        let mut setting = changes().settings.remove(0);
        setting.before = "http://me:***@h:1".to_owned();
        setting.after = setting.before.clone();
        let line = super::setting(&setting, Style::PLAIN);
        assert!(line.contains("http://me:***@h:1 (another password)"), "{line}");
    }
}
