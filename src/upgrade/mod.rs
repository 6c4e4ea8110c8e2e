//! Upgrades: which release a feed offers, whether it can be trusted, and its files.
//!
//! A release is a set of files and two about them: `manifest.json` names each with its length and
//! hash, and `manifest.json.sig` signs the manifest. Nothing that a feed says counts before the
//! signature is right, and no file before its length and hash are: who holds the feed, or the
//! network, can keep a release away and do no more.

mod download;
mod feed;
mod keys;
mod manifest;
mod source;
#[cfg(test)]
pub(crate) mod testing;

pub use self::download::{check, download};
pub use self::feed::{Found, MANIFEST, SIGNATURES, ask};
pub use self::keys::{KeysError, LONGEST_SIGNATURES, TrustedKeys};
pub use self::manifest::{LONGEST_MANIFEST, Manifest, ReleaseFile, Verdict};
pub use self::source::Source;
