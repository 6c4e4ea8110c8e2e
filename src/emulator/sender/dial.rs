//! TCP and TLS towards a namespace.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::SenderError;
use crate::emulator::tls;
use crate::model::NamespaceAddress;

/// The client's end of a TLS connection.
pub(crate) type Tls = tokio_rustls::client::TlsStream<TcpStream>;

/// A TLS client that trusts this CA, or what the system trusts.
///
/// # Errors
/// [`SenderError::Ca`].
pub(crate) fn trusting(ca_pem: Option<&str>) -> Result<Arc<rustls::ClientConfig>, SenderError> {
    let bad = |error: rustls::Error| SenderError::Ca(error.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(bad)?;
    let builder = match ca_pem {
        Some(pem) => builder.with_root_certificates(tls::roots_of(pem).map_err(SenderError::Ca)?),
        None => builder.with_platform_verifier().map_err(bad)?,
    };
    Ok(Arc::new(builder.with_no_client_auth()))
}

/// Opens a TLS connection.
///
/// # Errors
/// [`SenderError::Unreachable`] and [`SenderError::Tls`].
pub(crate) async fn dial(
    address: &NamespaceAddress,
    tls: &Arc<rustls::ClientConfig>,
) -> Result<Tls, SenderError> {
    let host = address.host();
    // Every name below `localhost` is this machine (RFC 6761), whatever DNS says.
    let is_local = host == "localhost" || host.ends_with(".localhost");
    let tcp = if is_local {
        TcpStream::connect(("127.0.0.1", address.port())).await
    } else {
        TcpStream::connect((host, address.port())).await
    };
    let unreachable = |source| SenderError::Unreachable { address: address.clone(), source };
    let tcp = tcp.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    let failed = |source| SenderError::Tls { address: address.clone(), source };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await.map_err(failed)
}
