//! What the service has left, copied to where it cannot change any more, and looked at there.

use std::io;
use std::path::Path;

use semver::Version;

use crate::model::upgrade::Channel;
use crate::model::{Fault, FaultCode};
use crate::platform::upgrader::{self, PackageKind};
use crate::store::{HandOver, UpgradeAsked};
use crate::upgrade::{
    self, LONGEST_MANIFEST, LONGEST_SIGNATURES, MANIFEST, Manifest, SIGNATURES, TrustedKeys,
    Verdict,
};

/// Longest file in bytes that says what is asked for.
const LONGEST_ASKED: u64 = 4 << 10;

/// What is asked for, if anything is. The folder `working` begins empty.
pub(super) fn asked(hand_over: &HandOver, working: &Path) -> Result<Option<UpgradeAsked>, String> {
    super::plan::Plan::forget(working)?;
    let folder = hand_over.folder();
    if !hand_over.waits() {
        return Ok(None);
    }
    upgrader::closed_folder(working)?;
    let target = working.join(HandOver::ASKED);
    let read = upgrader::take(folder, HandOver::ASKED, LONGEST_ASKED, &target)
        .and_then(|()| std::fs::read(&target))
        .map_err(|error| error.to_string())
        .and_then(|bytes| HandOver::read(&bytes));
    let file = folder.join(HandOver::ASKED);
    match read {
        Ok(asked) => Ok(Some(asked)),
        Err(why) => {
            // It would be taken for a new one again and again.
            answered(hand_over)?;
            Err(format!("{} asks for nothing that is understood: {why}", file.display()))
        }
    }
}

/// The service has its answer, or it is on its way to it.
pub(super) fn answered(hand_over: &HandOver) -> Result<(), String> {
    match upgrader::drop_taken(hand_over.folder(), HandOver::ASKED) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let file = hand_over.folder().join(HandOver::ASKED);
            Err(format!("{} cannot be removed: {error}", file.display()))
        }
        _ => Ok(()),
    }
}

/// A release that the service has left.
pub(super) struct Release<'a> {
    pub(super) hand_over: &'a HandOver,
    pub(super) keys: &'a TrustedKeys,
}

impl Release<'_> {
    /// Copies the packages for what is installed here into `working`, and gives their names.
    /// What comes after `own`, was asked for, and is signed is taken, and nothing else.
    pub(super) async fn take(
        &self,
        asked: &UpgradeAsked,
        own: &Version,
        kind: PackageKind,
        window: bool,
        working: &Path,
    ) -> Result<Vec<String>, Fault> {
        let manifest = self.copy(MANIFEST, LONGEST_MANIFEST as u64, working)?;
        let signatures = self.copy(SIGNATURES, LONGEST_SIGNATURES as u64, working)?;
        let manifest = Manifest::read(&manifest, &signatures, self.keys)?;
        if manifest.version != asked.version {
            let why = format!("{} was asked for, and {} is there", asked.version, manifest.version);
            return Err(Fault::new(FaultCode::ReleaseReplayed, why));
        }
        // Whether a preview is wanted is a matter of the settings, and was looked at there.
        if manifest.verdict(own, Channel::Preview, None)? != Verdict::Newer {
            let why = format!("{} is not newer than {own}", manifest.version);
            return Err(Fault::new(FaultCode::ReleaseReplayed, why));
        }
        let packages = manifest.packages(kind, window)?;
        for package in &packages {
            let target = working.join(&package.name);
            upgrader::take(self.hand_over.folder(), &package.name, package.size, &target)
                .map_err(|error| self.damaged(&package.name, &error))?;
            upgrade::check(&target, package).await?;
        }
        Ok(packages.into_iter().map(|package| package.name.clone()).collect())
    }

    fn copy(&self, name: &str, longest: u64, working: &Path) -> Result<Vec<u8>, Fault> {
        let target = working.join(name);
        upgrader::take(self.hand_over.folder(), name, longest, &target)
            .and_then(|()| std::fs::read(&target))
            .map_err(|error| self.damaged(name, &error))
    }

    fn damaged(&self, name: &str, error: &io::Error) -> Fault {
        let file = self.hand_over.folder().join(name);
        Fault::new(FaultCode::ReleaseDamaged, format!("{}: {error}", file.display()))
    }
}
