//! Streams between a gateway and an endpoint on this machine.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::super::testing::{Azure, asked_over, closed_port, network};
use super::*;

/// A stream that is served.
struct Served {
    end: JoinHandle<StreamEnd>,
    dialled: tokio::sync::oneshot::Receiver<Dialled>,
    counters: Arc<TrafficCounters>,
    cut: CancellationToken,
}

fn served(azure: &Azure, port: u16) -> Served {
    let accept = Accept {
        address: azure.address(),
        id: "a_G1".into(),
        protocols: Some("one, two".into()),
        remote: None,
    };
    served_as(accept, port)
}

fn served_as(accept: Accept, port: u16) -> Served {
    let (network, endpoint) = (network(), Endpoint::new("127.0.0.1", port));
    let (counters, cut) = (Arc::new(TrafficCounters::default()), CancellationToken::new());
    let (told, dialled) = tokio::sync::oneshot::channel();
    let (counted, ended_by) = (counters.clone(), cut.clone());
    let end = tokio::spawn(async move {
        let on_dialled = |dialled| told.send(dialled).unwrap_or_default();
        serve(&network, &accept, &endpoint, &counted, &ended_by, on_dialled).await
    });
    Served { end, dialled, counters, cut }
}

impl Served {
    async fn failed(self) -> Fault {
        match self.end.await.unwrap() {
            StreamEnd::Failed(fault) => fault,
            other => panic!("{other:?}"),
        }
    }
}

async fn endpoint() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port whose system answers no further connection: its queue is full.
fn silent_port() -> (u16, Vec<socket2::Socket>) {
    use socket2::{Domain, Socket, Type};
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.as_socket().unwrap().port();
    let mut held = vec![listener];
    loop {
        let caller = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let answered = caller.connect_timeout(&address, Duration::from_millis(200));
        held.push(caller);
        if answered.is_err() {
            return (port, held);
        }
    }
}

#[tokio::test]
async fn a_stream_is_carried_to_its_end() {
    let azure = Azure::start().await;
    let (listener, port) = endpoint().await;
    let served = served(&azure, port);
    let (mut near, _) = listener.accept().await.unwrap();
    let asked = azure.asked().await;
    assert_eq!(asked.target(), "/$hc/hc1?sb-hc-action=accept&sb-hc-id=a_G1");
    assert_eq!(asked.header("sec-websocket-protocol"), Some("one"));
    assert_eq!(asked.header("servicebusauthorization"), None);
    let mut gateway = asked.upgrade().await;
    gateway.send(Message::binary("question")).await.unwrap();
    let mut heard = [0; 8];
    near.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"question");
    assert_eq!(served.counters.read().active_streams, 1);
    near.write_all(b"answer").await.unwrap();
    near.shutdown().await.unwrap();
    assert_eq!(gateway.next().await.unwrap().unwrap(), Message::binary("answer"));
    while let Some(Ok(_)) = gateway.next().await {}
    drop(gateway);
    assert_eq!(near.read(&mut heard).await.unwrap(), 0);
    assert!(served.dialled.await.unwrap().is_ok());
    assert!(matches!(served.end.await.unwrap(), StreamEnd::Carried(SpliceEnd::Finished)));
    let traffic = served.counters.read();
    assert_eq!((traffic.active_streams, traffic.total_streams), (0, 1));
    assert_eq!((traffic.bytes_to_endpoint, traffic.bytes_to_azure), (8, 6));
    let meters = served.counters.meters();
    let [dial, rendezvous] = [meters.dial.read(), meters.rendezvous.read()];
    assert_eq!((dial.up_to.last(), rendezvous.up_to.last()), (Some(&1), Some(&1)));
    assert!(dial.sum <= rendezvous.sum, "{dial:?} {rendezvous:?}");
}

#[tokio::test]
async fn what_the_policy_denies_is_a_403_without_its_reasons() {
    let azure = Azure::start().await;
    let accept =
        Accept { address: azure.address(), id: "a_G1".into(), protocols: None, remote: None };
    let counters = Arc::new(TrafficCounters::default());
    let counted = counters.clone();
    let end = tokio::spawn(async move {
        let fault = Fault::new(FaultCode::PolicyDenied, "db.corp:1433 is not in /etc/policy");
        reject(&network(), &accept, fault, &counted, Instant::now() + LIMIT).await
    });
    let asked = azure.asked().await;
    assert_eq!(
        asked.target(),
        "/$hc/hc1?sb-hc-action=accept&sb-hc-id=a_G1&sb-hc-statusCode=403&sb-hc-statusDescription=\
         Not+permitted+by+the+policy+of+the+listener%27s+machine"
    );
    asked.answer("410 Gone", "", "").await;
    let StreamEnd::Refused(fault) = end.await.unwrap() else { panic!("not refused") };
    assert_eq!(fault.code, FaultCode::PolicyDenied);
    assert_eq!(counters.read().refused_streams, 1);
    let refused = counters.meters().refused.read();
    assert_eq!(refused, [(FaultCode::PolicyDenied, 1)].into());
}

#[tokio::test]
async fn an_endpoint_that_refuses_is_a_502_for_the_sender() {
    let azure = Azure::start().await;
    let port = closed_port().await;
    let served = served(&azure, port);
    let asked = azure.asked().await;
    assert_eq!(
        asked.target(),
        format!(
            "/$hc/hc1?sb-hc-action=accept&sb-hc-id=a_G1&sb-hc-statusCode=502\
             &sb-hc-statusDescription=127.0.0.1%3A{port}+refused+the+connection"
        )
    );
    asked.answer("410 Gone", "", "").await;
    match served.end.await.unwrap() {
        StreamEnd::Refused(fault) => assert_eq!(fault.code, FaultCode::EndpointRefused),
        other => panic!("{other:?}"),
    }
    let traffic = served.counters.read();
    assert_eq!((traffic.refused_streams, traffic.total_streams), (1, 0));
    assert_eq!(served.dialled.await.unwrap().unwrap_err().code, FaultCode::EndpointRefused);
}

#[tokio::test]
async fn the_gateway_hears_nothing_before_the_endpoint_answers_and_504_if_it_does_not() {
    let azure = Azure::start().await;
    let (port, _held) = silent_port();
    tokio::time::pause();
    let start = Instant::now();
    let served = served(&azure, port);
    let asked = azure.asked().await;
    assert_eq!(start.elapsed().as_secs(), DIAL_LIMIT.as_secs());
    assert!(asked.target().contains("&sb-hc-statusCode=504&"), "{}", asked.target());
    asked.answer("410 Gone", "", "").await;
    match served.end.await.unwrap() {
        StreamEnd::Refused(fault) => assert_eq!(fault.code, FaultCode::EndpointTimedOut),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_take_the_stream_leaves_a_reset_for_the_endpoint() {
    for status in ["403 Forbidden", "404 Not Found", "401 The token is gone", "500 Oh"] {
        let azure = Azure::start().await;
        let (listener, port) = endpoint().await;
        let served = served(&azure, port);
        let (mut near, _) = listener.accept().await.unwrap();
        azure.asked().await.answer(status, "TrackingId: x_G9\r\n", "").await;
        let fault = served.failed().await;
        assert_eq!(fault.code, FaultCode::ServiceUnavailable, "{fault}");
        assert!(fault.detail.contains(status), "{fault}");
        assert_eq!(fault.tracking_id.as_deref(), Some("x_G9"));
        let error = near.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_is_silent_is_given_up() {
    let azure = Azure::start().await;
    let (_listener, port) = endpoint().await;
    for after_tls in [false, true] {
        let start = Instant::now();
        let served = served(&azure, port);
        let tcp = azure.accept().await;
        let (mut raw, mut asked) = (None, None);
        if after_tls {
            asked = Some(asked_over(tcp).await);
        } else {
            raw = Some(tcp);
        }
        let fault = served.failed().await;
        assert_eq!(fault.code, FaultCode::AzureTimedOut, "{fault}");
        assert_eq!(start.elapsed().as_secs(), LIMIT.as_secs());
        drop((raw.take(), asked.take()));
    }
}

#[tokio::test]
async fn a_stream_can_be_cut_before_it_is_carried() {
    let azure = Azure::start().await;
    let (_listener, port) = endpoint().await;
    for after_tls in [false, true] {
        let served = served(&azure, port);
        let tcp = azure.accept().await;
        let waiting = if after_tls { Some(asked_over(tcp).await) } else { None };
        let start = std::time::Instant::now();
        served.cut.cancel();
        assert!(matches!(served.end.await.unwrap(), StreamEnd::Carried(SpliceEnd::Cut)));
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(served.counters.read().total_streams, 0);
        drop(waiting);
    }
}

#[tokio::test]
async fn a_senders_subprotocol_cannot_add_headers() {
    let azure = Azure::start().await;
    let (_listener, port) = endpoint().await;
    let protocols = Some("a\r\nServiceBusAuthorization: b".to_owned());
    let accept = Accept { address: azure.address(), id: String::new(), protocols, remote: None };
    let served = served_as(accept, port);
    let asked = azure.asked().await;
    assert!(!asked.head.to_lowercase().contains("authorization"), "{}", asked.head);
    served.cut.cancel();
    served.end.await.unwrap();
}

#[tokio::test]
async fn a_big_http_request_gets_its_501_though_its_body_is_not_read() {
    let azure = Azure::start().await;
    let (network, address) = (network(), azure.address());
    let deadline = Instant::now() + LIMIT;
    let refusing = tokio::spawn(async move { refuse_http(&network, &address, deadline).await });
    let mut gateway = azure.asked().await.upgrade().await;
    let head = r#"{"request":{"address":"wss://g/","id":"r1","method":"POST","body":true}}"#;
    gateway.send(Message::text(head)).await.unwrap();
    for _ in 0..64 {
        gateway.send(Message::binary(vec![7; 64 * 1024])).await.unwrap();
    }
    let Message::Text(answer) = gateway.next().await.unwrap().unwrap() else { panic!("no text") };
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["response"]["requestId"], "r1");
    assert_eq!(answer["response"]["statusCode"], 501);
    while let Some(message) = gateway.next().await {
        message.unwrap();
    }
    drop(gateway);
    refusing.await.unwrap().unwrap();
}

#[test]
fn an_address_is_taken_apart_and_kept_verbatim() {
    let text = "wss://g63-prod-001-sb.servicebus.windows.net:443/$hc/a/b?x=%2f&sb-hc-id=1_G0";
    assert_eq!(
        Address::parse(text),
        Some(Address {
            authority: "g63-prod-001-sb.servicebus.windows.net:443",
            host: "g63-prod-001-sb.servicebus.windows.net",
            port: 443,
            target: "/$hc/a/b?x=%2f&sb-hc-id=1_G0",
        })
    );
    assert_eq!(Address::parse("wss://h/x").unwrap().port, 443);
    for bad in ["ws://h/x", "wss://h", "wss:///x", "wss://h:x/y", "wss://h/a b\r\nX: y"] {
        assert_eq!(Address::parse(bad), None, "{bad}");
    }
}
