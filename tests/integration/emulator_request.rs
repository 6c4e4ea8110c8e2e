//! Senders of plain HTTP.

use std::time::Duration;

use futures_util::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::emulator_client::{
    Bench, Socket, bench, close_frame, config, control_message, receive, send,
};

async fn respond(socket: &mut Socket, id: &str, body: bool) {
    let response = json!({ "response": {
        "requestId": id, "statusCode": 201, "statusDescription": "Made it",
        "responseHeaders": { "X-Answer": "42", "Connection": "close" }, "body": body } });
    socket.send(Message::text(response.to_string())).await.unwrap();
}

#[tokio::test]
async fn a_request_and_its_response_go_over_the_control_channel() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let token = bench.token("defaultSender");
    let headers = [("ServiceBusAuthorization", token.as_str()), ("X-Ask", "life")];
    let serve = async {
        let message = control_message(&mut listener).await;
        let request = &message["request"];
        assert_eq!(request["method"], "POST");
        assert_eq!(request["requestTarget"], "/hc/a?b=c");
        assert_eq!(request["body"], true);
        assert_eq!(request["requestHeaders"]["X-Ask"], "life");
        assert!(request["requestHeaders"]["Via"].as_str().unwrap().starts_with("1.1 "));
        assert!(request["requestHeaders"].get("Host").is_none());
        assert!(!message.to_string().contains("SharedAccessSignature"));
        assert_eq!(receive(&mut listener).await, b"question");
        respond(&mut listener, request["id"].as_str().unwrap(), true).await;
        send(&mut listener, b"answer").await;
    };
    let target = "/hc/a?b=c&sb-hc-id=x";
    let (answer, ()) = tokio::join!(bench.http("POST", target, &headers, b"question"), serve);
    assert_eq!((answer.status(), answer.reason()), (201, "Made it"));
    assert_eq!((answer.header("x-answer"), answer.body.as_str()), (Some("42"), "answer"));
    assert!(answer.header("via").is_some());
}

#[tokio::test]
async fn long_bodies_go_over_a_rendezvous() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let token = bench.token("defaultSender");
    let headers = [("ServiceBusAuthorization", token.as_str())];
    let body: Vec<u8> = (0..500_000_u32).map(|i| b'a' + (i % 26) as u8).collect();
    let serve = async {
        let message = control_message(&mut listener).await;
        let request = message["request"].as_object().unwrap();
        assert_eq!(request.keys().collect::<Vec<_>>(), ["address"]);
        let mut rendezvous = bench.rendezvous(request["address"].as_str().unwrap()).await.unwrap();
        let message = control_message(&mut rendezvous).await;
        assert_eq!(message["request"]["method"], "PUT");
        let arrived = receive(&mut rendezvous).await;
        respond(&mut rendezvous, message["request"]["id"].as_str().unwrap(), true).await;
        send(&mut rendezvous, &arrived).await;
        assert_eq!(u16::from(close_frame(&mut rendezvous).await.code), 1000);
    };
    let (answer, ()) = tokio::join!(bench.http("PUT", "/hc", &headers, &body), serve);
    assert_eq!((answer.status(), answer.reason()), (201, "Made it"));
    assert!(answer.body.as_bytes() == body);
}

#[tokio::test]
async fn a_listener_has_its_time_to_respond() {
    let bench = Bench::of(config().response_limit(Duration::from_millis(20))).await;
    let _listener = bench.listen().await;
    let token = bench.token("defaultSender");
    // Where nothing else carries it, the token may be in `Authorization`.
    let answer = bench.http("GET", "/hc", &[("Authorization", token.as_str())], b"").await;
    assert_eq!(answer.status(), 504);
    assert!(answer.body.contains("\"GatewayTimeout\"") && answer.body.contains("TrackingId"));
}

#[tokio::test]
async fn a_rendezvous_without_a_response_is_a_bad_gateway() {
    let bench = bench().await;
    let mut listener = bench.listen().await;
    let token = bench.token("defaultSender");
    let headers = [("ServiceBusAuthorization", token.as_str())];
    let serve = async {
        let message = control_message(&mut listener).await;
        let address = message["request"]["address"].as_str().unwrap();
        let mut rendezvous = bench.rendezvous(address).await.unwrap();
        send(&mut rendezvous, b"no command").await;
        assert_eq!(u16::from(close_frame(&mut rendezvous).await.code), 1002);
    };
    let (answer, ()) = tokio::join!(bench.http("GET", "/hc", &headers, b""), serve);
    assert_eq!(answer.status(), 502);
    let none = bench.http("GET", "/nix", &headers, b"").await;
    assert_eq!(none.status(), 401);
}
