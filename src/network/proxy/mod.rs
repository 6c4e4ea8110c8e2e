//! The way through a proxy: it opens a connection to Azure, and then the bytes are ours.

mod connect;
mod ntlm;
mod socks;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::connect::Refusal;
use super::dial;
use super::transport::Transport;
use crate::model::proxy::ProxyKind;
use crate::model::{Endpoint, Fault, FaultCode, Proxy};

/// Opens a connection to `host` through `proxy` before `deadline`; `tls` is for one that is spoken
/// to with TLS.
///
/// # Errors
/// One of the codes that begin with `Proxy`; [`FaultCode::ProxyPasswordSealed`] without asking the
/// proxy: wrong passwords may lock the account.
pub(super) async fn tunnel(
    proxy: &Proxy,
    host: &str,
    port: u16,
    tls: &TlsConnector,
    deadline: Instant,
) -> Result<Transport, Fault> {
    if proxy.password_is_sealed() {
        return Err(Fault::new(FaultCode::ProxyPasswordSealed, proxy.to_string()));
    }
    let (address, start) = (proxy.address(), Instant::now());
    let target = Endpoint::new(host, port);
    let asking = async {
        let mut stream = open(proxy, tls, deadline).await?;
        match ask(proxy, &target, &mut stream).await {
            Ok(()) => Ok(stream),
            Err(Refusal::Fault(fault)) => Err(fault),
            Err(Refusal::WantsNtlm(user, password)) => {
                // A proxy may close the connection with its first answer.
                let mut stream = open(proxy, tls, deadline).await?;
                ntlm::ask(proxy, &target, user, password, &mut stream).await?;
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
