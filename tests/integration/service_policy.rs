//! The policy of this machine: what it does not allow is neither dialled nor listened for,
//! and a change of it counts at once.

use std::time::Duration;

use hybrid_connection_manager::emulator::EmulatorConfig;
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request, Response};
use hybrid_connection_manager::model::{ConnectionView, FaultCode, StatusLabel};
use hybrid_connection_manager::platform::policy::{PolicyEntry, PolicyValues};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;

use crate::bed::{Bed, Endpoint, Host, NAME, NAMESPACE, listener_string, named, skip, within};

/// Azure is asked for the endpoint every few minutes.
const UNTIL_READ_AGAIN: Duration = Duration::from_secs(6 * 60);
const PLACE: &str = "the administrator's place";

/// A policy that lists `entries`.
fn listing(entries: &[&str]) -> PolicyValues {
    let entry = |(at, text): (usize, &&str)| PolicyEntry {
        name: format!("AllowedEndpoints, entry {}", at + 1),
        text: Ok((*text).to_owned()),
    };
    PolicyValues {
        place: PLACE.to_owned(),
        endpoints: Some(entries.iter().enumerate().map(entry).collect()),
        ..PolicyValues::default()
    }
}

fn forbidding() -> PolicyValues {
    PolicyValues { place: PLACE.to_owned(), allow: Some(Ok(false)), ..PolicyValues::default() }
}

/// A bed whose service is under a policy that the test changes.
async fn bed(policy: PolicyValues) -> (Bed, watch::Sender<PolicyValues>) {
    let (policy, receiver) = watch::channel(policy);
    let bed = under(receiver, tempfile::tempdir().unwrap()).await;
    (bed, policy)
}

async fn under(policy: watch::Receiver<PolicyValues>, home: TempDir) -> Bed {
    let Bed { emulator, endpoint, host, azure } = Bed::start().await;
    host.stop().await;
    let mut host = Host::start_under(home, policy).await;
    host.trust(&emulator).await;
    Bed { emulator, endpoint, host, azure }
}

async fn until_denied(bed: &mut Bed) -> ConnectionView {
    let view = bed.host.until_fault(NAME, FaultCode::PolicyDenied).await;
    assert_eq!(view.status.label(), StatusLabel::NotConnected);
    view
}

#[tokio::test]
async fn what_is_not_listed_is_neither_dialled_nor_listened_for_until_it_is() {
    let (mut bed, policy) = bed(listing(&["elsewhere.corp:1433"])).await;
    bed.host.add(&bed.emulator, NAME).await;
    let view = until_denied(&mut bed).await;
    let detail = &view.status.fault().unwrap().detail;
    assert!(detail.contains(&bed.endpoint.address()) && detail.contains(PLACE), "{detail}");
    assert_eq!(view.reachability, None);

    let connection_string = listener_string(&bed.emulator, NAME);
    let request = Request::CheckConnectionString { connection_string };
    let Response::Checked { check } = bed.host.request(request).await.unwrap() else { panic!() };
    assert_eq!(check.fault.unwrap().code, FaultCode::PolicyDenied);
    assert_eq!((check.endpoint, check.reachability), (view.endpoint, None));
    let request = Request::CheckEndpoint { connection: named(NAME) };
    assert_eq!(bed.host.refused(request).await, ErrorCode::Other);
    let request = Request::TryNow { connection: None };
    bed.host.request(request).await.unwrap();
    until_denied(&mut bed).await;

    let info = bed.host.snapshot().await.service.policy.unwrap();
    assert_eq!((info.place.as_str(), info.allowed, info.endpoints), (PLACE, true, Some(1)));
    assert_eq!(bed.azure().total_listeners, 0, "it takes no streams from others");
    assert!(bed.endpoint.is_untouched().await);

    policy.send_replace(listing(&["elsewhere.corp:1433", &bed.endpoint.address()]));
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    policy.send_replace(PolicyValues::default());
    bed.host.until_all(|snapshot| snapshot.service.policy.is_none().then_some(())).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn what_is_taken_away_ends_at_once_with_its_streams() {
    for takes_away in [listing(&["127.0.0.0/8:1", "*.corp:*"]), forbidding()] {
        let (mut bed, policy) = bed(listing(&["127.0.0.0/8:*"])).await;
        bed.host.add(&bed.emulator, NAME).await;
        bed.host.until_connected(NAME).await;
        let (mut app, mut near) = bed.stream().await;
        policy.send_replace(takes_away);
        until_denied(&mut bed).await;
        let error = within(near.read_u8()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "no clean end");
        assert!(within(app.read_u8()).await.is_err());
        bed.azure_until(|azure| azure.listeners.is_empty()).await;
        assert!(bed.app().await.is_err(), "nobody listens");
        policy.send_replace(PolicyValues::default());
        bed.host.until_connected(NAME).await;
        bed.stream().await;
        bed.end().await;
    }
}

#[tokio::test]
async fn a_machine_that_allows_nothing_asks_azure_for_nothing() {
    let (mut bed, policy) = bed(forbidding()).await;
    bed.host.add(&bed.emulator, NAME).await;
    let view = bed.host.view(NAME).await;
    assert_eq!(view.status.fault().unwrap().code, FaultCode::PolicyDenied, "at once");
    assert_eq!((view.endpoint, view.azure), (None, None));

    bed.host.request(Request::DisableConnection { connection: named(NAME) }).await.unwrap();
    bed.host.until_label(NAME, StatusLabel::Disabled).await;
    policy.send_replace(listing(&[]));
    bed.host
        .until_all(|snapshot| (snapshot.service.policy.as_ref()?.endpoints?.eq(&0)).then_some(()))
        .await;
    let view = bed.host.view(NAME).await;
    assert_eq!(view.status.label(), StatusLabel::Disabled);
    policy.send_replace(PolicyValues::default());
    bed.host.request(Request::EnableConnection { connection: named(NAME) }).await.unwrap();
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_that_changes_in_azure_is_looked_at_anew() {
    let (mut bed, _policy) = bed(listing(&["127.0.0.1:*"])).await;
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_connected(NAME).await;
    let allowed = bed.endpoint.address();
    let (mut app, mut near) = bed.stream().await;
    bed.emulator.set_endpoint(NAMESPACE, NAME, "127.0.0.2:1433").unwrap();
    skip(UNTIL_READ_AGAIN).await;
    until_denied(&mut bed).await;
    bed.azure_until(|azure| azure.listeners.is_empty()).await;
    // What is open goes to an endpoint that is still allowed.
    tokio::io::AsyncWriteExt::write_all(&mut near, b"x").await.unwrap();
    assert_eq!(within(app.read_u8()).await.unwrap(), b'x');

    bed.emulator.set_endpoint(NAMESPACE, NAME, &allowed).unwrap();
    skip(UNTIL_READ_AGAIN).await;
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_that_was_known_and_is_not_allowed_any_more_is_asked_for_again() {
    let old = Endpoint::bind().await;
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &old.address());
    let Bed { emulator, endpoint, host, azure } = Bed::connected_to(config).await;
    let home = host.stop().await;
    emulator.set_endpoint(NAMESPACE, NAME, &endpoint.address()).unwrap();
    let (_policy, policy) = watch::channel(listing(&[&endpoint.address()]));
    let host = Host::start_under(home, policy).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_allows_nothing_and_is_told_until_it_is_mended() {
    let (mut bed, policy) = bed(listing(&["127.0.0.1"])).await;
    bed.host.add(&bed.emulator, NAME).await;
    until_denied(&mut bed).await;
    let faults = bed.host.snapshot().await.service.faults;
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].code, FaultCode::PolicyUnreadable);
    assert!(faults[0].detail.contains("entry 1 (\"127.0.0.1\"): it has no port"), "{}", faults[0]);
    assert!(bed.endpoint.is_untouched().await);
    policy.send_replace(listing(&["127.0.0.1:*"]));
    bed.host.until_connected(NAME).await;
    assert_eq!(bed.host.snapshot().await.service.faults, []);
    bed.end().await;
}
