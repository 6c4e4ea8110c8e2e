//! How long a large subscription takes, and how much memory.

use std::time::{Duration, Instant};

use hybrid_connection_manager::azure::{Azure, BrowseEvent, Subscription};
use hybrid_connection_manager::emulator::{AzureConfig, EmulatorConfig};

use crate::azure_account::Cloud;
use crate::azure_browse::subscription;
use crate::bed::within;

const NAMESPACES: usize = 50;
const IN_EACH: usize = 20;
/// How long each call takes.
const CALL: Duration = Duration::from_millis(100);
/// Measured again so often when the machine is busy.
const TRIES: usize = 3;

async fn large(latency: Duration) -> (Cloud, Azure, Subscription) {
    let config = EmulatorConfig::new().many(NAMESPACES, IN_EACH);
    let cloud = Cloud::of(config.azure(AzureConfig::new().latency(latency))).await;
    let azure = cloud.you().await;
    let subscription = subscription(&azure, "Contoso Production").await;
    (cloud, azure, subscription)
}

/// One reading: when its first rows and its end came.
async fn read(azure: &Azure, subscription: &Subscription) -> (Duration, Duration) {
    let begin = Instant::now();
    let mut events = azure.browse(subscription);
    let (mut first, mut rows) = (None, 0);
    while let Some(event) = within(events.recv()).await {
        match event {
            BrowseEvent::Found(found) => {
                first.get_or_insert_with(|| begin.elapsed());
                rows += found.len();
            }
            BrowseEvent::Done(done) => done.unwrap(),
            BrowseEvent::Progress { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rows, NAMESPACES * IN_EACH);
    (first.unwrap(), begin.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_are_listed_in_less_than_three_seconds() {
    let (cloud, azure, subscription) = large(CALL).await;
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..TRIES {
        let (first, whole) = read(&azure, &subscription).await;
        println!(
            "{} hybrid connections: first rows after {first:.2?}, all after {whole:.2?}",
            NAMESPACES * IN_EACH
        );
        best = (best.0.min(first), best.1.min(whole));
        if best.0 < Duration::from_millis(500) && best.1 < Duration::from_secs(3) {
            break;
        }
    }
    assert!(best.0 < Duration::from_millis(500), "first rows after {:?}", best.0);
    assert!(best.1 < Duration::from_secs(3), "all after {:?}", best.1);
    let counters = cloud.emulator.azure_counters();
    assert!(counters.most_in_flight <= 16, "{counters:?}");
    assert_eq!(counters.of("listKeys"), 0);
}

/// A process of its own: other tests need memory too.
#[cfg(target_os = "linux")]
#[test]
fn memory_stays_flat() {
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "azure_speed::reads_again_and_again", "--ignored", "--nocapture"];
    let output = std::process::Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
#[ignore = "memory_stays_flat runs it in a process of its own"]
async fn reads_again_and_again() {
    /// What allocators keep to themselves is no growth.
    const SPARE: u64 = 8 << 20;
    let (_cloud, azure, subscription) = large(Duration::ZERO).await;
    for _ in 0..2 {
        read(&azure, &subscription).await;
    }
    let before = resident();
    for _ in 0..5 {
        read(&azure, &subscription).await;
    }
    let after = resident();
    println!("memory: {} KiB after two readings, {} KiB after seven", before >> 10, after >> 10);
    assert!(after < before + SPARE, "{before} bytes, then {after}");
}

/// Resident memory of this process in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
}
