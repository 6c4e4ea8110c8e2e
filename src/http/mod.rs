//! The one HTTP client of everything that is no relay: the TLS of [`crate::tls`], the proxy that is
//! found for a host, and what kept a call from coming through.

mod bridge;
pub mod own_port;
pub mod surroundings;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use reqwest::ClientBuilder;

use self::bridge::Bridge;
use crate::model::{Fault, FaultCode, Proxies, USER_AGENT_PRODUCT};
use crate::network::Network;
use crate::tls;

/// How long TCP and TLS may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// The same through a proxy, whose fault is to be known before.
const CONNECT_LIMIT_THROUGH: Duration = bridge::OPEN_LIMIT.saturating_add(Duration::from_secs(5));
/// How long an answer may stand still.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// What a call needs to know of the network.
#[derive(Clone, Debug, Default)]
pub struct Way<'a> {
    /// PEM file with CA certificates trusted besides the system's.
    pub extra_ca: Option<&'a str>,
    /// Which proxy is on the way to which host.
    pub proxies: Proxies,
}

impl Way<'_> {
    /// A client that goes this way; `more` says what else it does.
    ///
    /// # Errors
    /// What of it cannot be used, in words.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn client(
        &self,
        more: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Client, String> {
        // Whoever asks with a wrong password may lock the account.
        if let Some(proxy) = self.proxies.proxy().filter(|proxy| proxy.password_is_sealed()) {
            return Err(format!(
                "the stored password of the proxy {proxy} cannot be unsealed here"
            ));
        }
        let trusted = tls::client_config_with(self.extra_ca).map_err(|fault| fault.to_string())?;
        let mut tls = (*trusted).clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .user_agent(USER_AGENT_PRODUCT)
            // The surroundings are ours to read, for all flows in the same way.
            .no_proxy();
        let mut bridge = None;
        if self.proxies.proxy().is_some() {
            let network = Network::new(trusted).through(self.proxies.clone());
            let open = Bridge::open(network)
                .map_err(|error| format!("no port of this machine can be opened: {error}"))?;
            let open = Arc::new(open);
            let to = open.clone();
            let through = reqwest::Proxy::custom(move |url| {
                to.proxies().has_for(url).then(|| to.url().expose().to_owned())
            });
            builder = builder.connect_timeout(CONNECT_LIMIT_THROUGH).proxy(through);
            bridge = Some(open);
        }
        let inner = more(builder).build().map_err(|error| chain(&error))?;
        Ok(Client { inner, bridge })
    }
}

/// A client; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    /// Open where there is a proxy.
    bridge: Option<Arc<Bridge>>,
}

/// What kept a call from coming through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In which way.
    pub problem: Problem,
    /// In words: what caused it all, and which proxy it is about.
    pub words: String,
}

/// In which way a call did not come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The other side's certificate is not trusted.
    Untrusted,
    /// No connection came about.
    Unreachable,
    /// The proxy on its way has this fault.
    Proxy(FaultCode),
    /// It took too long.
    TimedOut,
    /// The connection broke.
    Interrupted,
}

impl Client {
    /// What makes the calls.
    pub fn inner(&self) -> &reqwest::Client {
        &self.inner
    }

    /// What `error` of a call says.
    pub fn failure(&self, error: &reqwest::Error) -> Failure {
        if let Some(fault) = self.fault_of_proxy(error) {
            return Failure { problem: Problem::Proxy(fault.code), words: fault.detail };
        }
        let problem = match causes(error).find_map(rustls_error) {
            Some(rustls::Error::InvalidCertificate(_)) => Problem::Untrusted,
            Some(_) => Problem::Unreachable,
            None if error.is_timeout() => Problem::TimedOut,
            None if error.is_connect() => Problem::Unreachable,
            None => Problem::Interrupted,
        };
        Failure { problem, words: root(error) }
    }

    fn fault_of_proxy(&self, error: &reqwest::Error) -> Option<Fault> {
        let bridge = self.bridge.as_ref().filter(|_| error.is_connect())?;
        // A call that was sent elsewhere still names where it began. The connector's error for a way
        // that was not opened has no public type; this is its text.
        let elsewhere = || chain(error).contains("tunnel error").then(|| bridge.latest_fault())?;
        bridge.fault(error.url()?).or_else(elsewhere)
    }
}

/// `error` and what caused it, and so on.
pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The error of a client's call that is inside another one, if there is any.
pub(crate) fn call_in<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a reqwest::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// TLS errors travel inside I/O errors.
fn rustls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref::<rustls::Error>().or_else(|| {
        let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
        let inner: &(dyn StdError + 'static) = inner;
        rustls_error(inner)
    })
}

/// The text of the first cause, which says most.
pub(crate) fn root(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// The texts of all causes.
fn chain(error: &(dyn StdError + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Proxy, ProxyChoice};

    #[test]
    fn a_proxy_whose_password_is_sealed_is_not_asked() {
        let sealed = Proxy::parse_sealed("http://me:***@h:1").unwrap();
        let proxies = Proxies::of(&ProxyChoice::Through(sealed));
        let problem = Way { extra_ca: None, proxies }.client(|client| client).unwrap_err();
        assert!(problem.contains("http://me:***@h:1 cannot be unsealed"), "{problem}");
    }
}
