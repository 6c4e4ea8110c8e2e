//! Where the service tells its metrics over HTTP.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The word behind an address that other machines reach.
const REMOTE: &str = "remote";
const FORM: &str = "an address and a port, 127.0.0.1:9464 for example; empty for nowhere";
const NOT_OF_THIS_MACHINE: &str = "an address of this machine alone, 127.0.0.1:9464 or [::1]:9464; other machines may read the metrics at any other one, which is taken with the word remote behind it: 0.0.0.0:9464 remote";

/// Settings of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricsSettings {
    /// Where they are read; nothing for nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<MetricsAddress>,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl MetricsSettings {
    /// The value of `metrics.listen` as text.
    pub(super) fn listen(&self) -> String {
        self.listen.map(|address| address.to_string()).unwrap_or_default()
    }

    /// Sets `metrics.listen`, or says what it takes.
    pub(super) fn set_listen(&mut self, value: &str) -> Result<(), &'static str> {
        self.listen = match value {
            "" => None,
            value => Some(value.parse()?),
        };
        Ok(())
    }
}

/// An address and a port of this machine: `127.0.0.1:9464`, `[::1]:9464`. Behind one that other
/// machines reach stands the word that this is meant: `0.0.0.0:9464 remote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MetricsAddress(SocketAddr);

impl MetricsAddress {
    /// Where to listen.
    pub fn socket(self) -> SocketAddr {
        self.0
    }

    /// Whether other machines reach it.
    pub fn is_remote(self) -> bool {
        !self.0.ip().to_canonical().is_loopback()
    }
}

impl FromStr for MetricsAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let mut words = text.split_ascii_whitespace();
        let address = words.next().and_then(socket).filter(|address| address.port() > 0);
        let address = Self(address.ok_or(FORM)?);
        match (words.next(), words.next()) {
            (None, _) if address.is_remote() => Err(NOT_OF_THIS_MACHINE),
            (None, _) => Ok(address),
            (Some(word), None) if word.eq_ignore_ascii_case(REMOTE) => Ok(address),
            _ => Err(FORM),
        }
    }
}

impl TryFrom<String> for MetricsAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<MetricsAddress> for String {
    fn from(address: MetricsAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for MetricsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remote = if self.is_remote() { " remote" } else { "" };
        write!(f, "{}{remote}", self.0)
    }
}

fn socket(text: &str) -> Option<SocketAddr> {
    match text.split_once(':') {
        Some((host, port)) if host.eq_ignore_ascii_case("localhost") => {
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)))
        }
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine_is_taken_as_it_stands() {
        let mut settings = MetricsSettings::default();
        for (value, kept) in [
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            ("[::1]:9464", "[::1]:9464"),
            ("127.8.9.1:1", "127.8.9.1:1"),
            ("Localhost:9464", "127.0.0.1:9464"),
            ("127.0.0.1:9464 remote", "127.0.0.1:9464"),
            ("", ""),
        ] {
            settings.set_listen(value).unwrap();
            assert_eq!(settings.listen(), kept, "{value}");
        }
        for value in [
            "9464",
            ":9464",
            "127.0.0.1",
            "127.0.0.1:0",
            "prometheus:9464",
            "::1:x",
            "remote",
            "127.0.0.1:9464 public",
            "0.0.0.0:9464 remote please",
        ] {
            assert_eq!(settings.set_listen(value), Err(FORM), "{value}");
        }
    }

    #[test]
    fn one_that_other_machines_reach_takes_a_word_more() {
        let mut settings = MetricsSettings::default();
        for value in ["0.0.0.0:9464", "[::]:9464", "10.0.0.4:9464", "[::ffff:10.0.0.4]:9464"] {
            assert_eq!(settings.set_listen(value), Err(NOT_OF_THIS_MACHINE), "{value}");
            assert_eq!(settings.listen, None);
            settings.set_listen(&format!("{value}  REMOTE")).unwrap();
            assert_eq!(settings.listen(), format!("{value} remote"));
            let text = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<MetricsSettings>(&text).unwrap(), settings);
            settings.set_listen("").unwrap();
        }
    }
}
