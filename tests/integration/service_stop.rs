//! How the service ends: with its streams, without waiting for them, or when they had
//! their time.

use std::future::{pending, ready};
use std::time::Duration;

use hybrid_connection_manager::emulator::Emulator;
use hybrid_connection_manager::emulator::sender::RelayStream;
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request};
use hybrid_connection_manager::model::{Snapshot, StatusLabel};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::service::{LogTo, Service};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bed::{
    Bed, Host, NAME, NAMESPACE, Watcher, add, listener_string, named, skip, skip_until, within,
};

fn listeners(emulator: &Emulator) -> usize {
    emulator.state().hybrid_connection(NAMESPACE, NAME).unwrap().listeners.len()
}

/// A service that is asked to end while a stream is open.
struct Stopping {
    emulator: Emulator,
    app: RelayStream,
    endpoint: TcpStream,
    watcher: Watcher,
    hurry: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    _home: TempDir,
}

impl Stopping {
    async fn start() -> Self {
        let bed = Bed::connected().await;
        let (app, endpoint) = bed.stream().await;
        let Bed { emulator, host, .. } = bed;
        let Host { service, mut watcher, home } = host;
        let (hurry, hurried) = oneshot::channel::<()>();
        let ended = tokio::spawn(service.stop(async {
            if hurried.await.is_err() {
                pending::<()>().await;
            }
        }));
        let waits = |snapshot: &Snapshot| {
            let stopping = snapshot.connections[0].status.label() == StatusLabel::Stopping;
            (stopping && snapshot.service.draining == Some(1)).then_some(())
        };
        watcher.until_all(waits).await;
        Self { emulator, app, endpoint, watcher, hurry, ended, _home: home }
    }
}

#[tokio::test]
async fn open_streams_end_in_peace_and_new_ones_go_elsewhere() {
    let mut stopping = Stopping::start().await;
    let emulator = &stopping.emulator;
    within(emulator.wait_for_listeners(NAMESPACE, NAME, 0)).await.unwrap();
    let request = add(listener_string(emulator, NAME), true);
    assert_eq!(stopping.watcher.refused(request).await, ErrorCode::Stopping);
    // Both directions are still carried, to their ends.
    stopping.app.write_all(b"last words").await.unwrap();
    stopping.app.shutdown().await.unwrap();
    let mut heard = Vec::new();
    within(stopping.endpoint.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"last words");
    assert!(!stopping.ended.is_finished(), "the endpoint may still answer");
    stopping.endpoint.write_all(b"good-bye").await.unwrap();
    stopping.endpoint.shutdown().await.unwrap();
    heard.clear();
    within(stopping.app.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"good-bye");
    within(stopping.ended).await.unwrap();
    stopping.watcher.until_gone().await;
    stopping.emulator.shutdown().await;
}

#[tokio::test]
async fn a_second_wish_does_not_wait_and_breaks_the_streams() {
    let mut stopping = Stopping::start().await;
    within(stopping.emulator.wait_for_listeners(NAMESPACE, NAME, 0)).await.unwrap();
    stopping.hurry.send(()).unwrap();
    within(stopping.ended).await.unwrap();
    let mut byte = [0];
    let at_once = Duration::from_millis(500);
    for broken in [
        tokio::time::timeout(at_once, stopping.app.read(&mut byte)).await,
        tokio::time::timeout(at_once, stopping.endpoint.read(&mut byte)).await,
    ] {
        broken.expect("the stream is still there").expect_err("a broken stream looks complete");
    }
    stopping.emulator.shutdown().await;
}

#[tokio::test]
async fn streams_that_do_not_end_are_cut_after_the_time_of_the_settings() {
    let mut stopping = Stopping::start().await;
    skip(Duration::from_secs(28)).await;
    // Still carried two seconds before the end.
    stopping.app.write_all(&[1]).await.unwrap();
    stopping.app.flush().await.unwrap();
    assert_eq!(within(stopping.endpoint.read_u8()).await.unwrap(), 1);
    skip_until(Duration::from_secs(1), stopping.ended).await.unwrap();
    assert_eq!(listeners(&stopping.emulator), 0);
    within(stopping.endpoint.read_u8()).await.unwrap_err();
    within(stopping.app.read_u8()).await.unwrap_err();
    stopping.emulator.shutdown().await;
}

#[tokio::test]
async fn without_streams_the_listeners_are_gone_when_the_service_is() {
    let bed = Bed::connected().await;
    let Bed { emulator, host, .. } = bed;
    let Host { service, mut watcher, home } = host;
    watcher.request(Request::Shutdown).await.unwrap();
    within(service.shutdown_requested()).await;
    within(service.stop(pending())).await;
    assert_eq!(listeners(&emulator), 0);

    // And its home is free for the next one.
    let paths = Paths::in_home(home.path()).unwrap();
    let next = Service::start(&paths, LogTo::Nowhere).unwrap();
    within(emulator.wait_for_listeners(NAMESPACE, NAME, 1)).await.unwrap();
    within(next.stop(ready(()))).await;
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_disabled_connection_and_one_that_waits_do_not_hold_the_end_up() {
    let mut bed = Bed::connected().await;
    let connection = named(NAME);
    bed.host.request(Request::DisableConnection { connection }).await.unwrap();
    bed.host.until_label(NAME, StatusLabel::Disabled).await;
    let Bed { emulator, host, .. } = bed;
    let Host { service, watcher: _watcher, home: _home } = host;
    within(service.stop(pending())).await;
    emulator.shutdown().await;
}
