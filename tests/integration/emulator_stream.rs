//! Streams through the emulator: what goes in on one side comes out on the other.

use std::io::ErrorKind;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::emulator_client::{Raw, bench, close_frame, receive, send, within};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

#[tokio::test]
async fn bytes_go_both_ways() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.stream(&mut listener).await;
    let big: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
    for data in [&b"hello"[..], b"", &big] {
        let ((), arrived) = tokio::join!(send(&mut sender, data), receive(&mut accepted));
        assert!(arrived == data);
        let ((), arrived) = tokio::join!(send(&mut accepted, data), receive(&mut sender));
        assert!(arrived == data);
    }
    sender.send(Message::text("a text stays a text")).await.unwrap();
    assert!(accepted.next().await.unwrap().unwrap().is_text());
    let state = bench.emulator.state();
    let state = state.hybrid_connection("contoso", "hc").unwrap();
    assert_eq!((state.streams.len(), state.total_streams), (1, 1));
    assert_eq!(state.bytes_to_sender, 3_000_005);
}

#[tokio::test]
async fn frames_stay_as_they_are() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    for (from, to) in [(0, 1), (1, 0)] {
        let both = &mut [&mut sender, &mut accepted];
        let frames = [(0x01, &b"first"[..]), (0x00, b""), (0x80, b"last"), (BINARY, b"whole")];
        for (head, payload) in frames {
            both[from].send(head, payload).await;
            both[from].send(PING, b"between").await;
        }
        for (head, payload) in frames {
            assert_eq!(both[to].receive().await.unwrap(), (head, payload.to_vec()));
            assert_eq!(both[from].receive().await.unwrap(), (PONG, b"between".to_vec()));
        }
    }
}

/// One side has ended and the other goes on: sends, and is answered its pings.
async fn half_close(ends: &mut Raw, goes_on: &mut Raw) {
    let goodbye = [&1000_u16.to_be_bytes()[..], b"Shutdown"].concat();
    ends.send(BINARY, b"question").await;
    ends.send(CLOSE, &goodbye).await;
    assert_eq!(goes_on.receive().await.unwrap(), (BINARY, b"question".to_vec()));
    assert_eq!(goes_on.receive().await.unwrap(), (CLOSE, goodbye.clone()));
    let big = vec![7; 300_000];
    for _ in 0..5 {
        goes_on.send(BINARY, &big).await;
        assert!(ends.receive().await.unwrap() == (BINARY, big.clone()));
        goes_on.send(PING, b"still?").await;
        assert_eq!(goes_on.receive().await.unwrap(), (PONG, b"still?".to_vec()));
    }
    goes_on.send(CLOSE, &goodbye).await;
    assert_eq!(ends.receive().await.unwrap(), (CLOSE, goodbye));
    for side in [ends, goes_on] {
        assert_eq!(side.receive().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[tokio::test]
async fn the_sender_may_end_first() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    half_close(&mut sender, &mut accepted).await;
}

#[tokio::test]
async fn the_listener_may_end_first() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    half_close(&mut accepted, &mut sender).await;
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_an_abort() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    for resets in [false, true] {
        let (sender, mut accepted) = bench.raw_stream(&mut listener).await;
        if resets {
            sender.stream.get_ref().0.set_zero_linger().unwrap();
        }
        drop(sender);
        assert_eq!(accepted.receive().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let (mut sender, accepted) = bench.raw_stream(&mut listener).await;
        drop(accepted);
        assert_eq!(sender.receive().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn an_abort_after_a_half_close_is_one_too() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    sender.send(CLOSE, &1000_u16.to_be_bytes()).await;
    assert_eq!(accepted.receive().await.unwrap().0, CLOSE);
    drop(sender);
    assert_eq!(accepted.receive().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_peer_that_breaks_the_protocol_aborts_the_stream() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    sender.send(0x80, b"continues nothing").await;
    assert_eq!(accepted.receive().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_close_comes_out_as_it_went_in() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.stream(&mut listener).await;
    let frame = CloseFrame { code: CloseCode::Iana(3123), reason: "done here".into() };
    sender.close(Some(frame.clone())).await.unwrap();
    assert_eq!(close_frame(&mut accepted).await, frame);
    // tungstenite sends its answer when it is polled again.
    assert!(within(accepted.next()).await.is_none());
    assert_eq!(close_frame(&mut sender).await, frame);
    let is_empty = |state: &hybrid_connection_manager::emulator::EmulatorState| {
        state.hybrid_connection("contoso", "hc").unwrap().streams.is_empty()
    };
    within(bench.emulator.wait_until(is_empty)).await;
}

#[tokio::test]
async fn a_stream_outlives_its_control_channel() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    drop(listener);
    within(bench.emulator.wait_for_listeners("contoso", "hc", 0)).await.unwrap();
    sender.send(TEXT, b"alone").await;
    assert_eq!(accepted.receive().await.unwrap(), (TEXT, b"alone".to_vec()));
}
