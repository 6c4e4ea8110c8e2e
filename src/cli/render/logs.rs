//! Lines of the service's log.

use jiff::tz::TimeZone;

use super::style::{Role, Style};
use super::text::{self, plain};
use crate::ipc::protocol::LogLine;

/// One line of the log on one line.
pub(crate) fn render(line: &LogLine, zone: &TimeZone, style: Style) -> String {
    let role = match line.level.as_str() {
        "ERROR" => Role::Bad,
        "WARN" => Role::Busy,
        "DEBUG" | "TRACE" => Role::Faint,
        _ => Role::Plain,
    };
    format!(
        "{} {} {}  {}",
        style.paint(Role::Faint, &text::when(line.at, zone)),
        style.paint(role, &format!("{:<5}", plain(&line.level))),
        style.paint(Role::Faint, &plain(&line.target)),
        plain(&line.message)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        let line = LogLine {
            at: "2026-11-22T04:00:00.5Z".parse().unwrap(),
            level: "WARN".into(),
            target: "relay".into(),
            message: "lost\ncontoso/sql \u{1b}]0;x".into(),
            connection: None,
        };
        assert_eq!(
            render(&line, &TimeZone::UTC, Style::PLAIN),
            "2026-11-22 04:00:00 WARN  relay  lost contoso/sql ]0;x"
        );
        let painted = render(&line, &TimeZone::UTC, Style { color: true });
        assert!(painted.contains("\u{1b}[33mWARN \u{1b}[0m"));
    }
}
