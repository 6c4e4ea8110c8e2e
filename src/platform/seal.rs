//! Sealing: what a program keeps in a file so that the file alone, copied elsewhere, is of
//! no use. On Windows its Data Protection API does it; elsewhere a credential of systemd, where
//! an administrator has made one, and without it the file's mode alone protects what is in it.

use std::fmt;
use std::io;

use zeroize::Zeroizing;

#[cfg(unix)]
#[path = "seal/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "seal/windows.rs"]
mod os;

/// Sealed by Windows for every account of one machine.
pub const DPAPI_MACHINE: &str = "dpapi-machine";
/// Sealed by Windows for one account.
pub const DPAPI_USER: &str = "dpapi-user";
/// Sealed with a credential that systemd gives the service.
pub const SYSTEMD_CREDENTIAL: &str = "systemd-credential";
/// Every protection that some system can undo, as files name it.
pub const PROTECTIONS: [&str; 3] = [DPAPI_MACHINE, DPAPI_USER, SYSTEMD_CREDENTIAL];

/// For whom something is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For this machine, whatever account the service runs as. Access lists have to keep
    /// other accounts out.
    Machine,
    /// For the account of this process.
    User,
}

/// Seals and unseals small secrets. Blocks for as long as the system takes.
pub trait Sealer: fmt::Debug + Send {
    /// The protection that [`Self::seal`] gives, as files name it.
    fn protection(&self) -> &'static str;

    /// Seals `secret`. Only with the same `entropy` is it unsealed again: that ties it to
    /// its place in the file.
    ///
    /// # Errors
    /// [`SealError`].
    fn seal(&self, secret: &[u8], entropy: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Undoes what [`Self::seal`] of the protection `protection` has done.
    ///
    /// # Errors
    /// [`SealError`], also where it was sealed elsewhere, for another account or with other
    /// entropy, or was damaged: systems do not tell these apart for certain.
    fn unseal(
        &self,
        protection: &str,
        sealed: &[u8],
        entropy: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError>;
}

/// Why something could not be sealed or unsealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It is not of a kind that this system has.
    #[error("this system cannot undo {0}")]
    Foreign(String),
    /// The system refuses.
    #[error("the system says: {0}")]
    Refused(io::Error),
    /// What was sealed just now could not be unsealed.
    #[error("what the system seals, it does not unseal again")]
    NotReversible,
}

/// What this system has to seal for `scope`. `None` where it has nothing.
pub fn sealer(scope: Scope) -> Option<Box<dyn Sealer>> {
    os::sealer(scope)
}
