//! How connections and namespaces are named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The HTTPS port of Azure Relay.
pub const DEFAULT_PORT: u16 = 443;
/// Where the namespaces of the public cloud are.
const PUBLIC_CLOUD: &str = "servicebus.windows.net";

/// Host and port of a Relay namespace, `contoso.servicebus.windows.net` for
/// example. The host is lower case; the port is 443 in every Azure cloud.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceAddress {
    host: String,
    port: u16,
}

impl NamespaceAddress {
    /// The address of `host` and `port`; the host's case is dropped.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_ascii_lowercase(), port }
    }

    /// Lower-case host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The namespace's own name: the first label of its host.
    pub fn label(&self) -> &str {
        self.host.split('.').next().unwrap_or(&self.host)
    }

    /// The "Service Bus endpoint" as users know it: `sb://host/`.
    pub fn service_bus_endpoint(&self) -> String {
        format!("sb://{self}/")
    }
}

impl fmt::Display for NamespaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.port != DEFAULT_PORT {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// Which hybrid connection: its namespace and its name. Names compare without
/// regard to ASCII case, as Azure does, and keep the case they were given in.
///
/// On the wire it is the text `host[:port]/name`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionId {
    namespace: NamespaceAddress,
    name: String,
}

impl ConnectionId {
    /// The hybrid connection `name` in `namespace`.
    pub fn new(namespace: NamespaceAddress, name: impl Into<String>) -> Self {
        Self { namespace, name: name.into() }
    }

    /// The namespace.
    pub fn namespace(&self) -> &NamespaceAddress {
        &self.namespace
    }

    /// The name inside the namespace; it may have slashes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name people use: `NAMESPACE/NAME`, the namespace by its first label.
    pub fn short(&self) -> String {
        format!("{}/{}", self.namespace.label(), self.name)
    }

    /// The unambiguous text `host[:port]/name`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    fn folded(&self) -> (&NamespaceAddress, String) {
        (&self.namespace, self.name.to_ascii_lowercase())
    }
}

impl PartialEq for ConnectionId {
    fn eq(&self, other: &Self) -> bool {
        self.namespace == other.namespace && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for ConnectionId {}

impl PartialOrd for ConnectionId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConnectionId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(&other.folded())
    }
}

impl std::hash::Hash for ConnectionId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// Why a text names no hybrid connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" does not name a hybrid connection; write NAMESPACE/NAME, contoso/sql for example")]
pub struct NameError(pub String);

impl TryFrom<String> for ConnectionId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let selector: ConnectionSelector = text.parse()?;
        Ok(Self::new(
            NamespaceAddress::new(&selector.host, selector.port.unwrap_or(DEFAULT_PORT)),
            selector.name,
        ))
    }
}

impl From<ConnectionId> for String {
    fn from(id: ConnectionId) -> Self {
        id.full()
    }
}

/// How a person names a connection: `NAMESPACE/NAME`, where the namespace is its
/// first label, its whole host, or `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionSelector {
    host: String,
    port: Option<u16>,
    name: String,
}

impl ConnectionSelector {
    /// The connection that is meant where none is known: a namespace by its first label is one
    /// of the public cloud.
    pub fn in_public_cloud(&self) -> ConnectionId {
        let host = match self.host.contains('.') {
            true => self.host.clone(),
            false => format!("{}.{PUBLIC_CLOUD}", self.host),
        };
        let namespace = NamespaceAddress::new(&host, self.port.unwrap_or(DEFAULT_PORT));
        ConnectionId::new(namespace, self.name.clone())
    }

    /// Whether `id` is meant.
    pub fn matches(&self, id: &ConnectionId) -> bool {
        let namespace = id.namespace();
        let host_matches = self.host.eq_ignore_ascii_case(namespace.host())
            || self.host.eq_ignore_ascii_case(namespace.label());
        host_matches
            && self.port.is_none_or(|port| port == namespace.port())
            && self.name.eq_ignore_ascii_case(id.name())
    }

    /// Whether the connection is meant that the log calls `logged`, the label of its namespace
    /// and its name.
    pub fn matches_logged(&self, logged: &str) -> bool {
        let label = self.host.split('.').next().unwrap_or_default();
        let (host, name) = logged.split_once('/').unwrap_or_default();
        let is_host = host.eq_ignore_ascii_case(label) || host.eq_ignore_ascii_case(&self.host);
        is_host && name.eq_ignore_ascii_case(&self.name)
    }

    /// Whether the selector can only mean `id`: the whole host and name are given.
    pub fn is_exactly(&self, id: &ConnectionId) -> bool {
        self.matches(id)
            && self.host.eq_ignore_ascii_case(id.namespace().host())
            && self.port.unwrap_or(DEFAULT_PORT) == id.namespace().port()
    }
}

impl FromStr for ConnectionSelector {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError(text.to_owned());
        let plain = text.trim();
        let plain = plain.strip_prefix("sb://").unwrap_or(plain);
        let (namespace, name) = plain.split_once('/').ok_or_else(wrong)?;
        let (host, port) = match namespace.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?)),
            None => (namespace, None),
        };
        let is_host_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let name = name.trim_matches('/');
        if host.is_empty() || name.is_empty() || !host.chars().all(is_host_char) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port, name: name.to_owned() })
    }
}

impl TryFrom<String> for ConnectionSelector {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<&ConnectionId> for ConnectionSelector {
    fn from(id: &ConnectionId) -> Self {
        Self {
            host: id.namespace().host().to_owned(),
            port: Some(id.namespace().port()),
            name: id.name().to_owned(),
        }
    }
}

impl fmt::Display for ConnectionSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.name)
    }
}

impl From<ConnectionSelector> for String {
    fn from(selector: ConnectionSelector) -> Self {
        selector.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(host: &str, port: u16, name: &str) -> ConnectionId {
        ConnectionId::new(NamespaceAddress::new(host, port), name)
    }

    #[test]
    fn names_compare_without_case_and_keep_it() {
        let one = id("Contoso.servicebus.windows.net", 443, "Sql");
        assert_eq!(one, id("contoso.servicebus.windows.net", 443, "sql"));
        assert_eq!(one.short(), "contoso/Sql");
        assert_eq!(one.full(), "contoso.servicebus.windows.net/Sql");
    }

    #[test]
    fn a_selector_names_by_label_host_or_port() {
        let real = id("contoso.servicebus.windows.net", 443, "team/sql");
        let local = id("contoso.servicebus.localhost", 10443, "team/sql");
        let by = |text: &str| text.parse::<ConnectionSelector>().unwrap();
        assert!(by("CONTOSO/Team/SQL").matches(&real) && by("contoso/team/sql").matches(&local));
        assert!(by("contoso.servicebus.windows.net/team/sql").is_exactly(&real));
        assert!(!by("contoso.servicebus.windows.net/team/sql").matches(&local));
        assert!(by("contoso:10443/team/sql").matches(&local));
        assert!(!by("contoso:10443/team/sql").matches(&real));
        assert!("sql".parse::<ConnectionSelector>().is_err());
        assert!("/sql".parse::<ConnectionSelector>().is_err());
        assert!("a/".parse::<ConnectionSelector>().is_err());
    }

    #[test]
    fn a_label_alone_is_of_the_public_cloud() {
        let meant = |text: &str| text.parse::<ConnectionSelector>().unwrap().in_public_cloud();
        assert_eq!(meant("Contoso/sql").full(), "contoso.servicebus.windows.net/sql");
        assert_eq!(meant("c.servicebus.localhost:9/sql").full(), "c.servicebus.localhost:9/sql");
    }

    #[test]
    fn an_id_survives_its_text() {
        for id in [id("a.b", 443, "x"), id("localhost", 9000, "x/y")] {
            let text = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<ConnectionId>(&text).unwrap(), id);
        }
    }
}
