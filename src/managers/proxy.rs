//! The proxy of the classic manager. It is told and not taken over: it is a setting of the
//! whole service.

use crate::model::Proxy;
use crate::model::proxy::ProxyError;

/// A proxy that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundProxy {
    /// Line of the file, from 1.
    pub(crate) line: usize,
    /// Which proxy.
    pub(crate) source: ProxySource,
    /// Whether the manager signs in to it with its Windows account.
    pub(crate) with_windows_account: bool,
}

/// How a file names a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProxySource {
    /// By an address that this product can use.
    Address(Proxy),
    /// By an address that it cannot use.
    Unusable(ProxyError),
    /// That of the system.
    System,
    /// By a script, or by looking for one in the network.
    Script,
}

impl ProxySource {
    /// The proxy at `address`; without a port it is 80, as for .NET.
    pub(super) fn address(address: &str) -> Self {
        Proxy::parse_lenient(address).map_or_else(Self::Unusable, Self::Address)
    }
}

impl FoundProxy {
    /// The proxy as it may be shown, if it can be used.
    pub(crate) fn shown(&self) -> Option<String> {
        match &self.source {
            ProxySource::Address(proxy) => Some(proxy.to_string()),
            _ => None,
        }
    }

    /// What it is, and what to do for the same here.
    pub(crate) fn advice(&self) -> String {
        const SET: &str = "hcm settings set network.proxy";
        let mut words = match &self.source {
            ProxySource::Address(proxy) => {
                let password = match Proxy::hides_password(&proxy.to_string()) {
                    true => ", with the password in the place of ***",
                    false => "",
                };
                format!(
                    "it goes through the proxy {proxy}, which is not taken over. For the same here: {SET} {proxy}{password}"
                )
            }
            ProxySource::Unusable(error) => format!(
                "it goes through a proxy whose proxyaddress cannot be used here: {error}. If Azure is reached through a proxy alone: {SET} http://HOST:PORT"
            ),
            ProxySource::System => format!(
                "it goes through the proxy of the system, and so does this service (hcm status says which). If that is not the one: {SET} http://HOST:PORT"
            ),
            ProxySource::Script => format!(
                "it finds its proxy with a script, which this service does not run. If Azure is reached through a proxy alone: {SET} http://HOST:PORT"
            ),
        };
        if self.with_windows_account {
            words.push_str(
                ". It signs in there with its Windows account; this service can only with user and password: http://USER:PASSWORD@HOST:PORT",
            );
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(address: &str, with_windows_account: bool) -> String {
        let source = ProxySource::address(address);
        FoundProxy { line: 1, source, with_windows_account }.advice()
    }

    #[test]
    fn the_advice_can_be_followed_as_it_stands() {
        for (address, end) in [
            ("http://proxy.corp:3128/", "network.proxy http://proxy.corp:3128"),
            ("proxy.corp:3128", "network.proxy http://proxy.corp:3128"),
            ("http://proxy.corp", "network.proxy http://proxy.corp:80"),
            (
                "http://me:c2Vj@p:1",
                "network.proxy http://me:***@p:1, with the password in the place of ***",
            ),
            ("socks5://p:1", "network.proxy socks5://p:1"),
            (
                "socks4://p:1",
                "socks4:// is not supported, use http://, https:// or socks5://. If Azure is reached through a proxy alone: hcm settings set network.proxy http://HOST:PORT",
            ),
        ] {
            let advice = advice(address, false);
            assert!(advice.ends_with(end), "{advice}");
            assert!(!advice.contains("c2Vj"), "{advice}");
        }
        assert!(advice("p:1", true).contains("user and password"));
    }
}
