//! The `host:port` in this network that a hybrid connection leads to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// A TCP endpoint. Written `host:port`, an IPv6 address as `[address]:port`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint {
    host: String,
    port: u16,
}

impl Endpoint {
    /// An endpoint of a host name or address (IPv6 without brackets) and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// What `url` is asked of, if it names a host and a port or a scheme that has one.
    pub fn of_url(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        Some(Self::new(host, url.port_or_known_default()?))
    }

    /// Host name or address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port, 1 to 65535.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Why a text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// There is nothing before the port.
    #[error("the endpoint \"{0}\" has no host; write it as host:port")]
    NoHost(String),
    /// There is no `:port`.
    #[error("the endpoint \"{0}\" has no port; write it as host:port")]
    NoPort(String),
    /// The port is not a number from 1 to 65535.
    #[error("the port of the endpoint \"{0}\" is not a number from 1 to 65535")]
    BadPort(String),
    /// The host has a character that no host name has.
    #[error(
        "the host of the endpoint \"{text}\" has the character {bad:?}, which no host name has"
    )]
    BadHost {
        /// The whole text.
        text: String,
        /// The first character that is wrong.
        bad: char,
    },
    /// An address such as `http://host` was given.
    #[error("the endpoint \"{0}\" is an address of a page; write host:port alone, without \"://\"")]
    HasScheme(String),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        let own = || text.to_owned();
        if text.contains("://") {
            return Err(EndpointError::HasScheme(own()));
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, after) =
                    rest.split_once(']').ok_or(EndpointError::BadHost { text: own(), bad: '[' })?;
                if address.parse::<std::net::Ipv6Addr>().is_err() {
                    return Err(EndpointError::BadHost { text: own(), bad: '[' });
                }
                let port = after.strip_prefix(':').ok_or_else(|| EndpointError::NoPort(own()))?;
                (address, port)
            }
            None => {
                let (host, port) =
                    text.rsplit_once(':').ok_or_else(|| EndpointError::NoPort(own()))?;
                if host.contains(':') {
                    return Err(EndpointError::BadHost { text: own(), bad: ':' });
                }
                (host.trim_end(), port)
            }
        };
        if host.is_empty() {
            return Err(EndpointError::NoHost(own()));
        }
        let is_host_char =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if let Some(bad) = host.chars().find(|&c| !is_host_char(c)) {
            return Err(EndpointError::BadHost { text: own(), bad });
        }
        let digits = port.trim_start();
        match digits.parse::<u16>() {
            Ok(port) if port > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self { host: host.to_owned(), port })
            }
            _ => Err(EndpointError::BadPort(own())),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            _ => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;
    fn try_from(text: String) -> Result<Self, EndpointError> {
        text.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_addresses() {
        for (text, host, port, shown) in [
            ("sql01.corp:1433", "sql01.corp", 1433, "sql01.corp:1433"),
            (" 10.0.0.5:80 ", "10.0.0.5", 80, "10.0.0.5:80"),
            ("[fd00::1]:22", "fd00::1", 22, "[fd00::1]:22"),
            ("my_host : 8080", "my_host", 8080, "my_host:8080"),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!((endpoint.host(), endpoint.port()), (host, port));
            assert_eq!(endpoint.to_string(), shown);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| text.parse::<Endpoint>().unwrap_err();
        assert!(matches!(error("host"), EndpointError::NoPort(_)));
        assert!(matches!(error(":80"), EndpointError::NoHost(_)));
        assert!(matches!(error("host:0"), EndpointError::BadPort(_)));
        assert!(matches!(error("host:99999"), EndpointError::BadPort(_)));
        assert!(matches!(error("host:+80"), EndpointError::BadPort(_)));
        assert!(matches!(error("http://host:80"), EndpointError::HasScheme(_)));
        assert!(matches!(error("fd00::1:22"), EndpointError::BadHost { bad: ':', .. }));
        assert!(matches!(error("<HOST>:80"), EndpointError::BadHost { bad: '<', .. }));
        assert!(matches!(error("[nonsense]:80"), EndpointError::BadHost { .. }));
    }
}
