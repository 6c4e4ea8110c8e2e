//! Streams through the emulator: what goes in on one side comes out on the other.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::emulator_client::{bench, close_frame, receive, send};

#[tokio::test]
async fn bytes_go_both_ways() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.stream(&mut listener).await;
    let big: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
    for data in [&b"hello"[..], b"", &big] {
        send(&mut sender, data).await;
        assert!(receive(&mut accepted).await == data);
        send(&mut accepted, data).await;
        assert!(receive(&mut sender).await == data);
    }
    sender.send(Message::text("a text stays a text")).await.unwrap();
    assert!(accepted.next().await.unwrap().unwrap().is_text());
    let state = bench.emulator.state();
    let state = state.hybrid_connection("contoso", "hc").unwrap();
    assert_eq!((state.streams.len(), state.total_streams), (1, 1));
    assert_eq!(state.bytes_to_sender, 3_000_005);
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
    assert!(accepted.next().await.is_none());
    assert_eq!(close_frame(&mut sender).await, frame);
    bench
        .emulator
        .wait_until(|state| state.hybrid_connection("contoso", "hc").unwrap().streams.is_empty())
        .await;
}
