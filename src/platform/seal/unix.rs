//! Sealing with a credential of systemd, which is itself sealed by the machine's TPM or by a key
//! that root alone reads (systemd-creds(1)), and which no other account and no backup has.

use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, MAX_TAG_LEN, NONCE_LEN, Nonce, RandomizedNonceKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{SYSTEMD_CREDENTIAL, Scope, SealError, Sealer};
use crate::platform::product::CREDENTIAL;

/// Fewest bytes that a credential has.
const FEWEST: usize = 32;
/// What the unit gives where an administrator has made no credential.
const NONE: &[u8] = b"none";
/// What the key is made for, so that the same credential may serve something else too.
const PURPOSE: &[u8] = b"hybrid-connection-manager: secrets in files, 1";

/// The key of this service, or why it cannot be used: then nothing is sealed, and nothing is
/// written unsealed instead.
pub(super) struct Credential(Result<RandomizedNonceKey, String>);

/// The credential is that of one service, whatever its account.
pub(super) fn sealer(_scope: Scope) -> Option<Box<dyn Sealer>> {
    Credential::of_this_process().map(|credential| Box::new(credential) as _)
}

impl Credential {
    /// The one that systemd has given this process, if it has.
    pub(super) fn of_this_process() -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os("CREDENTIALS_DIRECTORY")?);
        Self::read(&folder.join(CREDENTIAL))
    }

    fn read(file: &Path) -> Option<Self> {
        // systemd closes the folder to the service where it has put nothing into it.
        file.metadata().ok()?;
        let key = match std::fs::read(file).map(Zeroizing::new) {
            Err(error) => Err(format!("the credential {} cannot be read: {error}", file.display())),
            Ok(bytes) if *bytes == NONE => return None,
            Ok(bytes) if bytes.len() < FEWEST => Err(format!(
                "the credential {} has {} bytes, and at least {FEWEST} are needed",
                file.display(),
                bytes.len()
            )),
            Ok(bytes) => key_of(&bytes),
        };
        Some(Self(key))
    }

    fn key(&self) -> Result<&RandomizedNonceKey, SealError> {
        self.0.as_ref().map_err(|words| SealError::Refused(io::Error::other(words.clone())))
    }
}

fn key_of(credential: &[u8]) -> Result<RandomizedNonceKey, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(credential).map_err(|error| error.to_string())?;
    mac.update(PURPOSE);
    let key = Zeroizing::new(mac.finalize().into_bytes().to_vec());
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|error| error.to_string())
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}

/// A nonce, and behind it what AES-256-GCM makes of the secret.
impl Sealer for Credential {
    fn protection(&self) -> &'static str {
        SYSTEMD_CREDENTIAL
    }

    fn seal(&self, secret: &[u8], entropy: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.key()?;
        // Room for all of it: a buffer that grows leaves the secret behind.
        let mut sealed = Vec::with_capacity(secret.len() + MAX_TAG_LEN);
        sealed.extend_from_slice(secret);
        let nonce = key
            .seal_in_place_append_tag(Aad::from(entropy), &mut sealed)
            .map_err(|_| SealError::Refused(io::Error::other("the secret is not encrypted")))?;
        sealed.splice(..0, *nonce.as_ref());
        Ok(sealed)
    }

    fn unseal(
        &self,
        protection: &str,
        sealed: &[u8],
        entropy: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if protection != SYSTEMD_CREDENTIAL {
            return Err(SealError::Foreign(protection.to_owned()));
        }
        let key = self.key()?;
        let other = || {
            let words = "it was sealed with another credential or for another place, or damaged";
            SealError::Refused(io::Error::other(words))
        };
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or_else(other)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| other())?;
        let mut secret = Zeroizing::new(sealed.to_vec());
        let length =
            key.open_in_place(nonce, Aad::from(entropy), &mut secret).map_err(|_| other())?.len();
        secret.truncate(length);
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: &[u8]) -> Option<Credential> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Credential::read(file.path())
    }

    fn credential(bytes: &[u8]) -> Credential {
        read(bytes).unwrap()
    }

    #[test]
    fn what_is_sealed_is_unsealed_in_its_place_alone() {
        let sealer = credential(&[7; FEWEST]);
        let sealed = sealer.seal(b"a key", b"contoso/sql").unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"a key"));
        assert_ne!(sealed, sealer.seal(b"a key", b"contoso/sql").unwrap());
        let unseal = |sealer: &Credential, sealed: &[u8], entropy: &[u8]| {
            sealer.unseal(SYSTEMD_CREDENTIAL, sealed, entropy).map(|secret| secret.to_vec())
        };
        assert_eq!(unseal(&sealer, &sealed, b"contoso/sql").unwrap(), b"a key");
        let again = credential(&[7; FEWEST]);
        assert_eq!(unseal(&again, &sealed, b"contoso/sql").unwrap(), b"a key");
        unseal(&sealer, &sealed, b"contoso/web").unwrap_err();
        unseal(&credential(&[8; FEWEST]), &sealed, b"contoso/sql").unwrap_err();
        for damaged in [&sealed[..NONCE_LEN - 1], &sealed[..sealed.len() - 1], &[]] {
            unseal(&sealer, damaged, b"contoso/sql").unwrap_err();
        }
        let foreign = sealer.unseal("dpapi-machine", &sealed, b"contoso/sql").unwrap_err();
        assert!(matches!(foreign, SealError::Foreign(_)));
    }

    #[test]
    fn a_credential_of_no_use_seals_nothing_and_says_why() {
        let short = credential(b"short");
        let error = short.seal(b"a key", b"x").unwrap_err().to_string();
        assert!(error.contains("has 5 bytes"), "{error}");
        assert!(Credential::read(Path::new("/nowhere/at/all")).is_none());
        assert!(read(NONE).is_none());
    }
}
