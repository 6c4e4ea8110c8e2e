//! A release as the script makes it, and as a service hears of it.

use std::path::{Path, PathBuf};
use std::process::Output;

use hybrid_connection_manager::emulator::feed::{Feed, FeedConfig};
use hybrid_connection_manager::ipc::protocol::{Request, Response};
use hybrid_connection_manager::model::upgrade::UpgradeInfo;
use hybrid_connection_manager::model::{FaultCode, VERSION};
use hybrid_connection_manager::platform::upgrader::PackageKind;
use hybrid_connection_manager::upgrade::{Manifest, TrustedKeys};
use tempfile::TempDir;
use tokio::process::Command;

use crate::bed::{Host, within};

/// Who makes releases, and where.
struct Publisher {
    folder: TempDir,
    /// The line of the key that signs.
    key: String,
}

impl Publisher {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("feed/stable")).unwrap();
        let made =
            sign(&["--new-key", folder.path().join("key.pem").to_str().unwrap()], None).await;
        assert!(made.status.success(), "{made:?}");
        Self { folder, key: String::from_utf8(made.stdout).unwrap() }
    }

    fn keys(&self) -> TrustedKeys {
        TrustedKeys::parse(&self.key).unwrap()
    }

    fn feed(&self) -> PathBuf {
        self.folder.path().join("feed")
    }

    fn stable(&self, name: &str) -> PathBuf {
        self.feed().join("stable").join(name)
    }

    /// Makes a release of `version` out of two packages.
    async fn release(&self, version: &str) -> Output {
        for name in [
            format!("hybrid-connection-manager_{version}-1_amd64.deb"),
            format!("hybrid-connection-manager-{version}.msi"),
        ] {
            tokio::fs::write(self.stable(&name), name.as_bytes()).await.unwrap();
        }
        let key = self.folder.path().join("key.pem");
        let stable = self.feed().join("stable");
        sign(&["--version", version, stable.to_str().unwrap()], Some(&key)).await
    }

    /// Serves the feed on loopback.
    async fn serve(&self) -> Feed {
        Feed::start(&self.feed(), FeedConfig::default()).await.unwrap()
    }
}

/// The script, with no key in its environment.
fn script(arguments: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("installer/release/sign.sh");
    let mut script = Command::new(script);
    script.args(arguments).env_remove("HCM_RELEASE_KEY").env_remove("HCM_RELEASE_KEY_PEM");
    script.env_remove("HCM_RELEASE_KEYS");
    script
}

async fn sign(arguments: &[&str], key: Option<&Path>) -> Output {
    let mut script = script(arguments);
    if let Some(key) = key {
        script.env("HCM_RELEASE_KEY", key);
    }
    within(script.output()).await.unwrap()
}

/// What a script that did not do it says.
fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn what_the_script_signs_is_what_the_program_reads() {
    let publisher = Publisher::new().await;
    let version = VERSION;
    let made = publisher.release(version).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name| std::fs::read(publisher.stable(name)).unwrap();
    let (bytes, signature) = (read("manifest.json"), read("manifest.json.sig"));
    let manifest = Manifest::read(&bytes, &signature, &publisher.keys()).unwrap();
    assert_eq!(manifest.version.to_string(), version);
    assert!(manifest.notes.starts_with("- "), "{}", manifest.notes);
    let deb = manifest.package(PackageKind::Deb, "x86_64", "hybrid-connection-manager").unwrap();
    assert_eq!(deb.size, deb.name.len() as u64);
    assert!(manifest.package(PackageKind::Msi, "x86_64", "hybrid-connection-manager").is_some());

    let mut changed = bytes.clone();
    changed[40] ^= 1;
    let fault = Manifest::read(&changed, &signature, &publisher.keys()).unwrap_err();
    assert_eq!(fault.code, FaultCode::ReleaseNotTrusted);
    let fault = Manifest::read(&bytes, &signature, &TrustedKeys::built_in()).unwrap_err();
    assert_eq!(fault.code, FaultCode::ReleaseNotTrusted);
}

#[tokio::test]
async fn what_belongs_to_a_release_besides_is_signed_too() {
    let publisher = Publisher::new().await;
    for (name, text) in [
        ("notes.md", "- New."),
        ("sbom.cdx.json", "{}"),
        ("THIRD-PARTY-LICENSES.txt", "MIT"),
        ("hybrid-connection-manager-98.7.6.msi", "left over"),
        ("hybrid-connection-manager-10.1.0.msi", "another's"),
        ("readme.html", "nobody's"),
    ] {
        tokio::fs::write(publisher.stable(name), text).await.unwrap();
    }
    let made = publisher.release(VERSION).await;
    assert!(made.status.success(), "{}", refusal(&made));
    let read = |name| std::fs::read(publisher.stable(name)).unwrap();
    let (bytes, signature) = (read("manifest.json"), read("manifest.json.sig"));
    let manifest = Manifest::read(&bytes, &signature, &publisher.keys()).unwrap();
    let files: Vec<_> = manifest.files.iter().map(|f| (f.kind.as_str(), f.arch.as_str())).collect();
    let packages = [("msi", "x86_64"), ("deb", "x86_64")];
    let papers = [("licences", "any"), ("notes", "any"), ("sbom", "any")];
    assert_eq!(files, [&packages[..], &papers].concat());
    // A program that knows packages alone finds its own.
    let msi = manifest.package(PackageKind::Msi, "x86_64", "hybrid-connection-manager").unwrap();
    assert_eq!(msi.name, format!("hybrid-connection-manager-{VERSION}.msi"));
}

#[tokio::test]
async fn a_preview_has_the_notes_of_its_version() {
    let publisher = Publisher::new().await;
    let preview = format!("{VERSION}-rc.1");
    let made = publisher.release(&preview).await;
    assert!(made.status.success(), "{}", refusal(&made));
    let read = |name| std::fs::read(publisher.stable(name)).unwrap();
    let (bytes, signature) = (read("manifest.json"), read("manifest.json.sig"));
    let manifest = Manifest::read(&bytes, &signature, &publisher.keys()).unwrap();
    assert_eq!((manifest.version.to_string(), manifest.files.len()), (preview, 2));
    assert!(manifest.notes.starts_with("- "), "{}", manifest.notes);
}

#[tokio::test]
async fn a_key_may_come_as_a_variable_and_must_be_one_that_programs_trust() {
    let publisher = Publisher::new().await;
    let stable = publisher.feed().join("stable");
    let arguments = ["--version", VERSION, "--released", "2026-11-18T09:00:00Z"];
    let arguments = [&arguments[..], &[stable.to_str().unwrap()]].concat();
    assert!(publisher.release(VERSION).await.status.success());
    let pem = std::fs::read_to_string(publisher.folder.path().join("key.pem")).unwrap();
    let mut signed = Vec::new();
    for _ in 0..2 {
        let made =
            within(script(&arguments).env("HCM_RELEASE_KEY_PEM", &pem).output()).await.unwrap();
        assert!(made.status.success(), "{}", refusal(&made));
        let read = |name| std::fs::read(publisher.stable(name)).unwrap();
        signed.push((read("manifest.json"), read("manifest.json.sig")));
        let (bytes, signature) = signed.last().unwrap();
        Manifest::read(bytes, signature, &publisher.keys()).unwrap();
    }
    assert_eq!(signed[0], signed[1], "the same input gives the same bytes");

    let check = |keys: Option<PathBuf>| {
        let mut script = script(&["--check-key"]);
        script.env("HCM_RELEASE_KEY_PEM", &pem);
        if let Some(keys) = keys {
            script.env("HCM_RELEASE_KEYS", keys);
        }
        async move { within(script.output()).await.unwrap() }
    };
    let said = refusal(&check(None).await);
    assert!(said.contains(publisher.key.trim()) && said.contains("release-keys.txt"), "{said}");
    assert!(!said.contains("PRIVATE KEY"), "{said}");
    let keys = publisher.folder.path().join("keys.txt");
    tokio::fs::write(&keys, &publisher.key).await.unwrap();
    assert!(check(Some(keys)).await.status.success());
}

#[tokio::test]
async fn a_release_that_cannot_be_made_is_refused_in_words() {
    let publisher = Publisher::new().await;
    let said = |output: Output| refusal(&output);
    let none = publisher.release("98.7.6").await;
    assert!(said(none).contains("CHANGELOG.md has nothing of 98.7.6"));
    assert!(!publisher.stable("manifest.json").exists());
    let stable = publisher.feed().join("stable");
    let arguments = ["--version", "0.1.0", stable.to_str().unwrap()];
    assert!(said(sign(&arguments, None).await).contains("HCM_RELEASE_KEY does not name"));
    let no_key = publisher.stable("hybrid-connection-manager-98.7.6.msi");
    assert!(said(sign(&arguments, Some(&no_key)).await).contains("is no private ed25519 key"));
    let empty = tempfile::tempdir().unwrap();
    let arguments = ["--version", "0.1.0", empty.path().to_str().unwrap()];
    let key = publisher.folder.path().join("key.pem");
    assert!(said(sign(&arguments, Some(&key)).await).contains("no package of 0.1.0"));
    let key = key.to_str().unwrap();
    assert!(said(sign(&["--new-key", key], None).await).contains("--new-key FILE"), "none is lost");
}

#[tokio::test]
async fn a_service_asks_the_feed_of_its_settings() {
    let publisher = Publisher::new().await;
    let version = VERSION;
    assert!(publisher.release(version).await.status.success());
    let home = tempfile::tempdir().unwrap();
    let mut host = Host::start_trusting(home, publisher.keys()).await;
    let feed = publisher.serve().await;
    host.set("upgrade.feed", &feed.address()).await;
    let info = check(&mut host).await.unwrap();
    assert_eq!((info.release, info.fault), (None, None), "it is the newest");

    // What somebody else has signed is refused, and everybody hears it.
    let stranger = Publisher::new().await;
    assert!(stranger.release(version).await.status.success());
    let strange = stranger.serve().await;
    host.set("upgrade.feed", &strange.address()).await;
    let info = check(&mut host).await.unwrap();
    assert_eq!(info.fault.as_ref().unwrap().code, FaultCode::ReleaseNotTrusted);
    // The service asks by itself too, when it gets another feed.
    let shown = host.snapshot().await.service.upgrade.unwrap();
    assert_eq!((shown.release, shown.fault), (info.release, info.fault));

    host.set("upgrade.feed", "off").await;
    assert_eq!(check(&mut host).await, None);
    assert_eq!(host.snapshot().await.service.upgrade, None);
    host.stop().await;
    for feed in [feed, strange] {
        feed.shutdown().await;
    }
}

async fn check(host: &mut Host) -> Option<UpgradeInfo> {
    match host.request(Request::CheckUpgrade).await.unwrap() {
        Response::Upgrade { upgrade } => upgrade.map(|upgrade| *upgrade),
        other => panic!("{other:?}"),
    }
}
