//! The emulator's certificate authority and TLS.

use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::config::DEFAULT_DOMAIN;
use super::error::EmulatorError;
use super::state;

const CA_FILE: &str = "ca.pem";
const CA_KEY_FILE: &str = "ca-key.pem";

/// A certificate authority of the emulator's own.
pub(crate) struct Authority {
    pem: String,
    key: KeyPair,
}

impl Authority {
    /// A new one, kept nowhere.
    pub(crate) fn generate() -> Result<Self, EmulatorError> {
        let key = KeyPair::generate().map_err(EmulatorError::tls)?;
        let certificate = ca_params().self_signed(&key).map_err(EmulatorError::tls)?;
        Ok(Self { pem: certificate.pem(), key })
    }

    /// The one that `folder` keeps in `ca.pem` and `ca-key.pem`; a new one where there
    /// is none yet.
    pub(crate) fn kept_in(folder: &Path) -> Result<Self, EmulatorError> {
        let (ca, key) = (folder.join(CA_FILE), folder.join(CA_KEY_FILE));
        let (Some(pem), Some(key_pem)) = (state::read(&ca)?, state::read(&key)?) else {
            let new = Self::generate()?;
            state::write_private(&key, &new.key.serialize_pem())?;
            state::write_public(&ca, &new.pem)?;
            return Ok(new);
        };
        let damaged = |problem: String| EmulatorError::State {
            path: ca.clone(),
            problem: format!("{problem}; delete it and {CA_KEY_FILE} to get a new CA"),
        };
        let kept = KeyPair::from_pem(&key_pem)
            .map(|key| Self { pem, key })
            .map_err(|error| damaged(format!("its key cannot be read ({error})")))?;
        kept.check().map_err(damaged)?;
        Ok(kept)
    }

    /// The CA's certificate.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A TLS server for the emulator's hosts: `*.servicebus.localhost`, `localhost`,
    /// 127.0.0.1, ::1 and `hosts`. One for all connections, so that sessions resume.
    pub(crate) fn server(
        &self,
        hosts: &[String],
    ) -> Result<Arc<rustls::ServerConfig>, EmulatorError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let (chain, key) = self.issue(hosts)?;
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(EmulatorError::tls)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(EmulatorError::tls)?;
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(EmulatorError::tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// A certificate for `hosts` and the usual names, with its key.
    fn issue(
        &self,
        hosts: &[String],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), EmulatorError> {
        let mut names = vec![
            format!("*.{DEFAULT_DOMAIN}"),
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        names.extend(hosts.iter().filter(|host| !is_under_default_domain(host)).cloned());
        let mut params = CertificateParams::new(names).map_err(EmulatorError::tls)?;
        params.distinguished_name = name("Relay emulator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(EmulatorError::tls)?;
        let issuer = Issuer::new(ca_params(), &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(EmulatorError::tls)?;
        Ok((vec![certificate.der().clone()], PrivateKeyDer::from(key)))
    }

    /// Whether certificate and key belong together: one issued now is trusted.
    fn check(&self) -> Result<(), String> {
        let (chain, _) = self.issue(&[]).map_err(|error| error.to_string())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = roots_of(&self.pem).map_err(|error| format!("it cannot be read ({error})"))?;
        let host = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
        rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| error.to_string())
            .and_then(|verifier| {
                use rustls::client::danger::ServerCertVerifier as _;
                verifier
                    .verify_server_cert(&chain[0], &[], &host, &[], UnixTime::now())
                    .map_err(|error| format!("it does not fit its key ({error})"))
            })
            .map(drop)
    }
}

/// The CA certificate that `folder` keeps.
pub(crate) fn kept_certificate(folder: &Path) -> Result<String, EmulatorError> {
    let path = folder.join(CA_FILE);
    state::read(&path)?.ok_or_else(|| EmulatorError::State {
        path,
        problem: "it is missing; start the emulator again".to_owned(),
    })
}

/// The certificates of a PEM text as trust anchors.
pub(crate) fn roots_of(pem: &str) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(roots)
}

/// Whether the wildcard certificate has `host`.
fn is_under_default_domain(host: &str) -> bool {
    host.strip_suffix(DEFAULT_DOMAIN)
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|label| !label.contains('.'))
}

/// The same every time, so that the key alone is enough to issue again.
fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Relay emulator CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2124, 1, 1);
    params
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_the_ca() {
        let folder = tempfile::tempdir().unwrap();
        let first = Authority::kept_in(folder.path()).unwrap();
        let second = Authority::kept_in(folder.path()).unwrap();
        assert_eq!(first.pem(), second.pem());
        second.server(&["relay.example".to_owned()]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Authority::kept_in(folder.path()).unwrap();
        let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode(CA_KEY_FILE) & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_ca_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let other = Authority::generate().unwrap();
        Authority::kept_in(folder.path()).unwrap();
        for pem in [other.pem(), "nonsense"] {
            state::write_public(&folder.path().join(CA_FILE), pem).unwrap();
            let error = Authority::kept_in(folder.path()).err().unwrap().to_string();
            assert!(error.contains("ca.pem") && error.contains("delete"), "{error}");
        }
    }
}
