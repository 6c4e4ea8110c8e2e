//! The data path against real sockets and narrow pipes. The other side is written with
//! `tungstenite` where it can be, and by raw frames where that would end too early.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::io::{DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use futures_util::{SinkExt as _, StreamExt as _};

use super::*;
use crate::network::head::Head;
use crate::relay::websocket::frame::apply_mask;

impl Side for DuplexStream {
    fn reset_on_drop(&self, _: bool) {}
    fn end_without_farewell(&self) {}
}

fn upgraded<S>(stream: S, leftover: Vec<u8>) -> Upgraded<S> {
    Upgraded { stream, leftover, head: Head::for_test(101) }
}

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (one, other) = tokio::join!(TcpStream::connect(address), listener.accept());
    (one.unwrap(), other.unwrap().0)
}

/// A running splice between a gateway and an endpoint, seen from both of them.
struct Running {
    gateway: TcpStream,
    endpoint: TcpStream,
    cut: CancellationToken,
    counters: Arc<TrafficCounters>,
    splice: JoinHandle<(SpliceEnd, crate::model::Traffic)>,
}

async fn running(leftover: Vec<u8>) -> Running {
    let (azure, gateway) = tcp_pair().await;
    let (near, endpoint) = tcp_pair().await;
    let (counters, cut) = (Arc::new(TrafficCounters::default()), CancellationToken::new());
    let (counted, ended_by) = (counters.clone(), cut.clone());
    let splice = tokio::spawn(async move {
        let end = carry(upgraded(azure, leftover), near, &counted, &ended_by).await;
        (end, counted.read())
    });
    Running { gateway, endpoint, cut, counters, splice }
}

/// Waits until the splice has handed `bytes` on to Azure.
async fn handed_on(counters: &TrafficCounters, bytes: u64) {
    while counters.read().bytes_to_azure < bytes {
        tokio::task::yield_now().await;
    }
}

/// The payload of all data frames up to the end, and how that came.
async fn read_frames<S: AsyncRead + Unpin>(stream: &mut S) -> (Vec<u8>, io::Result<u8>) {
    let mut received = Vec::new();
    loop {
        match read_frame(stream).await {
            Ok((0x82, payload)) => received.extend(payload),
            Ok((first, _)) => return (received, Ok(first)),
            Err(error) => return (received, Err(error)),
        }
    }
}

fn random_bytes(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(len as u64);
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(len as u8),
        len @ 126..=0xFFFF => {
            bytes.push(126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// Reads one masked frame: its first byte and payload.
async fn read_frame<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    assert_eq!(head[1] & 0x80, 0x80, "a client masks its frames");
    let len = match head[1] & 0x7F {
        126 => usize::from(stream.read_u16().await?),
        127 => stream.read_u64().await? as usize,
        short => usize::from(short),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await?;
    let mut payload = vec![0; len];
    stream.read_exact(&mut payload).await?;
    apply_mask(&mut payload, mask);
    Ok((head[0], payload))
}

#[tokio::test]
async fn no_byte_is_lost_or_added() {
    for size in [0, 1, 125, 126, 65_521, 65_522, 65_523, 65_536, 3_000_001] {
        let Running { gateway, mut endpoint, splice, .. } = running(Vec::new()).await;
        let bytes = random_bytes(size);
        let mut gateway = WebSocketStream::from_raw_socket(gateway, Role::Server, None).await;
        let send = bytes.clone();
        let sender = tokio::spawn(async move {
            for part in send.chunks(40_000) {
                gateway.feed(Message::Binary(Bytes::copy_from_slice(part))).await.unwrap();
            }
            gateway.flush().await.unwrap();
            let mut back = Vec::new();
            while let Some(message) = gateway.next().await {
                if let Message::Binary(part) = message.unwrap() {
                    back.extend_from_slice(&part);
                }
            }
            back
        });
        // The endpoint echoes everything and then ends.
        let mut echoed = 0;
        let mut part = vec![0; 10_000];
        while echoed < size {
            let read = endpoint.read(&mut part).await.unwrap();
            endpoint.write_all(&part[..read]).await.unwrap();
            echoed += read;
        }
        endpoint.shutdown().await.unwrap();
        let back = sender.await.unwrap();
        assert_eq!(Sha256::digest(&back), Sha256::digest(&bytes), "{size} bytes");
        let (end, traffic) = splice.await.unwrap();
        assert!(matches!(end, SpliceEnd::Finished), "{end:?}");
        assert_eq!(traffic.bytes_to_endpoint, size as u64);
        assert_eq!(traffic.bytes_to_azure, size as u64);
    }
}

#[tokio::test]
async fn the_endpoint_may_end_first() {
    let Running { mut gateway, mut endpoint, splice, .. } = running(Vec::new()).await;
    endpoint.shutdown().await.unwrap();
    assert_eq!(read_frame(&mut gateway).await.unwrap(), (0x88, vec![0x03, 0xE8]));
    let bytes = random_bytes(1 << 20);
    let (sent, received) = tokio::join!(
        async {
            for part in bytes.chunks(50_000) {
                gateway.write_all(&frame(0x82, part)).await.unwrap();
            }
            gateway.write_all(&frame(0x88, &[0x03, 0xE8])).await
        },
        async {
            let mut received = Vec::new();
            endpoint.read_to_end(&mut received).await.map(|_| received)
        }
    );
    sent.unwrap();
    assert!(received.unwrap() == bytes);
    drop(gateway);
    assert!(matches!(splice.await.unwrap().0, SpliceEnd::Finished));
}

#[tokio::test]
async fn the_sender_may_end_first() {
    let Running { mut gateway, mut endpoint, splice, .. } = running(Vec::new()).await;
    gateway.write_all(&frame(0x82, b"last words")).await.unwrap();
    gateway.write_all(&frame(0x88, &[0x03, 0xE8])).await.unwrap();
    let mut heard = Vec::new();
    endpoint.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"last words");
    let bytes = random_bytes(1 << 20);
    let (sent, received) = tokio::join!(
        async {
            endpoint.write_all(&bytes).await.unwrap();
            endpoint.shutdown().await
        },
        async {
            let mut received = Vec::new();
            loop {
                match read_frame(&mut gateway).await.unwrap() {
                    (0x82, payload) => received.extend(payload),
                    (first, payload) => {
                        assert_eq!((first, payload), (0x88, vec![0x03, 0xE8]));
                        return received;
                    }
                }
            }
        }
    );
    sent.unwrap();
    assert!(received == bytes);
    drop(gateway);
    assert!(matches!(splice.await.unwrap().0, SpliceEnd::Finished));
}

#[tokio::test]
async fn text_empty_and_fragmented_frames_are_bytes_and_pings_are_answered_between() {
    let Running { mut gateway, mut endpoint, splice, .. } = running(frame(0x82, b"a")).await;
    for bytes in [
        frame(0x81, "é".as_bytes()),
        frame(0x82, b""),
        frame(0x02, b"b"),
        frame(0x89, b"still there?"),
        frame(0x00, b""),
        frame(0x00, b"c"),
        frame(0x8A, b"unasked"),
        frame(0x80, b"d"),
        frame(0x88, b""),
    ] {
        gateway.write_all(&bytes).await.unwrap();
    }
    let mut heard = Vec::new();
    endpoint.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, "aébcd".as_bytes());
    assert_eq!(read_frame(&mut gateway).await.unwrap(), (0x8A, b"still there?".to_vec()));
    drop(endpoint);
    assert_eq!(read_frame(&mut gateway).await.unwrap().0, 0x88);
    drop(gateway);
    assert!(matches!(splice.await.unwrap().0, SpliceEnd::Finished));
}

#[tokio::test]
async fn a_reset_of_the_endpoint_is_no_clean_end_for_azure_and_loses_none_of_its_bytes() {
    for size in [0, 500_000] {
        let Running { mut gateway, mut endpoint, counters, splice, .. } = running(Vec::new()).await;
        // Most of it waits in the listener's socket when the reset comes.
        SockRef::from(&gateway).set_recv_buffer_size(32 * 1024).unwrap();
        let bytes = random_bytes(size);
        endpoint.write_all(&bytes).await.unwrap();
        handed_on(&counters, size as u64).await;
        SockRef::from(&endpoint).set_linger(Some(Duration::ZERO)).unwrap();
        drop(endpoint);
        let (received, end) = read_frames(&mut gateway).await;
        assert!(received == bytes, "{} of {size} bytes", received.len());
        end.expect_err("the end comes without a Close frame");
        drop(gateway);
        assert!(matches!(splice.await.unwrap().0, SpliceEnd::EndpointAborted(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_an_endpoint_that_stops_listening_arrives() {
    let (azure, mut gateway) = duplex(1024);
    let (near, mut endpoint) = duplex(1 << 20);
    let splice = tokio::spawn(async move {
        let counters = TrafficCounters::default();
        carry(upgraded(azure, Vec::new()), near, &counters, &CancellationToken::new()).await
    });
    let bytes = random_bytes(200_000);
    endpoint.write_all(&bytes).await.unwrap();
    // The paused clock moves on when the pipe to the gateway is full.
    sleep(Duration::from_millis(1)).await;
    drop(endpoint);
    gateway.write_all(&frame(0x82, b"a request that nobody reads")).await.unwrap();
    let (received, end) = read_frames(&mut gateway).await;
    assert!(received == bytes, "{} of {} bytes", received.len(), bytes.len());
    end.expect_err("the endpoint did not end in order");
    assert!(matches!(splice.await.unwrap(), SpliceEnd::EndpointAborted(_)));
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_sender_that_stops_listening_arrive() {
    let (azure, mut gateway) = duplex(1 << 20);
    let (near, mut endpoint) = duplex(1024);
    let splice = tokio::spawn(async move {
        let counters = TrafficCounters::default();
        carry(upgraded(azure, Vec::new()), near, &counters, &CancellationToken::new()).await
    });
    let bytes = random_bytes(200_000);
    gateway.write_all(&frame(0x82, &bytes)).await.unwrap();
    gateway.write_all(&frame(0x88, &[0x03, 0xE8])).await.unwrap();
    drop(gateway);
    endpoint.write_all(b"an answer that nobody reads").await.unwrap();
    let mut received = Vec::new();
    endpoint.read_to_end(&mut received).await.unwrap();
    assert!(received == bytes, "{} of {} bytes", received.len(), bytes.len());
    drop(endpoint);
    assert!(matches!(splice.await.unwrap(), SpliceEnd::AzureAborted(_)));
}

#[tokio::test]
async fn a_stream_that_is_dropped_half_way_is_a_reset_for_both() {
    let Running { mut gateway, mut endpoint, counters, splice, .. } = running(Vec::new()).await;
    endpoint.write_all(b"x").await.unwrap();
    handed_on(&counters, 1).await;
    splice.abort();
    assert!(splice.await.unwrap_err().is_cancelled());
    read_frame(&mut gateway).await.unwrap();
    for side in [&mut gateway, &mut endpoint] {
        let error = side.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn a_finished_stream_that_azure_keeps_open_can_be_cut() {
    let Running { mut gateway, mut endpoint, cut, splice, .. } = running(Vec::new()).await;
    gateway.write_all(&frame(0x88, &[0x03, 0xE8])).await.unwrap();
    endpoint.shutdown().await.unwrap();
    assert_eq!(read_frame(&mut gateway).await.unwrap().0, 0x88);
    assert_eq!(gateway.read(&mut [0]).await.unwrap(), 0);
    let start = std::time::Instant::now();
    cut.cancel();
    splice.await.unwrap();
    assert!(start.elapsed() < LINGER / 2);
}

/// Gives bytes and takes them without ever having to wait.
struct Endless {
    begun: bool,
    pipe: DuplexStream,
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        if !std::mem::replace(&mut self.begun, true) {
            into.put_slice(&[0x82, 127, 0x7F, 0, 0, 0, 0, 0, 0, 0]);
        }
        let room = into.initialize_unfilled().len();
        into.advance(room);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Side for Endless {
    fn reset_on_drop(&self, _: bool) {}
    fn end_without_farewell(&self) {}
}

#[tokio::test]
async fn a_direction_that_never_waits_does_not_starve_the_other() {
    let (pipe, mut gateway) = duplex(1024);
    let (near, mut endpoint) = tcp_pair().await;
    let cut = CancellationToken::new();
    let ended_by = cut.clone();
    let splice = tokio::spawn(async move {
        let azure = upgraded(Endless { begun: false, pipe }, Vec::new());
        carry(azure, EndlessSink(near), &TrafficCounters::default(), &ended_by).await
    });
    endpoint.write_all(b"heard?").await.unwrap();
    let heard = timeout(Duration::from_secs(10), read_frame(&mut gateway)).await;
    assert_eq!(heard.expect("the upload has its turn").unwrap().1, b"heard?");
    cut.cancel();
    splice.await.unwrap();
}

/// Takes bytes without ever having to wait.
struct EndlessSink(TcpStream);

impl AsyncRead for EndlessSink {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for EndlessSink {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Side for EndlessSink {
    fn reset_on_drop(&self, _: bool) {}
    fn end_without_farewell(&self) {}
}

#[tokio::test]
async fn what_breaks_on_azures_side_is_a_reset_for_the_endpoint() {
    for broken in [
        frame(0x82, b"x")[..2].to_vec(), // cut in the middle of a frame
        frame(0x88, &[0x03, 0xF3]),      // 1011
        vec![0xFF, 0x00],                // no frame
        vec![0x82, 0x80],                // masked
        Vec::new(),                      // the end without a Close
    ] {
        let Running { mut gateway, mut endpoint, splice, .. } = running(Vec::new()).await;
        gateway.write_all(&broken).await.unwrap();
        gateway.shutdown().await.unwrap();
        let error = endpoint.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{broken:x?}");
        let end = splice.await.unwrap().0;
        assert!(matches!(end, SpliceEnd::AzureAborted(_)), "{broken:x?}: {end:?}");
    }
}

/// A splice over pipes of 1 KiB, for tests with a paused clock.
fn narrow() -> (DuplexStream, DuplexStream, JoinHandle<SpliceEnd>) {
    let (azure, gateway) = duplex(1024);
    let (near, endpoint) = duplex(1024);
    let splice = tokio::spawn(async move {
        carry(
            upgraded(azure, Vec::new()),
            near,
            &TrafficCounters::default(),
            &CancellationToken::new(),
        )
        .await
    });
    (gateway, endpoint, splice)
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_on_either_side_stops_the_other() {
    let (mut gateway, mut endpoint, _splice) = narrow();
    let bytes = vec![0; 1 << 20];
    let mut taken = 0;
    let pushing = async {
        loop {
            taken += endpoint.write(&bytes).await.unwrap();
        }
    };
    // The paused clock moves on only when nothing else can.
    timeout(Duration::from_secs(1), pushing).await.unwrap_err();
    assert!(taken <= buffer::SIZE + 4 * 1024, "{taken} bytes from the endpoint");

    let mut taken = 0;
    let header = frame(0x82, &bytes);
    gateway.write_all(&header[..10]).await.unwrap();
    let pushing = async {
        loop {
            taken += gateway.write(&bytes).await.unwrap();
        }
    };
    timeout(Duration::from_secs(1), pushing).await.unwrap_err();
    assert!(taken <= buffer::SIZE + 4 * 1024, "{taken} bytes from Azure");
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_pings() {
    let (mut gateway, mut endpoint, _splice) = narrow();
    let start = Instant::now();
    assert_eq!(read_frame(&mut gateway).await.unwrap(), (0x89, vec![0, 0, 0, 1]));
    assert_eq!(start.elapsed().as_secs(), PING_AFTER.as_secs());
    endpoint.write_all(b"x").await.unwrap();
    assert_eq!(read_frame(&mut gateway).await.unwrap().0, 0x82);
    assert_eq!(read_frame(&mut gateway).await.unwrap().0, 0x89);
    assert!(start.elapsed() >= PING_AFTER * 3, "a busy period needs no ping");
}

/// How long a splice is watched for whether it is cut.
const LONG: Duration = Duration::from_secs(10 * PING_AFTER.as_secs());

/// Answers the next ping, or passes on what else has come.
async fn answer_ping(gateway: &mut DuplexStream) {
    let (first, payload) = read_frame(gateway).await.unwrap();
    if first == 0x89 {
        gateway.write_all(&frame(0x8A, &payload)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_azure_side_has_gone_is_cut() {
    let (mut gateway, mut endpoint, splice) = narrow();
    answer_ping(&mut gateway).await;
    let start = Instant::now();
    let end = timeout(LONG, splice).await.expect("it is cut").unwrap();
    assert!(matches!(end, SpliceEnd::AzureAborted(_)), "{end:?}");
    // Two periods until the next ping, and two without an answer.
    assert!(start.elapsed() <= PING_AFTER * 4 + Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(endpoint.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_pings_are_answered_lives() {
    let (mut gateway, _endpoint, splice) = narrow();
    let answering = async {
        loop {
            answer_ping(&mut gateway).await;
        }
    };
    timeout(LONG, answering).await.unwrap_err();
    assert!(!splice.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_answers_no_ping_at_all_loses_no_stream() {
    let (mut gateway, mut endpoint, splice) = narrow();
    tokio::time::sleep(LONG).await;
    assert!(!splice.is_finished());
    gateway.write_all(&frame(0x82, b"still here")).await.unwrap();
    let mut heard = [0; 10];
    endpoint.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"still here");
}

#[tokio::test(start_paused = true)]
async fn a_pausing_reader_on_either_side_loses_no_stream() {
    // The app reads no more: a ping waits behind what the endpoint has sent.
    let (mut gateway, mut endpoint, splice) = narrow();
    answer_ping(&mut gateway).await;
    endpoint.write_all(&[0; 600]).await.unwrap();
    tokio::time::sleep(LONG).await;
    assert!(!splice.is_finished());
    drop((gateway, endpoint));
    // The endpoint reads no more: a pong waits behind what the app has sent.
    let (mut gateway, _endpoint, splice) = narrow();
    answer_ping(&mut gateway).await;
    gateway.write_all(&frame(0x82, &[0; 1500])).await.unwrap();
    tokio::time::sleep(LONG).await;
    assert!(!splice.is_finished());
}
