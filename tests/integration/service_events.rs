//! What happened to a connection is still told by the service that comes after.

use hybrid_connection_manager::ipc::protocol::Request;
use hybrid_connection_manager::model::{ConnectionView, EventKind};
use jiff::Timestamp;

use crate::bed::{Bed, Host, NAME, named};

fn connects(view: &ConnectionView) -> usize {
    let is_connect = |kind: &EventKind| matches!(kind, EventKind::Connected { .. });
    view.events.iter().filter(|event| is_connect(&event.kind)).count()
}

#[tokio::test]
async fn events_outlive_the_service_and_go_with_their_connection() {
    let Bed { emulator, host, .. } = Bed::connected().await;
    let home = host.stop().await;
    let mut host = Host::start_in(home).await;
    let twice = |view: &ConnectionView| connects(view) == 2;
    let view = host.until(NAME, twice).await;
    assert!(view.events.is_sorted_by_key(|event| event.at), "{:?}", view.events);

    let removed = Timestamp::now();
    host.request(Request::RemoveConnection { connection: named(NAME) }).await.unwrap();
    host.add(&emulator, NAME).await;
    let again = |view: &ConnectionView| {
        connects(view) == 1 && view.events.iter().all(|event| event.at >= removed)
    };
    host.until(NAME, again).await;
    let home = host.stop().await;
    let mut host = Host::start_in(home).await;
    let view = host.until(NAME, twice).await;
    let is_new = view.events.iter().all(|event| event.at >= removed);
    assert!(is_new, "what was before it was removed is gone: {:?}", view.events);
    host.stop().await;
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_damaged_memory_is_no_reason_not_to_start() {
    let Bed { emulator, host, .. } = Bed::connected().await;
    let home = host.stop().await;
    let file = home.path().join("events.json");
    let text = tokio::fs::read_to_string(&file).await.unwrap();
    assert!(text.contains("\"version\":1") && text.contains("connected"), "{text}");
    tokio::fs::write(&file, &text[..text.len() / 2]).await.unwrap();
    let mut host = Host::start_in(home).await;
    let view = host.until_connected(NAME).await;
    assert_eq!(connects(&view), 1, "{:?}", view.events);
    let home = host.stop().await;
    let text = tokio::fs::read_to_string(home.path().join("events.json")).await.unwrap();
    assert!(text.ends_with("]}"), "it is whole again: {text}");
    emulator.shutdown().await;
}
