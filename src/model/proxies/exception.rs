//! Hosts that are reached without the proxy.

use std::net::IpAddr;

use crate::model::address::{is_localhost, plain, same_network};
use crate::model::endpoint::Endpoint;

/// Separators of a list, besides space.
const SEPARATORS: [char; 2] = [',', ';'];

/// Some of them, in the order of their list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exceptions(Vec<Exception>);

/// An entry of a list of exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exception {
    /// What the list is called.
    pub(super) list: String,
    /// The entry as it is written.
    pub(super) text: String,
    hosts: Hosts,
    /// Nothing for all ports.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// This name, and all below it.
    Domain(String),
    Address(IpAddr),
    /// The addresses that share the first bits with this one.
    Network(IpAddr, u32),
    /// Names and addresses that look so; `*` stands for any text.
    Like(String),
    /// Names without a dot.
    Local,
}

impl Exceptions {
    /// `NO_PROXY`: `.corp,host,host:443,10.0.0.0/8,[fd00::1]:443` or `*`. A domain stands for itself
    /// and all below it, with a dot before it, `*.`, or nothing.
    pub(super) fn of_environment(list: &str, text: &str) -> Self {
        Self::read(list, text, |host| match host {
            "*" => Some(Hosts::All),
            host => address(host).or_else(|| {
                let name = host.strip_prefix('*').unwrap_or(host);
                let name = plain(name.strip_prefix('.').unwrap_or(name));
                (!name.is_empty()).then_some(Hosts::Domain(name))
            }),
        })
    }

    /// `ProxyOverride`: `*.corp;host;10.*;https://a.b:8080;<local>`.
    pub(super) fn of_windows(list: &str, text: &str) -> Self {
        Self::read(list, text, |host| match host {
            "*" => Some(Hosts::All),
            host if host.eq_ignore_ascii_case("<local>") => Some(Hosts::Local),
            // `<-loopback>` takes an exception away that this program keeps.
            host if host.starts_with('<') => None,
            host => Some(address(host).unwrap_or_else(|| Hosts::Like(plain(host)))),
        })
    }

    fn read(list: &str, text: &str, hosts: impl Fn(&str) -> Option<Hosts>) -> Self {
        let entries = text.split(|c: char| c.is_whitespace() || SEPARATORS.contains(&c));
        let exception = |text: &str| {
            let entry = match text.split_once("://") {
                // All that is asked through a proxy is TLS.
                Some((scheme, rest)) => scheme.eq_ignore_ascii_case("https").then_some(rest)?,
                None => text,
            };
            let (host, port) = split_port(entry);
            Some(Exception {
                list: list.to_owned(),
                text: text.to_owned(),
                hosts: hosts(host)?,
                port,
            })
        };
        Self(entries.filter(|entry| !entry.is_empty()).filter_map(exception).collect())
    }

    /// The first one that `target` is.
    pub(super) fn find(&self, target: &Endpoint) -> Option<&Exception> {
        self.0.iter().find(|exception| exception.is(target))
    }

    /// All of them as they are written.
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.iter().map(|exception| exception.text.clone()).collect()
    }
}

impl Exception {
    fn is(&self, target: &Endpoint) -> bool {
        self.port.is_none_or(|port| port == target.port()) && self.hosts.include(target.host())
    }
}

impl Hosts {
    fn include(&self, host: &str) -> bool {
        let (name, address) = (plain(host), host.parse().ok().map(|it: IpAddr| it.to_canonical()));
        match (self, address) {
            (Self::All, _) => true,
            (Self::Like(pattern), _) => is_like(pattern.as_bytes(), name.as_bytes()),
            (Self::Address(excepted), Some(address)) => *excepted == address,
            (Self::Network(network, bits), Some(address)) => same_network(*network, address, *bits),
            (Self::Domain(domain), None) => {
                let above = name.strip_suffix(domain.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Self::Local, None) => !name.contains('.'),
            _ => false,
        }
    }
}

/// Whether `host` is a name or an address of this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => is_localhost(host),
    }
}

/// An address or a range of them, if `text` is that.
fn address(text: &str) -> Option<Hosts> {
    let Some((network, bits)) = text.split_once('/') else {
        return text.parse().ok().map(|address: IpAddr| Hosts::Address(address.to_canonical()));
    };
    let network: IpAddr = network.parse().ok()?;
    let longest = if network.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|bits| *bits <= longest)?;
    Some(Hosts::Network(network, bits))
}

/// A host, without the brackets of an IPv6 address, and its port.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((address, after)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return (address, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

/// Whether `text` looks like `pattern`, in which `*` stands for any text.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where the last star is, and what it has taken so far.
    let mut star = None;
    while read < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(byte) if *byte == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((of_star, taken)) = star else { return false };
                star = Some((of_star, taken + 1));
                (at, read) = (of_star + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
