//! The Data Protection API, as Microsoft's documentation of `dpapi.h` has it.

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Cryptography::{
    CRYPT_INTEGER_BLOB, CRYPTPROTECT_LOCAL_MACHINE, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData,
    CryptUnprotectData,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{DPAPI_MACHINE, DPAPI_USER, Scope, SealError, Sealer};

#[derive(Debug)]
pub(super) struct Dpapi {
    scope: Scope,
}

impl Dpapi {
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope }
    }
}

pub(super) fn sealer(scope: Scope) -> Option<Box<dyn Sealer>> {
    Some(Box::new(Dpapi::new(scope)))
}

impl Sealer for Dpapi {
    fn protection(&self) -> &'static str {
        match self.scope {
            Scope::Machine => DPAPI_MACHINE,
            Scope::User => DPAPI_USER,
        }
    }

    fn seal(&self, secret: &[u8], entropy: &[u8]) -> Result<Vec<u8>, SealError> {
        let flags = match self.scope {
            Scope::Machine => CRYPTPROTECT_UI_FORBIDDEN | CRYPTPROTECT_LOCAL_MACHINE,
            Scope::User => CRYPTPROTECT_UI_FORBIDDEN,
        };
        let (secret, entropy) = (blob(secret)?, blob(entropy)?);
        let mut sealed = Allocated::nothing();
        // SAFETY: both blobs point to as many bytes as they say, which live through the call
        // and are only read; `sealed` takes what the system allocates.
        #[expect(unsafe_code, reason = "the Windows API")]
        let done = unsafe {
            CryptProtectData(
                &raw const secret,
                null(),
                &raw const entropy,
                null(),
                null(),
                flags,
                &raw mut sealed.0,
            )
        };
        match done {
            0 => Err(SealError::Refused(io::Error::last_os_error())),
            _ => Ok(sealed.bytes().to_vec()),
        }
    }

    // The scope is in what was sealed.
    fn unseal(
        &self,
        protection: &str,
        sealed: &[u8],
        entropy: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if ![DPAPI_MACHINE, DPAPI_USER].contains(&protection) {
            return Err(SealError::Foreign(protection.to_owned()));
        }
        let (sealed, entropy) = (blob(sealed)?, blob(entropy)?);
        let mut secret = Allocated::nothing();
        // SAFETY: as above; the description is not asked for.
        #[expect(unsafe_code, reason = "the Windows API")]
        let done = unsafe {
            CryptUnprotectData(
                &raw const sealed,
                null_mut(),
                &raw const entropy,
                null(),
                null(),
                CRYPTPROTECT_UI_FORBIDDEN,
                &raw mut secret.0,
            )
        };
        match done {
            0 => Err(SealError::Refused(io::Error::last_os_error())),
            _ => Ok(Zeroizing::new(secret.bytes().to_vec())),
        }
    }
}

/// `bytes` as the system wants them.
fn blob(bytes: &[u8]) -> Result<CRYPT_INTEGER_BLOB, SealError> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| SealError::Refused(io::Error::from(io::ErrorKind::FileTooLarge)))?;
    Ok(CRYPT_INTEGER_BLOB { cbData: length, pbData: bytes.as_ptr().cast_mut() })
}

/// Bytes that the system allocated; wiped before they are given back.
struct Allocated(CRYPT_INTEGER_BLOB);

impl Allocated {
    fn nothing() -> Self {
        Self(CRYPT_INTEGER_BLOB { cbData: 0, pbData: null_mut() })
    }

    fn bytes(&mut self) -> &mut [u8] {
        let length = usize::try_from(self.0.cbData).unwrap_or(0);
        if self.0.pbData.is_null() || length == 0 {
            return &mut [];
        }
        // SAFETY: the system allocated this many bytes there and wrote them; they are ours.
        #[expect(unsafe_code, reason = "the Windows API")]
        unsafe {
            std::slice::from_raw_parts_mut(self.0.pbData, length)
        }
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        self.bytes().zeroize();
        // SAFETY: the system allocated it with LocalAlloc, or it is null, which is fine.
        #[expect(unsafe_code, reason = "the Windows API")]
        unsafe {
            LocalFree(self.0.pbData.cast());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"c2VjcmV0IGtleSBmb3IgdGVzdHM=";

    fn both() -> [Dpapi; 2] {
        [Dpapi::new(Scope::Machine), Dpapi::new(Scope::User)]
    }

    #[test]
    fn what_is_sealed_hides_the_secret_and_is_unsealed_by_either() {
        for by in both() {
            let sealed = by.seal(SECRET, b"contoso/sql").unwrap();
            assert!(!sealed.windows(SECRET.len()).any(|part| part == SECRET));
            assert_ne!(sealed, by.seal(SECRET, b"contoso/sql").unwrap(), "salted");
            for reader in both() {
                let again = reader.unseal(by.protection(), &sealed, b"contoso/sql").unwrap();
                assert_eq!(*again, SECRET);
            }
        }
    }

    #[test]
    fn other_entropy_and_damage_are_refused() {
        for by in both() {
            let sealed = by.seal(SECRET, b"contoso/sql").unwrap();
            let refused = |sealed: &[u8], entropy: &[u8]| {
                let error = by.unseal(by.protection(), sealed, entropy).unwrap_err();
                assert!(matches!(error, SealError::Refused(_)), "{error}");
                assert!(error.to_string().len() > "the system says: ".len());
            };
            refused(&sealed, b"contoso/web");
            refused(&sealed, b"");
            refused(b"", b"contoso/sql");
            refused(b"contoso/sql", b"contoso/sql");
            refused(&sealed[..sealed.len() / 2], b"contoso/sql");
            let mut changed = sealed.clone();
            *changed.last_mut().unwrap() ^= 1;
            refused(&changed, b"contoso/sql");
        }
    }

    #[test]
    fn another_kind_of_seal_is_not_tried() {
        let error = both()[0].unseal("tpm", b"x", b"y").unwrap_err();
        assert!(matches!(error, SealError::Foreign(kind) if kind == "tpm"));
    }
}
