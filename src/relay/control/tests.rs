//! The channel against a server that speaks for Azure: over real TLS where opening is
//! concerned, over a pipe with a paused clock where time is.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{self, Role};

use super::super::testing::{Azure, PATIENCE, asked_over, credential, network};
use super::super::websocket::handshake::Upgraded;
use super::*;
use crate::model::{NamespaceAddress, Secret};
use crate::network::head::Head;

const ACCEPT: &str = r#"{"accept":{"address":"wss://g1.sb/$hc/hc1","id":"a_G1"}}"#;

/// A channel that is served, seen from Azure.
struct Served {
    azure: WebSocketStream<DuplexStream>,
    stop: CancellationToken,
    doubt: Arc<Notify>,
    accepted: mpsc::Receiver<Accept>,
    elsewhere: mpsc::Receiver<String>,
    end: JoinHandle<End>,
    meters: Arc<Meters>,
}

fn channel(near: DuplexStream, credential: Credential) -> ControlChannel<DuplexStream> {
    let id = ConnectionId::new(NamespaceAddress::new("ns1.sb", 443), "hc1");
    let upgraded = Upgraded { stream: near, leftover: Vec::new(), head: Head::for_test(101) };
    ControlChannel {
        token: Token::issue(&credential, &id, Timestamp::now(), LISTENER_TOKEN_LIFE).unwrap(),
        id,
        credential,
        messages: MessageChannel::new(upgraded, LONGEST_COMMAND),
        gateway: None,
        meters: Arc::default(),
    }
}

async fn served() -> Served {
    served_with(credential()).await
}

async fn served_with(credential: Credential) -> Served {
    let (near, far) = duplex(256 * 1024);
    let azure = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    let channel = channel(near, credential);
    let meters = channel.meters.clone();
    let stop = CancellationToken::new();
    let (accepts, accepted) = mpsc::channel(8);
    let (addresses, elsewhere) = mpsc::channel(8);
    let doubt = Arc::new(Notify::new());
    let end = tokio::spawn(channel.run(
        stop.clone(),
        doubt.clone(),
        move |accept| accepts.try_send(accept).unwrap(),
        move |address| addresses.try_send(address).unwrap(),
    ));
    Served { azure, stop, doubt, accepted, elsewhere, end, meters }
}

impl Served {
    async fn text(&mut self) -> String {
        loop {
            match self.azure.next().await.unwrap().unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn lost(self) -> Fault {
        match self.end.await.unwrap() {
            End::Lost(fault) => fault,
            End::Stopped => panic!("stopped"),
        }
    }
}

fn part(fin: bool, first: bool, text: &[u8]) -> Message {
    let kind = if first { Data::Text } else { Data::Continue };
    Message::Frame(Frame::message(text.to_vec(), OpCode::Data(kind), fin))
}

#[tokio::test]
async fn opens_over_tls_and_hands_accepts_over() {
    let azure = Azure::start().await;
    let (network, id, tracking) = (network(), azure.id(), TrackingId::random());
    let credential = credential();
    let (opened, mut server) =
        tokio::join!(ControlChannel::open(&network, &id, &credential, &tracking), async {
            let asked = azure.asked().await;
            let wanted = format!("/$hc/hc1?sb-hc-action=listen&sb-hc-id={}", tracking.as_str());
            assert_eq!(asked.target(), wanted);
            let token = asked.header("ServiceBusAuthorization").unwrap();
            assert!(token.starts_with("SharedAccessSignature sr=http%3A%2F%2Fns1.servicebus"));
            asked.upgrade().await
        });
    let channel = opened.unwrap();
    assert_eq!(channel.gateway(), Some("G42"));
    let stop = CancellationToken::new();
    let (accepts, mut accepted) = mpsc::channel(1);
    let running = tokio::spawn(channel.run(
        stop.clone(),
        Arc::default(),
        move |accept| accepts.try_send(accept).unwrap(),
        |_| {},
    ));
    server.send(Message::text(ACCEPT)).await.unwrap();
    assert_eq!(accepted.recv().await.unwrap().id, "a_G1");
    stop.cancel();
    assert!(
        matches!(server.next().await, Some(Ok(Message::Close(Some(close)))) if close.code == CloseCode::Normal)
    );
    assert!(server.next().await.is_none_or(|end| end.is_err()));
    assert_eq!(running.await.unwrap(), End::Stopped);
}

#[tokio::test]
async fn a_refusal_is_a_fault_with_its_meaning() {
    let azure = Azure::start().await;
    for (status, code) in [
        ("401 The token has an invalid signature. TrackingId:x_G3, y", FaultCode::Unauthorized),
        ("404 Endpoint does not exist.", FaultCode::NotFound),
        ("200 OK", FaultCode::UnexpectedAnswer),
    ] {
        let (network, id, tracking) = (network(), azure.id(), TrackingId::random());
        let credential = credential();
        let (opened, ()) =
            tokio::join!(ControlChannel::open(&network, &id, &credential, &tracking), async {
                azure.asked().await.answer(status, "", "").await
            });
        let fault = opened.unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(!format!("{fault:?}").contains("sig="));
    }
}

#[tokio::test(start_paused = true)]
async fn each_silence_while_opening_is_named() {
    let azure = Azure::start().await;
    let (network, id) = (network(), azure.id());
    for (after_tls, words) in [(false, "TLS handshake"), (true, "did not answer the handshake")] {
        let (credential, tracking) = (credential(), TrackingId::random());
        let opening = ControlChannel::open(&network, &id, &credential, &tracking);
        tokio::pin!(opening);
        let silent = async {
            let tcp = azure.accept().await;
            if after_tls {
                let asked = asked_over(tcp).await;
                std::future::pending::<()>().await;
                drop(asked);
            }
            std::future::pending::<()>().await;
        };
        let fault = tokio::select! {
            opened = &mut opening => opened.unwrap_err(),
            () = silent => unreachable!(),
        };
        assert_eq!(fault.code, FaultCode::AzureTimedOut);
        assert!(fault.detail.contains(words), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_whose_pings_are_answered_lives() {
    let mut served = served().await;
    let start = Instant::now();
    let mut pings = 0;
    while start.elapsed() < Duration::from_secs(600) {
        // tungstenite answers the ping that it hands over.
        if let Message::Ping(_) = served.azure.next().await.unwrap().unwrap() {
            pings += 1;
            served.azure.flush().await.unwrap();
        }
    }
    assert!((19..=21).contains(&pings), "{pings}");
    assert!(!served.end.is_finished());
}

#[tokio::test(start_paused = true)]
async fn silence_is_found_within_a_minute() {
    let mut served = served().await;
    served.azure.send(Message::text(ACCEPT)).await.unwrap();
    served.accepted.recv().await.unwrap();
    let start = Instant::now();
    let fault = served.lost().await;
    assert_eq!(fault.code, FaultCode::ChannelLost);
    assert!(start.elapsed() <= Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_dead_channel_that_is_doubted_is_found_within_seconds() {
    let served = served().await;
    let start = Instant::now();
    served.doubt.notify_one();
    let fault = served.lost().await;
    assert_eq!(fault.code, FaultCode::ChannelLost);
    assert!(fault.detail.contains("within 5 s"), "{fault}");
    assert!(start.elapsed() <= Duration::from_secs(6), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_living_channel_that_is_doubted_goes_on() {
    let mut served = served().await;
    served.doubt.notify_one();
    assert!(matches!(served.azure.next().await, Some(Ok(Message::Ping(_)))));
    // The socket answers by itself while it is read.
    let reading = async {
        while let Some(Ok(message)) = served.azure.next().await {
            assert!(matches!(message, Message::Ping(_) | Message::Text(_)), "{message:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap_err();
    assert!(!served.end.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_is_found_within_a_minute() {
    let (near, far) = duplex(8);
    let end = tokio::spawn(channel(near, credential()).run(
        CancellationToken::new(),
        Arc::default(),
        |_| {},
        |_| {},
    ));
    // Pings go on coming in, and none of the answers is taken.
    let (_far_read, mut far_write) = tokio::io::split(far);
    let pinging = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while far_write.write_all(&[0x89, 2, b'h', b'i']).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let start = Instant::now();
    assert!(matches!(end.await.unwrap(), End::Lost(fault) if fault.code == FaultCode::ChannelLost));
    assert!(start.elapsed() <= Duration::from_secs(60), "{:?}", start.elapsed());
    pinging.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_at_three_quarters_of_its_life_again_and_again() {
    let mut served = served().await;
    let mut start = Instant::now();
    for _ in 0..3 {
        let text = served.text().await;
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        let token = message["renewToken"]["token"].as_str().unwrap();
        assert!(token.starts_with("SharedAccessSignature sr="));
        let share = start.elapsed().as_secs_f64() / LISTENER_TOKEN_LIFE.as_secs_f64();
        assert!((0.749..=0.801).contains(&share), "{share}");
        start = Instant::now();
    }
    assert!(!served.end.is_finished());
    assert_eq!((served.meters.renewed.read(), served.meters.not_renewed.read()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_ready_made_signature_is_not_renewed_and_its_end_is_final() {
    let expiry = Timestamp::now().as_second() + 7200;
    let token = Secret::new(format!("SharedAccessSignature sr=x&sig=y&se={expiry}&skn=k"));
    let mut served = served_with(Credential::Signature { name: "k".into(), token }).await;
    let waited = timeout(Duration::from_secs(7000), served.text()).await;
    waited.expect_err("nothing is renewed");
    let close = protocol::CloseFrame { code: CloseCode::Policy, reason: "expired".into() };
    served.azure.close(Some(close)).await.unwrap();
    assert_eq!(served.lost().await.code, FaultCode::TokenSpent);
}

#[tokio::test]
async fn a_close_is_answered_in_kind_and_says_why() {
    for (code, reason, fault) in [
        (CloseCode::Away, "path removed TrackingId:x_G3", FaultCode::EntityRemoved),
        (CloseCode::Policy, "token expired", FaultCode::TokenExpired),
        (CloseCode::Error, "InternalServerError", FaultCode::ServiceUnavailable),
        (CloseCode::Error, "InternalServerError: NameRenewalFailed", FaultCode::Recycled),
    ] {
        let mut served = served().await;
        let close = protocol::CloseFrame { code, reason: reason.into() };
        served.azure.send(Message::Close(Some(close))).await.unwrap();
        let Some(Ok(Message::Close(Some(answer)))) = served.azure.next().await else {
            panic!("no Close in answer");
        };
        assert_eq!(answer.code, code);
        let lost = served.lost().await;
        assert_eq!(lost.code, fault);
        assert_eq!(lost.tracking_id.as_deref(), reason.contains("x_G3").then_some("x_G3"));
    }
}

#[tokio::test]
async fn commands_come_in_parts_and_what_is_none_does_no_harm() {
    let mut served = served().await;
    let (one, rest) = ACCEPT.as_bytes().split_at(10);
    let (two, three) = rest.split_at(20);
    served.azure.send(part(false, true, one)).await.unwrap();
    served.azure.send(Message::Ping("between".into())).await.unwrap();
    served.azure.send(part(false, false, two)).await.unwrap();
    served.azure.send(part(true, false, three)).await.unwrap();
    assert_eq!(served.accepted.recv().await.unwrap().id, "a_G1");
    for nonsense in ["", "{", "[]", "{}", r#"{"injectFault":{"delay":1}}"#, r#"{"accept":5}"#] {
        served.azure.send(Message::text(nonsense)).await.unwrap();
    }
    served.azure.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    let too_long = format!(r#"{{"accept":{{"id":"{}"}}}}"#, "x".repeat(2 * LONGEST_COMMAND));
    served.azure.send(Message::text(too_long)).await.unwrap();
    served.azure.send(Message::text(ACCEPT)).await.unwrap();
    assert_eq!(served.accepted.recv().await.unwrap().id, "a_G1");
    assert!(!served.end.is_finished());
}

#[tokio::test]
async fn an_http_request_is_answered_with_501_here_or_where_it_waits() {
    let mut served = served().await;
    let request =
        r#"{"request":{"address":"wss://g1.sb/x","id":"r1","method":"POST","body":true}}"#;
    served.azure.send(Message::text(request)).await.unwrap();
    served.azure.send(Message::binary(vec![0; 60_000])).await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&served.text().await).unwrap();
    assert_eq!(answer["response"]["requestId"], "r1");
    assert_eq!(answer["response"]["statusCode"], 501);
    assert_eq!(answer["response"]["body"], false);
    let elsewhere = r#"{"request":{"address":"wss://g1.sb/y"}}"#;
    served.azure.send(Message::text(elsewhere)).await.unwrap();
    assert_eq!(served.elsewhere.recv().await.unwrap(), "wss://g1.sb/y");
}

#[tokio::test]
async fn an_accept_that_is_on_its_way_when_the_channel_is_closed_is_served() {
    let mut served = served().await;
    served.stop.cancel();
    // Azure has not seen the Close yet.
    served.azure.send(Message::text(ACCEPT)).await.unwrap();
    assert_eq!(served.accepted.recv().await.unwrap().id, "a_G1");
    while let Some(Ok(_)) = served.azure.next().await {}
    drop(served.azure);
    assert_eq!(served.end.await.unwrap(), End::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_close_is_left() {
    let served = served().await;
    let start = Instant::now();
    served.stop.cancel();
    assert_eq!(timeout(PATIENCE, served.end).await.unwrap().unwrap(), End::Stopped);
    assert!(start.elapsed() <= CLOSE_LIMIT + Duration::from_secs(1));
}

#[test]
fn the_gateway_is_read_from_the_tracking_id() {
    assert_eq!(gateway_of("0f-1_G42_G7").as_deref(), Some("G42"));
    assert_eq!(gateway_of("0f-1"), None);
    assert_eq!(gateway_of("0f-1_x"), None);
    assert_eq!(gateway_of("0f-1_G\u{1b}[2J"), None);
}
