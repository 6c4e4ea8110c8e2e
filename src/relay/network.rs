//! How Azure is reached: TCP, straight or through a proxy, then TLS.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::dial::{self, DialError};
use super::proxy;
use crate::model::{Fault, FaultCode, Proxy};

/// A connection to Azure.
pub type AzureStream = TlsStream<TcpStream>;

/// The way to Azure; cheap to clone.
#[derive(Clone)]
pub struct Network {
    tls: TlsConnector,
    proxy: Option<Arc<Proxy>>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// The way to Azure that trusts what `tls` trusts.
    pub fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls: TlsConnector::from(tls), proxy: None }
    }

    /// The same way through `proxy`, or without any.
    pub fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy: proxy.map(Arc::new), ..self }
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
    ) -> Result<TcpStream, Fault> {
        match &self.proxy {
            Some(proxy) => proxy::tunnel(proxy, host, port, deadline).await,
            None => {
                let limit = deadline.saturating_duration_since(Instant::now());
                dial::connect(host, port, limit).await.map_err(|error| azure_fault(&error))
            }
        }
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
