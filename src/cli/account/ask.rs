//! Asking which of several is meant: with arrow keys on a terminal, by numbers elsewhere.

use std::fmt;
use std::io::{self, BufRead as _, Read as _};

use inquire::validator::{ErrorMessage, Validation};
use inquire::{MultiSelect, Select};
use zeroize::Zeroizing;

use super::numbers;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::prompt::{self, on_terminal};
use crate::cli::render::choices::Choices;
use crate::cli::render::printer::Printer;

/// Longest answer in bytes.
const LONGEST: u64 = 64 << 10;
/// Rows that are seen at once, and lines of the terminal that are left to the rest.
const MOST_ROWS: usize = 15;
const OTHER_LINES: usize = 6;
/// Cells before a row: the cursor and the check box.
const BEFORE_ONE: usize = 2;
const BEFORE_SOME: usize = 6;
/// Chosen rows that are named in the end; more are counted.
const NAMED: usize = 4;

/// Asks for one of `choices`; gives its place.
///
/// # Errors
/// [`Exit::Interrupted`] for one who leaves; [`Exit::Usage`] where no answer comes.
pub(in crate::cli) async fn one(
    printer: &Printer,
    question: &'static str,
    choices: Choices,
) -> Result<usize, Failure> {
    if !prompt::can_ask() {
        return by_number(printer, question, "type its number", &choices, |answer, count| {
            numbers::one(answer, count)
        })
        .await;
    }
    let rows = rows(printer, choices, BEFORE_ONE);
    let page = page(printer);
    on_terminal(printer, move |config| {
        Select::new(question, rows)
            .with_page_size(page)
            .with_scorer(&|filter, row: &Row, _, _| row.score(filter))
            .with_formatter(&|row| row.value.name.clone())
            .with_help_message("↑↓ to move, type to filter, Enter to choose, Esc to leave")
            .with_render_config(config)
            .prompt()
    })
    .await
    .map(|row| row.place)
}

/// Asks for some of `choices`, at least one; gives their places.
///
/// # Errors
/// As [`one`].
pub(in crate::cli) async fn some(
    printer: &Printer,
    question: &'static str,
    choices: Choices,
) -> Result<Vec<usize>, Failure> {
    if !prompt::can_ask() {
        let how = "type numbers such as 1,3-5, or all";
        return by_number(printer, question, how, &choices, numbers::some).await;
    }
    // Where there is no choice, Enter is enough.
    let checked: &[usize] = if choices.len() == 1 { &[0] } else { &[] };
    let rows = rows(printer, choices, BEFORE_SOME);
    let page = page(printer);
    let chosen = on_terminal(printer, move |config| {
        MultiSelect::new(question, rows)
            .with_page_size(page)
            .with_default(checked)
            .with_scorer(&|filter, row: &Row, _, _| row.score(filter))
            .with_formatter(&|chosen| {
                let names = chosen.iter().map(|row| row.value.name.as_str());
                named(&names.collect::<Vec<_>>())
            })
            .with_validator(|chosen: &[inquire::list_option::ListOption<&Row>]| {
                Ok(if chosen.is_empty() {
                    let text = "Select at least one with the space bar, then press Enter";
                    Validation::Invalid(ErrorMessage::Custom(text.to_owned()))
                } else {
                    Validation::Valid
                })
            })
            .with_help_message(
                "↑↓ to move, space to select, → all shown, ← none, type to filter, Enter when done, Esc to leave",
            )
            .with_render_config(config)
            .prompt()
    })
    .await?;
    Ok(chosen.into_iter().map(|row| row.place).collect())
}

fn named(names: &[&str]) -> String {
    match names.len() {
        0..=NAMED => names.join(", "),
        many => format!("{many} hybrid connections"),
    }
}

/// A row of the picker.
#[derive(Debug)]
struct Row {
    place: usize,
    name: String,
    /// What is shown, cut to the width.
    line: String,
    /// What the filter looks at: everything, in lower case.
    whole: String,
}

impl Row {
    /// Whether the filter lets it through; rows keep their order.
    fn score(&self, filter: &str) -> Option<i64> {
        let order = i64::try_from(self.place).map_or(i64::MIN, |place| -place);
        self.whole.contains(&filter.to_lowercase()).then_some(order)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

fn rows(printer: &Printer, choices: Choices, before: usize) -> Vec<Row> {
    // The last column of a terminal stays free: text there may wrap.
    let width = printer.question_size().columns.saturating_sub(before + 1);
    let lines = choices.lines(width);
    let rows = choices.into_names_and_texts().into_iter().zip(lines).enumerate();
    rows.map(|(place, ((name, whole), line))| Row {
        place,
        name,
        line,
        whole: whole.to_lowercase(),
    })
    .collect()
}

fn page(printer: &Printer) -> usize {
    printer.question_size().rows.saturating_sub(OTHER_LINES).clamp(3, MOST_ROWS)
}

/// Shows a numbered list and reads lines until one makes sense.
async fn by_number<T>(
    printer: &Printer,
    question: &str,
    how: &str,
    choices: &Choices,
    parse: fn(&str, usize) -> Result<T, String>,
) -> Result<T, Failure> {
    for line in choices.numbered(printer.question_width()) {
        printer.ask(&format!("{line}\n"));
    }
    loop {
        printer.ask(&format!("{question} ({how}): "));
        let answer = read_line().await?;
        printer.ask("\n");
        let Some(answer) = answer else {
            let text = "standard input ended before an answer came; nothing was added";
            return Err(Failure::new(Exit::Usage, text));
        };
        if numbers::is_connection_string(&answer) {
            let text = "that looks like a connection string and was not used; pass connection strings with: hcm add -";
            return Err(Failure::new(Exit::Usage, text));
        }
        match parse(&answer, choices.len()) {
            Ok(chosen) => return Ok(chosen),
            Err(words) => printer.ask(&format!("{words}\n")),
        }
    }
}

/// One line of standard input; none at its end.
async fn read_line() -> Result<Option<Zeroizing<String>>, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = Zeroizing::new(Vec::new());
        let mut input = io::stdin().lock().take(LONGEST);
        let length = input.read_until(b'\n', &mut line)?;
        let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
        io::Result::Ok((length > 0).then_some(text))
    });
    let read = read.await.map_err(|error| io::Error::other(error.to_string()));
    read.and_then(|read| read).map_err(|error| {
        Failure::new(Exit::Failure, format!("standard input cannot be read: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_the_order() {
        let row = |place, whole: &str| Row {
            place,
            name: String::new(),
            line: String::new(),
            whole: whole.to_owned(),
        };
        assert_eq!(row(0, "contoso sql").score(""), Some(0));
        assert_eq!(row(7, "contoso sql").score("SQL"), Some(-7));
        assert_eq!(row(7, "contoso sql").score("web"), None);
    }

    #[test]
    fn many_chosen_ones_are_counted() {
        assert_eq!(named(&["contoso/a", "contoso/b"]), "contoso/a, contoso/b");
        assert_eq!(named(&["x"; 5]), "5 hybrid connections");
    }
}
