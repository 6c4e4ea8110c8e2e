//! The upgrader on a machine that is made up: what it takes, what it refuses, and how it goes on
//! after it was broken off at each step.

use std::cell::{Cell, RefCell, RefMut};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::time::Instant;

use super::*;
use crate::model::Settings;
use crate::model::settings::ServiceSettings;
use crate::model::upgrade::{
    ANSWERS_WITHIN, ENDS_WITHIN, INSTALLED_WITHIN, TOLD_WITHIN, UPGRADED_WITHIN,
};
use crate::platform::files::write_durably;
use crate::platform::permissions::Access;
use crate::platform::upgrader::{INSTALL_LIMIT, Managed, PackageKind, TURN_LIMIT};
use crate::upgrade::testing::Signer;

const PACKAGE: &str = "hybrid-connection-manager_1.1.0-1_amd64.deb";
const BYTES: &[u8] = b"the new version";

/// What a step of a machine comes to.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Well,
    Fails,
    /// The upgrader is killed in its midst.
    Dies,
}

/// A process of the service. Once it `ends`, one of what is installed then takes its place.
struct Process {
    id: u32,
    version: Version,
    ends: Option<Instant>,
    /// Whether the service manager ends it.
    is_told: bool,
}

/// A machine with a service.
struct Made {
    process: RefCell<Process>,
    installed: RefCell<Version>,
    prepares: Cell<Does>,
    installs: Cell<Does>,
    rolls_back: Cell<Option<Does>>,
    /// Whether an installation that failed has left everything as it was.
    changed_nothing: bool,
    /// The versions that never answer.
    silent: Vec<Version>,
    /// How long a process of version 1.1.0 lives, if not for ever.
    lives: Option<Duration>,
    /// Whether installers may restart the service.
    restarts: bool,
    /// How long a process takes to end once it is told to.
    drains: Duration,
    is_wanted: bool,
    did: RefCell<Vec<&'static str>>,
    before: Version,
}

async fn step(does: Does) -> Result<(), String> {
    match does {
        Does::Well => Ok(()),
        Does::Fails => Err("dpkg failed: there is no space".to_owned()),
        Does::Dies => std::future::pending().await,
    }
}

impl Made {
    fn restart(&self) {
        let mut process = self.process.borrow_mut();
        if self.restarts {
            (process.ends, process.is_told) = (Some(Instant::now() + self.drains), true);
        }
    }

    /// The process that runs now.
    fn process(&self) -> RefMut<'_, Process> {
        let mut process = self.process.borrow_mut();
        if process.ends.is_some_and(|ends| Instant::now() >= ends) {
            let version = self.installed.borrow().clone();
            let is_new = version != self.before;
            let ends = self.lives.filter(|_| is_new).map(|lives| Instant::now() + lives);
            *process = Process { id: process.id + 1, version, ends, is_told: false };
        }
        process
    }
}

impl Machine for &Made {
    fn installed(&self) -> Option<(PackageKind, bool)> {
        Some((PackageKind::Deb, false))
    }

    fn service(&self) -> Managed {
        let process = self.process();
        Managed {
            is_wanted: self.is_wanted,
            is_changing: process.is_told,
            process: self.is_wanted.then_some(process.id),
        }
    }

    async fn prepare(&self, _packages: &Packages) -> Result<(), String> {
        self.did.borrow_mut().push("prepare");
        step(self.prepares.get()).await
    }

    async fn install(&self, packages: &Packages) -> Result<(), String> {
        self.did.borrow_mut().push("install");
        assert_eq!(std::fs::read(&packages.files[0]).unwrap(), BYTES);
        step(self.installs.get()).await?;
        self.installed.replace(Version::new(1, 1, 0));
        self.restart();
        Ok(())
    }

    async fn changed_nothing(&self, _packages: &Packages) -> bool {
        self.changed_nothing
    }

    async fn roll_back(&self, _packages: &Packages) -> Result<RolledBack, String> {
        self.did.borrow_mut().push("roll back");
        let Some(does) = self.rolls_back.get() else { return Ok(RolledBack::NoWay) };
        step(does).await?;
        self.installed.replace(self.before.clone());
        self.restart();
        Ok(RolledBack::Yes)
    }

    async fn running(&self) -> Option<Version> {
        let version = self.process().version.clone();
        (self.is_wanted && !self.silent.contains(&version)).then_some(version)
    }
}

struct Bed {
    home: TempDir,
    folder: TempDir,
    signer: Signer,
    machine: Made,
}

impl Bed {
    fn new() -> Self {
        let before = Version::new(1, 0, 0);
        let process = Process { id: 7, version: before.clone(), ends: None, is_told: false };
        let machine = Made {
            process: RefCell::new(process),
            installed: RefCell::new(before.clone()),
            prepares: Cell::new(Does::Well),
            installs: Cell::new(Does::Well),
            rolls_back: Cell::new(None),
            changed_nothing: false,
            silent: Vec::new(),
            lives: None,
            restarts: true,
            drains: Duration::ZERO,
            is_wanted: true,
            did: RefCell::default(),
            before,
        };
        let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Self { home, folder, signer: Signer::new(), machine }
    }

    fn upgrader(&self) -> Upgrader<&Made> {
        Upgrader {
            machine: &self.machine,
            hand_over: self.hand_over(),
            folder: self.folder.path().to_owned(),
            keys: TrustedKeys::parse(&self.signer.key()).unwrap(),
            own: self.machine.before.clone(),
        }
    }

    fn hand_over(&self) -> HandOver {
        HandOver::in_home(self.home.path())
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let folder = self.hand_over();
        std::fs::create_dir_all(folder.folder()).unwrap();
        write_durably(&folder.folder().join(name), bytes, Access::OwnerOnly).unwrap();
    }

    fn manifest(version: &str) -> Vec<u8> {
        let sha256: String = Sha256::digest(BYTES).iter().map(|b| format!("{b:02x}")).collect();
        let manifest = json!({
            "form": 1,
            "product": "hybrid-connection-manager",
            "version": version,
            "released": "2026-11-18T09:00:00Z",
            "notes": "",
            "files": [{"name": PACKAGE, "kind": "deb", "arch": std::env::consts::ARCH,
                       "size": BYTES.len(), "sha256": sha256}],
        });
        manifest.to_string().into_bytes()
    }

    /// As the service leaves it.
    fn leave(&self, version: &str) -> UpgradeAsked {
        let manifest = Self::manifest(version);
        self.put("manifest.json", &manifest);
        self.put("manifest.json.sig", self.signer.sign(&manifest).as_bytes());
        self.put(PACKAGE, BYTES);
        self.ask("1.1.0")
    }

    fn ask(&self, version: &str) -> UpgradeAsked {
        let at = "2026-11-29T13:00:00Z".parse().unwrap();
        let asked = UpgradeAsked::new(version.parse().unwrap(), at);
        std::fs::create_dir_all(self.hand_over().folder()).unwrap();
        self.hand_over().ask(&asked).unwrap();
        asked
    }

    fn did(&self) -> Vec<&'static str> {
        self.machine.did.take()
    }

    /// What came of what was asked; nothing else is left of it.
    fn outcome(&self) -> Option<Fault> {
        assert!(!self.hand_over().waits());
        assert!(!self.folder.path().join("working").exists());
        let outcome = UpgradeOutcome::read(self.folder.path()).expect("there is an outcome");
        assert_eq!(outcome.asked, "2026-11-29T13:00:00Z".parse().unwrap());
        outcome.fault
    }

    /// Why an upgrade fails.
    async fn failed(&self) -> Fault {
        self.leave("1.1.0");
        self.upgrader().run().await.unwrap();
        self.outcome().unwrap()
    }

    /// Runs the upgrader until it is killed, which it is where a step never ends.
    async fn run_and_die(&self) {
        let upgrader = self.upgrader();
        let run = std::pin::pin!(upgrader.run());
        // The clock is made up: it is only waited until a step never ends.
        let limit = Duration::from_secs(24 * 3600);
        tokio::time::timeout(limit, run).await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_signed_and_newer_is_installed() {
    let bed = Bed::new();
    assert!(!bed.upgrader().has_work());
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.did(), [""; 0], "nobody has asked");
    let kept = bed.folder.path().join("previous");
    std::fs::create_dir(&kept).unwrap();
    bed.leave("1.1.0");
    assert!(bed.upgrader().has_work());
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.did(), ["prepare", "install"]);
    assert_eq!(bed.outcome(), None);
    assert!(!kept.exists(), "a failure of before is over");
    assert!(!bed.upgrader().has_work());
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.did(), [""; 0], "it is done");
}

#[tokio::test]
async fn nothing_of_what_the_service_says_is_believed() {
    let stranger = Signer::new();
    let manifest = Bed::manifest("1.1.0");
    type Change<'a> = &'a dyn Fn(&Bed);
    let changes: [(&str, FaultCode, &str, Change<'_>); 9] = [
        ("unsigned", FaultCode::ReleaseNotTrusted, "not signed", &|bed| {
            bed.put("manifest.json.sig", b"");
        }),
        ("another's", FaultCode::ReleaseNotTrusted, "not trusted", &|bed| {
            bed.put("manifest.json.sig", stranger.sign(&manifest).as_bytes());
        }),
        ("changed", FaultCode::ReleaseNotTrusted, "changed after", &|bed| {
            bed.put("manifest.json", &Bed::manifest("1.1.1"));
        }),
        ("cut off", FaultCode::ReleaseDamaged, "9 bytes", &|bed| {
            bed.put(PACKAGE, &BYTES[..9]);
        }),
        ("longer", FaultCode::ReleaseDamaged, "more than 15 bytes", &|bed| {
            bed.put(PACKAGE, b"the new version, and more");
        }),
        ("another package", FaultCode::ReleaseDamaged, "not those", &|bed| {
            bed.put(PACKAGE, b"The new version");
        }),
        ("no package", FaultCode::ReleaseDamaged, PACKAGE, &|bed| {
            std::fs::remove_file(bed.hand_over().folder().join(PACKAGE)).unwrap();
        }),
        ("another version", FaultCode::ReleaseReplayed, "1.1.0 was asked for", &|bed| {
            let manifest = Bed::manifest("1.2.0");
            bed.put("manifest.json", &manifest);
            bed.put("manifest.json.sig", bed.signer.sign(&manifest).as_bytes());
        }),
        ("endless manifest", FaultCode::ReleaseDamaged, "more than", &|bed| {
            bed.put("manifest.json", &vec![b' '; 1 << 20]);
        }),
    ];
    for (name, code, says, change) in changes {
        let bed = Bed::new();
        bed.leave("1.1.0");
        change(&bed);
        bed.upgrader().run().await.unwrap();
        let fault = bed.outcome().unwrap();
        assert_eq!(fault.code, code, "{name}: {fault}");
        assert!(fault.detail.contains(says), "{name}: {fault}");
        assert_eq!(bed.did(), [""; 0], "{name}");
    }
}

#[test]
fn who_waits_for_another_waits_longer() {
    let longest = ServiceSettings::MOST_DRAIN_SECONDS;
    let mut settings = Settings::default();
    settings.set("service.drain_seconds", &longest.to_string()).unwrap();
    settings.set("service.drain_seconds", &(longest + 1).to_string()).unwrap_err();
    let unit =
        include_str!("../../installer/linux/systemd/hybrid-connection-manager-upgrade.service");
    let hours =
        unit.lines().find_map(|line| line.strip_prefix("TimeoutStartSec=")?.strip_suffix('h'));
    let unit = Duration::from_secs(hours.unwrap().parse::<u64>().unwrap() * 3600);
    let waits = [
        ("the streams", Duration::from_secs(longest.into())),
        ("the end of a service", ENDS_WITHIN),
        ("the upgrader", UPGRADED_WITHIN),
        ("the service", TOLD_WITHIN),
        ("the unit", unit),
    ];
    for pair in waits.windows(2) {
        let [(one, less), (other, more)] = pair else { unreachable!() };
        assert!(*more > *less + Duration::from_secs(60), "{other} does not outlast {one}");
    }
    assert!(TURN_LIMIT + INSTALL_LIMIT <= INSTALLED_WITHIN);
    assert!(INSTALLED_WITHIN + 2 * (ENDS_WITHIN + ANSWERS_WITHIN) <= UPGRADED_WITHIN);
}

#[tokio::test]
async fn an_older_version_or_the_same_is_refused() {
    for version in ["1.0.0", "0.9.9"] {
        let bed = Bed::new();
        bed.leave(version);
        bed.ask(version);
        bed.upgrader().run().await.unwrap();
        let fault = bed.outcome().unwrap();
        assert_eq!(fault.code, FaultCode::ReleaseReplayed);
        assert!(fault.detail.contains("not newer than 1.0.0"), "{fault}");
        assert_eq!(bed.did(), [""; 0]);
    }
}

#[tokio::test]
async fn what_asks_for_nothing_that_is_understood_is_not_asked_again() {
    let bed = Bed::new();
    bed.put(HandOver::ASKED, b"{\"form\": 7}");
    let why = bed.upgrader().run().await.unwrap_err();
    assert!(why.contains("request.json asks for nothing that is understood"), "{why}");
    assert!(!bed.hand_over().waits());
    bed.upgrader().run().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_installer_that_fails_leaves_its_reason() {
    let bed = Bed::new();
    bed.machine.installs.set(Does::Fails);
    let fault = bed.failed().await;
    assert_eq!(fault, Fault::new(FaultCode::UpgradeFailed, "dpkg failed: there is no space"));
    assert_eq!(bed.did(), ["prepare", "install", "roll back"]);

    bed.machine.rolls_back.set(Some(Does::Fails));
    let fault = bed.failed().await;
    assert!(fault.detail.contains("could not be put back"), "{fault}");
}

#[tokio::test]
async fn an_installer_that_has_changed_nothing_is_no_reason_to_go_back() {
    let mut bed = Bed::new();
    bed.machine.installs.set(Does::Fails);
    bed.machine.rolls_back.set(Some(Does::Well));
    bed.machine.changed_nothing = true;
    bed.leave("1.1.0");
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.outcome().unwrap().code, FaultCode::UpgradeFailed);
    assert_eq!(bed.did(), ["prepare", "install"]);
}

#[tokio::test(start_paused = true)]
async fn one_upgrade_is_done_at_a_time() {
    let bed = Bed::new();
    bed.leave("1.1.0");
    let other = crate::platform::files::lock(&bed.folder.path().join("lock")).unwrap();
    let why = bed.upgrader().run().await.unwrap_err();
    assert!(why.contains("under way already"), "{why}");
    assert_eq!(bed.did(), [""; 0]);
    drop(other);
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.outcome(), None);
}

#[tokio::test]
async fn what_cannot_be_prepared_is_not_begun() {
    let bed = Bed::new();
    bed.machine.prepares.set(Does::Fails);
    bed.leave("1.1.0");
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.outcome().unwrap().code, FaultCode::UpgradeFailed);
    assert_eq!(bed.did(), ["prepare"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_does_not_answer_goes_back() {
    let mut bed = Bed::new();
    bed.machine.silent = vec![Version::new(1, 1, 0)];
    bed.machine.rolls_back.set(Some(Does::Well));
    let fault = bed.failed().await;
    assert_eq!(fault.code, FaultCode::UpgradeRolledBack);
    assert!(fault.detail.contains("1.1.0 did not answer within 30 s"), "{fault}");
    assert!(!fault.detail.contains("1.0.0"), "the one before runs: {fault}");
    assert_eq!(bed.machine.process().version, Version::new(1, 0, 0));

    bed.machine.silent.push(Version::new(1, 0, 0));
    let fault = bed.failed().await;
    assert_eq!(fault.code, FaultCode::UpgradeRolledBack);
    assert!(fault.detail.contains("but 1.0.0 did not answer within 30 s"), "{fault}");

    bed.machine.rolls_back.set(None);
    let fault = bed.failed().await;
    assert_eq!(fault.code, FaultCode::UpgradeNotRunning, "this installer has no way back");
    assert!(fault.detail.contains("what the installer said is in"), "{fault}");

    bed.machine.rolls_back.set(Some(Does::Fails));
    let fault = bed.failed().await;
    assert_eq!(fault.code, FaultCode::UpgradeNotRunning);
    assert!(fault.detail.contains("could not be put back"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_answers_and_ends_goes_back() {
    for lives in [1, 4] {
        let mut bed = Bed::new();
        bed.machine.lives = Some(Duration::from_secs(lives));
        bed.machine.rolls_back.set(Some(Does::Well));
        let fault = bed.failed().await;
        assert_eq!(fault.code, FaultCode::UpgradeRolledBack);
        assert!(fault.detail.contains("1.1.0 answered, and did not run on for 5 s"), "{fault}");
        assert_eq!(bed.machine.process().version, Version::new(1, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn streams_get_all_the_time_that_the_settings_give_them() {
    let mut bed = Bed::new();
    bed.machine.drains = Duration::from_secs(ServiceSettings::MOST_DRAIN_SECONDS.into());
    bed.leave("1.1.0");
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.outcome(), None);
    assert_eq!(bed.did(), ["prepare", "install"]);

    let mut bed = Bed::new();
    bed.machine.drains = ENDS_WITHIN + Duration::from_secs(600);
    bed.leave("1.1.0");
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.outcome().unwrap().code, FaultCode::UpgradeNotRunning, "there is an end");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_not_restarted_is_told_so_and_nothing_goes_back() {
    let mut bed = Bed::new();
    bed.machine.restarts = false;
    bed.machine.rolls_back.set(Some(Does::Well));
    bed.leave("1.1.0");
    let begun = Instant::now();
    bed.upgrader().run().await.unwrap();
    assert!(begun.elapsed() <= ANSWERS_WITHIN + Duration::from_secs(1), "{:?}", begun.elapsed());
    let fault = bed.outcome().unwrap();
    assert_eq!(fault.code, FaultCode::UpgradeNotRunning);
    assert!(fault.detail.contains(": systemctl restart hybrid-connection-manager"), "{fault}");
    assert_eq!(bed.did(), ["prepare", "install"]);

    bed.leave("1.1.0");
    let upgrader = Upgrader { own: Version::new(1, 1, 0), ..bed.upgrader() };
    upgrader.run().await.unwrap();
    assert_eq!(bed.outcome(), Some(fault), "trying again has the same answer");
    assert_eq!(bed.did(), [""; 0]);
}

#[tokio::test]
async fn a_service_that_did_not_run_is_not_waited_for() {
    let mut bed = Bed::new();
    bed.machine.is_wanted = false;
    bed.leave("1.1.0");
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.outcome(), None);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_it_was_killed() {
    for (prepares, installs, did) in [
        (Does::Dies, Does::Well, &["prepare"][..]),
        (Does::Well, Does::Dies, &["prepare", "install"]),
    ] {
        let bed = Bed::new();
        bed.leave("1.1.0");
        bed.machine.prepares.set(prepares);
        bed.machine.installs.set(installs);
        bed.run_and_die().await;
        assert_eq!(bed.did(), did);
        assert!(!bed.hand_over().waits());
        assert!(bed.upgrader().has_work());
        // What the service does meanwhile does not matter any more.
        bed.put(PACKAGE, b"something else!");
        bed.machine.prepares.set(Does::Well);
        bed.machine.installs.set(Does::Well);
        // The program may be the new one already.
        let upgrader = Upgrader { own: Version::new(1, 1, 0), ..bed.upgrader() };
        upgrader.run().await.unwrap();
        assert_eq!(bed.did(), ["prepare", "install"]);
        assert_eq!(bed.outcome(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn going_back_goes_on_after_it_was_killed() {
    for (installs, code) in
        [(Does::Well, FaultCode::UpgradeRolledBack), (Does::Fails, FaultCode::UpgradeFailed)]
    {
        let mut bed = Bed::new();
        bed.machine.silent = vec![Version::new(1, 1, 0)];
        bed.machine.installs.set(installs);
        bed.machine.rolls_back.set(Some(Does::Dies));
        bed.leave("1.1.0");
        for did in [&["prepare", "install", "roll back"][..], &["roll back"]] {
            bed.run_and_die().await;
            assert_eq!(bed.did(), did);
            assert!(bed.upgrader().has_work());
        }
        bed.machine.rolls_back.set(Some(Does::Well));
        // Its files may be there already, and its process not.
        bed.machine.changed_nothing = true;
        bed.upgrader().run().await.unwrap();
        assert_eq!(bed.did(), ["roll back"]);
        assert_eq!(bed.outcome().unwrap().code, code);
        assert_eq!(bed.machine.process().version, Version::new(1, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_broken_off_and_cannot_go_on_goes_back() {
    let bed = Bed::new();
    bed.machine.installs.set(Does::Dies);
    bed.machine.rolls_back.set(Some(Does::Well));
    bed.leave("1.1.0");
    bed.run_and_die().await;
    bed.did();
    bed.machine.prepares.set(Does::Fails);
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.did(), ["prepare", "roll back"]);
    assert_eq!(bed.outcome().unwrap().code, FaultCode::UpgradeFailed);
}

#[tokio::test(start_paused = true)]
async fn what_breaks_off_each_time_is_given_up() {
    let bed = Bed::new();
    bed.machine.rolls_back.set(Some(Does::Well));
    bed.leave("1.1.0");
    bed.machine.installs.set(Does::Dies);
    for _ in 0..MOST_TRIES {
        bed.run_and_die().await;
    }
    bed.did();
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.did(), ["roll back"]);
    let fault = bed.outcome().unwrap();
    assert!(fault.detail.contains("broken off"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_whole_is_taken_anew() {
    let bed = Bed::new();
    bed.leave("1.1.0");
    let working: &Path = &bed.folder.path().join("working");
    std::fs::create_dir(working).unwrap();
    write_durably(&working.join(PACKAGE), b"the new", Access::OwnerOnly).unwrap();
    write_durably(&working.join("plan.json"), b"", Access::OwnerOnly).unwrap();
    bed.upgrader().run().await.unwrap();
    assert_eq!(bed.did(), ["prepare", "install"]);
    assert_eq!(bed.outcome(), None);
}
