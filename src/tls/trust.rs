//! Whose certificates are trusted.
//!
//! The system's own verifier knows best, but on Windows it asks the CA over the network
//! whether a certificate was revoked, and waits ten seconds where only Azure can be reached.
//! There the roots that the system has in store are tried first, which asks nobody; the
//! system is asked where they do not lead to trust, since it also knows roots that it has
//! not loaded yet.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::platform::system_roots;

/// A verifier that trusts the system's CAs and `extra`.
///
/// # Errors
/// When the system's CAs cannot be used, or an extra one is no CA certificate.
pub(super) fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    match system_roots::load() {
        Some(roots) => {
            let known = known(roots, extra, provider)?;
            let system = Arc::new(Verifier::new(provider.clone())?);
            Ok(Arc::new(KnownFirst { known, system }))
        }
        None if extra.is_empty() => Ok(Arc::new(Verifier::new(provider.clone())?)),
        None => Ok(Arc::new(Verifier::new_with_extra_roots(extra, provider.clone())?)),
    }
}

/// Trusts `roots`, as far as they can be read, and all of `extra`.
fn known(
    roots: &[Vec<u8>],
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ServerCertVerifier>>, Error> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().map(|der| CertificateDer::from(der.as_slice())));
    for certificate in extra {
        store.add(certificate)?;
    }
    if store.is_empty() {
        return Ok(None);
    }
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
    let verifier = verifier.map_err(|error| Error::General(error.to_string()))?;
    Ok(Some(verifier))
}

/// Asks the system only about issuers that `known` does not have.
#[derive(Debug)]
struct KnownFirst {
    known: Option<Arc<dyn ServerCertVerifier>>,
    system: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for KnownFirst {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ask = |verifier: &dyn ServerCertVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let Some(known) = &self.known else {
            return off_the_workers(|| ask(&*self.system));
        };
        match ask(&**known) {
            Err(problem) if is_unknown_issuer(&problem) => off_the_workers(|| ask(&*self.system)),
            // Whoever knows the issuer knows what is wrong: nobody waits to hear it.
            answer => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.system.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.system.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

fn is_unknown_issuer(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::UnknownIssuer))
}

/// Does what may take seconds without holding up the other tasks of this worker.
fn off_the_workers<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers each question with what it was made with, and counts them.
    #[derive(Debug)]
    struct Fixed(Option<CertificateError>, AtomicUsize);

    impl Fixed {
        fn new(problem: Option<CertificateError>) -> Arc<Self> {
            Arc::new(Self(problem, AtomicUsize::new(0)))
        }

        fn asked(&self) -> usize {
            self.1.load(Ordering::Relaxed)
        }
    }

    impl ServerCertVerifier for Fixed {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            self.1.fetch_add(1, Ordering::Relaxed);
            match &self.0 {
                None => Ok(ServerCertVerified::assertion()),
                Some(problem) => Err(Error::InvalidCertificate(problem.clone())),
            }
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            Vec::new()
        }
    }

    fn verify(known: &Arc<Fixed>, system: &Arc<Fixed>) -> Result<ServerCertVerified, Error> {
        let verifier = KnownFirst { known: Some(known.clone()), system: system.clone() };
        let certificate = CertificateDer::from(&b"-"[..]);
        let name = ServerName::try_from("contoso.servicebus.windows.net").unwrap();
        verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now())
    }

    #[test]
    fn the_system_is_not_asked_about_what_is_trusted_already() {
        let (known, system) = (Fixed::new(None), Fixed::new(Some(CertificateError::Revoked)));
        verify(&known, &system).unwrap();
        assert_eq!((known.asked(), system.asked()), (1, 0));
    }

    #[test]
    fn the_system_has_the_last_word_on_an_unknown_issuer_and_is_asked_about_nothing_else() {
        use CertificateError::{Expired, Revoked, UnknownIssuer};
        for (known, system, expected, asked) in [
            (UnknownIssuer, None, None, 1),
            (UnknownIssuer, Some(Revoked), Some(Revoked), 1),
            (UnknownIssuer, Some(UnknownIssuer), Some(UnknownIssuer), 1),
            (Expired, None, Some(Expired), 0),
        ] {
            let system = Fixed::new(system);
            let answer = verify(&Fixed::new(Some(known)), &system).map(drop);
            assert_eq!(answer, expected.map_or(Ok(()), |it| Err(Error::InvalidCertificate(it))));
            assert_eq!(system.asked(), asked);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_slow_system_does_not_hold_up_the_other_tasks_of_a_worker() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let slow = tokio::spawn(async move { off_the_workers(|| wait.recv()) });
        // On the only worker, unless the slow work has left it.
        tokio::spawn(async move { release.send(()) }).await.unwrap().unwrap();
        slow.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_does_it_there() {
        assert_eq!(off_the_workers(|| 7), 7);
    }

    #[test]
    fn extra_cas_are_trusted_beside_those_of_the_system() {
        let provider = Arc::new(crate::tls::provider());
        let ca = rcgen::generate_simple_self_signed(["ca".to_owned()]).unwrap();
        let der = ca.cert.der().to_vec();
        assert!(known(&[], Vec::new(), &provider).unwrap().is_none());
        assert!(known(std::slice::from_ref(&der), Vec::new(), &provider).unwrap().is_some());
        assert!(
            known(&[b"no certificate".to_vec()], vec![der.into()], &provider).unwrap().is_some()
        );
        known(&[], vec![CertificateDer::from(&b"no certificate"[..])], &provider).unwrap_err();
    }
}
