//! A service that upgrades itself, and an upgrader that is played.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::model::upgrade::UpgradeInfo;
use crate::model::{Snapshot, VERSION, sample};
use crate::platform::upgrader::PackageKind;
use crate::service::hub::Hub;
use crate::store::{Heard, HeardFile};
use crate::upgrade::testing::{Served, Server, Signer};
use crate::upgrade::{Manifest, TrustedKeys};

const PACKAGE: &str = "hybrid-connection-manager_99.1.0-1_amd64.deb";
const OFFERED: Version = Version::new(99, 1, 0);

struct Bed {
    server: Server,
    signer: Signer,
    home: TempDir,
    folder: TempDir,
    hub: Arc<Hub>,
    settings: Settings,
}

impl Bed {
    /// A feed that offers version 99.1.0 in `bytes`.
    async fn new(bytes: &[u8]) -> Self {
        let server = Server::start().await;
        let mut settings = Settings::default();
        settings.set("upgrade.feed", server.url.as_str()).unwrap();
        let signer = Signer::new();
        let sha256: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        let manifest = serde_json::json!({
            "form": 1,
            "product": "hybrid-connection-manager",
            "version": OFFERED.to_string(),
            "released": "2026-11-18T09:00:00Z",
            "notes": "",
            "files": [{"name": PACKAGE, "kind": "deb", "arch": std::env::consts::ARCH,
                       "size": bytes.len(), "sha256": sha256}],
        });
        let manifest = manifest.to_string().into_bytes();
        server.put_bytes("stable/manifest.json", &manifest);
        let signed = signer.sign(&manifest);
        server.put_bytes("stable/manifest.json.sig", signed.as_bytes());
        server.put_bytes(&format!("stable/{PACKAGE}"), bytes);
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let hub = Arc::new(Hub::new(sample::service()));
        Self { server, signer, home, folder, hub, settings }
    }

    /// As the service does when it starts.
    fn upgrades(&self) -> Arc<Upgrades> {
        let folder = self.folder.path().to_owned();
        let installation = Installation { kind: PackageKind::Deb, window: false, folder };
        self.upgrades_of(Some(installation))
    }

    fn upgrades_of(&self, installation: Option<Installation>) -> Arc<Upgrades> {
        let hub = self.hub.clone();
        Arc::new(Upgrades::new(hub, self.home.path(), &self.settings, self.keys(), installation))
    }

    fn keys(&self) -> TrustedKeys {
        TrustedKeys::parse(&self.signer.key()).unwrap()
    }

    async fn asked(&self) -> Arc<Upgrades> {
        let upgrades = self.upgrades();
        upgrades.ask(&self.settings).await.unwrap();
        upgrades
    }

    fn heard_file(&self) -> HeardFile {
        HeardFile::in_home(self.home.path())
    }

    fn heard(&self) -> Heard {
        self.heard_file().read(&self.settings)
    }

    fn hand_over(&self) -> HandOver {
        HandOver::in_home(self.home.path())
    }

    fn in_hand_over(&self, name: &str) -> PathBuf {
        self.hand_over().folder().join(name)
    }

    /// What everybody sees, once it is `wanted`.
    async fn until(&self, wanted: impl Fn(&UpgradeInfo) -> bool) -> UpgradeInfo {
        let (snapshot, mut changes) = self.hub.subscribe();
        let told = |snapshot: &Snapshot| snapshot.service.upgrade.as_deref().cloned();
        let mut now = told(&snapshot);
        loop {
            if let Some(info) = now.filter(|info| wanted(info)) {
                return info;
            }
            changes.recv().await.unwrap();
            now = told(&self.hub.snapshot());
        }
    }

    async fn until_failed(&self) -> Fault {
        let failed = |info: &UpgradeInfo| match &info.progress {
            Some(UpgradeProgress { step: UpgradeStep::Failed { fault }, .. }) => {
                Some(fault.clone())
            }
            _ => None,
        };
        let info = self.until(|info| failed(info).is_some()).await;
        failed(&info).unwrap()
    }

    async fn until_installing(&self) -> UpgradeInfo {
        self.until(|info| {
            info.progress.as_ref().is_some_and(|progress| progress.step == UpgradeStep::Installing)
        })
        .await
    }

    /// What the upgrader is asked for, once it is.
    async fn until_asked(&self) -> UpgradeAsked {
        self.until_installing().await;
        while !self.hand_over().waits() {
            tokio::task::yield_now().await;
        }
        HandOver::read(&std::fs::read(self.in_hand_over(HandOver::ASKED)).unwrap()).unwrap()
    }

    /// As an upgrader does: takes it up, and leaves what came of it.
    fn answer(&self, asked: &UpgradeAsked, fault: Option<Fault>) {
        self.hand_over().take_back().unwrap();
        UpgradeOutcome::of(asked, fault).leave(self.folder.path()).unwrap();
    }
}

fn why(refused: Result<(), RequestError>) -> String {
    let error = refused.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotUpgraded);
    error.message
}

#[tokio::test]
async fn packages_are_fetched_and_handed_over_and_a_failure_is_told() {
    let bytes = vec![7; 300_000];
    let bed = Bed::new(&bytes).await;
    let upgrades = bed.asked().await;
    assert!(bed.until(|_| true).await.by_service);
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    let asked = bed.until_asked().await;
    assert_eq!(asked.version, OFFERED);
    assert_eq!(std::fs::read(bed.in_hand_over(PACKAGE)).unwrap(), bytes);
    let read = |name| std::fs::read(bed.in_hand_over(name)).unwrap();
    Manifest::read(&read(MANIFEST), &read(SIGNATURES), &bed.keys()).unwrap();
    assert!(why(upgrades.begin(OFFERED, bed.settings.clone())).contains("under way"));

    // Asking the feed meanwhile takes nothing away.
    upgrades.ask(&bed.settings).await;
    bed.until_installing().await;

    let fault = Fault::new(FaultCode::UpgradeFailed, "dpkg: no space left");
    bed.answer(&asked, Some(fault.clone()));
    assert_eq!(bed.until_failed().await, fault);
    assert_eq!(bed.heard().begun, None);
    upgrades.begin(OFFERED, bed.settings.clone()).expect("it can be tried again");
    let again = bed.until_asked().await;
    assert_ne!(again.asked, asked.asked, "the old outcome is not taken for the new one");
    let asks = bed.server.asked();
    let fetched = asks.iter().filter(|asked| asked.contains(PACKAGE)).count();
    assert_eq!(fetched, 1, "what is here is not fetched again: {asks:?}");
}

#[tokio::test]
async fn what_cannot_be_upgraded_is_refused_with_the_reason() {
    let bed = Bed::new(b"package").await;
    let upgrades = bed.upgrades();
    assert!(
        why(upgrades.begin(OFFERED, bed.settings.clone())).contains("no newer version is known")
    );
    upgrades.ask(&bed.settings).await.unwrap();
    let other = upgrades.begin(Version::new(99, 0, 0), bed.settings.clone());
    assert!(why(other).contains("99.0.0 is not offered, and 99.1.0 is"));
    let by_hand = bed.upgrades_of(None);
    assert!(!by_hand.ask(&bed.settings).await.unwrap().by_service);
    let refused = why(by_hand.begin(OFFERED, bed.settings.clone()));
    assert!(refused.contains("in the way in which this one was installed"), "{refused}");
}

#[tokio::test]
async fn a_damaged_package_is_not_handed_over() {
    let bed = Bed::new(b"package").await;
    bed.server.put_bytes(&format!("stable/{PACKAGE}"), b"Package");
    let upgrades = bed.asked().await;
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    assert_eq!(bed.until_failed().await.code, FaultCode::ReleaseDamaged);
    assert!(!bed.hand_over().waits());
    assert!(!bed.in_hand_over(PACKAGE).exists());
}

#[tokio::test]
async fn a_feed_that_does_not_come_to_an_end_is_given_up() {
    let bed = Bed::new(b"package").await;
    drop(bed.asked().await);
    let slowly = Some((1, Duration::from_millis(10)));
    let served = Served { bytes: vec![b' '; 100_000], slowly, ..Served::default() };
    bed.server.put("stable/manifest.json", served);
    let mut upgrades = bed.upgrades();
    Arc::get_mut(&mut upgrades).unwrap().ask_limit = Duration::from_millis(100);
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    let fault = bed.until_failed().await;
    assert_eq!(fault.code, FaultCode::FeedUnreachable);
    assert!(fault.detail.contains("did not answer within"), "{fault}");
}

#[tokio::test]
async fn a_release_without_a_package_for_this_machine_says_so() {
    let bed = Bed::new(b"package").await;
    let folder = bed.folder.path().to_owned();
    let installation = Installation { kind: PackageKind::Rpm, window: false, folder };
    let upgrades = bed.upgrades_of(Some(installation));
    upgrades.ask(&bed.settings).await.unwrap();
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    let fault = bed.until_failed().await;
    assert!(fault.detail.contains("of the kind rpm"), "{fault}");
}

#[tokio::test]
async fn an_upgrader_that_does_not_begin_is_told_and_asked_no_more() {
    let bed = Bed::new(b"package").await;
    let upgrades = bed.asked().await;
    std::fs::create_dir(bed.hand_over().folder()).unwrap();
    let asked = UpgradeAsked::new(OFFERED, Timestamp::now());
    bed.hand_over().ask(&asked).unwrap();
    tokio::time::pause();
    let fault = upgrades.outcome(&asked).await.unwrap_err();
    assert_eq!(fault.code, FaultCode::UpgraderSilent);
    assert!(!bed.hand_over().waits());
    let fault = upgrades.outcome(&asked).await.unwrap_err();
    assert!(fault.detail.contains("after 170 minutes"), "{fault}");
}

#[tokio::test]
async fn a_service_that_ended_while_it_fetched_says_so_when_it_is_back() {
    let bed = Bed::new(&[7; 300_000]).await;
    let breaks_after = Some(0);
    let served = Served { bytes: vec![7; 300_000], breaks_after, ..Served::default() };
    bed.server.put(&format!("stable/{PACKAGE}"), served);
    let upgrades = bed.asked().await;
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    while !bed.server.asked().iter().any(|asked| asked.contains(PACKAGE)) {
        tokio::task::yield_now().await;
    }
    upgrades.stop().await;
    assert!(!bed.heard().begun.unwrap().handed_over);

    let upgrades = bed.upgrades();
    upgrades.resume();
    let fault = bed.until_failed().await;
    assert!(fault.detail.contains("on their way; try again"), "{fault}");
    while bed.heard().begun.is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_service_that_was_put_back_still_offers_what_has_failed() {
    let mut bed = Bed::new(b"package").await;
    let upgrades = bed.asked().await;
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    let asked = bed.until_asked().await;
    upgrades.stop().await;
    let fault = Fault::new(FaultCode::UpgradeRolledBack, "it did not answer within 30 s");
    bed.answer(&asked, Some(fault.clone()));
    bed.hub = Arc::new(Hub::new(sample::service()));
    let upgrades = bed.upgrades();
    upgrades.resume();
    assert_eq!(bed.until_failed().await, fault);
    let info = bed.until(|_| true).await;
    assert_eq!(info.release.unwrap().version, OFFERED);
    upgrades.begin(OFFERED, bed.settings.clone()).expect("it can be tried again at once");
}

#[tokio::test]
async fn the_next_service_tells_how_the_upgrade_of_the_one_before_went() {
    let bed = Bed::new(b"package").await;
    let begin = |version: Version| {
        let asked = UpgradeAsked::new(version.clone(), Timestamp::now());
        let begun = Some(Begun { version, asked: asked.asked, handed_over: true });
        let mut heard = bed.heard();
        heard.begun = begun;
        bed.heard_file().write(&heard).unwrap();
        asked
    };
    // This one is the version before.
    let asked = begin(OFFERED);
    let upgrades = bed.upgrades();
    upgrades.resume();
    let progress = bed.until_installing().await.progress.unwrap();
    assert_eq!(progress.version, OFFERED);
    let fault = Fault::new(FaultCode::UpgradeRolledBack, "it did not answer within 30 s");
    bed.answer(&asked, Some(fault.clone()));
    assert_eq!(bed.until_failed().await, fault);
    assert_eq!(bed.heard().begun, None);

    // This one is the new version, and the upgrader has to see that first.
    let asked = begin(VERSION.parse().unwrap());
    permissions::ensure_private_folder(bed.hand_over().folder()).unwrap();
    files::write_durably(&bed.in_hand_over(PACKAGE), b"package", Access::OwnerOnly).unwrap();
    let hub = Arc::new(Hub::new(sample::service()));
    let bed = Bed { hub, ..bed };
    let upgrades = bed.upgrades();
    upgrades.resume();
    assert_eq!(bed.hub.snapshot().service.upgrade, None, "there is nothing to be told");
    bed.answer(&asked, None);
    while bed.heard().begun.is_some() || bed.in_hand_over(PACKAGE).exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_installed_and_does_not_run_needs_its_packages_no_more() {
    let bed = Bed::new(b"package").await;
    let upgrades = bed.asked().await;
    upgrades.begin(OFFERED, bed.settings.clone()).unwrap();
    let asked = bed.until_asked().await;
    let fault = Fault::new(FaultCode::UpgradeNotRunning, "99.1.0 is installed, and not restarted");
    bed.answer(&asked, Some(fault.clone()));
    assert_eq!(bed.until_failed().await, fault);
    assert!(!bed.in_hand_over(PACKAGE).exists());
}
