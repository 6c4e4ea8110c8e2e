//! Which namespace is meant, by a name that people write: a connection's, or its own.

use std::str::FromStr;

use super::failure::Failure;
use super::{Context, pick};
use crate::model::names::{DEFAULT_PORT, NameError};
use crate::model::{ConnectionSelector, NamespaceAddress, Snapshot};

/// The domain of namespaces in Azure's public cloud.
const PUBLIC_SUFFIX: &str = "servicebus.windows.net";
/// The first label of that domain in every cloud.
const SERVICE_BUS: &str = "servicebus";

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A hybrid connection.
    Connection(ConnectionSelector),
    /// A namespace.
    Namespace(NamespaceName),
}

/// A namespace as people write it: `contoso`, or `contoso.servicebus.windows.net[:443]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamespaceName {
    host: String,
    port: Option<u16>,
}

impl NamespaceName {
    /// Whether this can be nothing but a namespace: its domain is Azure's.
    pub(super) fn is_azure(&self) -> bool {
        self.host.split('.').nth(1).is_some_and(|label| label.eq_ignore_ascii_case(SERVICE_BUS))
    }

    /// Whether it is a label alone.
    pub(super) fn is_label(&self) -> bool {
        !self.host.contains('.')
    }

    /// Its address: that of a connection of `snapshot` in a namespace of this name, else the one
    /// it would have in the public cloud.
    fn address(&self, snapshot: Option<&Snapshot>) -> NamespaceAddress {
        let known = snapshot.iter().flat_map(|it| &it.connections).map(|view| view.id.namespace());
        let is_meant = |address: &&NamespaceAddress| {
            let names = if self.is_label() { address.label() } else { address.host() };
            self.host.eq_ignore_ascii_case(names)
                && self.port.is_none_or(|port| port == address.port())
        };
        known.clone().find(is_meant).cloned().unwrap_or_else(|| {
            let port = self.port.unwrap_or(DEFAULT_PORT);
            match self.is_label() {
                true => NamespaceAddress::new(&format!("{}.{PUBLIC_SUFFIX}", self.host), port),
                false => NamespaceAddress::new(&self.host, port),
            }
        })
    }
}

/// Why a text names no namespace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no namespace; write contoso or contoso.servicebus.windows.net")]
pub(super) struct NoNamespace(String);

impl FromStr for NamespaceName {
    type Err = NoNamespace;

    fn from_str(text: &str) -> Result<Self, NoNamespace> {
        let wrong = || NoNamespace(text.to_owned());
        let plain = text.trim();
        let plain = ["sb://", "https://"]
            .iter()
            .find_map(|scheme| plain.strip_prefix(scheme))
            .unwrap_or(plain);
        let plain = plain.strip_suffix('/').unwrap_or(plain);
        let (host, port) = match plain.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?)),
            None => (plain, None),
        };
        let is_host_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let is_label = |label: &str| !label.is_empty() && !label.starts_with('-');
        if port == Some(0) || !host.chars().all(is_host_char) || !host.split('.').all(is_label) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl FromStr for Named {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.parse() {
            Ok(namespace) => Ok(Self::Namespace(namespace)),
            Err(NoNamespace(_)) => text.parse().map(Self::Connection),
        }
    }
}

/// The namespace that is meant.
pub(super) struct Meant {
    /// Its address.
    pub(super) address: NamespaceAddress,
    /// The proxy through which the service goes to Azure, and who names it.
    pub(super) proxy: Option<String>,
}

/// The namespace that is meant. A service that does not run is no hindrance where the namespace
/// itself was named.
///
/// # Errors
/// A connection that is not there, or may be several; for a connection, no service.
pub(super) async fn find(context: &Context<'_>, named: &Named) -> Result<Meant, Failure> {
    let asked = async {
        let mut client = context.connect().await?;
        super::commands::snapshot(&mut client).await
    };
    let (address, snapshot) = match (named, asked.await) {
        (Named::Connection(selector), snapshot) => {
            let snapshot = snapshot?;
            (pick::one(&snapshot, selector)?.id.namespace().clone(), Some(snapshot))
        }
        (Named::Namespace(name), snapshot) => {
            let snapshot = snapshot.ok();
            (name.address(snapshot.as_deref()), snapshot)
        }
    };
    let proxy = snapshot.and_then(|it| it.service.proxy).filter(|used| used.proxy.is_some());
    Ok(Meant { address, proxy: proxy.map(|used| used.to_string()) })
}

#[cfg(test)]
mod tests {
    use super::super::render::sample;
    use super::*;
    use crate::model::ConnectionId;

    fn namespace(text: &str) -> NamespaceName {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_namespace_and_a_connection_are_told_apart() {
        for text in [
            "contoso",
            "contoso.servicebus.windows.net",
            "sb://contoso.servicebus.windows.net/",
            "https://contoso.servicebus.windows.net",
            "x.servicebus.localhost:10443",
        ] {
            assert!(matches!(text.parse().unwrap(), Named::Namespace(_)), "{text}");
        }
        for text in ["contoso/sql", "sb://contoso.servicebus.windows.net/team/sql"] {
            assert!(matches!(text.parse().unwrap(), Named::Connection(_)), "{text}");
        }
        for text in ["", "a b", "a:b", "a:0", ".a", "a..b", "-o", "a\nb", "a'b"] {
            assert!(text.parse::<Named>().is_err(), "{text:?}");
        }
        assert!(namespace("contoso.servicebus.chinacloudapi.cn").is_azure());
        assert!(namespace("x.SERVICEBUS.localhost:1").is_azure());
        assert!(!namespace("sql01.corp").is_azure() && !namespace("contoso").is_azure());
    }

    #[test]
    fn a_label_is_that_of_a_connection_or_of_the_public_cloud() {
        let mut snapshot = sample::mixed();
        let of =
            |text: &str, snapshot: &Snapshot| namespace(text).address(Some(snapshot)).to_string();
        assert_eq!(of("fabrikam", &snapshot), "fabrikam.servicebus.windows.net");
        let china = NamespaceAddress::new("fabrikam.servicebus.chinacloudapi.cn", 443);
        snapshot.connections[0].id = ConnectionId::new(china, "x");
        assert_eq!(of("Fabrikam", &snapshot), "fabrikam.servicebus.chinacloudapi.cn");
        assert_eq!(
            of("fabrikam.servicebus.windows.net", &snapshot),
            "fabrikam.servicebus.windows.net"
        );
        assert_eq!(of("a.servicebus.localhost:9", &snapshot), "a.servicebus.localhost:9");
    }
}
