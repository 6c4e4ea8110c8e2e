//! The feed of the emulator over real HTTP, and what the service fetches from it.

use std::path::Path;

use hybrid_connection_manager::emulator::feed::{Feed, FeedConfig};
use hybrid_connection_manager::http::Way;
use hybrid_connection_manager::upgrade::{ReleaseFile, Source, download};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, IF_RANGE, RANGE};
use reqwest::{Client, Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use url::Url;

use crate::emulator_client::within;

const LENGTH: usize = 300_000;

/// A feed with one file, and somebody who asks it.
struct Bench {
    folder: TempDir,
    bytes: Vec<u8>,
    feed: Feed,
    client: Client,
}

impl Bench {
    async fn start(config: FeedConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..LENGTH).map(|n| (n % 251) as u8).collect();
        tokio::fs::create_dir(folder.path().join("stable")).await.unwrap();
        tokio::fs::write(folder.path().join("stable/x.deb"), &bytes).await.unwrap();
        let feed = Feed::start(folder.path(), config).await.unwrap();
        Self { folder, bytes, feed, client: Client::builder().no_proxy().build().unwrap() }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}/{path}", self.feed.address())).unwrap()
    }

    async fn get(&self, path: &str, range: Option<&str>) -> Response {
        let mut call = self.client.get(self.url(path));
        if let Some(range) = range {
            call = call.header(RANGE, range);
        }
        within(call.send()).await.unwrap()
    }
}

fn header(response: &Response, name: reqwest::header::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_file_comes_whole_or_in_the_part_that_is_asked_for() {
    let bench = Bench::start(FeedConfig::default()).await;
    let whole = bench.get("stable/x.deb", None).await;
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(header(&whole, CONTENT_LENGTH), LENGTH.to_string());
    assert_eq!(within(whole.bytes()).await.unwrap(), bench.bytes);

    for (range, told, bytes) in [
        ("bytes=299990-", "bytes 299990-299999/300000", 299_990..300_000),
        ("bytes=5-9", "bytes 5-9/300000", 5..10),
        ("bytes=-4", "bytes 299996-299999/300000", 299_996..300_000),
    ] {
        let part = bench.get("stable/x.deb", Some(range)).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(header(&part, CONTENT_RANGE), told);
        assert_eq!(within(part.bytes()).await.unwrap(), bench.bytes[bytes]);
    }
    let beyond = bench.get("stable/x.deb", Some("bytes=300000-")).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&beyond, CONTENT_RANGE), "bytes */300000");

    let other = bench.client.get(bench.url("stable/x.deb"));
    let other = other.header(RANGE, "bytes=5-9").header(IF_RANGE, "\"another\"").send();
    assert_eq!(within(other).await.unwrap().status(), StatusCode::OK);
    let head = within(bench.client.head(bench.url("stable/x.deb")).send()).await.unwrap();
    assert_eq!(header(&head, CONTENT_LENGTH), LENGTH.to_string());
    let post = bench.client.request(Method::POST, bench.url("stable/x.deb")).send();
    assert_eq!(within(post).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    bench.feed.shutdown().await;
}

#[tokio::test]
async fn nothing_but_the_files_of_the_folder_is_served() {
    let bench = Bench::start(FeedConfig::default()).await;
    let beside = bench.folder.path().with_extension("beside");
    tokio::fs::write(&beside, "no part of it").await.unwrap();
    let name = beside.file_name().unwrap().to_str().unwrap();
    for path in
        ["", "stable", "none", &format!("%2e%2e/{name}"), &format!("stable/..%2f..%2f{name}")]
    {
        assert_eq!(bench.get(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    tokio::fs::remove_file(&beside).await.unwrap();
    let empty = bench.folder.path().join("empty");
    tokio::fs::write(&empty, "").await.unwrap();
    let empty = bench.get("empty", None).await;
    assert_eq!((empty.status(), header(&empty, CONTENT_LENGTH)), (StatusCode::OK, "0"));
    bench.feed.shutdown().await;
}

/// What the service does with a file of a release, and how far it got from time to time.
async fn fetch(bench: &Bench, into: &Path) -> (Vec<u8>, Vec<u64>) {
    let sha256 = Sha256::digest(&bench.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = ReleaseFile {
        name: "x.deb".to_owned(),
        kind: "deb".to_owned(),
        arch: "x86_64".to_owned(),
        size: LENGTH as u64,
        sha256,
    };
    let source = Source::new(&Way::default(), true).unwrap();
    let mut steps = Vec::new();
    let url = bench.url("stable/x.deb");
    let fetched = within(download(&source, &url, &file, into, |here| steps.push(here))).await;
    (tokio::fs::read(fetched.unwrap()).await.unwrap(), steps)
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_was() {
    let config = FeedConfig { break_after: Some(100_000), ..FeedConfig::default() };
    let bench = Bench::start(config).await;
    let into = tempfile::tempdir().unwrap();
    let (bytes, steps) = fetch(&bench, into.path()).await;
    assert_eq!(bytes, bench.bytes);
    assert!(steps.is_sorted(), "no byte came twice: {steps:?}");
    // Where an answer begins is told, and the second one began in the middle.
    let begun = steps.windows(2).any(|pair| pair[0] == pair[1] && 0 < pair[0]);
    assert!(begun && steps.last() == Some(&(LENGTH as u64)), "{steps:?}");
    bench.feed.shutdown().await;
}

#[tokio::test]
async fn a_slow_feed_is_slow() {
    let rate = LENGTH as u32 / 2;
    let bench =
        Bench::start(FeedConfig { bytes_per_second: Some(rate), ..FeedConfig::default() }).await;
    let into = tempfile::tempdir().unwrap();
    let started = std::time::Instant::now();
    let (bytes, _) = fetch(&bench, into.path()).await;
    assert_eq!(bytes, bench.bytes);
    assert!(started.elapsed().as_secs_f32() > 1.5, "{:?}", started.elapsed());
    bench.feed.shutdown().await;
}
