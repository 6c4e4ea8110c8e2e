//! The endpoint: where it is known from, and what happens when it is not there.

use std::time::Duration;

use hybrid_connection_manager::emulator::sender::SenderError;
use hybrid_connection_manager::emulator::{
    EmulatorConfig, HybridConnectionConfig, InjectedFault, NamespaceConfig, Scope,
};
use hybrid_connection_manager::ipc::protocol::{ErrorCode, Request};
use hybrid_connection_manager::model::{ConnectionView, FaultCode, StatusLabel};

use crate::bed::{
    Bed, DownEndpoint, Endpoint, Host, NAME, NAMESPACE, add, listener_string, named, sender, skip,
    skip_until,
};

fn refusal(error: SenderError) -> (u16, String) {
    match error {
        SenderError::Refused { status, reason } => (status, reason),
        other => panic!("{other}"),
    }
}

fn endpoint_fault(view: &ConnectionView) -> Option<FaultCode> {
    Some(view.reachability.as_ref()?.fault.as_ref()?.code)
}

fn is_reached(view: &ConnectionView) -> bool {
    view.reachability.as_ref().is_some_and(|last| last.fault.is_none())
}

fn has_event(view: &ConnectionView, words: &str) -> bool {
    view.events.iter().any(|event| event.text.contains(words))
}

/// Azure with this metadata at the hybrid connection.
fn with_metadata(metadata: Option<&str>) -> EmulatorConfig {
    let mut hybrid_connection = HybridConnectionConfig::new(NAME);
    if let Some(metadata) = metadata {
        hybrid_connection = hybrid_connection.user_metadata(metadata);
    }
    let namespace = NamespaceConfig::new(NAMESPACE).hybrid_connection(hybrid_connection);
    EmulatorConfig::new().namespace(namespace)
}

#[tokio::test]
async fn an_endpoint_that_is_down_refuses_the_app_and_is_found_when_it_is_up() {
    let down = DownEndpoint::bind();
    let address = down.address();
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &address);
    let mut bed = Bed::connected_to(config).await;
    let refuses = |view: &ConnectionView| endpoint_fault(view) == Some(FaultCode::EndpointRefused);
    let view = bed.host.until(NAME, refuses).await;
    assert_eq!(view.status.label(), StatusLabel::Connected, "the listener is well");
    assert!(has_event(&view, &address), "{:?}", view.events);

    let (status, reason) = refusal(bed.app().await.unwrap_err());
    assert_eq!(status, 502);
    assert!(reason.contains(&address) && reason.contains("refused"), "{reason}");
    bed.host.until(NAME, |view| view.traffic.refused_streams == 1).await;

    bed.endpoint = down.up();
    drop(bed.stream().await);
    let view = bed.host.until(NAME, is_reached).await;
    assert!(has_event(&view, "answers again"), "{:?}", view.events);
    assert_eq!(view.status.label(), StatusLabel::Connected);
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_that_failed_is_dialled_again_without_a_stream() {
    let down = DownEndpoint::bind();
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &down.address());
    let mut bed = Bed::connected_to(config).await;
    let refuses = |view: &ConnectionView| endpoint_fault(view) == Some(FaultCode::EndpointRefused);
    let first = bed.host.until(NAME, refuses).await.reachability.unwrap().checked_at;
    skip(Duration::from_secs(75)).await;
    let again = |view: &ConnectionView| {
        refuses(view) && view.reachability.as_ref().is_some_and(|last| last.checked_at > first)
    };
    let view = bed.host.until(NAME, again).await;
    let told = view.events.iter().filter(|event| event.text.contains("refused")).count();
    assert_eq!(told, 1, "{:?}", view.events);

    let _up = down.up();
    skip(Duration::from_secs(75)).await;
    let view = bed.host.until(NAME, is_reached).await;
    assert!(has_event(&view, "answers again"), "{:?}", view.events);
    bed.end().await;
}

#[tokio::test]
async fn try_now_dials_a_failed_endpoint_and_a_disabled_one_is_left_alone() {
    let down = DownEndpoint::bind();
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &down.address());
    let mut bed = Bed::connected_to(config).await;
    let refuses = |view: &ConnectionView| endpoint_fault(view) == Some(FaultCode::EndpointRefused);
    bed.host.until(NAME, refuses).await;
    bed.host.request(Request::DisableConnection { connection: named(NAME) }).await.unwrap();
    bed.host.until_label(NAME, StatusLabel::Disabled).await;
    let up = down.up();
    skip(Duration::from_secs(300)).await;
    let early = tokio::time::timeout(Duration::from_millis(300), up.accept([0; 8])).await;
    assert!(early.is_err());
    assert!(refuses(&bed.host.view(NAME).await));

    bed.host.request(Request::EnableConnection { connection: named(NAME) }).await.unwrap();
    bed.host.until(NAME, is_reached).await;
    drop(up);
    bed.host.request(Request::CheckEndpoint { connection: named(NAME) }).await.unwrap();
    bed.host.until(NAME, refuses).await;
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_is_dialled_on_demand() {
    let mut bed = Bed::connected().await;
    let first = bed.host.until(NAME, is_reached).await.reachability.unwrap().checked_at;
    let check = || Request::CheckEndpoint { connection: named(NAME) };
    bed.host.request(check()).await.unwrap();
    let again = |view: &ConnectionView| {
        is_reached(view) && view.reachability.as_ref().is_some_and(|last| last.checked_at > first)
    };
    bed.host.until(NAME, again).await;
    bed.endpoint = Endpoint::bind().await; // the one before is gone
    bed.host.request(check()).await.unwrap();
    let refused = |view: &ConnectionView| endpoint_fault(view) == Some(FaultCode::EndpointRefused);
    let view = bed.host.until(NAME, refused).await;
    assert_eq!(view.status.label(), StatusLabel::Connected);

    let other = Request::CheckEndpoint { connection: named("other") };
    assert_eq!(bed.host.refused(other).await, ErrorCode::NotFound);
    bed.end().await;

    let mut bed = Bed::of(with_metadata(None), Endpoint::bind().await).await;
    bed.host.add(&bed.emulator, NAME).await;
    let error = bed.host.request(check()).await.unwrap_err();
    assert!(error.to_string().contains("not known yet"), "{error}");
    bed.end().await;
}

/// A port that takes no more connections and drops what asks for one.
#[cfg(target_os = "linux")]
struct FullPort {
    address: String,
    _listener: tokio::net::TcpListener,
    _waiting: Vec<tokio::net::TcpStream>,
}

#[cfg(target_os = "linux")]
impl FullPort {
    async fn open() -> Self {
        use tokio::net::{TcpSocket, TcpStream};
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut waiting = Vec::new();
        let more =
            || tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(&address));
        while let Ok(connected) = more().await {
            waiting.push(connected.unwrap());
            assert!(waiting.len() < 100, "the port is never full");
        }
        Self { address, _listener: listener, _waiting: waiting }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_given_up_before_azure_gives_up() {
    let full = FullPort::open().await;
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &full.address);
    let mut bed = Bed::connected_to(config).await;
    let sender = sender(&bed.emulator, NAME);
    let mut app = tokio::spawn(async move { sender.connect().await });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut app).await;
    assert!(early.is_err(), "the endpoint still has time");
    skip(Duration::from_secs(14)).await;
    let (status, reason) =
        refusal(skip_until(Duration::from_millis(500), app).await.unwrap().unwrap_err());
    assert_eq!(status, 504);
    assert!(reason.contains(&full.address), "{reason}");
    let view = bed
        .host
        .until(NAME, |view| endpoint_fault(view) == Some(FaultCode::EndpointTimedOut))
        .await;
    assert_eq!(view.status.label(), StatusLabel::Connected);
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_that_changes_in_azure_is_taken_up_by_itself() {
    let mut bed = Bed::connected().await;
    let (first_app, first) = bed.stream().await;
    for by_restart in [true, false] {
        let next = Endpoint::bind().await;
        let address = next.address();
        bed.emulator.set_endpoint(NAMESPACE, NAME, &address).unwrap();
        if by_restart {
            let connection = named(NAME);
            bed.host.request(Request::RestartConnection { connection }).await.unwrap();
        } else {
            // It is read again every few minutes.
            bed.host.until_connected(NAME).await;
            skip(Duration::from_secs(6 * 60)).await;
        }
        let is_next = |view: &ConnectionView| {
            view.endpoint.as_ref().is_some_and(|endpoint| endpoint.to_string() == address)
        };
        let view = bed.host.until(NAME, is_next).await;
        assert!(has_event(&view, &format!("to {address}")), "{:?}", view.events);
        bed.host.until_connected(NAME).await;
        bed.endpoint = next;
        bed.stream().await;
    }
    // What was open stays where it was.
    drop((first_app, first));
    bed.end().await;
}

#[tokio::test]
async fn the_published_sample_with_its_missing_quote_is_mended_and_named() {
    let endpoint = Endpoint::bind().await;
    let sample = format!(r#"[{{"key": "endpoint", "value : "{}"}}]"#, endpoint.address());
    let mut bed = Bed::connected_to(with_metadata(Some(&sample))).await;
    bed.endpoint = endpoint;
    bed.stream().await;
    let view = bed.host.view(NAME).await;
    assert!(has_event(&view, "missing quote"), "{:?}", view.events);
    bed.end().await;
}

#[tokio::test]
async fn without_an_endpoint_there_is_no_listener_until_azure_names_one() {
    let mut bed = Bed::of(with_metadata(None), Endpoint::bind().await).await;
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_fault(NAME, FaultCode::EndpointMissing).await;
    assert_eq!(bed.azure().total_listeners, 0, "it takes no streams from others");
    bed.emulator.set_endpoint(NAMESPACE, NAME, &bed.endpoint.address()).unwrap();
    bed.host.request(Request::TryNow { connection: Some(named(NAME)) }).await.unwrap();
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn an_endpoint_that_azure_takes_away_stays_in_use() {
    let mut bed = Bed::connected().await;
    bed.emulator.set_user_metadata(NAMESPACE, NAME, Some("[]".to_owned())).unwrap();
    bed.host.request(Request::RestartConnection { connection: named(NAME) }).await.unwrap();
    let kept = |view: &ConnectionView| has_event(view, "The last known endpoint is kept");
    bed.host.until(NAME, kept).await;
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    bed.end().await;
}

#[tokio::test]
async fn the_last_known_endpoint_serves_while_azure_does_not_name_it() {
    let bed = Bed::connected().await;
    let Bed { emulator, endpoint, host, azure } = bed;
    let home = host.stop().await;
    let refused = InjectedFault::RefuseManagement {
        status: 503,
        detail: "The server is busy.".to_owned(),
        times: None,
    };
    emulator.inject(Scope::All, refused).unwrap();
    let host = Host::start_in(home).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    bed.host.until_connected(NAME).await;
    bed.stream().await;
    let unread = |view: &ConnectionView| has_event(view, "The endpoint was not read anew");
    let view = bed.host.until(NAME, unread).await;
    assert_eq!(view.status.fault(), None);
    bed.end().await;
}

#[tokio::test]
async fn a_hybrid_connection_that_azure_does_not_list_is_not_found() {
    let mut bed = Bed::start().await;
    let string = listener_string(&bed.emulator, NAME);
    bed.emulator.remove_hybrid_connection(NAMESPACE, NAME).unwrap();
    bed.host.request(add(string, false)).await.unwrap();
    let view = bed.host.until_fault(NAME, FaultCode::NotFound).await;
    assert_eq!(view.status.label(), StatusLabel::NotConnected);
    bed.end().await;
}
