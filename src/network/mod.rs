//! The way out: names, TCP, straight or through a proxy, then TLS.

pub mod dial;
pub mod each;
pub mod head;
mod lookup;
mod proxy;
pub mod transport;

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::dial::DialError;
use self::proxy::KnownLogin;
use self::transport::Transport;
use crate::model::{Fault, FaultCode, Proxies, ProxyDecision};

/// A connection to Azure, in TLS.
pub type AzureStream = TlsStream<Transport>;

/// The way to Azure, and to the feed of newer versions; cheap to clone.
#[derive(Clone)]
pub struct Network {
    tls: TlsConnector,
    proxies: Arc<Proxies>,
    /// Of the one proxy that `proxies` have.
    known_login: KnownLogin,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// One that trusts what `tls` trusts.
    pub fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls: TlsConnector::from(tls),
            proxies: Arc::default(),
            known_login: KnownLogin::default(),
        }
    }

    /// The same way, through the proxy that `proxies` have for a host.
    pub fn through(self, proxies: Proxies) -> Self {
        Self { proxies: Arc::new(proxies), known_login: KnownLogin::default(), ..self }
    }

    /// Lets a password that the proxy has refused, and not just now, be sent once more, for a person who
    /// wants to try again.
    pub fn try_refused_password(&self) {
        self.known_login.pardon();
    }

    /// Which proxy is used for which host.
    pub fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// Opens TCP and TLS to `host` before `deadline`.
    ///
    /// # Errors
    /// A fault that tells the proxy, the name, the network and the certificate apart.
    pub async fn open(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<AzureStream, Fault> {
        let tcp = self.open_tcp(host, port, deadline).await?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Fault::new(FaultCode::NamespaceNotResolved, format!("{host} is no host name"))
        })?;
        match timeout_at(deadline, self.tls.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(tls_fault(host, &error)),
            Err(_) => Err(Fault::new(
                FaultCode::AzureTimedOut,
                format!("{host}:{port} took the connection and did not answer the TLS handshake"),
            )),
        }
    }

    /// Opens TCP alone to `host` before `deadline`, through the proxy where there is one.
    ///
    /// # Errors
    /// A fault that tells the proxy, the name and the network apart.
    pub async fn open_tcp(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Transport, Fault> {
        let decision = self.proxies.decide(host, port);
        match &decision.proxy {
            Some(proxy) => proxy::tunnel(proxy, host, port, &self.tls, &self.known_login, deadline)
                .await
                .map_err(|fault| whose(&decision, fault)),
            None => {
                let limit = deadline.saturating_duration_since(Instant::now());
                let tcp = dial::connect(host, port, limit).await;
                Ok(Transport::Tcp(tcp.map_err(|error| azure_fault(&error))?))
            }
        }
    }
}

/// `fault` of a proxy, with who has named it where that is not the setting.
fn whose(decision: &ProxyDecision, fault: Fault) -> Fault {
    match decision.origin() {
        Some(origin) => {
            Fault { detail: format!("{} (this proxy is from {origin})", fault.detail), ..fault }
        }
        None => fault,
    }
}

fn azure_fault(error: &DialError) -> Fault {
    let code = match error {
        DialError::NotResolved { .. } => FaultCode::NamespaceNotResolved,
        DialError::Refused(_) | DialError::Unreachable { .. } => FaultCode::AzureUnreachable,
        DialError::TimedOut(..) => FaultCode::AzureTimedOut,
    };
    Fault::new(code, error.to_string())
}

fn tls_fault(host: &str, error: &std::io::Error) -> Fault {
    let cause = error.get_ref().and_then(|source| source.downcast_ref::<rustls::Error>());
    let code = match cause {
        Some(rustls::Error::InvalidCertificate(_)) => FaultCode::TlsUntrusted,
        _ => FaultCode::TlsFailed,
    };
    Fault::new(code, format!("{host}: {error}"))
}
