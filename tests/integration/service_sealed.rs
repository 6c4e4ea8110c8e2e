//! A service whose files were sealed on another machine.

use std::time::Duration;

use hybrid_connection_manager::emulator::EmulatorConfig;
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request};
use hybrid_connection_manager::model::{ConnectionStatus, FaultCode, Retry, StatusLabel};

use crate::bed::{Bed, Host, NAME, NAMESPACE, add, listener_string, named, skip};
use crate::emulator_client::Bench;
use crate::proxy::{Manner, Proxy};
use crate::sealer::FakeSealer;

const OTHER: &str = "other";

async fn bench() -> Bench {
    let config = EmulatorConfig::new()
        .port(0)
        .hybrid_connection(NAMESPACE, NAME, "127.0.0.1:1")
        .hybrid_connection(NAMESPACE, OTHER, "127.0.0.1:1");
    Bench::of(config).await
}

fn total_listeners(bench: &Bench, name: &str) -> u64 {
    bench.emulator.state().hybrid_connection(NAMESPACE, name).unwrap().total_listeners
}

#[tokio::test]
async fn a_key_of_another_machine_is_a_fault_that_waits_for_another_connection_string() {
    let bench = bench().await;
    let here = FakeSealer::of("here");
    let home = Host::start(&bench.emulator).await.stop().await;
    let mut host = Host::start_sealing(home, here.boxed()).await;
    host.add(&bench.emulator, NAME).await;
    host.add(&bench.emulator, OTHER).await;
    host.until_connected(NAME).await;
    host.until_connected(OTHER).await;
    let home = host.stop().await;
    let connections = home.path().join("connections.json");
    let text = std::fs::read_to_string(&connections).unwrap();
    assert!(text.contains("dpapi-machine") && !text.contains("none"), "{text}");

    // The files are copied to another machine, where one connection is added anew.
    let there = FakeSealer::of("there");
    let mut host = Host::start_sealing(home, there.boxed()).await;
    let listeners = total_listeners(&bench, NAME);
    host.request(add(listener_string(&bench.emulator, OTHER), true)).await.unwrap();
    host.until_connected(OTHER).await;
    let view = host.until_fault(NAME, FaultCode::KeySealed).await;
    let ConnectionStatus::Faulted { fault } = &view.status else { panic!("{:?}", view.status) };
    assert_eq!(fault.code.retry(), Retry::Never);
    assert!(fault.detail.contains("the key of the rule defaultListener is sealed"), "{fault}");
    assert!(fault.code.advice().contains("hcm add --replace -"));
    assert!(view.endpoint.is_some(), "what else is known of it stays");
    let refused = add(listener_string(&bench.emulator, NAME), false);
    assert_eq!(host.refused(refused).await, ErrorCode::AlreadyExists);
    for request in [
        Request::TryNow { connection: None },
        Request::RestartConnection { connection: named(NAME) },
        Request::DisableConnection { connection: named(NAME) },
        Request::EnableConnection { connection: named(NAME) },
    ] {
        host.request(request).await.unwrap();
        skip(Duration::from_secs(300)).await;
    }
    host.until_fault(NAME, FaultCode::KeySealed).await;
    assert_eq!(total_listeners(&bench, NAME), listeners, "Azure is not asked without a key");

    host.request(add(listener_string(&bench.emulator, NAME), true)).await.unwrap();
    host.until_connected(NAME).await;
    let home = host.stop().await;
    let mut host = Host::start_sealing(home, there.boxed()).await;
    host.until_connected(NAME).await;
    host.until_connected(OTHER).await;
    host.stop().await;
    bench.emulator.shutdown().await;
}

#[tokio::test]
async fn a_key_that_cannot_be_sealed_is_refused_and_nothing_is_added() {
    let bench = bench().await;
    let sealer = FakeSealer::of("here");
    let home = Host::start(&bench.emulator).await.stop().await;
    let mut host = Host::start_sealing(home, sealer.boxed()).await;
    sealer.set_broken(true);
    let request = add(listener_string(&bench.emulator, NAME), false);
    assert_eq!(host.refused(request).await, ErrorCode::NotSaved);
    assert!(host.snapshot().await.connections.is_empty());
    sealer.set_broken(false);
    host.add(&bench.emulator, NAME).await;
    host.until_connected(NAME).await;
    host.stop().await;
    bench.emulator.shutdown().await;
}

#[tokio::test]
async fn a_proxy_password_of_another_machine_asks_the_proxy_for_nothing() {
    let proxy = Proxy::start(Manner::OpenFor("me:c2Vj".to_owned())).await;
    let value = format!("http://me:c2Vj@{}", proxy.address);
    let bed = Bed::start().await;
    let Bed { emulator, endpoint, host, azure } = bed;
    let home = host.stop().await;
    let mut host = Host::start_sealing(home, FakeSealer::of("here").boxed()).await;
    host.set("network.proxy", &value).await;
    let home = host.stop().await;
    let text = std::fs::read_to_string(home.path().join("settings.json")).unwrap();
    assert!(!text.contains("c2Vj"), "{text}");

    let host = Host::start_sealing(home, FakeSealer::of("there").boxed()).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    let faults = bed.host.snapshot().await.service.faults;
    assert_eq!(faults[0].code, FaultCode::ProxyPasswordSealed);
    let asked = proxy.asked().len();
    bed.host.add(&bed.emulator, NAME).await;
    let view = bed.host.until_fault(NAME, FaultCode::ProxyPasswordSealed).await;
    assert_eq!(view.status.label(), StatusLabel::NotConnected);
    skip(Duration::from_secs(300)).await;
    assert_eq!(proxy.asked().len(), asked, "a password that is not known is not tried");

    bed.host.set("network.proxy", &value).await;
    bed.host.until_connected(NAME).await;
    assert!(bed.host.snapshot().await.service.faults.is_empty());
    bed.end().await;
}
