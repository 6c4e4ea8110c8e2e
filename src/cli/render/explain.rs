//! Codes and what they mean.

use super::style::{Role, Style};
use super::text;
use crate::cli::explain::Entry;

/// Cells of the codes and of the names of the facts, with the space before them.
const LABELS: usize = 28;
const FACTS: usize = 14;

/// Everything about `entries`, which have one code.
pub(crate) fn entries(entries: &[Entry], width: Option<usize>, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let about = match entry {
            Entry::Fault(_) => "fault".to_owned(),
            Entry::Note(_) => "what hcm doctor may say".to_owned(),
            Entry::Azure(_) => "error with an Azure account".to_owned(),
            Entry::Exit(exit) => format!("exit code {}", exit.code()),
        };
        let about = style.paint(Role::Faint, &format!("({about})"));
        lines.push(format!("{} {about}", style.paint(Role::Strong, entry.code())));
        let by_itself = entry.by_itself();
        let facts = [
            ("Meaning", Some(entry.summary())),
            ("Usual cause", entry.cause()),
            ("What to do", entry.advice()),
            ("By itself", by_itself.as_deref()),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                lines.extend(fact(&format!("  {name}"), FACTS + 2, value, width));
            }
        }
    }
    lines
}

/// All of `entries`, a line each, under what they are codes of.
pub(crate) fn list(entries: &[Entry], width: Option<usize>, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for (about, title) in [
        ("fault", "Faults"),
        ("diagnosis", "What hcm doctor may say besides"),
        ("azure-account", "Errors with an Azure account"),
    ] {
        lines.push(style.paint(Role::Strong, title));
        for entry in entries.iter().filter(|entry| entry.about() == about) {
            lines.extend(fact(&format!("  {}", entry.code()), LABELS, entry.summary(), width));
        }
        lines.push(String::new());
    }
    let more = "All about one: hcm explain CODE. The exit codes: hcm help exit-codes.";
    lines.push(style.paint(Role::Faint, more));
    lines
}

/// `name`, and `value` in a column that begins at `column`.
fn fact(name: &str, column: usize, value: &str, width: Option<usize>) -> Vec<String> {
    let wrapped = match width {
        Some(width) => text::wrap(value, width.saturating_sub(column)),
        None => vec![value.to_owned()],
    };
    let heads = std::iter::once(name).chain(std::iter::repeat(""));
    heads.zip(wrapped).map(|(head, line)| format!("{head:<column$}{line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::explain::{all, find};

    #[test]
    fn one_code_is_told_whole() {
        let expected = "\
endpoint-refused (fault)
  Meaning       The endpoint refused the connection
  Usual cause   The program does not run, listens on another port or
                on another address of its host, or a firewall there
                refuses.
  What to do    Check that the program is running and listens on
                this port.
  By itself     The listener stays connected. Every new stream dials
                the endpoint anew, and is refused (502 or 504) while
                that fails. The endpoint is also dialled about once
                a minute until it answers.";
        let lines = entries(&find("endpoint-refused"), Some(68), Style::PLAIN);
        assert_eq!(lines.join("\n"), expected);
        let both = entries(&find("forbidden"), None, Style::PLAIN).join("\n");
        assert!(both.contains("\n\nforbidden (error with an Azure account)\n"), "{both}");
    }

    #[test]
    fn the_list_has_every_code() {
        let lines = list(&all().collect::<Vec<_>>(), Some(100), Style::PLAIN);
        for entry in all() {
            let head = format!("  {} ", entry.code());
            assert!(lines.iter().any(|line| line.starts_with(&head)), "{head}");
        }
    }
}
