//! What a connection string leads to, looked at before it is added.

use std::time::{Duration, Instant};

use hybrid_connection_manager::emulator::{EmulatorConfig, InjectedFault};
use hybrid_connection_manager::ipc::Client;
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request, Response};
use hybrid_connection_manager::model::{ConnectionCheck, FaultCode, Secret, Snapshot};
use hybrid_connection_manager::platform::Paths;

use crate::bed::{
    Bed, DownEndpoint, Endpoint, NAME, NAMESPACE, listener_string, skip_until, within,
};

fn checking(connection_string: Secret) -> Request {
    Request::CheckConnectionString { connection_string }
}

async fn check(bed: &mut Bed, connection_string: Secret) -> ConnectionCheck {
    match bed.host.request(checking(connection_string)).await.unwrap() {
        Response::Checked { check } => *check,
        other => panic!("{other:?}"),
    }
}

fn nothing(snapshot: &Snapshot) -> bool {
    snapshot.connections.is_empty() && snapshot.revision == 0
}

#[tokio::test]
async fn it_names_the_endpoint_and_adds_nothing() {
    let mut bed = Bed::start().await;
    let string = listener_string(&bed.emulator, NAME);
    let before = bed.host.snapshot().await;
    let found = check(&mut bed, string.clone()).await;
    assert_eq!(found.id.name(), NAME);
    assert_eq!((found.key_name.as_str(), found.already_added), ("defaultListener", false));
    assert_eq!(found.endpoint.map(|endpoint| endpoint.to_string()), Some(bed.endpoint.address()));
    assert_eq!((found.mended, found.listener_count, found.fault), (false, Some(0), None));
    let reachability = found.reachability.unwrap();
    assert_eq!(reachability.fault, None);
    assert!(reachability.connect_micros.is_some());
    assert_eq!(bed.host.snapshot().await, before);
    assert!(nothing(&before));

    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_connected(NAME).await;
    let found = check(&mut bed, string).await;
    assert_eq!((found.already_added, found.listener_count), (true, Some(1)));
    bed.end().await;
}

#[tokio::test]
async fn it_says_what_is_in_the_way() {
    let down = DownEndpoint::bind();
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &down.address());
    let mut bed = Bed::of(config, Endpoint::bind().await).await;
    let string = listener_string(&bed.emulator, NAME);
    let found = check(&mut bed, string.clone()).await;
    assert_eq!(found.fault, None);
    let fault = found.reachability.unwrap().fault.unwrap();
    assert_eq!(fault.code, FaultCode::EndpointRefused);

    let code = bed.host.refused(checking(Secret::new("Endpoint=sb://x/"))).await;
    assert_eq!(code, ErrorCode::InvalidConnectionString);

    bed.emulator.set_user_metadata(NAMESPACE, NAME, None).unwrap();
    let found = check(&mut bed, string.clone()).await;
    assert_eq!((found.endpoint, found.reachability), (None, None));
    assert_eq!(found.fault.unwrap().code, FaultCode::EndpointMissing);

    bed.emulator.regenerate_keys(NAMESPACE, Some(NAME), "defaultListener").unwrap();
    let found = check(&mut bed, string).await;
    assert_eq!(found.fault.unwrap().code, FaultCode::Unauthorized);

    let string = listener_string(&bed.emulator, NAME);
    bed.emulator.remove_hybrid_connection(NAMESPACE, NAME).unwrap();
    let found = check(&mut bed, string.clone()).await;
    assert_eq!(found.fault.unwrap().code, FaultCode::NotFound);

    bed.emulator.shutdown().await;
    let request = checking(string);
    let Response::Checked { check } = bed.host.request(request).await.unwrap() else { panic!() };
    assert_eq!(check.fault.unwrap().code, FaultCode::AzureUnreachable);
    bed.host.stop().await;
}

#[tokio::test]
async fn many_that_take_long_hold_nobody_up() {
    let bed = Bed::start().await;
    bed.inject(InjectedFault::Delay { millis: 3000 });
    let paths = Paths::in_home(bed.host.home.path()).unwrap();
    let client = Client::connect(&paths.channel, "window").await.unwrap();
    let (requester, _pushes) = client.into_parts();
    let string = listener_string(&bed.emulator, NAME);
    let start = Instant::now();
    let checks: Vec<_> = (0..20)
        .map(|_| {
            let (requester, request) = (requester.clone(), checking(string.clone()));
            tokio::spawn(async move { requester.request(request).await })
        })
        .collect();
    requester.request(Request::GetSettings).await.unwrap();
    requester.ping().await.unwrap();
    assert!(checks.iter().all(|check| !check.is_finished()));
    for check in checks {
        let Response::Checked { check } = within(check).await.unwrap().unwrap() else { panic!() };
        assert_eq!(check.fault, None);
    }
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    bed.end().await;
}

#[tokio::test]
async fn a_namespace_that_says_nothing_is_given_up_in_time() {
    let silent = Endpoint::bind().await;
    let mut bed = Bed::start().await;
    let port = silent.address().rsplit_once(':').unwrap().1.to_owned();
    let text = listener_string(&bed.emulator, NAME);
    let own = format!(":{}", bed.emulator.port());
    let text = text.expose().replace(&own, &format!(":{port}"));
    let start = tokio::time::Instant::now();
    let looking = check(&mut bed, Secret::new(text));
    let found = skip_until(Duration::from_secs(1), looking).await;
    assert_eq!(found.fault.unwrap().code, FaultCode::AzureTimedOut);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    bed.end().await;
}
