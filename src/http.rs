//! The one HTTP client of everything that is no relay: the TLS of [`crate::tls`], the proxy of the
//! settings, and what kept a call from coming through.

use std::error::Error as StdError;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Proxy as Tunnel};

use crate::model::proxy::Login;
use crate::model::{Proxy, USER_AGENT_PRODUCT};
use crate::tls;

/// How long TCP and TLS may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long an answer may stand still.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// What a call needs to know of the network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way<'a> {
    /// PEM file with CA certificates trusted besides the system's.
    pub extra_ca: Option<&'a str>,
    /// The proxy on the way.
    pub proxy: Option<&'a Proxy>,
}

impl Way<'_> {
    /// A client that goes this way; `more` says what else it does.
    ///
    /// # Errors
    /// What of it cannot be used, in words.
    pub fn client(
        &self,
        more: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Client, String> {
        let tls = tls::client_config_with(self.extra_ca).map_err(|fault| fault.to_string())?;
        let mut tls = (*tls).clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .user_agent(USER_AGENT_PRODUCT)
            .no_proxy();
        if let Some(proxy) = self.proxy {
            // Plain HTTP goes to this machine alone.
            let mut way = Tunnel::https(format!("http://{}", proxy.address()))
                .map_err(|error| error.to_string())?;
            if let Some(Login { user, password: Some(password) }) = proxy.login() {
                way = way.basic_auth(user, password.expose());
            }
            builder = builder.proxy(way);
        }
        more(builder).build().map_err(|error| chain(&error))
    }
}

/// What kept a call from coming through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The other side's certificate is not trusted.
    Untrusted,
    /// No connection came about.
    Unreachable,
    /// The proxy does not let it through.
    ProxyRefused,
    /// The proxy cannot be reached.
    ProxyUnreachable,
    /// It took too long.
    TimedOut,
    /// The connection broke.
    Interrupted,
}

impl Problem {
    /// What `error` says, on a way that `has_proxy`.
    pub fn of(error: &reqwest::Error, has_proxy: bool) -> Self {
        for cause in causes(error) {
            if let Some(tls) = rustls_error(cause) {
                return match tls {
                    rustls::Error::InvalidCertificate(_) => Self::Untrusted,
                    _ => Self::Unreachable,
                };
            }
        }
        if has_proxy && error.is_connect() {
            // The connector's errors have no public type; these are their texts.
            let text = chain(error);
            let is_refusal = ["unsuccessful", "authorization required"];
            if is_refusal.iter().any(|words| text.contains(words)) {
                return Self::ProxyRefused;
            }
            return Self::ProxyUnreachable;
        }
        match () {
            () if error.is_timeout() => Self::TimedOut,
            () if error.is_connect() => Self::Unreachable,
            () => Self::Interrupted,
        }
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
