//! What a firewall must let out for the hybrid connections of a namespace: the namespace, and
//! the 256 gateways of its stamp, of which any may be named for a stream.

mod azure;
mod csv;
mod nftables;
mod text;
mod windows;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};

use super::lookup::{Answer, LookUp, Unresolved};
use crate::model::gateways::{is_private_link, suffix};
use crate::model::{NamespaceAddress, Stamp};

/// How long the namespace may take; without it nothing else is known.
const NAMESPACE_LIMIT: Duration = Duration::from_secs(10);
/// How long everything may take: what is not known by then is said to be so.
const LIMIT: Duration = Duration::from_secs(20);
/// Names that are looked up at once. Each takes a thread of the system's resolver.
const AT_ONCE: usize = 32;
/// What a listener needs besides the port of the namespace where that has a private endpoint.
const PRIVATE_LINK_PORTS: RangeInclusive<u16> = 9400..=9599;

/// The list, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirewallList {
    /// Whose.
    pub namespace: NamespaceAddress,
    /// Where the namespace lives.
    pub home: Home,
    /// The last name of the namespace's aliases.
    pub canonical: Option<String>,
    /// The namespace first, then its gateways.
    pub hosts: Vec<Host>,
    /// When it was begun.
    pub at: Timestamp,
    /// The proxy through which the namespace is reached, and who names it.
    pub proxy: Option<String>,
}

/// Where a namespace lives, as DNS tells it here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// Not known yet.
    Asking,
    /// On this stamp.
    Stamp(Stamp),
    /// Behind a private endpoint, whose name tells no stamp.
    PrivateLink,
    /// Its name tells no stamp.
    Untold,
    /// The namespace could not be looked up.
    Unresolved,
}

impl Home {
    /// The stable text of what it is.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asking => "asking",
            Self::Stamp(_) => "stamp",
            Self::PrivateLink => "private-link",
            Self::Untold => "untold",
            Self::Unresolved => "unresolved",
        }
    }
}

/// A host that is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its whole name.
    pub name: String,
    /// Its addresses.
    pub found: Found,
}

/// What is known of a host's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Waiting,
    /// These, at least one.
    Addresses(Vec<IpAddr>),
    /// There is no such name, as of now.
    Unknown,
    /// DNS did not answer, and with what words.
    Failed(String),
    /// DNS did not answer in time.
    TimedOut,
}

impl Found {
    fn of(answer: Answer) -> Self {
        match answer {
            Ok(resolved) => Self::Addresses(resolved.addresses),
            Err(Unresolved::Unknown) => Self::Unknown,
            Err(Unresolved::Failed(words)) => Self::Failed(words),
        }
    }

    /// The addresses that are known.
    pub fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Addresses(addresses) => addresses,
            _ => &[],
        }
    }

    /// The stable text of what it is.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Addresses(_) => "resolved",
            Self::Unknown => "no-such-name",
            Self::Failed(_) => "failed",
            Self::TimedOut => "timed-out",
        }
    }
}

/// What is missing in a list: who takes it for whole locks the namespace or gateways out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The namespace has no address.
    NoAddress,
    /// DNS tells no stamp, and nobody gave one.
    NoStamp,
    /// DNS tells this stamp, and the gateways are those of another one that was given.
    OtherStamp(Stamp),
    /// DNS gave no answer for some of the gateways.
    Unanswered,
    /// DNS knows none of the gateways.
    NoGateway,
}

/// How many hosts of a list are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them, without the namespace.
    pub gateways: usize,
    /// Those with addresses.
    pub resolved: usize,
    /// Those that are no names, as of now.
    pub unknown: usize,
    /// Those of which DNS did not tell.
    pub failed: usize,
    /// Those still looked up.
    pub waiting: usize,
}

impl FirewallList {
    /// The list of which nothing is known yet.
    pub fn new(namespace: NamespaceAddress, at: Timestamp) -> Self {
        let name = namespace.host().to_owned();
        let hosts = vec![Host { name, found: Found::Waiting }];
        Self { namespace, home: Home::Asking, canonical: None, hosts, at, proxy: None }
    }

    /// The same list where the namespace is reached through `proxy`, which needs the list then.
    pub fn behind(mut self, proxy: Option<String>) -> Self {
        // It comes from settings and the environment, and goes into scripts.
        self.proxy = proxy.map(|text| text.replace(char::is_control, " "));
        self
    }

    /// Takes in what is known of the host at `place`.
    pub fn take(&mut self, place: usize, found: Found) {
        if let Some(host) = self.hosts.get_mut(place) {
            host.found = found;
        }
    }

    /// The name of the namespace, and nothing but letters, digits and dashes.
    pub fn label(&self) -> String {
        let label = self.namespace.label();
        label.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
    }

    /// One name for the namespace and all its gateways.
    pub fn wildcard(&self) -> String {
        format!("*.{}", suffix(&self.namespace))
    }

    /// The ports of every host.
    pub fn ports(&self) -> Vec<RangeInclusive<u16>> {
        let port = self.namespace.port();
        let mut ports = vec![port..=port];
        if self.is_private() {
            ports.push(PRIVATE_LINK_PORTS);
        }
        ports
    }

    /// Whether the namespace leads to a private endpoint here, wherever it lives.
    pub fn is_private(&self) -> bool {
        self.canonical.as_deref().is_some_and(is_private_link)
    }

    /// All addresses that are known, each once, IPv4 first.
    pub fn addresses(&self) -> BTreeSet<IpAddr> {
        self.hosts.iter().flat_map(|host| host.found.addresses()).copied().collect()
    }

    /// How many gateways are how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for host in self.hosts.iter().skip(1) {
            counts.gateways += 1;
            *match host.found {
                Found::Waiting => &mut counts.waiting,
                Found::Addresses(_) => &mut counts.resolved,
                Found::Unknown => &mut counts.unknown,
                Found::Failed(_) | Found::TimedOut => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// What keeps the list from being whole, once everything has been looked up.
    pub fn gap(&self) -> Option<Gap> {
        let counts = self.counts();
        let told = self.canonical.as_deref().and_then(Stamp::of_canonical);
        match (&self.home, told) {
            _ if !self.is_known() => Some(Gap::NoAddress),
            (Home::Untold, _) => Some(Gap::NoStamp),
            (Home::Stamp(stamp), Some(told)) if *stamp != told => Some(Gap::OtherStamp(told)),
            _ if counts.failed > 0 => Some(Gap::Unanswered),
            (Home::Stamp(_), _) if counts.resolved + counts.waiting == 0 => Some(Gap::NoGateway),
            _ => None,
        }
    }

    /// Whether the namespace has an address: else nothing of the list is sure.
    pub fn is_known(&self) -> bool {
        self.hosts.first().is_some_and(|host| !host.found.addresses().is_empty())
    }

    /// The list as `format` has it. A list of addresses alone is empty where none is known.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Text => text::render(self),
            Format::Csv => csv::render(self),
            Format::WindowsFirewall => windows::render(self),
            Format::Nftables => nftables::render(self),
            Format::AzureFirewall => azure::render(self),
        }
    }

    /// What is to be known about the list, a line each, in plain words.
    pub fn remarks(&self) -> Vec<String> {
        text::remarks(self)
    }

    /// The name of a file with the list as `format`.
    pub fn file_name(&self, format: Format) -> String {
        format!("firewall-{}.{}", self.label(), format.extension())
    }
}

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// Rows with commas between their fields.
    Csv,
    /// PowerShell for Windows Firewall.
    WindowsFirewall,
    /// A file for `nft -f`.
    Nftables,
    /// A template of Azure Resource Manager.
    AzureFirewall,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Text, Self::Csv, Self::WindowsFirewall, Self::Nftables, Self::AzureFirewall];

    /// As it is written on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::WindowsFirewall => "windows",
            Self::Nftables => "nftables",
            Self::AzureFirewall => "azure-firewall",
        }
    }

    /// How the name of such a file ends, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::WindowsFirewall => "ps1",
            Self::Nftables => "nft",
            Self::AzureFirewall => "json",
        }
    }

    /// Whether it is made of addresses, and so says nothing of hosts without one.
    pub fn is_by_address(self) -> bool {
        matches!(self, Self::WindowsFirewall | Self::Nftables)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The making of a list: first [`Search::begin`], then [`Search::next`] until that is nothing.
pub struct Search {
    list: FirewallList,
    looking: BoxStream<'static, (usize, Answer)>,
    deadline: Instant,
}

impl Search {
    /// Looks the namespace up. Its gateways are those of the stamp that is `given`, or that DNS
    /// tells.
    pub async fn begin(list: FirewallList, given: Option<Stamp>, look_up: LookUp) -> Self {
        let mut list = list;
        let deadline = Instant::now() + LIMIT;
        let answer = timeout(NAMESPACE_LIMIT, look_up(list.namespace.host().to_owned())).await;
        let found = match answer {
            Err(_) => Found::TimedOut,
            Ok(answer) => {
                list.canonical = answer.as_ref().ok().and_then(|it| it.canonical.clone());
                Found::of(answer)
            }
        };
        let told = list.canonical.as_deref().and_then(Stamp::of_canonical);
        list.home = match (given, told) {
            (Some(stamp), _) | (None, Some(stamp)) => Home::Stamp(stamp),
            (None, None) if found.addresses().is_empty() => Home::Unresolved,
            (None, None) if list.is_private() => Home::PrivateLink,
            (None, None) => Home::Untold,
        };
        list.take(0, found);
        if let Home::Stamp(stamp) = &list.home {
            let names = stamp.gateways(suffix(&list.namespace));
            list.hosts.extend(names.map(|name| Host { name, found: Found::Waiting }));
        }
        let names: Vec<_> = list.hosts.iter().map(|host| host.name.clone()).enumerate().collect();
        let looking = stream::iter(names.into_iter().skip(1))
            .map(move |(place, name)| {
                let asked = look_up(name);
                async move { (place, asked.await) }
            })
            .buffer_unordered(AT_ONCE)
            .boxed();
        Self { list, looking, deadline }
    }

    /// The list, as far as it is known.
    pub fn list(&self) -> &FirewallList {
        &self.list
    }

    /// What becomes known next, which the list then has too; nothing at the end.
    pub async fn next(&mut self) -> Option<(usize, Found)> {
        let (place, found) = match timeout_at(self.deadline, self.looking.next()).await {
            Ok(None) => return None,
            Ok(Some((place, answer))) => (place, Found::of(answer)),
            Err(_) => {
                let is_waiting = |host: &Host| host.found == Found::Waiting;
                (self.list.hosts.iter().position(is_waiting)?, Found::TimedOut)
            }
        };
        self.list.take(place, found.clone());
        Some((place, found))
    }

    /// The whole list.
    pub async fn to_end(mut self) -> FirewallList {
        while self.next().await.is_some() {}
        self.list
    }
}

#[cfg(test)]
mod tests;
