//! Putting a newer version in the place of this one: its packages are fetched and looked at here,
//! and the upgrader, which trusts none of it, installs them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use semver::Version;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use super::{Upgrades, lock};
use crate::ipc::protocol::{ErrorCode, RequestError};
use crate::model::upgrade::{TOLD_WITHIN, UpgradeProgress, UpgradeStep};
use crate::model::{Fault, FaultCode, Settings};
use crate::platform::files;
use crate::platform::permissions::{self, Access};
use crate::platform::upgrader::Installation;
use crate::store::{Begun, HandOver, UpgradeAsked, UpgradeOutcome};
use crate::upgrade::{self, Found, MANIFEST, ReleaseFile, SIGNATURES, Source};

/// How often the progress of a download is told.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked whether the upgrader is done.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long the upgrader may take to begin.
const BEGIN_LIMIT: Duration = Duration::from_secs(60);

/// What a newer version takes the place of, and through whom.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) installation: Installation,
    pub(super) hand_over: HandOver,
}

impl Upgrades {
    /// Begins to upgrade to `version`, which the client was told of.
    pub(in crate::service) fn begin(
        self: &Arc<Self>,
        version: Version,
        settings: Settings,
    ) -> Result<(), RequestError> {
        let refused = |why: String| RequestError::new(ErrorCode::NotUpgraded, why);
        if self.place.is_none() {
            let code = FaultCode::UpgradeByHand;
            return Err(refused(format!("{}. {}", code.summary(), code.advice())));
        }
        match self.known() {
            Some(release) if release.version == version => {}
            Some(release) => {
                let newest = release.version;
                return Err(refused(format!("{version} is not offered, and {newest} is")));
            }
            None => {
                let why = format!(
                    "no newer version is known, so {version} cannot be asked for; hcm upgrade --check asks the feed"
                );
                return Err(refused(why));
            }
        }
        {
            let mut progress = lock(&self.progress);
            if let Some(going) = progress.as_ref().filter(|progress| progress.is_under_way()) {
                let to = &going.version;
                return Err(refused(format!("an upgrade to {to} is under way already")));
            }
            let step = UpgradeStep::Downloading { done: 0, size: 0 };
            *progress = Some(UpgradeProgress { version: version.clone(), step });
        }
        self.show_progress();
        info!(%version, "upgrading");
        let this = self.clone();
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
            let done = this.apply(&version, &settings).await;
            this.end(&version, done).await;
        }));
        Ok(())
    }

    /// Goes on where a service that ended for an upgrade, or in the midst of one, has left off.
    pub(in crate::service) fn resume(self: &Arc<Self>) {
        let (Some(place), Some(begun)) = (&self.place, self.heard().begun) else { return };
        let Begun { version, asked, handed_over } = begun;
        if !handed_over {
            let why = "the service ended while its packages were on their way; try again: what is here is kept";
            let done = Err(Fault::new(FaultCode::UpgradeFailed, why));
            // Who asks at once hears of it.
            self.tell(&version, done);
            let this = self.clone();
            self.tasks.spawn(async move { this.remember(|heard| heard.begun = None).await });
            return;
        }
        if self.running.cmp_precedence(&version).is_lt() {
            // It may be at work, or was broken off as this service was.
            self.set_progress(&version, UpgradeStep::Installing);
            if let Err(error) = place.installation.call_upgrader() {
                warn!("the upgrader cannot be called: {error}");
            }
        } else {
            info!(version = %self.running, "upgraded");
        }
        let this = self.clone();
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(async move {
            let done = this.outcome(&UpgradeAsked::new(version.clone(), asked)).await;
            this.end(&version, done).await;
        }));
    }

    /// Leaves off; [`Self::resume`] of the next service goes on.
    pub(in crate::service) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn apply(&self, version: &Version, settings: &Settings) -> Result<(), Fault> {
        let Some(place) = &self.place else { return Ok(()) };
        self.note(&UpgradeAsked::new(version.clone(), Timestamp::now()), false).await;
        let found = self.newer(settings).await?;
        let found = found.filter(|(_, found)| found.manifest.version == *version);
        let (source, found) = found.ok_or_else(|| {
            let why = format!("{version} is not offered any more");
            Fault::new(FaultCode::UpgradeFailed, why)
        })?;
        let Installation { kind, window, .. } = place.installation;
        let packages = found.manifest.packages(kind, window)?;
        self.fetch(place, version, &source, &found, &packages).await?;
        let asked = UpgradeAsked::new(version.clone(), Timestamp::now());
        self.note(&asked, true).await;
        self.set_progress(version, UpgradeStep::Installing);
        info!(%version, "its packages are here; the upgrader installs them");
        place.hand_over.ask(&asked).map_err(|error| not_written(place, &error))?;
        if let Err(error) = place.installation.call_upgrader() {
            let _taken_back = place.hand_over.take_back();
            return Err(Fault::new(FaultCode::UpgraderSilent, error.to_string()));
        }
        self.outcome(&asked).await
    }

    /// Fetches the packages, and leaves them for the upgrader with what proves them.
    async fn fetch(
        &self,
        place: &Place,
        version: &Version,
        source: &Source,
        found: &Found,
        packages: &[&ReleaseFile],
    ) -> Result<(), Fault> {
        let folder = place.hand_over.folder();
        permissions::ensure_private_folder(folder)
            .map_err(|error| Fault::new(FaultCode::NotWritten, error.to_string()))?;
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        place.hand_over.clear(&names).map_err(|error| not_written(place, &error))?;
        let size = packages.iter().map(|package| package.size).sum();
        let mut before = 0;
        let mut told = None::<Instant>;
        for package in packages {
            let progress = |here| {
                let done = before + here;
                if done == size || told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                    told = Some(Instant::now());
                    self.set_progress(version, UpgradeStep::Downloading { done, size });
                }
            };
            let url = found.place(package)?;
            upgrade::download(source, &url, package, folder, progress).await?;
            before += package.size;
        }
        for (name, text) in [(MANIFEST, &found.manifest_text), (SIGNATURES, &found.signatures)] {
            let (path, text) = (folder.join(name), text.clone());
            let written =
                spawn_blocking(move || files::write_durably(&path, &text, Access::OwnerOnly)).await;
            let written = written.unwrap_or_else(|error| Err(error.into()));
            written.map_err(|error| not_written(place, &error))?;
        }
        Ok(())
    }

    /// Waits for what comes of `asked`.
    async fn outcome(&self, asked: &UpgradeAsked) -> Result<(), Fault> {
        let Some(place) = &self.place else { return Ok(()) };
        let Place { installation, hand_over } = place;
        let begun = Instant::now();
        loop {
            if let Some(outcome) = UpgradeOutcome::read(&installation.folder)
                && outcome.asked == asked.asked
            {
                return outcome.fault.map_or(Ok(()), Err);
            }
            let passed = begun.elapsed();
            if passed > BEGIN_LIMIT && hand_over.waits() {
                hand_over.take_back().map_err(|error| not_written(place, &error))?;
                let why = format!("it has not begun within {} s", BEGIN_LIMIT.as_secs());
                return Err(Fault::new(FaultCode::UpgraderSilent, why));
            }
            if passed > TOLD_WITHIN {
                let minutes = TOLD_WITHIN.as_secs() / 60;
                let why = format!("nothing is known of it after {minutes} minutes");
                return Err(Fault::new(FaultCode::UpgradeFailed, why));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Tells what came of the upgrade to `version`, and forgets that it was begun.
    async fn end(&self, version: &Version, done: Result<(), Fault>) {
        self.remember(|heard| heard.begun = None).await;
        // What is installed needs its packages no more, whether it runs or not.
        let is_installed = match &done {
            Ok(()) => true,
            Err(fault) => fault.code == FaultCode::UpgradeNotRunning,
        };
        if let Some(place) = &self.place
            && is_installed
            && let Err(error) = place.hand_over.clear(&[])
        {
            warn!("what is left of the upgrade is not removed: {error}");
        }
        self.tell(version, done);
    }

    /// Notes what is being done, for the service that comes next.
    async fn note(&self, asked: &UpgradeAsked, handed_over: bool) {
        let begun = Begun { version: asked.version.clone(), asked: asked.asked, handed_over };
        self.remember(|heard| heard.begun = Some(begun)).await;
    }

    fn tell(&self, version: &Version, done: Result<(), Fault>) {
        let is_here = self.running.cmp_precedence(version).is_ge();
        let fault = match done {
            _ if is_here => {
                *lock(&self.progress) = None;
                return self.show_progress();
            }
            Ok(()) => {
                let why = format!("{version} is installed, and {} runs on", self.running);
                Fault::new(FaultCode::UpgradeNotRunning, why)
            }
            Err(fault) => fault,
        };
        warn!(code = %fault.code, %version, "{fault}");
        self.set_progress(version, UpgradeStep::Failed { fault });
    }

    fn set_progress(&self, version: &Version, step: UpgradeStep) {
        *lock(&self.progress) = Some(UpgradeProgress { version: version.clone(), step });
        self.show_progress();
    }
}

fn not_written(place: &Place, error: &std::io::Error) -> Fault {
    let folder: &Path = place.hand_over.folder();
    let remedy = files::remedy_of(error, folder);
    Fault::new(FaultCode::NotWritten, format!("{}: {error}{remedy}", folder.display()))
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
