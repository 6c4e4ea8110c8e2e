//! What is logged of which connection, and in which form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::names::ConnectionSelector;
use super::settings::LogLevel;

/// What [`ConnectionLevels`] takes, for those who gave something else.
pub const LEVELS_EXPECTED: &str = "NAMESPACE/NAME=LEVEL, several with commas between them, contoso/sql=debug for example; \
     the levels are error, warn, info, debug and trace";

/// The form of the lines in files and on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line, for programs.
    Json,
}

impl LogFormat {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Text, Self::Json];
        all.into_iter().find(|one| text.eq_ignore_ascii_case(one.as_str())).ok_or(())
    }
}

/// Connections with a log level of their own: `contoso/sql=debug,fabrikam/web=error`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionLevels(Vec<(ConnectionSelector, LogLevel)>);

impl ConnectionLevels {
    /// No connection has one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The level of the connection that the log calls `logged`, if it has one of its own.
    pub fn of(&self, logged: &str) -> Option<LogLevel> {
        let found = self.0.iter().find(|(selector, _)| selector.matches_logged(logged));
        found.map(|(_, level)| *level)
    }

    /// The levels.
    pub fn levels(&self) -> impl Iterator<Item = LogLevel> + '_ {
        self.0.iter().map(|(_, level)| *level)
    }
}

impl FromStr for ConnectionLevels {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let one = |part: &str| {
            // A name has no "=" in it.
            let (name, level) = part.rsplit_once('=')?;
            let name = name.trim();
            let has_sign = name.contains(['=', ' ']);
            let selector: ConnectionSelector = (!has_sign).then(|| name.parse().ok())??;
            Some((selector, level.trim().parse().ok()?))
        };
        let mut levels: Vec<(ConnectionSelector, LogLevel)> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (selector, level) = one(part).ok_or(LEVELS_EXPECTED)?;
            // The last word about a connection counts.
            levels.retain(|(known, _)| *known != selector);
            levels.push((selector, level));
        }
        Ok(Self(levels))
    }
}

impl TryFrom<String> for ConnectionLevels {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl fmt::Display for ConnectionLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (selector, level)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{selector}={}", level.as_str())?;
        }
        Ok(())
    }
}

impl From<ConnectionLevels> for String {
    fn from(levels: ConnectionLevels) -> Self {
        levels.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_connection_has_the_level_that_was_given_last() {
        let levels: ConnectionLevels =
            "contoso/sql=debug, fabrikam/team/web = Error,contoso/sql=trace".parse().unwrap();
        assert_eq!(levels.of("Contoso/SQL"), Some(LogLevel::Trace));
        assert_eq!(levels.of("fabrikam/team/web"), Some(LogLevel::Error));
        assert_eq!(levels.of("fabrikam/web"), None);
        assert_eq!(levels.to_string(), "fabrikam/team/web=error,contoso/sql=trace");
        let whole: ConnectionLevels = "contoso.servicebus.windows.net/sql=debug".parse().unwrap();
        assert_eq!(whole.of("contoso/sql"), Some(LogLevel::Debug));
        assert!("".parse::<ConnectionLevels>().unwrap().is_empty());
        for wrong in ["sql=debug", "contoso/sql", "contoso/sql=loud", "a/b=c=debug", "?"] {
            assert!(wrong.parse::<ConnectionLevels>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn levels_survive_their_text(text in "([a-c]/[a-c]=(debug|warn),?){0,4}") {
            let Ok(levels) = text.parse::<ConnectionLevels>() else { return Ok(()) };
            prop_assert_eq!(levels.to_string().parse::<ConnectionLevels>(), Ok(levels));
        }
    }
}
