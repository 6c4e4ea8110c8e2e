//! Which release a feed offers.

mod github;

use std::collections::BTreeMap;

use url::Url;

use super::keys::{LONGEST_SIGNATURES, TrustedKeys};
use super::manifest::{LONGEST_MANIFEST, Manifest, ReleaseFile};
use super::source::Source;
use crate::model::upgrade::{Channel, Feed};
use crate::model::{Fault, FaultCode};

/// The file that says what belongs to a release.
pub const MANIFEST: &str = "manifest.json";
/// The file that signs it.
pub const SIGNATURES: &str = "manifest.json.sig";

/// A release whose signature is right, and where its files are.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The manifest as it was signed.
    pub manifest_text: Vec<u8>,
    /// What signs it.
    pub signatures: Vec<u8>,
    /// Among the releases of which channel it was found.
    pub channel: Channel,
    places: Places,
}

/// Where files lie. A feed chooses it, and the hashes of the manifest hold whatever comes.
#[derive(Clone, Debug)]
enum Places {
    /// Beside the manifest, each under its name.
    Beside(Url),
    /// Each in a place of its own.
    Each(BTreeMap<String, Url>),
}

impl Places {
    fn of(&self, name: &str) -> Option<Url> {
        match self {
            Self::Beside(manifest) => manifest.join(name).ok(),
            Self::Each(places) => places.get(name).cloned(),
        }
    }
}

impl Found {
    /// Where `file` is fetched.
    ///
    /// # Errors
    /// [`FaultCode::ReleaseDamaged`] when the feed does not have it.
    pub fn place(&self, file: &ReleaseFile) -> Result<Url, Fault> {
        self.places.of(&file.name).ok_or_else(|| missing(&file.name))
    }
}

/// The releases that `feed` offers on `channel`, if it offers any: of a folder, the finished one is
/// among them for who wants previews too.
///
/// # Errors
/// [`FaultCode::FeedUnreachable`], [`FaultCode::ReleaseNotTrusted`],
/// [`FaultCode::ReleaseUnreadable`].
pub async fn ask(
    feed: &Feed,
    channel: Channel,
    source: &Source,
    keys: &TrustedKeys,
) -> Result<Vec<Found>, Fault> {
    match feed {
        Feed::Off => Ok(Vec::new()),
        Feed::GitHub => match github::newest(github::API, channel, source).await? {
            Some(places) => {
                let places = Places::Each(places);
                let found = read(places, channel, source, keys).await?;
                Ok(vec![found.ok_or_else(|| missing(MANIFEST))?])
            }
            None => Ok(Vec::new()),
        },
        Feed::Folder(folder) => in_folder(folder, channel, source, keys).await,
    }
}

async fn in_folder(
    folder: &Url,
    channel: Channel,
    source: &Source,
    keys: &TrustedKeys,
) -> Result<Vec<Found>, Fault> {
    let channels: &[Channel] = match channel {
        Channel::Stable => &[Channel::Stable],
        Channel::Preview => &[Channel::Preview, Channel::Stable],
    };
    let unreachable = |why| Fault::new(FaultCode::FeedUnreachable, why);
    let mut found = Vec::new();
    for channel in channels {
        let place = folder.join(&format!("{channel}/{MANIFEST}"));
        let place = place.map_err(|error| unreachable(format!("{folder}: {error}")))?;
        found.extend(read(Places::Beside(place), *channel, source, keys).await?);
    }
    if found.is_empty() {
        let places: Vec<_> = channels.iter().map(|it| format!("{folder}{it}/{MANIFEST}")).collect();
        return Err(unreachable(format!("there is no {}", places.join(" and no "))));
    }
    Ok(found)
}

/// The release at `places`; nothing where it has no manifest.
async fn read(
    places: Places,
    channel: Channel,
    source: &Source,
    keys: &TrustedKeys,
) -> Result<Option<Found>, Fault> {
    let place = |name| places.of(name).ok_or_else(|| missing(name));
    let Some(manifest_text) = source.read_if_there(&place(MANIFEST)?, LONGEST_MANIFEST).await?
    else {
        return Ok(None);
    };
    // A release without one is refused, and does not look as if the feed were away.
    let signatures = match places.of(SIGNATURES) {
        Some(place) => source.read_if_there(&place, LONGEST_SIGNATURES).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    let manifest = Manifest::read(&manifest_text, &signatures, keys)?;
    Ok(Some(Found { manifest, manifest_text, signatures, channel, places }))
}

fn missing(name: &str) -> Fault {
    Fault::new(FaultCode::ReleaseUnreadable, format!("the release has no {name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{ClosedProxy, Served, Server, Signer};
    use super::*;

    /// A manifest of `version` with one file.
    fn manifest(version: &str) -> Vec<u8> {
        let manifest = json!({
            "form": 1,
            "product": "hybrid-connection-manager",
            "version": version,
            "released": "2026-11-18T09:00:00Z",
            "notes": "",
            "files": [{"name": "x.deb", "kind": "deb", "arch": "x86_64", "size": 1,
                       "sha256": "00".repeat(32)}],
        });
        manifest.to_string().into_bytes()
    }

    /// Somebody who signs, and those who trust that.
    fn signer() -> (Signer, TrustedKeys) {
        let signer = Signer::new();
        let keys = TrustedKeys::parse(&signer.key()).unwrap();
        (signer, keys)
    }

    #[tokio::test]
    async fn a_folder_has_a_release_for_each_channel() {
        let (server, (signer, keys)) = (Server::start().await, signer());
        for (channel, version) in [("stable", "1.1.0"), ("preview", "1.2.0-rc.1")] {
            let manifest = manifest(version);
            server.put_bytes(&format!("hcm/{channel}/manifest.json"), &manifest);
            let signed = signer.sign(&manifest);
            server.put_bytes(&format!("hcm/{channel}/manifest.json.sig"), signed.as_bytes());
        }
        let feed: Feed = server.url.join("hcm").unwrap().as_str().parse().unwrap();
        for (channel, version) in [(Channel::Stable, "1.1.0"), (Channel::Preview, "1.2.0-rc.1")] {
            let all = ask(&feed, channel, &server.source(), &keys).await.unwrap();
            let found = all.first().unwrap();
            assert_eq!(found.manifest.version.to_string(), version);
            let place = found.place(&found.manifest.files[0]).unwrap();
            assert_eq!(place, server.url.join(&format!("hcm/{channel}/x.deb")).unwrap());
        }
        let none = ask(&Feed::Off, Channel::Stable, &server.source(), &keys).await.unwrap();
        assert!(none.is_empty());
    }

    #[tokio::test]
    async fn who_wants_previews_is_told_of_finished_releases_too() {
        let (server, (signer, keys)) = (Server::start().await, signer());
        let feed: Feed = server.url.as_str().parse().unwrap();
        let versions = async |channel| {
            let all = ask(&feed, channel, &server.source(), &keys).await?;
            let versions = all.iter().map(|one| one.manifest.version.to_string());
            Ok::<Vec<String>, Fault>(versions.collect())
        };
        let offer = |channel: &str, version| {
            let manifest = manifest(version);
            server.put_bytes(&format!("{channel}/manifest.json"), &manifest);
            let signed = signer.sign(&manifest);
            server.put_bytes(&format!("{channel}/manifest.json.sig"), signed.as_bytes());
        };
        let nothing = versions(Channel::Preview).await.unwrap_err();
        assert_eq!(nothing.code, FaultCode::FeedUnreachable);
        assert!(nothing.detail.contains("no http://127.0.0.1:"), "{nothing}");
        assert!(nothing.detail.contains("/preview/manifest.json and no "), "{nothing}");
        offer("stable", "1.2.0");
        assert_eq!(versions(Channel::Preview).await.unwrap(), ["1.2.0"]);
        offer("preview", "1.2.0-rc.1");
        assert_eq!(versions(Channel::Preview).await.unwrap(), ["1.2.0-rc.1", "1.2.0"]);
        assert_eq!(versions(Channel::Stable).await.unwrap(), ["1.2.0"]);
        server.remove("stable/manifest.json");
        assert_eq!(versions(Channel::Preview).await.unwrap(), ["1.2.0-rc.1"]);
        server.put_bytes("preview/manifest.json", b"{}");
        let fault = versions(Channel::Preview).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::ReleaseNotTrusted);
    }

    #[tokio::test]
    async fn what_no_trusted_key_has_signed_is_refused() {
        let (server, (signer, keys)) = (Server::start().await, signer());
        let feed: Feed = server.url.as_str().parse().unwrap();
        let fault =
            async || ask(&feed, Channel::Stable, &server.source(), &keys).await.unwrap_err();
        let no_answer = fault().await;
        assert_eq!(no_answer.code, FaultCode::FeedUnreachable);
        assert!(no_answer.detail.contains("there is no http://127.0.0.1:"), "{no_answer}");

        let signed = manifest("1.1.0");
        server.put_bytes("stable/manifest.json", &signed);
        let unsigned = fault().await;
        assert_eq!(unsigned.code, FaultCode::ReleaseNotTrusted);
        assert_eq!(unsigned.detail, "it is not signed");
        server.put_bytes("stable/manifest.json.sig", b"<html>Sign in</html>");
        assert_eq!(fault().await.code, FaultCode::ReleaseNotTrusted);
        server.put_bytes("stable/manifest.json.sig", Signer::new().sign(&signed).as_bytes());
        assert_eq!(fault().await.code, FaultCode::ReleaseNotTrusted);
        server.put_bytes("stable/manifest.json.sig", signer.sign(&signed).as_bytes());
        ask(&feed, Channel::Stable, &server.source(), &keys).await.unwrap();
        server.put_bytes("stable/manifest.json", &manifest("9.9.9"));
        assert_eq!(fault().await.code, FaultCode::ReleaseNotTrusted);
        server.put_bytes("stable/manifest.json", &signed[..signed.len() - 1]);
        assert_eq!(fault().await.code, FaultCode::ReleaseNotTrusted);
        server.put_bytes("stable/manifest.json", &vec![b' '; LONGEST_MANIFEST + 1]);
        assert_eq!(fault().await.code, FaultCode::ReleaseUnreadable);
    }

    #[tokio::test]
    async fn a_server_is_named_with_what_is_wrong() {
        let keys = TrustedKeys::built_in();
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        drop(silent);
        let feed: Feed = format!("http://{address}").parse().unwrap();
        let source = Source::new(&crate::http::Way::default(), true).unwrap();
        let fault = ask(&feed, Channel::Stable, &source, &keys).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::FeedUnreachable);
        assert!(fault.detail.contains("127.0.0.1: it cannot be reached"), "{fault}");
    }

    #[tokio::test]
    async fn a_proxy_on_the_way_is_named_for_every_feed() {
        let proxy = ClosedProxy::start().await;
        let source = proxy.source();
        let asked = github::newest("https://api.example", Channel::Stable, &source).await;
        let feed: Feed = "https://updates.example".parse().unwrap();
        let keys = TrustedKeys::built_in();
        let asked = [asked.err(), ask(&feed, Channel::Stable, &source, &keys).await.err()];
        for fault in asked.map(Option::unwrap) {
            assert_eq!(fault.code, FaultCode::ProxyLogin, "{fault}");
            assert!(fault.detail.contains("does not take this user and password"), "{fault}");
        }
    }

    #[tokio::test]
    async fn only_this_machine_is_asked_without_tls() {
        let (server, (_, keys)) = (Server::start().await, signer());
        server.put(
            "stable/manifest.json",
            Served {
                moved_to: Some(server.url.join("elsewhere").unwrap().into()),
                ..Served::default()
            },
        );
        let feed: Feed = server.url.as_str().parse().unwrap();
        let strict = Source::new(&crate::http::Way::default(), false).unwrap();
        ask(&feed, Channel::Stable, &strict, &keys).await.unwrap_err();
        assert_eq!(server.asked(), [""; 0]);
        ask(&feed, Channel::Stable, &server.source(), &keys).await.unwrap_err();
        assert_eq!(server.asked(), ["stable/manifest.json all", "elsewhere all"]);
    }

    #[tokio::test]
    async fn github_has_the_newest_release_of_the_channel_that_is_one() {
        let (server, (signer, keys)) = (Server::start().await, signer());
        let asset = |release: &str, name: &str| {
            let url = server.url.join(&format!("{release}/{name}")).unwrap();
            json!({"name": name, "url": url.as_str()})
        };
        let release = |tag: &str, names: &[&str]| {
            let assets: Vec<_> = names.iter().map(|name| asset(tag, name)).collect();
            json!({"tag_name": tag, "name": tag, "created_at": "2026-11-18T09:00:00Z",
                   "assets": assets})
        };
        let whole = ["manifest.json", "manifest.json.sig", "x.deb"];
        let list = json!([
            release("v1.0.0", &whole),
            release("v1.3.0", &["x.deb"]),
            release("v1.2.0-rc.1", &whole),
            release("nightly", &whole),
            release("v1.1.0", &whole),
        ]);
        let (owner, name) = ("hybrid-connection-manager", "hybrid-connection-manager");
        server.put_bytes(&format!("repos/{owner}/{name}/releases"), list.to_string().as_bytes());
        for tag in ["v1.1.0", "v1.2.0-rc.1"] {
            let manifest = manifest(tag.trim_start_matches('v'));
            server.put_bytes(&format!("{tag}/manifest.json"), &manifest);
            let signed = signer.sign(&manifest);
            server.put_bytes(&format!("{tag}/manifest.json.sig"), signed.as_bytes());
        }
        let api = server.url.as_str().trim_end_matches('/');
        for (channel, version) in [(Channel::Stable, "1.1.0"), (Channel::Preview, "1.2.0-rc.1")] {
            let source = server.source();
            let places = github::newest(api, channel, &source).await.unwrap().unwrap();
            let found = read(Places::Each(places), channel, &source, &keys).await.unwrap().unwrap();
            assert_eq!(found.manifest.version.to_string(), version);
            let place = found.place(&found.manifest.files[0]).unwrap();
            assert_eq!(place, server.url.join(&format!("v{version}/x.deb")).unwrap());
        }
        server.put_bytes(&format!("repos/{owner}/{name}/releases"), b"[]");
        let none = github::newest(api, Channel::Stable, &server.source()).await.unwrap();
        assert!(none.is_none());
        let nothing = format!("{api}/nothing");
        let fault = github::newest(&nothing, Channel::Stable, &server.source()).await.unwrap_err();
        assert_eq!(fault.code, FaultCode::FeedUnreachable);
    }
}
