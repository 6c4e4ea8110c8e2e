//! Rendezvous addresses: what a sender asks for, and what a listener may do with it.

use std::time::Duration;

use futures_util::StreamExt as _;
use hybrid_connection_manager::emulator::{
    EmulatorConfig, HybridConnectionConfig, NamespaceConfig,
};

use crate::emulator_client::{
    Bench, CONNECT, HOST, bench, config, control_message, split_address, within,
};

#[tokio::test]
async fn an_accept_has_everything_of_the_sender_but_its_token() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let token = bench.token("defaultSender");
    let headers = [
        ("ServiceBusAuthorization", token.as_str()),
        ("Sec-WebSocket-Protocol", "one, two"),
        ("X-App", "yes"),
    ];
    let target = "/$hc/hc/a%20b?x=1&sb-hc-action=connect&sb-hc-id=snd&y=2";
    let check = async {
        let message = control_message(&mut listener).await;
        let accept = &message["accept"];
        let id = accept["id"].as_str().unwrap();
        let hops: Vec<&str> = id.split("_G").collect();
        assert!(hops.len() == 3 && hops[0] == "snd", "{id}");
        let address = accept["address"].as_str().unwrap();
        let expected = format!(
            "wss://g{}-emulator-001-sb.servicebus.localhost:{}/$hc/hc/a%20b?x=1&y=2&sb-hc-action=accept&sb-hc-id={id}",
            hops[2],
            bench.emulator.port()
        );
        assert_eq!(address, expected);
        let headers = accept["connectHeaders"].as_object().unwrap();
        assert_eq!(headers["X-App"], "yes");
        assert_eq!(headers["Sec-WebSocket-Protocol"], "one, two");
        assert_eq!(headers["Host"], format!("{HOST}:{}", bench.emulator.port()));
        assert!(headers.contains_key("Sec-WebSocket-Key"));
        assert!(!message.to_string().contains("SharedAccessSignature"));
        assert_eq!(accept["remoteEndpoint"]["address"], "127.0.0.1");
        assert!(accept["remoteEndpoint"]["port"].is_u64());
        let (host, target) = split_address(address);
        bench.open(&host, &target, &[("Sec-WebSocket-Protocol", "two")]).await.unwrap()
    };
    let (sender, (_, answer)) = tokio::join!(bench.open(HOST, target, &headers), check);
    assert_eq!(answer.header("sec-websocket-protocol"), Some("two"));
    assert_eq!(sender.unwrap().1.header("sec-websocket-protocol"), Some("two"));
}

#[tokio::test]
async fn an_address_is_used_as_it_stands_and_once() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let try_all = async {
        let message = control_message(&mut listener).await;
        let address = message["accept"]["address"].as_str().unwrap().to_owned();
        let (host, target) = split_address(&address);
        let open = async |host: &str, target: &str| bench.open(host, target, &[]).await;
        let wrong_host = open(HOST, &target).await.unwrap_err();
        assert_eq!(wrong_host.status(), 400);
        assert!(wrong_host.reason().contains("use it as it stands"), "{wrong_host:?}");
        let wrong_path = open(&host, &target.replace("/hc?", "/hcx?")).await.unwrap_err();
        assert_eq!(wrong_path.status(), 400);
        let stream = open(&host, &target).await.unwrap();
        let again = open(&host, &target).await.unwrap_err();
        assert_eq!(again.status(), 403);
        assert!(again.reason().contains("was used already"), "{again:?}");
        let unknown = "/$hc/hc?sb-hc-action=accept&sb-hc-id=nobody_G1_G2";
        let unknown = open(&host, unknown).await.unwrap_err();
        assert_eq!(unknown.status(), 400);
        assert!(unknown.reason().starts_with("Unknown Connection ID: nobody_G1_G2."));
        stream
    };
    let (sender, _stream) = tokio::join!(bench.connect(), try_all);
    sender.unwrap();
}

#[tokio::test]
async fn an_address_has_its_time() {
    let bench = Bench::of(config().rendezvous_limit(Duration::from_millis(20))).await;
    let mut listener = bench.listen().await;
    let (sender, message) = tokio::join!(bench.connect(), control_message(&mut listener));
    let answer = sender.unwrap_err();
    assert_eq!(answer.status(), 504);
    assert!(answer.reason().starts_with("None of the connected listeners accepted"));
    let late = bench.rendezvous(message["accept"]["address"].as_str().unwrap()).await;
    assert_eq!(late.unwrap_err().status(), 403);
    let state = bench.emulator.state();
    assert_eq!(state.hybrid_connection("contoso", "hc").unwrap().refused_streams, 1);
}

#[tokio::test]
async fn a_listeners_rejection_reaches_the_sender() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let reject = async {
        let message = control_message(&mut listener).await;
        let address = message["accept"]["address"].as_str().unwrap();
        let bad = bench.rendezvous(&format!("{address}&sb-hc-statusCode=none")).await;
        let bad = bad.unwrap_err();
        assert_eq!(bad.status(), 400);
        assert!(bad.reason().starts_with("sb-hc-statusCode must be an integer"));
        let query = "&sb-hc-statusCode=502&sb-hc-statusDescription=The+endpoint+refused%3A+db";
        bench.rendezvous(&format!("{address}{query}")).await.unwrap_err()
    };
    let (sender, rejected) = tokio::join!(bench.connect(), reject);
    assert_eq!(rejected.status(), 410);
    let sender = sender.unwrap_err();
    assert_eq!((sender.status(), sender.reason()), (502, "The endpoint refused: db"));
}

#[tokio::test]
async fn a_sender_that_left_is_no_stream() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let message = tokio::select! {
        _ = bench.connect() => panic!("nobody accepts"),
        message = control_message(&mut listener) => message,
    };
    // The emulator may not know yet that the sender has gone, and then the stream is
    // aborted right after the handshake.
    if let Ok(mut accepted) = bench.rendezvous(message["accept"]["address"].as_str().unwrap()).await
    {
        assert!(!matches!(within(accepted.next()).await, Some(Ok(_))));
    }
}

#[tokio::test]
async fn a_sender_is_told_what_is_missing() {
    let open = HybridConnectionConfig::new("open").requires_client_authorization(false);
    let config = config().namespace(NamespaceConfig::new("fabrikam").hybrid_connection(open));
    let bench = Bench::of(config).await;
    let connect = async |host: &str, target: &str, token: &str| {
        let headers = [("ServiceBusAuthorization", token)];
        bench.open(host, target, &headers).await.map(drop).unwrap_err()
    };
    let answer = connect(HOST, CONNECT, "").await;
    assert!(answer.status() == 401 && answer.reason().starts_with("RelaySecurityTokenRequired."));
    let answer = connect(HOST, CONNECT, &bench.token("defaultListener")).await;
    assert!(answer.status() == 403 && answer.reason().contains("specified action: Send."));
    let answer = connect(HOST, CONNECT, &bench.token("defaultSender")).await;
    assert_eq!(answer.status(), 404);
    let text = "There are no listeners connected for the endpoint. TrackingId:snd_G";
    assert!(answer.reason().starts_with(text), "{}", answer.reason());
    // No action means connect, and this hybrid connection wants no token.
    let answer = connect("fabrikam.servicebus.localhost", "/$hc/open", "").await;
    assert!(answer.status() == 404 && answer.reason().starts_with("There are no listeners"));
}

#[tokio::test]
async fn any_host_may_be_a_namespace() {
    let config = EmulatorConfig::new().port(0).hybrid_connection("relay.example", "hc", "h:1");
    let bench = Bench::of(config).await;
    let answer = bench.open("relay.example", "/$hc/hc", &[]).await.map(drop).unwrap_err();
    assert_eq!(answer.status(), 401);
}
