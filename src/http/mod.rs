//! The one HTTP client of everything that is no relay: the TLS of [`crate::tls`], the proxy that is
//! found for a host, and what kept a call from coming through.

pub mod surroundings;

use std::error::Error as StdError;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Proxy as Tunnel};

use crate::model::proxy::ProxyKind;
use crate::model::{Proxies, Proxy, ProxyDecision, USER_AGENT_PRODUCT};
use crate::tls;

/// How long TCP and TLS may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
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
        let tls = tls::client_config_with(self.extra_ca).map_err(|fault| fault.to_string())?;
        let mut tls = (*tls).clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let proxies = self.proxies.clone();
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .user_agent(USER_AGENT_PRODUCT)
            // The surroundings are ours to read, for all flows in the same way.
            .no_proxy()
            .proxy(Tunnel::custom(move |url| {
                proxies.for_url(url)?.proxy.map(|proxy| address(&proxy))
            }));
        more(builder).build().map_err(|error| chain(&error))
    }
}

/// The proxy as the client takes it.
fn address(proxy: &Proxy) -> String {
    let whole = proxy.to_secret();
    match (proxy.kind(), whole.expose().split_once("://")) {
        // By this name it leaves the names to the proxy.
        (ProxyKind::Socks5, Some((_, rest))) => format!("socks5h://{rest}"),
        _ => whole.expose().to_owned(),
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
    /// What `error` says, on a way with `proxies`.
    pub fn of(error: &reqwest::Error, proxies: &Proxies) -> Self {
        for cause in causes(error) {
            if let Some(tls) = rustls_error(cause) {
                return match tls {
                    rustls::Error::InvalidCertificate(_) => Self::Untrusted,
                    _ => Self::Unreachable,
                };
            }
        }
        if error.is_connect() && proxy_of(error, proxies).is_some() {
            return if answer(error).is_some() {
                Self::ProxyRefused
            } else {
                Self::ProxyUnreachable
            };
        }
        match () {
            () if error.is_timeout() => Self::TimedOut,
            () if error.is_connect() => Self::Unreachable,
            () => Self::Interrupted,
        }
    }
}

/// What `error` says, in words: what caused it all, and which proxy it is about.
pub fn words(error: &reqwest::Error, proxies: &Proxies) -> String {
    let of_proxy = [Problem::ProxyRefused, Problem::ProxyUnreachable];
    let decision = proxy_of(error, proxies);
    let decision = decision.filter(|_| of_proxy.contains(&Problem::of(error, proxies)));
    let Some((decision, proxy)) = decision.as_ref().and_then(|it| Some((it, it.proxy.as_ref()?)))
    else {
        return root(error);
    };
    let answer = answer(error).unwrap_or_else(|| Answer::Other(root(error)));
    let said = match (answer, proxy.login()) {
        (Answer::WantsLogin, None) => "wants a user and a password (407)".to_owned(),
        (Answer::WantsLogin, Some(_)) => "does not take this user and password (407)".to_owned(),
        (Answer::Refuses, _) => "does not open the way".to_owned(),
        (Answer::Other(words), _) => words,
    };
    let origin = decision.origin().map(|origin| format!(" (this proxy is from {origin})"));
    format!("{proxy}: {said}{}", origin.unwrap_or_default())
}

/// The proxy on the way of a call that failed.
fn proxy_of(error: &reqwest::Error, proxies: &Proxies) -> Option<ProxyDecision> {
    proxies.for_url(error.url()?)
}

/// What a proxy answers instead of opening the way.
enum Answer {
    WantsLogin,
    Refuses,
    Other(String),
}

/// The answer that is in `error`. The connector's errors have no public type; these are their texts.
fn answer(error: &reqwest::Error) -> Option<Answer> {
    let text = chain(error);
    if text.contains("authorization required") {
        return Some(Answer::WantsLogin);
    }
    if text.contains("unsuccessful") {
        return Some(Answer::Refuses);
    }
    let (_, socks) = text.split_once("SOCKS error: ")?;
    let is_broken = ["failed to create underlying connection", "io error"];
    let answers = !is_broken.iter().any(|words| socks.starts_with(words));
    answers.then(|| Answer::Other(format!("SOCKS: {socks}")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProxyChoice;

    #[test]
    fn a_proxy_whose_password_is_sealed_is_not_asked() {
        let sealed = Proxy::parse_sealed("http://me:***@h:1").unwrap();
        let proxies = Proxies::of(&ProxyChoice::Through(sealed));
        let problem = Way { extra_ca: None, proxies }.client(|client| client).unwrap_err();
        assert!(problem.contains("http://me:***@h:1 cannot be unsealed"), "{problem}");
    }

    #[test]
    fn names_are_left_to_a_socks_proxy() {
        let of = |text: &str| address(&text.parse().unwrap());
        assert_eq!(of("socks5://me:p%40@h:1"), "socks5h://me:p%40@h:1");
        assert_eq!(of("https://me:p%40@h:1"), "https://me:p%40@h:1");
    }
}
