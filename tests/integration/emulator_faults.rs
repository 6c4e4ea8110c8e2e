//! Faults on demand, and the control address that brings them.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use hybrid_connection_manager::emulator::{InjectedFault, Scope};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::emulator_client::{
    Bench, HOST, Raw, bench, close_frame, control_message, split_address, within,
};

async fn raw_listener(bench: &Bench) -> Raw {
    let token = bench.token("defaultListener");
    let headers = [("ServiceBusAuthorization", token.as_str())];
    bench.open_raw(HOST, "/$hc/hc?sb-hc-action=listen", &headers).await.unwrap().0
}

fn hc() -> Scope {
    Scope::One("contoso/hc".parse().unwrap())
}

#[tokio::test]
async fn channels_are_dropped_or_reset() {
    let bench = bench().await;
    for (fault, kind) in [
        (InjectedFault::Drop { streams: false }, ErrorKind::UnexpectedEof),
        (InjectedFault::Reset { streams: false }, ErrorKind::ConnectionReset),
    ] {
        let mut listener = raw_listener(&bench).await;
        let other = Scope::One("contoso/other".parse().unwrap());
        assert_eq!(bench.emulator.inject(other, fault.clone()).unwrap(), 0);
        assert_eq!(bench.emulator.inject(hc(), fault).unwrap(), 1);
        assert_eq!(listener.receive().await.unwrap_err().kind(), kind);
        within(bench.emulator.wait_for_listeners("contoso", "hc", 0)).await.unwrap();
    }
}

#[tokio::test]
async fn streams_are_dropped_or_reset() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    let met = bench.emulator.inject(Scope::All, InjectedFault::Reset { streams: true });
    assert_eq!(met.unwrap(), 2);
    for side in [&mut sender, &mut accepted] {
        assert_eq!(side.receive().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn channels_are_closed_with_the_services_codes() {
    let bench = bench().await;
    for (fault, code, text) in [
        (InjectedFault::ExpireTokens, 1008, "The token has expired."),
        (InjectedFault::Recycle, 1011, "InternalServerError: NameRenewalFailed."),
        (InjectedFault::EntityRemoved, 1001, "The endpoint was removed or disabled."),
    ] {
        let mut listener = bench.listen().await;
        bench.emulator.inject(Scope::All, fault).unwrap();
        let frame = close_frame(&mut listener).await;
        assert_eq!(u16::from(frame.code), code);
        assert!(frame.reason.starts_with(&format!("{text} TrackingId:lst_G")), "{frame:?}");
    }
}

#[tokio::test]
async fn a_black_hole_is_silent_until_it_is_cleared() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let (mut sender, mut accepted) = bench.raw_stream(&mut listener).await;
    bench.emulator.inject(Scope::All, InjectedFault::BlackHole).unwrap();
    listener.send(Message::Ping("?".into())).await.unwrap();
    sender.send(0x82, b"held").await;
    let new = bench.listen();
    tokio::pin!(new);
    let silence = Duration::from_millis(100);
    tokio::select! {
        _ = listener.next() => panic!("the channel is silent"),
        _ = accepted.receive() => panic!("the stream is silent"),
        _ = &mut new => panic!("a new one is not answered"),
        () = tokio::time::sleep(silence) => {}
    }
    bench.emulator.clear_faults();
    assert!(matches!(within(listener.next()).await, Some(Ok(Message::Pong(_)))));
    assert_eq!(accepted.receive().await.unwrap().1, b"held");
    within(new).await;
}

#[tokio::test]
async fn one_hybrid_connection_alone_may_be_in_a_black_hole() {
    let bench = bench().await;
    bench.emulator.inject(hc(), InjectedFault::BlackHole).unwrap();
    let root = bench.http("GET", "/", &[], b"").await;
    assert_eq!(root.status(), 200);
    let silent = tokio::time::timeout(Duration::from_millis(50), bench.listen()).await;
    assert!(silent.is_err());
}

#[tokio::test]
async fn handshakes_are_delayed() {
    let bench = bench().await;
    bench.emulator.inject(hc(), InjectedFault::Delay { millis: 60 }).unwrap();
    let start = Instant::now();
    bench.listen().await;
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn listens_and_management_are_refused() {
    let bench = bench().await;
    let token = bench.token("defaultListener");
    let reason = "ServerBusy: come back later.".to_owned();
    let fault = InjectedFault::RefuseListens { status: 503, reason, times: Some(1) };
    bench.emulator.inject(Scope::All, fault).unwrap();
    let answer = bench.listen_with(&token).await.unwrap_err();
    assert_eq!(answer.status(), 503);
    assert!(answer.reason().starts_with("ServerBusy: come back later. TrackingId:"));
    bench.listen_with(&token).await.unwrap();

    let detail = "Down.".to_owned();
    let fault = InjectedFault::RefuseManagement { status: 500, detail, times: None };
    bench.emulator.inject(hc(), fault).unwrap();
    for _ in 0..2 {
        let headers = [("Authorization", token.as_str())];
        let answer = bench.http("GET", "/hc?api-version=2016-07", &headers, b"").await;
        assert_eq!(answer.status(), 500);
        assert!(answer.body.starts_with("<Error><Code>500</Code><Detail>Down. TrackingId:"));
    }
}

#[tokio::test]
async fn the_ip_firewall_breaks_the_status_line() {
    let bench = bench().await;
    bench.emulator.inject(Scope::All, InjectedFault::IpFirewall { times: Some(1) }).unwrap();
    let answer = bench.listen_with(&bench.token("defaultListener")).await.unwrap_err();
    assert_eq!(answer.status(), 401);
    let start = "HTTP/1.1 401 Generic: Ip has been prevented to connect to the endpoint.\n  For more information see:\n  Virtual Network";
    assert!(answer.head.starts_with(start), "{}", answer.head);
    bench.listen().await;
}

#[tokio::test]
async fn control_messages_come_in_fragments() {
    let bench = bench().await;
    bench.emulator.inject(hc(), InjectedFault::FragmentMessages { bytes: 40 }).unwrap();
    let mut listener = raw_listener(&bench).await;
    let accept = async {
        let (mut text, mut frames) = (Vec::new(), 0);
        loop {
            let (head, payload) = listener.receive().await.unwrap();
            frames += 1;
            match head {
                0x89 => assert_eq!(frames, 2, "the ping comes behind the first fragment"),
                _ => text.extend(payload),
            }
            if head == 0x80 {
                break;
            }
        }
        assert!(frames > 5);
        let message: Value = serde_json::from_slice(&text).unwrap();
        let (host, target) = split_address(message["accept"]["address"].as_str().unwrap());
        bench.open(&host, &target, &[]).await.unwrap()
    };
    let (sender, _) = tokio::join!(bench.connect(), accept);
    sender.unwrap();
}

#[tokio::test]
async fn odd_control_messages_and_many_pings_are_sent() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    bench.emulator.inject(Scope::All, InjectedFault::UnknownMessage).unwrap();
    assert!(control_message(&mut listener).await.get("futureCommand").is_some());
    let fault = InjectedFault::OversizedMessage { bytes: 200_000 };
    bench.emulator.inject(Scope::All, fault).unwrap();
    assert!(control_message(&mut listener).await.to_string().len() > 200_000);
    bench.emulator.inject(Scope::All, InjectedFault::PingFlood { count: 50 }).unwrap();
    for _ in 0..50 {
        assert!(matches!(within(listener.next()).await, Some(Ok(Message::Ping(_)))));
    }
    for nonsense in [
        InjectedFault::OversizedMessage { bytes: usize::MAX },
        InjectedFault::FragmentMessages { bytes: 0 },
        InjectedFault::IpFirewall { times: Some(0) },
        InjectedFault::RefuseListens { status: 100, reason: String::new(), times: None },
    ] {
        assert!(bench.emulator.inject(Scope::All, nonsense).is_err());
    }
}

async fn control(bench: &Bench, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = [("Content-Type", "application/json")];
    let target = format!("/$emulator/{path}");
    let answer = bench.http(method, &target, &headers, body.to_string().as_bytes()).await;
    (answer.status(), serde_json::from_str(&answer.body).unwrap())
}

#[tokio::test]
async fn the_control_address_does_all_that() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let fault = json!({ "fault": "recycle", "on": "contoso/hc" });
    assert_eq!(control(&bench, "POST", "faults", &fault).await, (200, json!({ "met": 1 })));
    assert_eq!(u16::from(close_frame(&mut listener).await.code), 1011);
    let fault = json!({ "fault": "delay", "millis": 1 });
    control(&bench, "POST", "faults", &fault).await;
    let (_, state) = control(&bench, "GET", "state", &Value::Null).await;
    assert_eq!(state["faults"][0]["fault"], "delay");
    assert_eq!(state["hybridConnections"][0]["totalListeners"], 1);
    assert!(!state.to_string().contains("Key\":"), "no key is given away");
    assert_eq!(control(&bench, "DELETE", "faults", &Value::Null).await.0, 200);
    assert_eq!(control(&bench, "GET", "faults", &Value::Null).await, (200, json!([])));

    let metadata = json!({ "userMetadata": "[]", "requiresClientAuthorization": false });
    let path = "hybrid-connections/contoso/hc";
    assert_eq!(control(&bench, "PATCH", path, &metadata).await.0, 200);
    let new = json!({ "name": "new", "endpoint": "h:1" });
    assert_eq!(control(&bench, "PUT", "hybrid-connections/contoso", &new).await.0, 200);
    assert_eq!(control(&bench, "PUT", "hybrid-connections/contoso", &new).await.0, 409);
    let state = bench.emulator.state();
    let hc = state.hybrid_connection("contoso", "hc").unwrap();
    assert_eq!(hc.user_metadata.as_deref(), Some("[]"));
    assert!(!hc.requires_client_authorization);
    assert!(state.hybrid_connection("contoso", "new").is_some());
    assert_eq!(control(&bench, "DELETE", path, &Value::Null).await.0, 200);
    assert_eq!(control(&bench, "DELETE", path, &Value::Null).await.0, 404);
    let order =
        json!({ "namespace": "contoso", "hybridConnection": "new", "rule": "defaultSender" });
    let (status, answer) = control(&bench, "POST", "regenerate-keys", &order).await;
    assert_eq!((status, answer), (200, json!({})));
}

#[tokio::test]
async fn the_control_address_says_what_is_wrong() {
    let bench = bench().await;
    for (method, path, body) in [
        ("POST", "faults", json!({ "fault": "dance" })),
        ("POST", "faults", json!({ "fault": "delay" })),
        ("PUT", "hybrid-connections/contoso", json!({ "name": "x", "endpoint": "nonsense" })),
        ("PATCH", "hybrid-connections/contoso/hc", json!({ "endpoint": 1 })),
    ] {
        let (status, answer) = control(&bench, method, path, &body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["error"].as_str().unwrap().len() > 10);
    }
    assert_eq!(control(&bench, "GET", "dance", &Value::Null).await.0, 404);
    let plain = bench.http("POST", "/$emulator/faults", &[], b"{}").await;
    assert!(plain.status() == 400 && plain.body.contains("content type"));
}

#[tokio::test]
async fn an_emulator_that_is_dropped_ends_everything() {
    let bench = bench().await;
    let mut listener = raw_listener(&bench).await;
    let mut idle = bench.tls(HOST).await;
    drop(bench);
    assert!(listener.receive().await.is_err());
    let mut rest = Vec::new();
    let ended = within(idle.read_to_end(&mut rest)).await;
    assert!(ended.is_err() || rest.is_empty());
}
