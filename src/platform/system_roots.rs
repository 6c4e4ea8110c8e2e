//! The CA certificates of this system, where asking the system itself may take long.

/// The CAs that this system trusts for servers, DER-encoded: on Windows those of its store
/// of roots. `None` elsewhere, where the system's own verifier reads a file and asks nobody.
///
/// Read once: certificates that are added later are found by the system's own verifier.
pub fn load() -> Option<&'static [Vec<u8>]> {
    os::load()
}

#[cfg(windows)]
mod os {
    use std::sync::OnceLock;

    pub(super) fn load() -> Option<&'static [Vec<u8>]> {
        static ROOTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let read = || {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "the system's store of CAs cannot be read");
            }
            found.certs.into_iter().map(|certificate| certificate.to_vec()).collect()
        };
        Some(ROOTS.get_or_init(read))
    }
}

#[cfg(not(windows))]
mod os {
    pub(super) fn load() -> Option<&'static [Vec<u8>]> {
        None
    }
}
