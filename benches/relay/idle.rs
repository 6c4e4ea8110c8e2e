//! What waiting costs: memory of idle streams, memory and wake-ups of idle connections.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};

use hybrid_connection_manager::emulator::{Emulator, EmulatorConfig};

use crate::process::Process;
use crate::setup::{echo, sender};
use crate::{judge, report};

const STREAMS: usize = 1000;
const STREAM_KIB: f64 = 48.0;
const CONNECTIONS: usize = 220;
const CONNECTIONS_MIB: f64 = 40.0;
/// "No more than a few" wake-ups a second.
const WAKE_UPS: f64 = 5.0;
const WATCHED: Duration = Duration::from_secs(65);
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// Memory of a stream that has carried something and now waits.
pub(crate) async fn streams() -> bool {
    report(&format!("Memory of {STREAMS} idle streams, each after 64 KiB both ways"));
    let endpoint = format!("127.0.0.1:{}", echo().await);
    let config = EmulatorConfig::new().port(0).hybrid_connection("bench", "echo", &endpoint);
    let emulator = Emulator::start(config).await.expect("the emulator starts");
    let mut process = Process::start(&emulator).await;
    process.add(&emulator, "bench", "echo").await;
    process.wait_connected(1).await;
    let sender = sender(&emulator, "bench", "echo");
    let before = settled(&process).await;
    let mut open = Vec::with_capacity(STREAMS);
    let bytes = vec![7; 64 * 1024];
    for _ in 0..STREAMS {
        let stream = sender.connect().await.expect("a stream");
        let (mut reading, mut writing) = tokio::io::split(stream);
        let mut back = vec![0; bytes.len()];
        let (sent, received) =
            tokio::join!(writing.write_all(&bytes), reading.read_exact(&mut back));
        sent.expect("the endpoint reads");
        received.expect("the endpoint answers");
        open.push((reading, writing));
    }
    let after = settled(&process).await;
    let each = (after.saturating_sub(before)) as f64 / STREAMS as f64;
    drop(open);
    judge("KiB for an idle stream", each, "at most 48", each <= STREAM_KIB)
}

/// Memory and wake-ups of connections without streams.
pub(crate) async fn connections() -> bool {
    report(&format!("{CONNECTIONS} idle connections, watched for {} s", WATCHED.as_secs()));
    let name = |number: usize| format!("hc{number}");
    let config = (0..CONNECTIONS).fold(EmulatorConfig::new().port(0), |config, number| {
        config.hybrid_connection("bench", &name(number), "127.0.0.1:9")
    });
    let emulator = Emulator::start(config).await.expect("the emulator starts");
    let mut process = Process::start(&emulator).await;
    for number in 0..CONNECTIONS {
        process.add(&emulator, "bench", &name(number)).await;
    }
    process.wait_connected(CONNECTIONS).await;
    let resident = settled(&process).await as f64 / 1024.0;
    let (before, start) = (process.wake_ups(), Instant::now());
    sleep(WATCHED).await;
    let woken: u64 = process
        .wake_ups()
        .into_iter()
        .map(|(thread, count)| count - before.get(&thread).copied().unwrap_or_default())
        .sum();
    let rate = woken as f64 / start.elapsed().as_secs_f64();
    let small = judge("MiB resident", resident, "under 40", resident < CONNECTIONS_MIB);
    judge("wake-ups a second", rate, "at most 5", rate <= WAKE_UPS) && small
}

/// Resident memory in KiB when it no longer changes.
async fn settled(process: &Process) -> u64 {
    let settling = async {
        let mut last = process.resident_kib();
        let mut same = 0;
        while same < 4 {
            sleep(Duration::from_millis(250)).await;
            let now = process.resident_kib();
            same = if now.abs_diff(last) < 64 { same + 1 } else { 0 };
            last = now;
        }
        last
    };
    timeout(SETTLE_LIMIT, settling).await.unwrap_or_else(|_| process.resident_kib())
}
