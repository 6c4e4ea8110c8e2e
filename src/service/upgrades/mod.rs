//! Looks for newer versions: once a day, and when somebody wants to know; and puts one in the place
//! of this one when somebody asks for it.

mod apply;

use std::path::Path;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use semver::Version;
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use self::apply::Place;
use super::hub::Hub;
use crate::http::{Way, surroundings};
use crate::model::upgrade::{Feed, Release, UpgradeInfo, UpgradeProgress};
use crate::model::{Fault, FaultCode, Settings, VERSION};
use crate::platform::upgrader::Installation;
use crate::store::{HandOver, Heard, HeardFile, Newer};
use crate::upgrade::{self, Found, Source, TrustedKeys, Verdict};

/// How long the feed may take for all that is asked.
const ASK_LIMIT: Duration = Duration::from_secs(60);
/// From one question to the next; half an hour more or less, so that machines that start together
/// do not ask together.
const EVERY: Duration = Duration::from_secs(24 * 3600);
/// How much earlier or later, at the most.
const SPREAD: Duration = Duration::from_secs(1800);
/// The first question waits so long at least: a machine that starts has other things to do.
const AFTER_START: Duration = Duration::from_secs(120);

/// What is known of newer versions, and who asks.
#[derive(Debug)]
pub(super) struct Upgrades {
    hub: Arc<Hub>,
    keys: TrustedKeys,
    running: Version,
    file: HeardFile,
    heard: StdMutex<Heard>,
    /// How long a feed may take for all that is asked.
    ask_limit: Duration,
    /// One question at a time.
    asking: Mutex<()>,
    changed: Notify,
    /// Where an upgrader can put a newer version; nothing where none can.
    place: Option<Place>,
    progress: StdMutex<Option<UpgradeProgress>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Upgrades {
    /// Those of the service with the home `home`, which was installed as `installation` says. A newer
    /// version that was heard of before is told at once.
    pub(super) fn new(
        hub: Arc<Hub>,
        home: &Path,
        settings: &Settings,
        keys: TrustedKeys,
        installation: Option<Installation>,
    ) -> Self {
        let running = Version::parse(VERSION);
        let file = HeardFile::in_home(home);
        let hand_over = HandOver::in_home(home);
        let heard = StdMutex::new(file.read(settings));
        let this = Self {
            hub,
            keys,
            running: running.expect("cargo takes no other version"),
            file,
            heard,
            ask_limit: ASK_LIMIT,
            asking: Mutex::new(()),
            changed: Notify::new(),
            place: installation.map(|installation| Place { installation, hand_over }),
            progress: StdMutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        if let release @ Some(_) = this.kept(settings) {
            let asked = this.heard().asked;
            this.show(Some(UpgradeInfo { asked, release, ..UpgradeInfo::default() }));
        }
        this
    }

    /// How long the next question waits, counted from `now`. `chance` is from 0 to 1.
    pub(super) fn wait(&self, now: Timestamp, chance: f64) -> Duration {
        wait(self.heard().asked, now, chance)
    }

    /// The settings have changed: what was heard may be of another feed.
    pub(super) fn forget(&self) {
        self.show(None);
        self.changed.notify_one();
    }

    /// Waits until [`Self::forget`] is called.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Asks the feed of `settings` now, and tells everybody what it says. Nothing, where there is
    /// no feed.
    pub(super) async fn ask(&self, settings: &Settings) -> Option<UpgradeInfo> {
        let _one = self.asking.lock().await;
        if settings.upgrade.feed == Feed::Off {
            self.show(None);
            return None;
        }
        let now = Timestamp::now();
        let found = self.newer(settings).await.map(|found| {
            let Found { manifest, .. } = found?.1;
            let (version, released, notes) = (manifest.version, manifest.released, manifest.notes);
            Some(Release { version, released, notes })
        });
        match &found {
            Ok(Some(release)) => info!(version = %release.version, "a newer version is available"),
            Ok(None) => info!("this is the newest version"),
            Err(fault) => warn!(code = %fault.code, "{fault}"),
        }
        self.remember(|heard| {
            heard.asked = Some(now);
            if let Ok(release) = &found {
                heard.newer = release.clone().map(|release| Newer::of(settings, release));
            }
        })
        .await;
        let (release, fault) = match found {
            Ok(release) => (release, None),
            // A release that was there this morning is still there, whatever keeps the feed away.
            Err(fault) => (self.kept(settings), Some(fault)),
        };
        self.show(Some(UpgradeInfo { asked: Some(now), release, fault, ..UpgradeInfo::default() }))
    }

    /// A release that is newer than this program, and the way to its files.
    async fn newer(&self, settings: &Settings) -> Result<Option<(Source, Found)>, Fault> {
        let asking = async {
            let source = source(settings).await?;
            let found = self.found(settings, &source).await?;
            Ok(found.map(|found| (source, found)))
        };
        timeout(self.ask_limit, asking).await.unwrap_or_else(|_| {
            let why = format!("it did not answer within {} s", self.ask_limit.as_secs());
            Err(Fault::new(FaultCode::FeedUnreachable, why))
        })
    }

    async fn found(&self, settings: &Settings, source: &Source) -> Result<Option<Found>, Fault> {
        let (feed, channel) = (&settings.upgrade.feed, settings.upgrade.channel);
        let mut newest = None::<Found>;
        for found in upgrade::ask(feed, channel, source, &self.keys).await? {
            let (heard, offered) = (self.heard(), &found.manifest);
            let seen = heard.seen(feed, found.channel);
            let verdict = offered.verdict(&self.running, channel, seen)?;
            self.remember(|heard| heard.see(feed, found.channel, offered.seen())).await;
            let is_newer =
                |than: &Found| offered.version.cmp_precedence(&than.manifest.version).is_gt();
            if verdict == Verdict::Newer && newest.as_ref().is_none_or(is_newer) {
                newest = Some(found);
            }
        }
        Ok(newest)
    }

    /// Tells everybody what is known, with how far an upgrade is.
    fn show(&self, info: Option<UpgradeInfo>) -> Option<UpgradeInfo> {
        let progress = lock(&self.progress).clone();
        let info = if progress.is_some() { Some(info.unwrap_or_default()) } else { info };
        let by_service = self.place.is_some();
        let info = info.map(|info| UpgradeInfo { by_service, progress, ..info });
        let told = info.clone().map(Box::new);
        self.hub.update_service(|service| service.upgrade = told);
        info
    }

    /// The same, when only that is new.
    fn show_progress(&self) {
        let info = self.hub.look(|snapshot| snapshot.service.upgrade.clone());
        self.show(info.map(|info| *info));
    }

    fn known(&self) -> Option<Release> {
        self.hub.look(|snapshot| snapshot.service.upgrade.clone())?.release
    }

    /// The newer release that was found last, where it still is one and is what `settings` want.
    fn kept(&self, settings: &Settings) -> Option<Release> {
        let kept = self.heard().newer.filter(|kept| kept.is_for(settings))?.release;
        kept.version.cmp_precedence(&self.running).is_gt().then_some(kept)
    }

    fn heard(&self) -> Heard {
        lock(&self.heard).clone()
    }

    async fn remember(&self, change: impl FnOnce(&mut Heard)) {
        let heard = {
            let mut heard = lock(&self.heard);
            change(&mut heard);
            heard.clone()
        };
        let file = self.file.clone();
        let written = spawn_blocking(move || file.write(&heard)).await;
        if let Ok(Err(error)) = written {
            warn!("what is known of releases is not kept: {error}");
        }
    }
}

/// The way to the feed of `settings`.
async fn source(settings: &Settings) -> Result<Source, Fault> {
    let is_here = matches!(&settings.upgrade.feed, Feed::Folder(url) if url.scheme() == "http");
    let network = settings.network.clone();
    let source = spawn_blocking(move || {
        let extra_ca = network.extra_ca_certificates.as_deref();
        let proxies = surroundings::proxies(&network.proxy);
        Source::new(&Way { extra_ca, proxies }, is_here)
    });
    source.await.map_err(|error| Fault::new(FaultCode::FeedUnreachable, error.to_string()))?
}

fn lock<T>(value: &StdMutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the next question waits after one that was `asked`.
fn wait(asked: Option<Timestamp>, now: Timestamp, chance: f64) -> Duration {
    let spread = SPREAD.mul_f64(2.0 * chance);
    let Some(asked) = asked.filter(|asked| *asked <= now) else {
        return AFTER_START + spread;
    };
    let passed = now.duration_since(asked).max(SignedDuration::ZERO).unsigned_abs();
    (EVERY - SPREAD + spread).saturating_sub(passed).max(AFTER_START)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;
    use crate::upgrade::testing::{Server, Signer};

    /// A feed, and a service that asks it.
    struct Feeding {
        server: Server,
        signer: Signer,
        home: tempfile::TempDir,
        hub: Arc<Hub>,
        settings: Settings,
    }

    impl Feeding {
        async fn start() -> Self {
            let server = Server::start().await;
            let mut settings = Settings::default();
            settings.set("upgrade.feed", server.url.as_str()).unwrap();
            let home = tempfile::tempdir().unwrap();
            let hub = Arc::new(Hub::new(sample::service()));
            Self { server, signer: Signer::new(), home, hub, settings }
        }

        /// As the service does when it starts.
        fn upgrades(&self) -> Upgrades {
            let keys = TrustedKeys::parse(&self.signer.key()).unwrap();
            Upgrades::new(self.hub.clone(), self.home.path(), &self.settings, keys, None)
        }

        /// Offers a release of version `version`, made on `day` of a month.
        fn offer(&self, version: &str, day: u8) {
            self.offer_on("stable", version, day);
        }

        /// The same on `channel`.
        fn offer_on(&self, channel: &str, version: &str, day: u8) {
            let manifest = serde_json::json!({
                "form": 1,
                "product": "hybrid-connection-manager",
                "version": version,
                "released": format!("2026-11-{day:02}T09:00:00Z"),
                "notes": format!("What is new in {version}"),
                "files": [],
            });
            let manifest = manifest.to_string().into_bytes();
            self.server.put_bytes(&format!("{channel}/manifest.json"), &manifest);
            let signed = self.signer.sign(&manifest);
            let signatures = format!("{channel}/manifest.json.sig");
            self.server.put_bytes(&signatures, signed.as_bytes());
        }

        /// What a service that starts with these settings hears: the version, or why not.
        async fn hear(&self) -> Result<String, FaultCode> {
            let info = self.upgrades().ask(&self.settings).await.unwrap();
            match info.fault {
                Some(fault) => Err(fault.code),
                None => Ok(info.release.unwrap().version.to_string()),
            }
        }

        /// What everybody sees.
        fn told(&self) -> Option<UpgradeInfo> {
            self.hub.snapshot().service.upgrade.map(|upgrade| *upgrade)
        }
    }

    #[tokio::test]
    async fn a_newer_version_is_told_to_everybody_and_survives_a_feed_that_goes_away() {
        let feeding = Feeding::start().await;
        feeding.offer("99.1.0", 18);
        let upgrades = feeding.upgrades();
        let info = upgrades.ask(&feeding.settings).await.unwrap();
        let release = info.release.clone().unwrap();
        assert_eq!((release.version.to_string().as_str(), &info.fault), ("99.1.0", &None));
        assert_eq!(release.notes, "What is new in 99.1.0");
        assert_eq!(feeding.told().as_ref(), Some(&info));
        assert_eq!(feeding.upgrades().heard().asked, info.asked, "it is kept");

        feeding.server.remove("stable/manifest.json");
        let info = upgrades.ask(&feeding.settings).await.unwrap();
        assert_eq!(info.release, Some(release));
        assert_eq!(info.fault.unwrap().code, FaultCode::FeedUnreachable);

        feeding.offer(VERSION, 19);
        let info = upgrades.ask(&feeding.settings).await.unwrap();
        assert_eq!((info.release, info.fault), (None, None), "it is the newest");
    }

    #[tokio::test]
    async fn a_newer_version_is_told_again_when_the_service_starts_while_it_counts() {
        let mut feeding = Feeding::start().await;
        feeding.offer("99.1.0", 18);
        let info = feeding.upgrades().ask(&feeding.settings).await;
        let start = |feeding: &mut Feeding| {
            feeding.hub = Arc::new(Hub::new(sample::service()));
            drop(feeding.upgrades());
            feeding.told()
        };
        assert_eq!(start(&mut feeding), info);
        // What other settings want is another question.
        for (name, value) in [
            ("upgrade.channel", "preview"),
            ("upgrade.feed", "https://updates.corp"),
            ("upgrade.feed", "off"),
        ] {
            let before = feeding.settings.clone();
            feeding.settings.set(name, value).unwrap();
            assert_eq!(start(&mut feeding), None, "{name} {value}");
            feeding.settings = before;
        }
        feeding.server.remove("stable/manifest.json");
        feeding.upgrades().ask(&feeding.settings).await.unwrap().fault.unwrap();
        let told = start(&mut feeding).unwrap();
        assert_eq!(told.release, info.unwrap().release, "that nobody answers takes nothing away");
        // It is what runs.
        feeding.offer(VERSION, 19);
        feeding.upgrades().ask(&feeding.settings).await.unwrap();
        assert_eq!(start(&mut feeding), None);
    }

    #[tokio::test]
    async fn an_older_release_than_before_is_refused_also_after_a_restart() {
        let feeding = Feeding::start().await;
        feeding.offer("99.2.0", 20);
        feeding.upgrades().ask(&feeding.settings).await.unwrap();
        feeding.offer("99.1.0", 18);
        let info = feeding.upgrades().ask(&feeding.settings).await.unwrap();
        assert_eq!(info.fault.unwrap().code, FaultCode::ReleaseReplayed);
        let kept = info.release.unwrap().version.to_string();
        assert_eq!(kept, "99.2.0", "what was told is not taken back");
        feeding.offer("99.2.1", 21);
        let info = feeding.upgrades().ask(&feeding.settings).await.unwrap();
        assert_eq!(info.release.unwrap().version.to_string(), "99.2.1");
    }

    #[tokio::test]
    async fn another_feed_or_channel_is_no_replay_and_the_one_before_is_remembered() {
        let mut feeding = Feeding::start().await;
        let other = Feeding { signer: feeding.signer.clone(), ..Feeding::start().await };
        feeding.offer("99.1.0", 18);
        feeding.offer_on("preview", "99.2.0-rc.1", 20);
        other.offer("99.0.0", 10);
        let own = feeding.settings.clone();
        feeding.settings.set("upgrade.channel", "preview").unwrap();
        assert_eq!(feeding.hear().await.unwrap(), "99.2.0-rc.1");
        feeding.settings = own.clone();
        assert_eq!(feeding.hear().await.unwrap(), "99.1.0");
        feeding.settings = other.settings;
        assert_eq!(feeding.hear().await.unwrap(), "99.0.0");

        feeding.settings = own;
        feeding.offer("99.0.9", 17);
        assert_eq!(feeding.hear().await, Err(FaultCode::ReleaseReplayed));
        feeding.offer_on("preview", "99.1.9-rc.1", 19);
        feeding.settings.set("upgrade.channel", "preview").unwrap();
        assert_eq!(feeding.hear().await, Err(FaultCode::ReleaseReplayed));
    }

    #[tokio::test]
    async fn who_wants_previews_hears_of_the_release_that_is_finished() {
        let mut feeding = Feeding::start().await;
        feeding.settings.set("upgrade.channel", "preview").unwrap();
        feeding.offer("99.1.0", 18);
        assert_eq!(feeding.hear().await.unwrap(), "99.1.0");
        // It was made before the finished one of another line.
        feeding.offer_on("preview", "99.2.0-rc.1", 17);
        assert_eq!(feeding.hear().await.unwrap(), "99.2.0-rc.1");
        feeding.offer("99.2.0", 20);
        assert_eq!(feeding.hear().await.unwrap(), "99.2.0");
        feeding.offer("99.1.1", 19);
        assert_eq!(feeding.hear().await, Err(FaultCode::ReleaseReplayed));
    }

    #[tokio::test]
    async fn a_feed_that_is_off_is_not_asked_and_another_one_begins_anew() {
        let mut feeding = Feeding::start().await;
        feeding.offer("99.1.0", 18);
        let upgrades = feeding.upgrades();
        upgrades.ask(&feeding.settings).await.unwrap();
        upgrades.forget();
        assert_eq!(feeding.told(), None);
        upgrades.changed().await;
        let asked = feeding.server.asked().len();
        feeding.settings.set("upgrade.feed", "off").unwrap();
        assert_eq!(upgrades.ask(&feeding.settings).await, None);
        assert_eq!(feeding.server.asked().len(), asked);
    }

    #[test]
    fn it_is_asked_once_a_day_and_not_all_at_once() {
        let now: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
        let hours = |asked: &str, chance| {
            wait(Some(asked.parse().unwrap()), now, chance).as_secs_f64() / 3600.0
        };
        assert_eq!(wait(None, now, 0.0), AFTER_START);
        assert_eq!(wait(None, now, 1.0), AFTER_START + Duration::from_secs(3600));
        assert_eq!(hours("2026-11-29T12:00:00Z", 0.0), 23.5);
        assert_eq!(hours("2026-11-29T12:00:00Z", 1.0), 24.5);
        assert_eq!(hours("2026-11-29T02:00:00Z", 0.5), 14.0);
        let long_ago = wait(Some("2026-01-01T00:00:00Z".parse().unwrap()), now, 0.5);
        assert_eq!(long_ago, AFTER_START);
        // A clock that was set back: as if nobody had asked.
        let ahead = wait(Some("2027-01-01T00:00:00Z".parse().unwrap()), now, 0.0);
        assert_eq!(ahead, AFTER_START);
    }
}
