//! Streams through the whole chain: app, Azure, service, endpoint, and back.

use std::time::Duration;

use futures_util::future::join_all;
use hybrid_connection_manager::emulator::EmulatorConfig;
use hybrid_connection_manager::emulator::sender::{RelayStream, Sender};
use hybrid_connection_manager::model::ConnectionView;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::bed::{Bed, Endpoint, NAME, NAMESPACE, sender, within};

const MIB: usize = 1 << 20;

/// A bed whose endpoint sends everything back.
async fn echo() -> Bed {
    let endpoint = Endpoint::bind().await;
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &endpoint.address());
    endpoint.echo();
    Bed::connected_to(config).await
}

/// Sends `bytes` bytes made from `seed` and ends its direction; the digest of them.
async fn send(mut to: impl AsyncWrite + Unpin, bytes: usize, seed: u64) -> [u8; 32] {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut block = vec![0; MIB];
    random.fill(&mut block);
    let mut digest = Sha256::new();
    let mut left = bytes;
    while left > 0 {
        // No two blocks are alike, at the cost of a few bytes.
        block[..8].copy_from_slice(&random.u64(..).to_be_bytes());
        let now = left.min(block.len());
        digest.update(&block[..now]);
        to.write_all(&block[..now]).await.unwrap();
        left -= now;
    }
    to.shutdown().await.unwrap();
    digest.finalize().into()
}

/// Receives to the end of the direction: how many bytes, and their digest.
async fn receive(mut from: impl AsyncRead + Unpin) -> (usize, [u8; 32]) {
    let (mut bytes, mut digest) = (0, Sha256::new());
    let mut buffer = vec![0; 256 << 10];
    loop {
        match from.read(&mut buffer).await.unwrap() {
            0 => return (bytes, digest.finalize().into()),
            read => {
                digest.update(&buffer[..read]);
                bytes += read;
            }
        }
    }
}

/// Sends `bytes` through a stream that comes back, and compares.
async fn there_and_back(sender: &Sender, bytes: usize) {
    let (read, write) = sender.connect().await.unwrap().into_split();
    let (sent, (received, digest)) = tokio::join!(send(write, bytes, bytes as u64), receive(read));
    assert_eq!((received, digest), (bytes, sent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_every_size_come_through_both_ways_as_they_are() {
    let mut bed = echo().await;
    let sender = sender(&bed.emulator, NAME);
    // Around every limit of frames and buffers.
    let sizes = [0, 1, 125, 126, 127, 65_521, 65_522, 65_523, 65_535, 65_536, 65_537, MIB + 1];
    let mut total = 0;
    for bytes in sizes.into_iter().chain([32 * MIB]) {
        there_and_back(&sender, bytes).await;
        total += bytes as u64;
    }
    let view = bed
        .host
        .until(NAME, |view| view.traffic.total_streams == 13 && view.traffic.active_streams == 0)
        .await;
    assert_eq!(view.traffic.bytes_to_endpoint, total);
    assert_eq!(view.traffic.bytes_to_azure, total);
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gigabyte_comes_through_both_ways_as_it_is() {
    let bed = echo().await;
    there_and_back(&sender(&bed.emulator, NAME), 1024 * MIB).await;
    bed.end().await;
}

#[tokio::test]
async fn many_small_writes_arrive_in_order_and_without_delay() {
    let bed = Bed::connected().await;
    let (app, endpoint) = bed.stream().await;
    let (mut app_read, mut app_write) = app.into_split();
    let (mut endpoint_read, mut endpoint_write) = endpoint.into_split();
    // One at a time, as a chatty protocol has it ...
    for number in 0..500_u32 {
        app_write.write_u32(number).await.unwrap();
        app_write.flush().await.unwrap();
        assert_eq!(within(endpoint_read.read_u32()).await.unwrap(), number);
        endpoint_write.write_u32(!number).await.unwrap();
        assert_eq!(within(app_read.read_u32()).await.unwrap(), !number);
    }
    // ... and without waiting for an answer.
    let numbers = 0..5000_u32;
    let writing = async {
        for number in numbers.clone() {
            app_write.write_u32(number).await.unwrap();
            app_write.flush().await.unwrap();
        }
    };
    let reading = async {
        for number in numbers.clone() {
            assert_eq!(endpoint_read.read_u32().await.unwrap(), number);
        }
    };
    within(async { tokio::join!(writing, reading) }).await;
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_streams_at_once_do_not_get_mixed_up() {
    const STREAMS: usize = 200;
    let mut bed = echo().await;
    let sender = sender(&bed.emulator, NAME);
    let open = join_all((0..STREAMS).map(|_| sender.connect())).await;
    let mut streams: Vec<RelayStream> = open.into_iter().map(Result::unwrap).collect();
    bed.azure_until(|azure| azure.streams.len() == STREAMS).await;
    bed.host.until(NAME, |view| view.traffic.active_streams == STREAMS as u64).await;
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.write_all(&[number as u8; 3000]).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    let read = join_all(streams.iter_mut().map(async |stream| {
        let mut all = Vec::new();
        within(stream.read_to_end(&mut all)).await.unwrap();
        all
    }));
    for (number, all) in read.await.into_iter().enumerate() {
        assert!(all == [number as u8; 3000], "stream {number}");
    }
    bed.azure_until(|azure| azure.streams.is_empty()).await;
    bed.host.until(NAME, |view| view.traffic.active_streams == 0).await;
    bed.end().await;
}

#[tokio::test]
async fn an_app_that_has_ended_still_hears_the_whole_answer() {
    let bed = Bed::connected().await;
    let (mut app, mut endpoint) = bed.stream().await;
    app.write_all(b"question").await.unwrap();
    app.shutdown().await.unwrap();
    let mut question = Vec::new();
    within(endpoint.read_to_end(&mut question)).await.unwrap();
    assert_eq!(question, b"question");
    let answer = vec![7; 300_000];
    let mut heard = Vec::new();
    let answering = async move {
        endpoint.write_all(&answer).await.unwrap();
        answer
    };
    let (answer, read) = tokio::join!(answering, within(app.read_to_end(&mut heard)));
    read.unwrap();
    assert!(heard == answer);
    assert_eq!(app.close_status().map(|(code, _)| code), Some(1000));
    bed.azure_until(|azure| azure.streams.is_empty()).await;
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_that_has_ended_still_hears_the_app() {
    let bed = Bed::connected().await;
    let (mut app, mut endpoint) = bed.stream().await;
    endpoint.write_all(b"greeting").await.unwrap();
    endpoint.shutdown().await.unwrap();
    let mut greeting = Vec::new();
    within(app.read_to_end(&mut greeting)).await.unwrap();
    assert_eq!(greeting, b"greeting");
    let letter = vec![9; 300_000];
    let mut heard = Vec::new();
    let writing = async {
        app.write_all(&letter).await.unwrap();
        app.shutdown().await.unwrap();
    };
    let (_, read) = tokio::join!(writing, within(endpoint.read_to_end(&mut heard)));
    read.unwrap();
    assert!(heard == letter);
    bed.azure_until(|azure| azure.streams.is_empty()).await;
    bed.end().await;
}

#[tokio::test]
async fn a_reset_on_either_side_is_a_reset_on_the_other() {
    let mut bed = Bed::connected().await;
    let (mut app, mut endpoint) = bed.stream().await;
    endpoint.write_all(b"begun").await.unwrap();
    let mut begun = [0; 5];
    within(app.read_exact(&mut begun)).await.unwrap();
    endpoint.set_zero_linger().unwrap();
    drop(endpoint);
    within(app.read(&mut begun)).await.expect_err("the app takes the break for an end");
    drop(app);

    let (mut app, mut endpoint) = bed.stream().await;
    app.write_all(b"begun").await.unwrap();
    app.flush().await.unwrap();
    within(endpoint.read_exact(&mut begun)).await.unwrap();
    app.abort();
    let error = within(endpoint.read(&mut begun)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    // An app that just goes away has not said that its bytes are complete.
    let (app, mut endpoint) = bed.stream().await;
    drop(app);
    let error = within(endpoint.read(&mut begun)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    bed.azure_until(|azure| azure.streams.is_empty()).await;
    let over =
        |view: &ConnectionView| (view.traffic.total_streams, view.traffic.active_streams) == (3, 0);
    bed.host.until(NAME, over).await;
    bed.end().await;
}

/// Writes until nobody takes any more: how many bytes were taken.
async fn fill(mut to: impl AsyncWrite + Unpin) -> usize {
    let block = vec![1; 64 << 10];
    let mut taken = 0;
    while let Ok(written) = timeout(Duration::from_secs(1), to.write(&block)).await {
        taken += written.unwrap();
        assert!(taken < 64 * MIB, "nothing holds the writer back");
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_the_writer_back_and_loses_nothing() {
    let bed = Bed::connected().await;
    let (app, endpoint) = bed.stream().await;
    let (mut app_read, mut app_write) = app.into_split();
    let (mut endpoint_read, mut endpoint_write) = endpoint.into_split();
    // Both directions are full, and neither needs the other to get on.
    let (up, down) = tokio::join!(fill(&mut app_write), fill(&mut endpoint_write));
    let ((), (), (up_heard, _), (down_heard, _)) = within(async {
        tokio::join!(
            async { app_write.shutdown().await.unwrap() },
            async { endpoint_write.shutdown().await.unwrap() },
            receive(&mut endpoint_read),
            receive(&mut app_read),
        )
    })
    .await;
    assert_eq!((up_heard, down_heard), (up, down));
    bed.end().await;
}
