//! TLS as this program speaks it: 1.2 and 1.3, the system's trust and what was added.

mod certificates;
pub mod examine;
mod names;
mod trust;

use std::sync::Arc;

use rustls::client::ClientConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;

use crate::model::{Fault, FaultCode};

/// A client configuration that trusts the system's CAs and those in the PEM file
/// `extra_ca`.
///
/// # Errors
/// [`FaultCode::CaUnusable`] names the file and what is wrong with it;
/// [`FaultCode::NoCaCertificates`] where the system has none and no file is named.
pub fn client_config_with(extra_ca: Option<&str>) -> Result<Arc<ClientConfig>, Fault> {
    let roots = extra_ca.map(|path| certificates::read(path.as_ref())).transpose()?;
    client_config(roots.unwrap_or_default()).map_err(|error| {
        extra_ca.map_or_else(
            || Fault::new(FaultCode::NoCaCertificates, error.to_string()),
            |path| Fault::new(FaultCode::CaUnusable, format!("{path}: {error}")),
        )
    })
}

/// A client configuration that trusts the system's CAs and `extra_roots`.
///
/// Share it: sessions are resumed from one connection to the next.
///
/// # Errors
/// When the system's CAs cannot be loaded, or an extra one is no CA certificate.
pub fn client_config(
    extra_roots: Vec<CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(provider());
    let verifier = trust::verifier(extra_roots, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// AES-128 first: it costs less than AES-256 and is as far out of reach.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider
        .cipher_suites
        .sort_by_key(|suite| suite.suite() != rustls::CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider
}

/// A configuration under which every connection fails as untrusted: what is left when
/// not even the system's CAs can be read.
pub fn trusting_nobody() -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for TLS 1.2 and 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Arc::new(config)
}
