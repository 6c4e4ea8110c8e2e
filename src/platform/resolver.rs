//! What the system's own resolver says of a name, its canonical name included.
//!
//! It is the one that every connection uses, so split DNS, the hosts file and a VPN count here
//! as they do there. A DNS client of our own would see the whole chain of aliases, and answer
//! other than what is connected to. The system tells the end of the chain alone, and that is
//! what says where a namespace of Azure Relay lives.

use std::net::IpAddr;

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};

/// `AI_CANONNAME`, the same on every system.
const WITH_CANONICAL_NAME: i32 = 2;

/// What a name leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The last name of the chain of aliases, lower case without a dot at its end; the name
    /// itself where it is no alias. It is a name that a terminal may show.
    pub canonical: Option<String>,
    /// Each address once, in the system's order; at least one.
    pub addresses: Vec<IpAddr>,
}

/// Why a name leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// The resolver knows no such name, or no address of it.
    #[error("no such name")]
    Unknown,
    /// The resolver does not know: no server answers, or one answers with an error.
    #[error("the name could not be looked up: {0}")]
    Failed(String),
}

/// Asks the system's resolver; takes as long as that does, half a minute where no server
/// answers.
///
/// # Errors
/// [`Unresolved`].
pub fn look_up(host: &str) -> Result<Resolved, Unresolved> {
    let hints = AddrInfoHints {
        flags: WITH_CANONICAL_NAME,
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Unresolved::Unknown,
        _ => Unresolved::Failed(std::io::Error::from(error).to_string()),
    })?;
    let mut resolved = Resolved::default();
    for entry in found {
        let entry = entry.map_err(|error| Unresolved::Failed(error.to_string()))?;
        resolved.canonical = resolved.canonical.or(entry.canonname);
        let address = entry.sockaddr.ip();
        if !resolved.addresses.contains(&address) {
            resolved.addresses.push(address);
        }
    }
    if resolved.addresses.is_empty() {
        return Err(Unresolved::Unknown);
    }
    let shown = resolved.canonical.map(|name| name.trim_end_matches('.').to_ascii_lowercase());
    // It comes from a DNS server, and goes to terminals.
    resolved.canonical = shown.filter(|name| is_host_name(name));
    Ok(resolved)
}

fn is_host_name(name: &str) -> bool {
    let is_host_char = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    !name.is_empty() && name.bytes().all(is_host_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_name_and_addresses() {
        let here = look_up("localhost").unwrap();
        assert!(here.addresses.iter().all(IpAddr::is_loopback), "{here:?}");
        assert!(here.canonical.is_some_and(|name| !name.is_empty()));
        assert_eq!(
            look_up("127.0.0.1").unwrap().addresses,
            ["127.0.0.1".parse::<IpAddr>().unwrap()]
        );
    }

    #[test]
    fn what_dns_says_is_not_shown_unseen() {
        assert!(is_host_name("ns-sb2-prod-sn3-010.cloudapp.net") && is_host_name("::1"));
        for name in ["", "a\nadd rule", "a'; b", "a\u{1b}[2J", "a b"] {
            assert!(!is_host_name(name), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_said() {
        // Without a DNS server, "unknown" is not what the system says of a name that is none.
        let error = look_up("no-such-host.invalid").unwrap_err();
        assert!(!error.to_string().is_empty());
        let error = look_up("with\0zero").unwrap_err();
        assert!(matches!(error, Unresolved::Failed(_)), "{error}");
    }
}
