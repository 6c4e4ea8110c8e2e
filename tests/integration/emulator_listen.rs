//! Control channels of the emulator: who gets one, and how it lives and ends.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use hybrid_connection_manager::emulator::HybridConnectionConfig;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::emulator_client::{
    Bench, HOST, Socket, bench, close_frame, control_message, make_token, now, within,
};

async fn pong(listener: &mut Socket) {
    listener.send(Message::Ping("are you there".into())).await.unwrap();
    match within(listener.next()).await.unwrap().unwrap() {
        Message::Pong(payload) => assert_eq!(&payload[..], b"are you there"),
        other => panic!("a pong, not {other:?}"),
    }
}

#[tokio::test]
async fn a_listener_is_counted_until_it_goes() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    pong(&mut listener).await;
    bench.emulator.wait_for_listeners("contoso", "hc", 1).await.unwrap();
    drop(listener);
    within(bench.emulator.wait_for_listeners("contoso", "hc", 0)).await.unwrap();
    assert!(bench.emulator.wait_for_listeners("contoso", "nix", 0).await.is_err());
}

#[tokio::test]
async fn who_may_not_listen_is_told_in_the_services_words() {
    let bench = bench().await;
    let key = bench.key("defaultListener");
    let own = format!("http://{HOST}/hc/");
    let token = |resource: &str, rule: &str, key: &str, expires: i64| {
        make_token(resource, rule, key, now() + expires)
    };
    let other = format!("http://{HOST}/other/");
    for (token, status, text) in [
        (String::new(), 401, "RelaySecurityTokenRequired. TrackingId:lst_G"),
        ("nonsense".to_owned(), 401, "Unable to process security token."),
        (token(&own, "defaultListener", "wrong", 60), 401, "The token has an invalid signature."),
        (token(&own, "nobody", &key, 60), 401, "The token has an invalid signature."),
        (token(&own, "defaultListener", &key, -1), 401, "The token is expired. Expiration time: '"),
        (token(&other, "defaultListener", &key, 60), 403, "The token's audience does not match"),
        (bench.token("defaultSender"), 403, "Authorization failed for specified action: Listen."),
    ] {
        let answer = bench.listen_with(&token).await.unwrap_err();
        assert_eq!(answer.status(), status, "{text}");
        assert!(answer.reason().starts_with(text), "{}", answer.reason());
        let system = format!(", SystemTracker:sb://{HOST}/hc, Timestamp:");
        assert!(answer.reason().contains(&system), "{}", answer.reason());
        assert!(answer.header("TrackingId").unwrap().starts_with("lst_G"));
        assert!(answer.header("Date").is_some());
    }
}

#[tokio::test]
async fn authorization_comes_before_existence() {
    let bench = bench().await;
    let root = "RootManageSharedAccessKey";
    let token = make_token(&format!("sb://{HOST}/"), root, &bench.key(root), now() + 60);
    let listen = async |host: &str, path: &str, token: &str| {
        let headers = [("ServiceBusAuthorization", token)];
        let target = format!("/$hc/{path}?sb-hc-action=listen");
        bench.open(host, &target, &headers).await.map(drop).unwrap_err()
    };
    let answer = listen(HOST, "missing", &token).await;
    assert_eq!(answer.status(), 404);
    assert!(answer.reason().starts_with("Endpoint does not exist. TrackingId:"));
    assert_eq!(listen(HOST, "hc/below", &token).await.status(), 404);
    assert_eq!(listen(HOST, "missing", &bench.token("defaultListener")).await.status(), 401);
    let other = listen("fabrikam.servicebus.localhost", "hc", &token).await;
    assert!(other.status() == 404 && other.reason().contains("no namespace"), "{other:?}");
}

#[tokio::test]
async fn a_token_may_come_in_the_query() {
    let bench = bench().await;
    let token = bench.token("defaultListener");
    let token = token.replace('%', "%25").replace('&', "%26").replace(' ', "+");
    let target = format!("/$hc/HC?sb-hc-action=listen&sb-hc-token={token}");
    bench.open(HOST, &target, &[]).await.unwrap();
}

#[tokio::test]
async fn what_is_no_handshake_is_told_what_is_missing() {
    let bench = bench().await;
    let token = bench.token("defaultListener");
    let headers = [("ServiceBusAuthorization", token.as_str())];
    let answer = bench.http("GET", "/$hc/hc?sb-hc-action=listen", &headers, b"").await;
    assert_eq!(answer.status(), 426);
    assert!(answer.body.contains("WebSocket handshake"), "{}", answer.body);
    let answer = bench.http("GET", "/$hc/hc?sb-hc-action=dance", &headers, b"").await;
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn a_hybrid_connection_has_25_listeners_at_most() {
    let bench = bench().await;
    let mut listeners = Vec::new();
    for _ in 0..25 {
        listeners.push(bench.listen().await);
    }
    let token = bench.token("defaultListener");
    let answer = bench.listen_with(&token).await.unwrap_err();
    assert_eq!(answer.status(), 403);
    assert!(answer.reason().contains("MaximumListenersPerEndpoint"), "{}", answer.reason());
    drop(listeners.pop());
    within(bench.emulator.wait_for_listeners("contoso", "hc", 24)).await.unwrap();
    bench.listen_with(&token).await.unwrap();
}

#[tokio::test]
async fn streams_go_to_all_listeners() {
    let bench = bench().await;
    let (mut one, mut two) = (bench.listen().await, bench.listen().await);
    let mut met = [0, 0];
    // Forty of one kind in a row do not happen by chance.
    for _ in 0..40 {
        let accept = async {
            let (message, which) = tokio::select! {
                message = control_message(&mut one) => (message, 0),
                message = control_message(&mut two) => (message, 1),
            };
            bench.rendezvous(message["accept"]["address"].as_str().unwrap()).await.unwrap();
            which
        };
        let (sender, which) = tokio::join!(bench.connect(), accept);
        sender.unwrap();
        met[which] += 1;
    }
    assert!(met[0] > 0 && met[1] > 0, "{met:?}");
}

#[tokio::test]
async fn a_channel_ends_with_its_token_unless_that_is_renewed() {
    let bench = bench().await;
    let token = bench.token_until("defaultListener", now() + 2);
    let mut lazy = bench.listen_with(&token).await.unwrap();
    let mut eager = bench.listen_with(&token).await.unwrap();
    let renewal = serde_json::json!({ "renewToken": { "token": bench.token("defaultListener") } });
    eager.send(Message::text(renewal.to_string())).await.unwrap();
    let frame = close_frame(&mut lazy).await;
    assert_eq!(u16::from(frame.code), 1008);
    assert!(frame.reason.starts_with("The token has expired. TrackingId:lst_G"));
    pong(&mut eager).await;
}

#[tokio::test]
async fn a_bad_renewal_ends_the_channel() {
    let bench = bench().await;
    for token in ["nonsense".to_owned(), bench.token("defaultSender")] {
        let mut listener = bench.listen().await;
        let renewal = serde_json::json!({ "renewToken": { "token": token } });
        listener.send(Message::text(renewal.to_string())).await.unwrap();
        assert_eq!(u16::from(close_frame(&mut listener).await.code), 1008);
    }
}

#[tokio::test]
async fn regenerated_keys_leave_the_channel_open_until_its_renewal() {
    let bench = bench().await;
    let old = bench.token("defaultListener");
    let mut listener = bench.listen_with(&old).await.unwrap();
    bench.emulator.regenerate_keys("contoso", Some("hc"), "defaultListener").unwrap();
    pong(&mut listener).await;
    let renewal = serde_json::json!({ "renewToken": { "token": old } });
    listener.send(Message::text(renewal.to_string())).await.unwrap();
    assert_eq!(u16::from(close_frame(&mut listener).await.code), 1008);
    assert_eq!(bench.listen_with(&old).await.unwrap_err().status(), 401);
    bench.listen().await;
}

#[tokio::test]
async fn what_nobody_knows_is_ignored() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    for text in [r#"{"dance":{}}"#, "no json", "[]", "{}", r#"{"response":{"requestId":3}}"#] {
        listener.send(Message::text(text)).await.unwrap();
    }
    listener.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    pong(&mut listener).await;
}

#[tokio::test]
async fn a_listeners_close_is_answered() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    listener.close(None).await.unwrap();
    while within(listener.next()).await.is_some() {}
    within(bench.emulator.wait_for_listeners("contoso", "hc", 0)).await.unwrap();
}

#[tokio::test]
async fn a_listener_that_breaks_the_protocol_is_told_so() {
    let bench = bench().await;
    let token = bench.token("defaultListener");
    let headers = [("ServiceBusAuthorization", token.as_str())];
    let target = "/$hc/hc?sb-hc-action=listen";
    let (mut raw, _) = bench.open_raw(HOST, target, &headers).await.unwrap();
    raw.send(0xf1, b"reserved bits").await;
    let (head, payload) = raw.receive().await.unwrap();
    assert_eq!((head, &payload[..2]), (0x88, &1002_u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn a_removed_hybrid_connection_is_gone_and_comes_back_with_its_keys() {
    let bench = bench().await;
    let token = bench.token("defaultListener");
    let mut listener = bench.listen_with(&token).await.unwrap();
    bench.emulator.remove_hybrid_connection("contoso", "hc").unwrap();
    assert_eq!(u16::from(close_frame(&mut listener).await.code), 1001);
    assert_eq!(bench.listen_with(&token).await.unwrap_err().status(), 404);
    let again = HybridConnectionConfig::new("hc").endpoint("127.0.0.1:2");
    bench.emulator.create_hybrid_connection("contoso", &again).unwrap();
    bench.listen_with(&token).await.unwrap();
}

#[tokio::test]
async fn a_restart_keeps_ca_and_keys_and_port() {
    let folder = tempfile::tempdir().unwrap();
    let config = || crate::emulator_client::config().state_folder(folder.path());
    let bench = Bench::of(config()).await;
    let (port, tls, token) =
        (bench.emulator.port(), bench.tls.clone(), bench.token("defaultListener"));
    let listener = bench.listen_with(&token).await.unwrap();
    bench.emulator.shutdown().await;
    drop(listener);
    let mut again = Bench::of(config().port(port)).await;
    again.tls = tls;
    again.listen_with(&token).await.unwrap();
}

#[tokio::test]
async fn tls_sessions_are_resumed() {
    let bench = bench().await;
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let mut tls = bench.tls(HOST).await;
        // The tickets come behind the handshake, with the first answer at the latest.
        tls.write_all(b"GET / HTTP/1.0\r\nHost: contoso.servicebus.localhost\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        within(tls.read_to_end(&mut answer)).await.unwrap();
        kinds.push(tls.get_ref().1.handshake_kind().unwrap());
    }
    assert_eq!(kinds, [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed]);
}

/// Takes the streams that `listener` is given, `most` at the most, until its channel is closed.
async fn take(bench: &Bench, listener: &mut Socket, most: usize) -> Vec<Socket> {
    let mut taken = Vec::new();
    while taken.len() < most {
        match listener.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                let address = message["accept"]["address"].as_str().unwrap();
                taken.push(bench.rendezvous(address).await.unwrap());
            }
            Message::Close(_) => break,
            other => panic!("{other:?}"),
        }
    }
    taken
}

#[tokio::test]
async fn no_sender_is_lost_while_a_listener_leaves() {
    const SENDERS: usize = 60;
    let bench = Arc::new(bench().await);
    let (mut leaving, mut staying) = (bench.listen().await, bench.listen().await);
    let senders = (0..SENDERS).map(|_| {
        let bench = bench.clone();
        tokio::spawn(async move { bench.connect().await.is_ok() })
    });
    let senders = join_all(senders.collect::<Vec<_>>());
    let leave = async {
        let mut taken = take(&bench, &mut leaving, 3).await;
        leaving.close(None).await.unwrap();
        taken.extend(take(&bench, &mut leaving, SENDERS).await);
        taken.len()
    };
    let both = async { tokio::join!(senders, leave) };
    let (connected, taken) = within(async {
        tokio::select! {
            both = both => both,
            taken = take(&bench, &mut staying, usize::MAX) => panic!("closed after {}", taken.len()),
        }
    })
    .await;
    assert!(connected.into_iter().all(Result::unwrap), "a sender is refused");
    assert!((3..SENDERS).contains(&taken), "{taken}");
}
