//! A TLS server and client that trust each other.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, ServerConfig};
use tokio_rustls::TlsAcceptor;

use hybrid_connection_manager::tls::client_config;

/// The host name of the server.
pub(crate) const HOST: &str = "bench.servicebus.localhost";

/// An acceptor, and the client configuration of our listener that trusts it.
pub(crate) fn pair() -> (TlsAcceptor, Arc<ClientConfig>) {
    let mut params = rcgen::CertificateParams::new(vec![HOST.to_owned()]).expect("a valid name");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let ca = params.self_signed(&ca_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(params, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = vec![HOST.to_owned(), "*.servicebus.localhost".to_owned()];
    let certificate = rcgen::CertificateParams::new(names)
        .expect("a valid name")
        .signed_by(&key, &issuer)
        .expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key fits");
    let client = client_config(vec![ca.der().clone()]).expect("the CA is usable");
    (TlsAcceptor::from(Arc::new(server)), client)
}
