//! Several listeners on one hybrid connection, and senders that want no stream.

use std::future::pending;
use std::time::Duration;

use hybrid_connection_manager::emulator::EmulatorConfig;
use hybrid_connection_manager::emulator::sender::RelayStream;
use hybrid_connection_manager::model::{FaultCode, StatusLabel};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::bed::{Bed, Endpoint, Host, NAME, NAMESPACE, within};
use crate::emulator_client::Bench;

/// Azure with an endpoint that sends everything back.
async fn echo_config() -> EmulatorConfig {
    let endpoint = Endpoint::bind().await;
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &endpoint.address());
    endpoint.echo();
    config
}

/// Whether what is written comes back.
async fn comes_back(stream: &mut RelayStream) -> bool {
    let mut byte = [0];
    let turn = async {
        stream.write_all(&[5]).await?;
        stream.flush().await?;
        stream.read_exact(&mut byte).await
    };
    within(turn).await.is_ok() && byte == [5]
}

#[tokio::test]
async fn streams_spread_over_two_services_and_outlive_the_end_of_the_other() {
    const STREAMS: usize = 40;
    let mut bed = Bed::connected_to(echo_config().await).await;
    let mut other = Host::start(&bed.emulator).await;
    other.add(&bed.emulator, NAME).await;
    other.until_connected(NAME).await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(bed.app().await.unwrap());
    }
    for stream in &mut streams {
        assert!(comes_back(stream).await);
    }
    // Each tells of its streams once a second.
    let both = async {
        loop {
            let here = bed.host.view(NAME).await.traffic.active_streams as usize;
            let there = other.view(NAME).await.traffic.active_streams as usize;
            if here + there == STREAMS {
                return (here, there);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (here, there) = within(both).await;
    assert!(here > 0 && there > 0, "{here} here and {there} there");

    other.stop().await;
    let mut alive = 0;
    for stream in &mut streams {
        alive += usize::from(comes_back(stream).await);
    }
    assert_eq!(alive, here);
    let view = bed.host.view(NAME).await;
    assert_eq!(view.status.label(), StatusLabel::Connected);
    bed.azure_until(|azure| azure.listeners.len() == 1).await;
    assert!(comes_back(&mut bed.app().await.unwrap()).await);
    bed.end().await;
}

#[tokio::test]
async fn one_listener_too_many_is_named_and_comes_in_when_another_leaves() {
    let mut bed = Bed::connected_to(echo_config().await).await;
    let mut others = Vec::new();
    for _ in 0..24 {
        let mut host = Host::start(&bed.emulator).await;
        host.add(&bed.emulator, NAME).await;
        host.until_connected(NAME).await;
        others.push(host);
    }
    let mut last = Host::start(&bed.emulator).await;
    last.add(&bed.emulator, NAME).await;
    let view = last.until_fault(NAME, FaultCode::TooManyListeners).await;
    assert_eq!(view.status.label(), StatusLabel::NotConnected);
    let fault = view.status.fault().unwrap();
    assert!(fault.detail.contains("MaximumListenersPerEndpoint"), "{fault}");
    assert!(fault.tracking_id.is_some(), "{fault:?}");
    assert_eq!(bed.azure().listeners.len(), 25);
    // Azure's count is one thing, this listener another.
    bed.host.until_connected(NAME).await;

    within(others.pop().unwrap().service.stop(pending())).await;
    let connection = Some(crate::bed::named(NAME));
    let request = hybrid_connection_manager::ipc::protocol::Request::TryNow { connection };
    last.request(request).await.unwrap();
    last.until_connected(NAME).await;
    for host in others {
        host.stop().await;
    }
    last.stop().await;
    bed.end().await;
}

#[tokio::test]
async fn an_http_request_is_answered_that_only_streams_are_served() {
    let bench = Bench::of(echo_config().await.port(0)).await;
    let mut host = Host::start(&bench.emulator).await;
    host.add(&bench.emulator, NAME).await;
    host.until_connected(NAME).await;
    let token = bench.token("defaultSender");
    let headers = [("ServiceBusAuthorization", token.as_str())];
    for (method, bytes) in [("GET", 0), ("POST", 1000), ("POST", 70_000), ("POST", 1 << 20)] {
        let answer = within(bench.http(method, "/hc/a?b=c", &headers, &vec![b'x'; bytes])).await;
        assert_eq!(answer.status(), 501, "{method} {bytes}: {}", answer.head);
        assert!(answer.reason().contains("TCP streams"), "{}", answer.head);
    }
    // The channel is as it was.
    let state = bench.emulator.state();
    let azure = state.hybrid_connection(NAMESPACE, NAME).unwrap();
    assert_eq!((azure.total_requests, azure.total_listeners), (4, 1));
    host.until_connected(NAME).await;
    host.stop().await;
    bench.emulator.shutdown().await;
}
