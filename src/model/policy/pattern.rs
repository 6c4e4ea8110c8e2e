//! One entry of a list of allowed endpoints.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::model::address::{plain, same_network};
use crate::model::endpoint::Endpoint;

/// Endpoints: some hosts, and some ports of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    host: Host,
    ports: RangeInclusive<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// `*`.
    Any,
    /// `*.corp`: every name that ends with this, which begins with a dot.
    Under(String),
    /// A name, as [`plain`] has it.
    Name(String),
    /// An address, however it is written.
    Address(IpAddr),
    /// The addresses that share the first bits with this one: `10.0.0.0/8`.
    Network(IpAddr, u32),
}

/// Why a text is no entry. Each continues the name of the entry and a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatternError {
    #[error("it has no port; write it as host:port, host:1000-2000 or host:*")]
    NoPort,
    #[error("its port is neither a number from 1 to 65535, nor a range such as 1000-2000, nor *")]
    BadPort,
    #[error("it has no host; write it as host:port, or *:port for any host")]
    NoHost,
    #[error(
        "its host is neither a name, nor *.domain, nor an address, nor a range such as 10.0.0.0/8, nor *"
    )]
    BadHost,
    #[error("an IPv6 address is written in brackets: [fd00::1]:1433")]
    NoBrackets,
    #[error("it is an address of a page; write host:port alone, without \"://\"")]
    HasScheme,
}

impl Pattern {
    /// Whether `endpoint` is one of these. No name is looked up: what the endpoint is
    /// called decides.
    pub(super) fn matches(&self, endpoint: &Endpoint) -> bool {
        self.ports.contains(&endpoint.port()) && self.host.matches(endpoint.host())
    }
}

impl Host {
    fn matches(&self, host: &str) -> bool {
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        match (self, address) {
            (Self::Any, _) => true,
            (Self::Address(allowed), Some(address)) => *allowed == address,
            (Self::Network(network, bits), Some(address)) => same_network(*network, address, *bits),
            (Self::Name(name), None) => *name == plain(host),
            (Self::Under(suffix), None) => {
                let host = plain(host);
                host.len() > suffix.len() && host.ends_with(suffix)
            }
            _ => false,
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        if text.contains("://") {
            return Err(PatternError::HasScheme);
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (inside, after) = rest.split_once(']').ok_or(PatternError::BadHost)?;
                let port = after.strip_prefix(':').ok_or(PatternError::NoPort)?;
                (Host::in_brackets(inside)?, port)
            }
            None => {
                let (host, port) = text.rsplit_once(':').ok_or(PatternError::NoPort)?;
                if host.contains(':') {
                    return Err(PatternError::NoBrackets);
                }
                (host.trim_end().parse()?, port)
            }
        };
        Ok(Self { host, ports: ports(port.trim_start())? })
    }
}

impl FromStr for Host {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::NoHost);
        }
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some((address, bits)) = text.split_once('/') {
            return Self::network(address.parse().ok(), bits);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let (name, is_domain) = match text.strip_prefix("*.") {
            Some(domain) => (plain(domain), true),
            None => (plain(text), false),
        };
        let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_of_a_name) {
            return Err(PatternError::BadHost);
        }
        Ok(if is_domain { Self::Under(format!(".{name}")) } else { Self::Name(name) })
    }
}

impl Host {
    fn in_brackets(text: &str) -> Result<Self, PatternError> {
        match text.split_once('/') {
            Some((address, bits)) => {
                Self::network(address.parse::<Ipv6Addr>().ok().map(IpAddr::V6), bits)
            }
            None => {
                let address: Ipv6Addr = text.parse().map_err(|_| PatternError::BadHost)?;
                Ok(Self::Address(IpAddr::V6(address).to_canonical()))
            }
        }
    }

    fn network(address: Option<IpAddr>, bits: &str) -> Result<Self, PatternError> {
        let address = address.ok_or(PatternError::BadHost)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let bits = number(bits).filter(|bits| *bits <= longest).ok_or(PatternError::BadHost)?;
        Ok(Self::Network(address, bits))
    }
}

fn ports(text: &str) -> Result<RangeInclusive<u16>, PatternError> {
    if text == "*" {
        return Ok(1..=u16::MAX);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| number(text.trim()).and_then(|port| u16::try_from(port).ok());
    match (port(first), port(last)) {
        (Some(first), Some(last)) if 1 <= first && first <= last => Ok(first..=last),
        _ => Err(PatternError::BadPort),
    }
}

/// A number without a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, endpoint: &str) -> bool {
        let pattern: Pattern = pattern.parse().unwrap();
        pattern.matches(&endpoint.parse().unwrap())
    }

    #[test]
    fn each_form_matches_what_it_says_and_nothing_else() {
        for (pattern, yes, no) in [
            (
                "db.corp:1433",
                &["db.corp:1433", "DB.Corp.:1433"][..],
                &["db.corp:1434", "xdb.corp:1433"][..],
            ),
            (" DB.corp. : 80 ", &["db.corp:80"], &["db.corp.x:80"]),
            ("db.corp:*", &["db.corp:1", "db.corp:65535"], &["db:1"]),
            (
                "db.corp:1000-2000",
                &["db.corp:1000", "db.corp:2000"],
                &["db.corp:999", "db.corp:2001"],
            ),
            (
                "*.corp:443",
                &["a.corp:443", "a.b.CORP:443"],
                &["corp:443", "xcorp:443", "a.corp.x:443"],
            ),
            ("*:22", &["x:22", "10.0.0.1:22", "[fd00::1]:22"], &["x:23"]),
            ("10.0.0.5:80", &["10.0.0.5:80", "[::ffff:10.0.0.5]:80"], &["10.0.0.50:80"]),
            (
                "10.0.0.0/8:1433",
                &["10.255.1.2:1433"],
                &["11.0.0.1:1433", "ten.corp:1433", "10.0.0.1:1"],
            ),
            ("10.1.2.3/0:1", &["1.2.3.4:1"], &["[fd00::1]:1"]),
            ("10.1.2.3/32:1", &["10.1.2.3:1"], &["10.1.2.2:1"]),
            ("[fd00::1]:22", &["[fd00:0:0::1]:22"], &["[fd00::2]:22"]),
            ("[fd00::/8]:22", &["[fdff::2]:22"], &["[fe00::2]:22", "10.0.0.1:22"]),
            ("[::/0]:22", &["[1::2]:22"], &["10.0.0.1:22"]),
            ("[fd00::1/128]:22", &["[fd00::1]:22"], &["[fd00::3]:22"]),
            ("*.5:80", &["a.5:80"], &["10.0.0.5:80"]),
        ] {
            for endpoint in yes {
                assert!(matches(pattern, endpoint), "{pattern} allows {endpoint}");
            }
            for endpoint in no {
                assert!(!matches(pattern, endpoint), "{pattern} does not allow {endpoint}");
            }
        }
    }

    #[test]
    fn what_is_no_entry_is_said() {
        use PatternError as E;
        for (text, error) in [
            ("db.corp", E::NoPort),
            ("[fd00::1]", E::NoPort),
            ("db.corp:", E::BadPort),
            ("db.corp:0", E::BadPort),
            ("db.corp:65536", E::BadPort),
            ("db.corp:+1", E::BadPort),
            ("db.corp:2000-1000", E::BadPort),
            ("db.corp:1-2-3", E::BadPort),
            (":80", E::NoHost),
            ("fd00::1:80", E::NoBrackets),
            ("[10.0.0.1]:80", E::BadHost),
            ("[fd00::1:80", E::BadHost),
            ("a b:80", E::BadHost),
            ("*.:80", E::BadHost),
            ("db.*.corp:80", E::BadHost),
            ("*corp:80", E::BadHost),
            ("10.0.0.0/33:80", E::BadHost),
            ("10.0.0.0/:80", E::BadHost),
            ("db.corp/8:80", E::BadHost),
            ("https://db.corp:80", E::HasScheme),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            drop(text.parse::<Pattern>());
        }

        #[test]
        fn an_endpoint_as_an_entry_allows_itself_alone(
            host in "[a-z][a-z0-9-]{0,8}(\\.[a-z]{1,5}){0,2}", port in 1u16.., other in 1u16..
        ) {
            let pattern: Pattern = format!("{host}:{port}").parse().unwrap();
            prop_assert!(pattern.matches(&Endpoint::new(host.to_uppercase(), port)));
            prop_assert_eq!(pattern.matches(&Endpoint::new(host.as_str(), other)), other == port);
            let longer = Endpoint::new(format!("x{host}"), port);
            prop_assert!(!pattern.matches(&longer));
        }

        #[test]
        fn a_network_has_the_addresses_with_its_bits(
            network: u32, bits in 0u32..=32, address: u32
        ) {
            let (from, at) = (std::net::Ipv4Addr::from(network), std::net::Ipv4Addr::from(address));
            let pattern: Pattern = format!("{from}/{bits}:1").parse().unwrap();
            let mask = u64::from(u32::MAX) << (32 - bits) & u64::from(u32::MAX);
            let expected = u64::from(network) & mask == u64::from(address) & mask;
            prop_assert_eq!(pattern.matches(&Endpoint::new(at.to_string(), 1)), expected);
        }
    }
}
