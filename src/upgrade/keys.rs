//! Who may sign a release.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::model::{Fault, FaultCode};

/// The keys that come with the program: one that signs, and one that can take its place. They are
/// those of `assets/release-keys.txt`, unless the build got others (`installer/build.rs`).
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/release-keys.txt"));
/// The first word of a line, for what comes after ed25519.
const ALGORITHM: &str = "ed25519";
/// Bytes of a public key (RFC 8032, section 5.1.5).
const KEY_LENGTH: usize = 32;
/// Longest file of signatures in bytes; one line has 145.
pub const LONGEST_SIGNATURES: usize = 16 << 10;

type PublicKey = [u8; KEY_LENGTH];

/// The public keys that a release may be signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKeys(Vec<PublicKey>);

/// What is wrong with a list of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}; expected \"ed25519 KEY\" with 32 bytes in base64")]
pub struct KeysError {
    /// The number of the line, from 1 on.
    pub line: usize,
    problem: &'static str,
}

impl TrustedKeys {
    /// The keys that come with the program.
    ///
    /// # Panics
    /// When the list in the program is wrong, which the build rules out.
    pub fn built_in() -> Self {
        Self::parse(BUILT_IN).expect("the list in the program is right")
    }

    /// Keys, one a line as `ed25519 BASE64`; lines that begin with `#` are comments.
    ///
    /// # Errors
    /// [`KeysError`] with the line. A list without keys trusts nobody.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let keys = keys.map(|(line, text)| {
            let wrong = |problem| KeysError { line, problem };
            let mut words = text.split_ascii_whitespace();
            if words.next() != Some(ALGORITHM) {
                return Err(wrong("it does not begin with the algorithm"));
            }
            let key = words.next().ok_or_else(|| wrong("there is no key"))?;
            decode(key).ok_or_else(|| wrong("the key has another form"))
        });
        Ok(Self(keys.collect::<Result<_, _>>()?))
    }

    /// Whether one of these keys has signed `message`, as a line of `signatures` says:
    /// `ed25519 KEY SIGNATURE`, both in base64.
    ///
    /// # Errors
    /// [`FaultCode::ReleaseNotTrusted`] with what is wrong: no signature, none of a trusted key, or
    /// one that is not of this message.
    pub fn verify(&self, message: &[u8], signatures: &[u8]) -> Result<(), Fault> {
        let refused = |why: &str| Err(Fault::new(FaultCode::ReleaseNotTrusted, why));
        let Ok(text) = std::str::from_utf8(signatures) else {
            return refused("its signature is no text");
        };
        let signed: Vec<_> = text.lines().filter_map(Signature::read).collect();
        if signed.is_empty() {
            return refused("it is not signed");
        }
        let mut ours = signed.iter().filter(|signature| self.0.contains(&signature.key)).peekable();
        if ours.peek().is_none() {
            return refused("it is signed with a key that is not trusted");
        }
        if ours.any(|signature| signature.is_of(message)) {
            return Ok(());
        }
        refused("its signature does not fit: something was changed after it was signed")
    }
}

/// A line of a file of signatures.
struct Signature {
    key: PublicKey,
    signature: Vec<u8>,
}

impl Signature {
    /// The signature in `line`; nothing for what other versions may write there.
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        if words.next()? != ALGORITHM {
            return None;
        }
        let key = decode(words.next()?)?;
        Some(Self { key, signature: BASE64_STANDARD.decode(words.next()?).ok()? })
    }

    fn is_of(&self, message: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, &self.signature).is_ok()
    }
}

fn decode(key: &str) -> Option<PublicKey> {
    BASE64_STANDARD.decode(key).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Signer;
    use super::*;

    fn why(result: Result<(), Fault>) -> String {
        let fault = result.unwrap_err();
        assert_eq!(fault.code, FaultCode::ReleaseNotTrusted);
        fault.detail
    }

    #[test]
    fn either_of_two_keys_is_enough() {
        let [one, two, stranger] = [(); 3].map(|()| Signer::new());
        let keys = format!("# who signs\n{}\n\n{} kept away\n", one.key(), two.key());
        let keys = TrustedKeys::parse(&keys).unwrap();
        let message = b"{\"version\": \"1.2.3\"}";
        for signatures in [
            one.sign(message),
            two.sign(message),
            stranger.sign(message) + &two.sign(message),
            format!("falcon512 AAAA BBBB\n{}", one.sign(message)),
            one.sign(b"another") + &two.sign(message),
        ] {
            keys.verify(message, signatures.as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_nobody_trusted_has_signed_is_refused_with_the_reason() {
        let [ours, stranger] = [(); 2].map(|()| Signer::new());
        let keys = TrustedKeys::parse(&ours.key()).unwrap();
        let message = b"the manifest";
        let verify = |signatures: &str| why(keys.verify(message, signatures.as_bytes()));
        for unsigned in ["", "\n", "<html>", "ed25519", "ed25519 AAAA BBBB", &ours.key()] {
            assert_eq!(verify(unsigned), "it is not signed", "{unsigned}");
        }
        assert!(verify(&stranger.sign(message)).contains("a key that is not trusted"));
        let other = ours.sign(b"the manifesto");
        assert!(verify(&other).contains("changed after"), "{}", verify(&other));
        let signed = ours.sign(message);
        assert!(verify(&signed[..signed.len() - 5]).contains("changed after"));
        // A right signature under the name of a stranger, and the other way round.
        let swapped = signed.replace(&ours.key(), &stranger.key());
        assert!(verify(&swapped).contains("a key that is not trusted"));
        let swapped = stranger.sign(message).replace(&stranger.key(), &ours.key());
        assert!(verify(&swapped).contains("changed after"));
        assert!(why(keys.verify(message, &[0xFF, 0xFE])).contains("no text"));
        let nobody = TrustedKeys::parse("# nobody\n").unwrap();
        why(nobody.verify(message, signed.as_bytes()));
    }

    #[test]
    fn a_wrong_list_of_keys_is_refused_with_its_line() {
        for (text, line) in
            [("rsa AAAA", 1), ("# fine\n\ned25519", 3), ("ed25519 AAAA", 1), ("ed25519 ????", 1)]
        {
            let error = TrustedKeys::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
        }
    }

    #[test]
    fn the_program_trusts_two_keys() {
        let TrustedKeys(keys) = TrustedKeys::built_in();
        assert_eq!(keys.len(), 2);
        assert_ne!(keys[0], keys[1]);
    }
}
