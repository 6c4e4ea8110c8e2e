//! One stream with TLS, against a bare copy between TLS and TCP.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use hybrid_connection_manager::network::Network;
use hybrid_connection_manager::relay::TrafficCounters;
use hybrid_connection_manager::relay::splice::carry;
use hybrid_connection_manager::relay::websocket::handshake::{UpgradeRequest, upgrade};

use crate::{judge, median, report, tls};

/// Bytes that are carried in one round.
const BYTES: usize = 1 << 30;
const ROUNDS: usize = 5;
/// Payload of the gateway's frames.
const FRAME: usize = 64 * 1024;
const GOAL: f64 = 0.70;

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    ToEndpoint,
    ToAzure,
}

pub(crate) async fn run() -> bool {
    report("Throughput of one stream, as a share of a bare copy between TLS and TCP");
    let mut good = true;
    for (direction, name) in [
        (Direction::ToEndpoint, "from Azure to the endpoint"),
        (Direction::ToAzure, "from the endpoint to Azure"),
    ] {
        let mut ratios = Vec::new();
        let (mut best_bare, mut best_ours) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            let bare = round(direction, false).await.as_secs_f64();
            let ours = round(direction, true).await.as_secs_f64();
            best_bare = best_bare.min(bare);
            best_ours = best_ours.min(ours);
            ratios.push(bare / ours);
        }
        let gib = BYTES as f64 / f64::from(1 << 30);
        report(&format!(
            "  best: bare {:.2} GiB/s, ours {:.2} GiB/s",
            gib / best_bare,
            gib / best_ours
        ));
        let ratio = median(ratios);
        good &= judge(name, ratio, "at least 0.70", ratio >= GOAL);
    }
    good
}

/// Carries [`BYTES`] in one direction and returns how long that took.
async fn round(direction: Direction, ours: bool) -> Duration {
    let (acceptor, config) = tls::pair();
    let gateway = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (gateway_port, endpoint_port) =
        (gateway.local_addr().expect("bound").port(), endpoint.local_addr().expect("bound").port());
    let gateway = tokio::spawn(async move {
        let (tcp, _) = gateway.accept().await.expect("a listener connects");
        tcp.set_nodelay(true).expect("a socket");
        let mut tls = acceptor.accept(tcp).await.expect("TLS");
        if ours {
            answer_handshake(&mut tls).await;
        }
        match direction {
            Direction::ToEndpoint => pour(&mut tls, ours).await,
            Direction::ToAzure => {
                let frames = if ours { BYTES + overhead() } else { BYTES };
                drain(&mut tls, frames).await;
            }
        }
        tls
    });
    let endpoint = tokio::spawn(async move {
        let (mut tcp, _) = endpoint.accept().await.expect("a listener connects");
        match direction {
            Direction::ToEndpoint => drain(&mut tcp, BYTES).await,
            Direction::ToAzure => pour(&mut tcp, false).await,
        }
        tcp
    });
    let network = Network::new(config);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let mut azure = network.open(tls::HOST, gateway_port, deadline).await.expect("TLS");
    let mut tcp = TcpStream::connect(("127.0.0.1", endpoint_port)).await.expect("TCP");
    tcp.set_nodelay(true).expect("a socket");
    let cut = CancellationToken::new();
    let start;
    let carrying = if ours {
        let request = UpgradeRequest { host: tls::HOST, target: "/", protocol: None, headers: &[] };
        let upgraded = upgrade(azure, &request).await.expect("an upgrade");
        start = Instant::now();
        let cut = cut.clone();
        tokio::spawn(async move {
            carry(upgraded, tcp, &TrafficCounters::default(), &cut).await;
        })
    } else {
        start = Instant::now();
        tokio::spawn(async move {
            tokio::io::copy_bidirectional_with_sizes(&mut azure, &mut tcp, 64 * 1024, 64 * 1024)
                .await
                .map(drop)
                .unwrap_or_default();
        })
    };
    let (gateway, endpoint) = match direction {
        Direction::ToEndpoint => {
            let endpoint = endpoint.await.expect("the endpoint reads");
            (gateway.await.expect("the gateway writes"), endpoint)
        }
        Direction::ToAzure => {
            let gateway = gateway.await.expect("the gateway reads");
            (gateway, endpoint.await.expect("the endpoint writes"))
        }
    };
    let took = start.elapsed();
    cut.cancel();
    carrying.abort();
    drop((gateway, endpoint));
    took
}

/// Bytes of the headers that our frames add at the least: every frame is full.
fn overhead() -> usize {
    const FULL: usize = 65_522;
    BYTES.div_ceil(FULL) * 8
}

async fn pour(to: &mut (impl AsyncWrite + Unpin), framed: bool) {
    let mut bytes = vec![0x5A; FRAME];
    if framed {
        let mut frame = vec![0x82, 127];
        frame.extend((FRAME as u64).to_be_bytes());
        frame.append(&mut bytes);
        bytes = frame;
    }
    for _ in 0..BYTES / FRAME {
        to.write_all(&bytes).await.expect("the other side reads");
    }
    to.flush().await.expect("the other side reads");
}

/// Reads at least `bytes`.
async fn drain(from: &mut (impl AsyncRead + Unpin), bytes: usize) {
    let mut buffer = vec![0; 256 * 1024];
    let mut left = bytes;
    while left > 0 {
        let read = from.read(&mut buffer).await.expect("the other side writes");
        assert!(read > 0, "the stream ended {left} bytes early");
        left = left.saturating_sub(read);
    }
}

pub(crate) async fn answer_handshake(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut head).await.expect("a request");
    }
    let head = String::from_utf8(head).expect("text");
    let key = head.lines().find_map(|l| l.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept =
        BASE64_STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
    let answer = format!("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.expect("the listener reads");
    stream.flush().await.expect("the listener reads");
}
