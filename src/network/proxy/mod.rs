//! The way through a proxy: it opens a connection to the other side, and then the bytes are ours.

mod connect;
mod ntlm;
mod socks;
#[cfg(test)]
mod testing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::connect::Refusal;
use self::ntlm::{Failed, Scheme};
use super::dial;
use super::transport::Transport;
use crate::model::proxy::{Login, ProxyKind};
use crate::model::{Endpoint, Fault, FaultCode, Proxy};

/// Under which name a proxy took a login by NTLM alone: it need not be asked first.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownLogin(Arc<Mutex<Option<Scheme>>>);

impl KnownLogin {
    fn get(&self) -> Option<Scheme> {
        *self.lock()
    }

    fn set(&self, scheme: Option<Scheme>) {
        *self.lock() = scheme;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Scheme>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a connection to `host` through `proxy` before `deadline`; `tls` is for one that is spoken
/// to with TLS, and `known` is what this proxy is known for.
///
/// # Errors
/// One of the codes that begin with `Proxy`; [`FaultCode::ProxyPasswordSealed`] without asking the
/// proxy: wrong passwords may lock the account.
pub(super) async fn tunnel(
    proxy: &Proxy,
    host: &str,
    port: u16,
    tls: &TlsConnector,
    known: &KnownLogin,
    deadline: Instant,
) -> Result<Transport, Fault> {
    if proxy.password_is_sealed() {
        return Err(Fault::new(FaultCode::ProxyPasswordSealed, proxy.to_string()));
    }
    let (address, start) = (proxy.address(), Instant::now());
    let target = Endpoint::new(host, port);
    let asking = async {
        let mut stream = open(proxy, tls, deadline).await?;
        if let Some(scheme) = known.get()
            && let Some(Login { user, password: Some(password) }) = proxy.login()
        {
            match ntlm::ask(proxy, &target, (scheme, user, password), &mut stream).await {
                Ok(()) => return Ok(stream),
                Err(Failed::Fault(fault)) => return Err(fault),
                // It takes something else by now.
                Err(Failed::NotTaken(_)) => {
                    known.set(None);
                    stream = open(proxy, tls, deadline).await?;
                }
            }
        }
        match ask(proxy, &target, &mut stream).await {
            Ok(()) => Ok(stream),
            Err(Refusal::Fault(fault)) => Err(fault),
            Err(Refusal::WantsNtlm(scheme, user, password)) => {
                // A proxy may close the connection with its first answer.
                let mut stream = open(proxy, tls, deadline).await?;
                ntlm::ask(proxy, &target, (scheme, user, password), &mut stream).await?;
                known.set(Some(scheme));
                Ok(stream)
            }
        }
    };
    timeout_at(deadline, asking).await.unwrap_or_else(|_| {
        let seconds = start.elapsed().as_secs();
        let detail = format!(
            "{address} took the connection and did not open the way to {target} within {seconds} s"
        );
        Err(Fault::new(FaultCode::ProxyUnreachable, detail))
    })
}

/// A connection to the proxy itself.
async fn open(proxy: &Proxy, tls: &TlsConnector, deadline: Instant) -> Result<Transport, Fault> {
    let address = proxy.address();
    let limit = deadline.saturating_duration_since(Instant::now());
    let tcp = dial::connect(address.host(), address.port(), limit)
        .await
        .map_err(|error| Fault::new(FaultCode::ProxyUnreachable, error.to_string()))?;
    Ok(match proxy.kind() {
        ProxyKind::Http | ProxyKind::Socks5 => Transport::Tcp(tcp),
        ProxyKind::Https => Transport::Tls(Box::new(handshake(address, tls, tcp).await?)),
    })
}

async fn ask<'a, S>(proxy: &'a Proxy, target: &Endpoint, stream: &mut S) -> Result<(), Refusal<'a>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    match proxy.kind() {
        ProxyKind::Http | ProxyKind::Https => connect::ask(proxy, target, stream).await,
        ProxyKind::Socks5 => Ok(socks::ask(proxy, target, stream).await?),
    }
}

/// TLS to the proxy itself.
async fn handshake(
    address: &Endpoint,
    tls: &TlsConnector,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, Fault> {
    let failed = |why: String| Fault::new(FaultCode::ProxyTls, format!("{address}: {why}"));
    let name = ServerName::try_from(address.host().to_owned());
    let name = name.map_err(|error| failed(error.to_string()))?;
    tls.connect(name, tcp).await.map_err(|error| failed(error.to_string()))
}

/// The fault of a proxy that broke the connection.
fn broken(address: &Endpoint, error: &std::io::Error) -> Fault {
    let detail = format!("{address} took the connection and broke it: {error}");
    Fault::new(FaultCode::ProxyUnreachable, detail)
}

/// The fault of something that is no proxy of this `kind`.
fn no_proxy(address: &Endpoint, kind: &str) -> Fault {
    let detail = format!("what listens at {address} does not answer as {kind} proxy does");
    Fault::new(FaultCode::ProxyRefused, detail)
}

/// The fault of a login that is missing, or wrong.
fn login(proxy: &Proxy, answer: &str) -> Fault {
    let address = proxy.address();
    let detail = match proxy.login() {
        Some(_) => format!("{address} does not take this user and password ({answer})"),
        None => format!("{address} wants a user and a password ({answer})"),
    };
    Fault::new(FaultCode::ProxyLogin, detail)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::testing::{NtlmServer, request, said};
    use super::*;

    /// Takes a connection and answers its first request.
    async fn answer(listener: &TcpListener, offer: &str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = request(&mut stream).await;
        let answer = format!("HTTP/1.1 407 Login\r\nProxy-Authenticate: {offer}\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        asked
    }

    /// Takes a connection and a login by NTLM over it.
    async fn log_in(listener: &TcpListener) {
        let mut server = NtlmServer::new(r"CORP\me", "s3cret");
        let (mut stream, _) = listener.accept().await.unwrap();
        let said_first = said(Scheme::Ntlm, &mut stream).await;
        let challenge = BASE64_STANDARD.encode(server.answer(&said_first).unwrap().unwrap());
        let answer = format!("HTTP/1.1 407 Go on\r\nProxy-Authenticate: NTLM {challenge}\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let said_then = said(Scheme::Ntlm, &mut stream).await;
        assert!(server.answer(&said_then).unwrap().is_none());
        stream.write_all(b"HTTP/1.1 200 Open\r\n\r\n").await.unwrap();
    }

    #[tokio::test]
    async fn one_that_takes_ntlm_alone_is_asked_first_once_and_again_when_it_has_changed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!(r"http://CORP\me:s3cret@{}", listener.local_addr().unwrap());
        let proxy: Proxy = proxy.parse().unwrap();
        let tls = TlsConnector::from(crate::tls::client_config_with(None).unwrap());
        let known = KnownLogin::default();
        let open = async || {
            let deadline = Instant::now() + Duration::from_secs(30);
            tunnel(&proxy, "ns.servicebus.windows.net", 443, &tls, &known, deadline).await
        };
        let first = async {
            let asked = answer(&listener, "NTLM").await;
            assert!(asked.contains("Proxy-Authorization: Basic "), "{asked}");
            log_in(&listener).await;
        };
        tokio::join!(open(), first).0.unwrap();
        tokio::join!(open(), log_in(&listener)).0.unwrap();

        let changed = async {
            let asked = answer(&listener, "Basic realm=x").await;
            assert!(asked.contains("Proxy-Authorization: NTLM "), "{asked}");
            let asked = answer(&listener, "Basic realm=x").await;
            assert!(asked.contains("Proxy-Authorization: Basic "), "{asked}");
        };
        let opened = tokio::join!(open(), changed).0;
        assert_eq!(opened.unwrap_err().code, FaultCode::ProxyLogin);
        assert!(known.get().is_none());
    }
}
