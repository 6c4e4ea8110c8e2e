//! Connections as people manage them: add, replace, remove, disable, enable, restart.

use std::time::{Duration, Instant};

use hybrid_connection_manager::emulator::sender::{RelayStream, SenderError};
use hybrid_connection_manager::emulator::{EmulatorConfig, EmulatorState, InjectedFault, Scope};
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request};
use hybrid_connection_manager::model::{
    ConnectionStatus, FaultCode, Secret, Snapshot, StatusLabel,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::bed::{
    Bed, Endpoint, Host, NAME, NAMESPACE, add, listener_string, named, skip, skip_until, within,
};
use crate::emulator_client::{self, Bench};

fn remove() -> Request {
    Request::RemoveConnection { connection: named(NAME) }
}

fn disable() -> Request {
    Request::DisableConnection { connection: named(NAME) }
}

fn enable() -> Request {
    Request::EnableConnection { connection: named(NAME) }
}

fn restart() -> Request {
    Request::RestartConnection { connection: named(NAME) }
}

/// Whether a stream still carries bytes.
async fn assert_alive((app, endpoint): &mut (RelayStream, TcpStream)) {
    app.write_all(&[1]).await.unwrap();
    app.flush().await.unwrap();
    assert_eq!(within(endpoint.read_u8()).await.unwrap(), 1);
    endpoint.write_all(&[2]).await.unwrap();
    assert_eq!(within(app.read_u8()).await.unwrap(), 2);
}

/// Both ends of a stream were broken, and neither takes that for an end.
async fn assert_reset((mut app, mut endpoint): (RelayStream, TcpStream)) {
    let mut byte = [0];
    within(app.read(&mut byte)).await.unwrap_err();
    within(endpoint.read(&mut byte)).await.unwrap_err();
}

/// Whatever waits has had its chance, and there is still no listener.
async fn assert_stays_away(bed: &mut Bed, listeners_so_far: u64) {
    bed.emulator.clear_faults();
    for _ in 0..10 {
        skip(Duration::from_secs(30)).await;
        bed.host.snapshot().await;
    }
    match bed.app().await.unwrap_err() {
        SenderError::Refused { status: 404, .. } => {}
        other => panic!("{other}"),
    }
    assert_eq!(bed.azure().total_listeners, listeners_so_far);
    assert_eq!(bed.host.snapshot().await.connections, []);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut bed = Bed::connected().await;
    let string = listener_string(&bed.emulator, NAME);
    let before = bed.host.view(NAME).await;
    assert_eq!(bed.host.refused(add(string.clone(), false)).await, ErrorCode::AlreadyExists);
    let broken = Secret::new(string.expose().replace("SharedAccessKeyName", "KeyName"));
    let code = bed.host.refused(add(broken, false)).await;
    assert_eq!(code, ErrorCode::InvalidConnectionString);
    for request in [
        Request::RemoveConnection { connection: named("other") },
        Request::RestartConnection { connection: named("other") },
        Request::EnableConnection { connection: named("other") },
        Request::DisableConnection { connection: named("other") },
        Request::TryNow { connection: Some(named("other")) },
    ] {
        assert_eq!(bed.host.refused(request).await, ErrorCode::NotFound);
    }
    let after = bed.host.view(NAME).await;
    assert_eq!((after.status, after.desired), (before.status, before.desired));
    assert_eq!(bed.host.snapshot().await.connections.len(), 1);
    bed.end().await;
}

#[tokio::test]
async fn a_new_key_is_taken_up_and_kept() {
    let mut bed = Bed::connected().await;
    let mut stream = bed.stream().await;
    bed.emulator.regenerate_keys(NAMESPACE, Some(NAME), "defaultListener").unwrap();
    bed.host.request(restart()).await.unwrap();
    bed.host.until_fault(NAME, FaultCode::Unauthorized).await;
    let string = listener_string(&bed.emulator, NAME);
    bed.host.request(add(string, true)).await.unwrap();
    bed.host.until_connected(NAME).await;
    assert_alive(&mut stream).await;

    let Bed { emulator, endpoint, host, azure } = bed;
    let host = Host::start_in(host.stop().await).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn one_that_is_removed_while_it_connects_is_gone() {
    let mut bed = Bed::start().await;
    bed.inject(InjectedFault::Delay { millis: 10_000 });
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_label(NAME, StatusLabel::Connecting).await;
    bed.host.request(remove()).await.unwrap();
    assert_stays_away(&mut bed, 0).await;
    bed.end().await;
}

#[tokio::test]
async fn one_that_is_removed_while_it_waits_is_gone() {
    let mut bed = Bed::start().await;
    let reason = "The token has an invalid signature.".to_owned();
    bed.inject(InjectedFault::RefuseListens { status: 401, reason, times: None });
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_fault(NAME, FaultCode::Unauthorized).await;
    bed.host.request(remove()).await.unwrap();
    assert_stays_away(&mut bed, 0).await;
    bed.end().await;
}

#[tokio::test]
async fn one_that_is_removed_breaks_its_streams_and_can_be_added_again() {
    let mut bed = Bed::connected().await;
    let stream = bed.stream().await;
    bed.host.request(remove()).await.unwrap();
    bed.host.until_all(|snapshot| snapshot.connections.is_empty().then_some(())).await;
    assert_reset(stream).await;
    bed.azure_until(|azure| azure.listeners.is_empty() && azure.streams.is_empty()).await;
    assert_stays_away(&mut bed, 1).await;

    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn one_that_is_disabled_lets_its_streams_end_and_stays_so() {
    let mut bed = Bed::connected().await;
    let mut stream = bed.stream().await;
    bed.host.request(disable()).await.unwrap();
    bed.host.until_label(NAME, StatusLabel::Stopping).await;
    bed.azure_until(|azure| azure.listeners.is_empty()).await;
    bed.app().await.unwrap_err();
    assert_alive(&mut stream).await;
    assert_eq!(bed.host.view(NAME).await.status.label(), StatusLabel::Stopping);
    drop(stream);
    bed.host.until_label(NAME, StatusLabel::Disabled).await;
    bed.host.request(Request::TryNow { connection: None }).await.unwrap();
    bed.host.request(restart()).await.unwrap();
    assert_eq!(bed.host.view(NAME).await.status.label(), StatusLabel::Disabled);

    let Bed { emulator, endpoint, host, azure } = bed;
    let host = Host::start_in(host.stop().await).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    bed.host.until_label(NAME, StatusLabel::Disabled).await;
    assert_eq!(bed.azure().total_listeners, 1);
    bed.host.request(enable()).await.unwrap();
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn streams_that_do_not_end_are_cut_when_their_time_is_over() {
    let mut bed = Bed::connected().await;
    bed.host.set("service.drain_seconds", "30").await;
    let stream = bed.stream().await;
    bed.host.request(disable()).await.unwrap();
    bed.host.until_label(NAME, StatusLabel::Stopping).await;
    skip(Duration::from_secs(25)).await;
    assert_eq!(bed.host.view(NAME).await.status.label(), StatusLabel::Stopping);
    let step = Duration::from_secs(1);
    skip_until(step, bed.host.until_label(NAME, StatusLabel::Disabled)).await;
    assert_reset(stream).await;
    bed.end().await;
}

#[tokio::test]
async fn one_that_is_enabled_while_it_stops_keeps_its_streams() {
    let mut bed = Bed::connected().await;
    let mut stream = bed.stream().await;
    bed.host.request(disable()).await.unwrap();
    bed.host.until_label(NAME, StatusLabel::Stopping).await;
    bed.host.request(enable()).await.unwrap();
    bed.host.until_connected(NAME).await;
    assert_alive(&mut stream).await;
    bed.azure_until(|azure| azure.listeners.len() == 1).await;
    bed.end().await;
}

#[tokio::test]
async fn a_restart_opens_a_fresh_channel_and_keeps_the_streams() {
    let mut bed = Bed::connected().await;
    let listener = bed.tracking_id();
    let mut stream = bed.stream().await;
    bed.host.request(restart()).await.unwrap();
    bed.azure_until(|azure| azure.total_listeners == 2 && azure.listeners.len() == 1).await;
    assert_eq!(bed.tracking_id(), listener);
    bed.host.until_label(NAME, StatusLabel::Connecting).await;
    bed.host.until_connected(NAME).await;
    assert_alive(&mut stream).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_connections_start_side_by_side_and_a_bad_one_disturbs_none() {
    const MANY: usize = 220;
    let endpoint = Endpoint::bind().await;
    let names: Vec<String> = (0..MANY).map(|number| format!("hc-{number}")).collect();
    let config =
        names.iter().chain([&"bad".to_owned()]).fold(EmulatorConfig::new(), |config, name| {
            config.hybrid_connection(NAMESPACE, name, &endpoint.address())
        });
    let mut bed = Bed::of(config, endpoint).await;
    for name in names.iter().map(String::as_str).chain(["bad"]) {
        bed.host.add(&bed.emulator, name).await;
    }
    let all_told = |snapshot: &Snapshot| {
        let count = |label| {
            let views = snapshot.connections.iter();
            views.filter(|view| view.status.label() == label).count()
        };
        let told = (count(StatusLabel::Connected), count(StatusLabel::NotConnected));
        (told == (MANY, 1)).then_some(())
    };
    let home = bed.host.stop().await;
    bed.emulator.regenerate_keys(NAMESPACE, Some("bad"), "defaultListener").unwrap();
    // Azure takes its time for each, and nobody waits for another one's answer.
    bed.emulator.inject(Scope::All, InjectedFault::Delay { millis: 500 }).unwrap();
    let start = Instant::now();
    bed.host = Host::start_in(home).await;
    bed.host.until_all(all_told).await;
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    bed.host.until_fault("bad", FaultCode::Unauthorized).await;
    within(bed.host.service.stop(std::future::pending())).await;
    let listening = bed.emulator.state().hybrid_connections;
    assert!(listening.iter().all(|azure| azure.listeners.is_empty()));
    bed.emulator.shutdown().await;
}

#[tokio::test]
async fn a_ca_that_the_settings_add_is_trusted_at_once() {
    let bed = Bed::start().await;
    let mut host = Host::start_in(tempfile::tempdir().unwrap()).await;
    host.add(&bed.emulator, NAME).await;
    host.until_fault(NAME, FaultCode::TlsUntrusted).await;
    let name = || "network.extra_ca_certificates".to_owned();
    let missing = Request::SetSetting { name: name(), value: "/no/such/ca.pem".to_owned() };
    assert_eq!(host.refused(missing).await, ErrorCode::InvalidSetting);
    let ca = bed.host.home.path().join("ca.pem");
    host.set(&name(), ca.to_str().unwrap()).await;
    host.until_connected(NAME).await;
    bed.stream().await;
    // Taken away again, it is missed when the next channel is opened.
    host.set(&name(), "").await;
    host.request(restart()).await.unwrap();
    host.until_fault(NAME, FaultCode::TlsUntrusted).await;
    host.stop().await;
    bed.end().await;
}

#[tokio::test]
async fn a_ready_made_signature_serves_until_it_is_over() {
    let bench =
        Bench::of(EmulatorConfig::new().port(0).hybrid_connection(NAMESPACE, NAME, "127.0.0.1:1"))
            .await;
    let mut host = Host::start(&bench.emulator).await;
    let port = bench.emulator.port();
    let token = bench.token_until("defaultListener", emulator_client::now() + 3);
    let string = format!(
        "Endpoint=sb://{}:{port}/;SharedAccessSignature={token};EntityPath={NAME}",
        emulator_client::HOST
    );
    host.request(add(Secret::new(string), false)).await.unwrap();
    host.until_connected(NAME).await;
    let view = host.until_fault(NAME, FaultCode::TokenSpent).await;
    assert!(matches!(view.status, ConnectionStatus::Faulted { .. }), "{:?}", view.status);
    host.request(Request::TryNow { connection: None }).await.unwrap();
    skip(Duration::from_secs(300)).await;
    assert_eq!(host.view(NAME).await.status.label(), StatusLabel::NotConnected);
    let of =
        |state: EmulatorState| state.hybrid_connection(NAMESPACE, NAME).unwrap().total_listeners;
    assert_eq!(of(bench.emulator.state()), 1);
    let string = listener_string(&bench.emulator, NAME);
    host.request(add(string, true)).await.unwrap();
    host.until_connected(NAME).await;
    host.stop().await;
    bench.emulator.shutdown().await;
}
