//! A release as the script makes it, and as a service hears of it.

use std::path::{Path, PathBuf};
use std::process::Output;

use hybrid_connection_manager::ipc::protocol::{Request, Response};
use hybrid_connection_manager::model::upgrade::{PackageKind, UpgradeInfo};
use hybrid_connection_manager::model::{FaultCode, VERSION};
use hybrid_connection_manager::upgrade::{Manifest, TrustedKeys};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
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

    /// Serves the feed on loopback for as long as the test runs; its address.
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let feed = self.feed();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
                let (status, body) = match std::fs::read(feed.join(path)) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        address
    }
}

async fn sign(arguments: &[&str], key: Option<&Path>) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("installer/release/sign.sh");
    let mut script = Command::new(script);
    script.args(arguments).env_remove("HCM_RELEASE_KEY");
    if let Some(key) = key {
        script.env("HCM_RELEASE_KEY", key);
    }
    within(script.output()).await.unwrap()
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
async fn a_release_that_cannot_be_made_is_refused_in_words() {
    let publisher = Publisher::new().await;
    let said = |output: Output| {
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
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
    host.set("upgrade.feed", &publisher.serve().await).await;
    let info = check(&mut host).await.unwrap();
    assert_eq!((info.release, info.fault), (None, None), "it is the newest");

    // What somebody else has signed is refused, and everybody hears it.
    let stranger = Publisher::new().await;
    assert!(stranger.release(version).await.status.success());
    host.set("upgrade.feed", &stranger.serve().await).await;
    let info = check(&mut host).await.unwrap();
    assert_eq!(info.fault.as_ref().unwrap().code, FaultCode::ReleaseNotTrusted);
    // The service asks by itself too, when it gets another feed.
    let shown = host.snapshot().await.service.upgrade.unwrap();
    assert_eq!((shown.release, shown.fault), (info.release, info.fault));

    host.set("upgrade.feed", "off").await;
    assert_eq!(check(&mut host).await, None);
    assert_eq!(host.snapshot().await.service.upgrade, None);
    host.stop().await;
}

async fn check(host: &mut Host) -> Option<UpgradeInfo> {
    match host.request(Request::CheckUpgrade).await.unwrap() {
        Response::Upgrade { upgrade } => upgrade.map(|upgrade| *upgrade),
        other => panic!("{other:?}"),
    }
}
