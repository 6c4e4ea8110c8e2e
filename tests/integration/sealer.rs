//! A sealer that a test steers, in the place of the system's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hybrid_connection_manager::platform::seal::{PROTECTIONS, SealError, Sealer};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Length of what is put before the secret.
const HEAD: usize = 33;

/// Seals for one machine. Not secret at all: it only hides the text and knows its own.
#[derive(Clone, Debug)]
pub(crate) struct FakeSealer {
    machine: &'static str,
    protection: &'static str,
    broken: Arc<AtomicBool>,
    sealed: Arc<AtomicUsize>,
}

impl FakeSealer {
    /// Of the machine `machine`.
    pub(crate) fn of(machine: &'static str) -> Self {
        Self::giving(machine, PROTECTIONS[0])
    }

    /// Of the machine `machine`, giving the protection `protection`.
    pub(crate) fn giving(machine: &'static str, protection: &'static str) -> Self {
        Self { machine, protection, broken: Arc::default(), sealed: Arc::default() }
    }

    /// As the store takes it; this one stays to steer it.
    pub(crate) fn boxed(&self) -> Option<Box<dyn Sealer>> {
        Some(Box::new(self.clone()))
    }

    /// Whether it refuses to seal from now on.
    pub(crate) fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }

    /// How often it has sealed.
    pub(crate) fn times_sealed(&self) -> usize {
        self.sealed.load(Ordering::Relaxed)
    }

    fn mark(&self, entropy: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.machine).chain_update(entropy).finalize().into()
    }
}

impl Sealer for FakeSealer {
    fn protection(&self) -> &'static str {
        self.protection
    }

    fn seal(&self, secret: &[u8], entropy: &[u8]) -> Result<Vec<u8>, SealError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(SealError::Refused(std::io::Error::other("out of wax")));
        }
        let salt = self.sealed.fetch_add(1, Ordering::Relaxed) as u8;
        let mut sealed = self.mark(entropy).to_vec();
        sealed.push(salt);
        sealed.extend(secret.iter().map(|byte| byte ^ 0x55 ^ salt));
        Ok(sealed)
    }

    fn unseal(
        &self,
        protection: &str,
        sealed: &[u8],
        entropy: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if !PROTECTIONS.contains(&protection) {
            return Err(SealError::Foreign(protection.to_owned()));
        }
        if sealed.len() < HEAD || sealed[..32] != self.mark(entropy) {
            return Err(SealError::Refused(std::io::Error::other("key not valid here")));
        }
        let salt = sealed[32];
        Ok(Zeroizing::new(sealed[HEAD..].iter().map(|byte| byte ^ 0x55 ^ salt).collect()))
    }
}
