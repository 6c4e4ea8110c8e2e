//! A handshake that looks at whom the other side claims to be, without breaking off where that
//! is not trusted. For looking only: nothing secret may go over such a connection.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::names::Names;
use super::{certificates, provider, trust};
use crate::model::{Fault, FaultCode};

/// In the names of those who sign for Azure.
const SIGNERS: [&str; 2] = ["Microsoft", "DigiCert"];

/// Looks at certificates as this program trusts them.
#[derive(Debug)]
pub struct Examiner {
    verifier: Option<Arc<dyn ServerCertVerifier>>,
    fault: Option<Fault>,
}

/// What was seen in a handshake.
#[derive(Debug)]
pub struct Seen {
    /// Why it is not trusted, in words.
    pub problem: Option<String>,
    /// The version of TLS.
    pub version: Option<String>,
    /// The certificates, that of the other side first.
    pub chain: Vec<Certificate>,
}

/// Who a certificate is for, and who signs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// For whom.
    pub subject: String,
    /// By whom.
    pub issuer: String,
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, signed by {}", self.subject, self.issuer)
    }
}

impl Seen {
    /// Who signs the certificate of the other side.
    pub fn issuer(&self) -> Option<&str> {
        self.chain.first().map(|certificate| certificate.issuer.as_str())
    }

    /// Whether those sign it who do that for Azure.
    pub fn is_signed_for_azure(&self) -> bool {
        self.issuer().is_some_and(|issuer| SIGNERS.iter().any(|name| issuer.contains(name)))
    }
}

impl Examiner {
    /// One that trusts the system's CAs and those in the PEM file `extra_ca`. What of that cannot
    /// be loaded is left out: see [`Self::fault`]. It may block.
    pub fn trusting(extra_ca: Option<&str>) -> Self {
        let provider = Arc::new(provider());
        let (roots, unusable) = match extra_ca.map(|path| certificates::read(path.as_ref())) {
            None => (Vec::new(), None),
            Some(Ok(roots)) => (roots, None),
            Some(Err(fault)) => (Vec::new(), Some(fault)),
        };
        match trust::verifier(roots, &provider) {
            Ok(verifier) => Self { verifier: Some(verifier), fault: unusable },
            Err(error) => {
                let fault = Fault::new(FaultCode::NoCaCertificates, error.to_string());
                Self { verifier: None, fault: Some(unusable.unwrap_or(fault)) }
            }
        }
    }

    /// Which CAs could not be loaded, and why.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Does the handshake with `host` over `tcp`.
    ///
    /// # Errors
    /// Those of the connection, and of a handshake that breaks for another reason than trust.
    pub async fn shake<S>(&self, host: &str, tcp: S) -> io::Result<(Seen, TlsStream<S>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let looking = Arc::new(Looking {
            verifier: self.verifier.clone(),
            schemes: provider().signature_verification_algorithms,
            seen: Mutex::new(None),
        });
        let config = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(looking.clone())
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
        let version = stream.get_ref().1.protocol_version();
        let problem = looking.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let seen = Seen {
            problem: problem.flatten(),
            version: version.and_then(|version| version.as_str().map(shown_version)),
            chain: chain.iter().map(|der| named(der)).collect(),
        };
        Ok((seen, stream))
    }
}

/// `TLSv1_3` as people write it.
fn shown_version(version: &str) -> String {
    version.replace("TLSv", "").replace('_', ".")
}

fn named(der: &[u8]) -> Certificate {
    let unknown = || "?".to_owned();
    match Names::of(der) {
        Some(names) => Certificate {
            subject: names.subject.unwrap_or_else(unknown),
            issuer: names.issuer.unwrap_or_else(unknown),
        },
        None => Certificate { subject: unknown(), issuer: unknown() },
    }
}

/// Keeps what the verifier says, and goes on.
#[derive(Debug)]
struct Looking {
    verifier: Option<Arc<dyn ServerCertVerifier>>,
    schemes: rustls::crypto::WebPkiSupportedAlgorithms,
    seen: Mutex<Option<Option<String>>>,
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let problem = match &self.verifier {
            None => Some("there are no CA certificates to trust".to_owned()),
            Some(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .err()
                .map(|error| error.to_string()),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use rustls::ServerConfig;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    #[tokio::test]
    async fn a_stranger_is_looked_at_and_named() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Corp Inspection CA");
        params.distinguished_name.push(DnType::OrganizationName, "Corp");
        let ca = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone(), ca.der().clone()],
                leaf_key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let serving = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            acceptor.accept(tcp).await.map(drop)
        });
        let tcp = TcpStream::connect(at).await.unwrap();
        let examiner = Examiner::trusting(None);
        let (seen, _stream) = examiner.shake("localhost", tcp).await.unwrap();
        serving.await.unwrap().unwrap();
        assert!(seen.problem.is_some());
        assert_eq!(seen.issuer(), Some("Corp Inspection CA (Corp)"));
        assert_eq!(seen.version.as_deref(), Some("1.3"));
        assert!(!seen.is_signed_for_azure());
        let shown: Vec<_> = seen.chain.iter().map(Certificate::to_string).collect();
        assert_eq!(shown[0], "localhost, signed by Corp Inspection CA (Corp)");
        assert_eq!(shown.len(), 2);
    }

    #[test]
    fn a_file_of_cas_that_is_not_there_is_a_fault() {
        let examiner = Examiner::trusting(Some("/no/such/file.pem"));
        assert_eq!(examiner.fault().unwrap().code, FaultCode::CaUnusable);
    }
}
