//! Lines of the service's log, and which of them somebody wants.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::ConnectionSelector;
use crate::model::settings::LogLevel;

/// A line of the service's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE`.
    pub level: String,
    /// Which part of the program.
    pub target: String,
    /// What, with its fields.
    pub message: String,
    /// The hybrid connection that it is about, as `contoso/sql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
}

/// Which lines are wanted: those that fit all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogFilter {
    /// Those about this hybrid connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionSelector>,
    /// Those of this level and of the ones before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
    /// Those from this time on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl LogFilter {
    /// Whether all lines are wanted.
    pub fn takes_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `line` is wanted.
    pub fn takes(&self, line: &LogLine) -> bool {
        self.since.is_none_or(|since| line.at >= since)
            && self.level.is_none_or(|most| {
                // A level that is not known may be an important one.
                line.level.parse::<LogLevel>().map_or(true, |level| level <= most)
            })
            && self.connection.as_ref().is_none_or(|wanted| {
                connection_of(line).is_some_and(|logged| wanted.matches_logged(logged))
            })
    }
}

/// The connection of `line`; an older service has it in the message alone.
fn connection_of(line: &LogLine) -> Option<&str> {
    const FIELD: &str = " connection=";
    let in_message = || {
        let at = line.message.find(FIELD)? + FIELD.len();
        line.message[at..].split_whitespace().next()
    };
    line.connection.as_deref().or_else(in_message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: &str, message: &str, connection: Option<&str>) -> LogLine {
        LogLine {
            at: Timestamp::UNIX_EPOCH,
            level: level.into(),
            target: "t".into(),
            message: message.into(),
            connection: connection.map(str::to_owned),
        }
    }

    #[test]
    fn lines_are_chosen_by_connection_level_and_time() {
        let of = |text: &str| LogFilter {
            connection: Some(text.parse().unwrap()),
            ..LogFilter::default()
        };
        let known = line("INFO", "lost", Some("contoso/sql"));
        assert!(of("Contoso/sql").takes(&known) && !of("contoso/web").takes(&known));
        let old = line("INFO", "lost connection=contoso/sql code=x", None);
        assert!(of("contoso.servicebus.windows.net/sql").takes(&old));
        assert!(!of("contoso/sq").takes(&old) && !of("a/b").takes(&line("INFO", "x", None)));
        let at_most = |level| LogFilter { level: Some(level), ..LogFilter::default() };
        assert!(at_most(LogLevel::Warn).takes(&line("ERROR", "x", None)));
        assert!(!at_most(LogLevel::Warn).takes(&known));
        assert!(at_most(LogLevel::Warn).takes(&line("FATAL", "x", None)));
        let since = |second| LogFilter {
            since: Some(Timestamp::from_second(second).unwrap()),
            ..LogFilter::default()
        };
        assert!(since(0).takes(&known) && !since(1).takes(&known));
        assert!(LogFilter::default().takes_all() && !since(0).takes_all());
    }
}
