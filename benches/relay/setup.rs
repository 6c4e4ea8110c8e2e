//! How long a stream takes to be there, against two bare TLS WebSocket handshakes (the
//! app's and the listener's), which nobody can do without.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use hybrid_connection_manager::emulator::sender::{Sender, SenderConfig};
use hybrid_connection_manager::emulator::{Emulator, EmulatorConfig};
use hybrid_connection_manager::network::Network;
use hybrid_connection_manager::relay::websocket::handshake::{UpgradeRequest, upgrade};

use crate::process::Process;
use crate::throughput::answer_handshake;
use crate::{judge, median, report, tls};

const ROUNDS: usize = 400;
const GOAL: f64 = 1.5;

pub(crate) async fn run() -> bool {
    report("Stream set-up, as a multiple of two bare TLS WebSocket handshakes");
    let endpoint = echo().await;
    let config = EmulatorConfig::new().port(0).hybrid_connection(
        "bench",
        "echo",
        &format!("127.0.0.1:{endpoint}"),
    );
    let emulator = Emulator::start(config).await.expect("the emulator starts");
    let mut process = Process::start(&emulator).await;
    process.add(&emulator, "bench", "echo").await;
    process.wait_connected(1).await;
    let sender = sender(&emulator, "bench", "echo");
    let (port, network) = handshakes().await;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        handshake(&network, tls::HOST, port).await;
        handshake(&network, &gateway(), port).await;
        bare.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let stream = sender.connect().await.expect("a stream");
        ours.push(start.elapsed().as_secs_f64());
        drop(stream);
    }
    let (bare, ours) = (median(bare), median(ours));
    report(&format!("  median: bare {:.2} ms, ours {:.2} ms", bare * 1e3, ours * 1e3));
    let ratio = ours / bare;
    judge("stream set-up", ratio, "at most 1.50", ratio <= GOAL)
}

/// A sender with the emulator's own rights.
pub(crate) fn sender(emulator: &Emulator, namespace: &str, name: &str) -> Sender {
    let string =
        emulator.connection_string(namespace, name, "defaultSender").expect("the emulator has it");
    SenderConfig::from_connection_string(string.expose())
        .and_then(|config| config.trust(emulator.ca_pem()).build())
        .expect("a sender")
}

/// An endpoint that sends everything back; its port.
pub(crate) async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

/// A server that answers WebSocket handshakes and no more.
async fn handshakes() -> (u16, Network) {
    let (acceptor, config) = tls::pair();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                stream.set_nodelay(true).expect("a socket");
                let mut stream = acceptor.accept(stream).await.expect("TLS");
                answer_handshake(&mut stream).await;
            });
        }
    });
    (port, Network::new(config))
}

/// One of the gateways, as many as Azure has: most are met without a session to resume.
fn gateway() -> String {
    format!("g{}-bench-001-sb.servicebus.localhost", fastrand::u32(0..128))
}

async fn handshake(network: &Network, host: &str, port: u16) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let stream = network.open(host, port, deadline).await.expect("TLS");
    let request = UpgradeRequest { host, target: "/", protocol: None, headers: &[] };
    upgrade(stream, &request).await.expect("an upgrade");
}
