//! Senders of plain HTTP: a `request` message to a listener, its `response` back.
//!
//! Bodies up to 64 KiB travel on the control channel. A longer one makes the listener
//! fetch the request over a rendezvous, and a listener may answer any request over one.
//! A rendezvous serves one request here; the real service keeps it for the sender's
//! further ones.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::answer::{Body, Refusal, full, tracked, with_reason};
use super::call::Call;
use super::connect::{
    RemoteEndpoint, admit, forwarded_headers, hand_over, no_listener, raw_suffix,
};
use super::exchange::ResponseHead;
use super::frame::{self, close_payload};
use super::hub::Hub;
use super::listen::Order;
use super::registry::Found;
use super::rendezvous::{Arrival, Purpose};
use super::socket::{Message, Piece, Socket};
use super::wire::upgraded;

/// Longest body in bytes on a control channel (Relay protocol guide: 64 kB).
const LONGEST_INLINE: usize = 64 << 10;

/// The `request` message (Relay protocol guide, "Request message").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestMessage<'a> {
    address: &'a str,
    id: &'a str,
    request_target: String,
    method: &'a str,
    remote_endpoint: RemoteEndpoint,
    request_headers: BTreeMap<String, String>,
    body: bool,
}

/// What was read of a sender's body: all of it, or more than a control channel takes.
struct Start {
    bytes: Bytes,
    is_long: bool,
}

/// Answers a sender of plain HTTP.
pub(crate) async fn request(hub: &Arc<Hub>, call: &mut Call) -> Result<Response<Body>, Refusal> {
    let found = admit(hub, call).await?;
    if found.listener_count == 0 {
        return Err(no_listener());
    }
    let start = read_start(call).await?;
    if let Some(counters) = hub.registry.counters(&found.id) {
        counters.requests.fetch_add(1, Relaxed);
    }
    let suffix = raw_suffix(call, &found);
    let mut rendezvous =
        hub.rendezvous.wait(hub, Purpose::Request, &found.id, &suffix, call, Vec::new());
    let mut exchange = hub.exchanges.wait(&rendezvous.id);
    let message = describe(call, &found, &rendezvous.address, &rendezvous.id, &start);
    let order = if start.is_long {
        let text = serde_json::json!({ "request": { "address": rendezvous.address } }).to_string();
        Order::Send { text, body: None }
    } else {
        let body = (!start.bytes.is_empty()).then(|| start.bytes.clone());
        Order::Send { text: message.clone(), body }
    };
    hand_over(hub, &found.id, order).await?;
    let conversation = async {
        tokio::select! {
            Ok(answered) = &mut exchange.answered => {
                Ok(respond(&answered.head, full(answered.body), call))
            }
            Ok(Arrival::Accepted { on, .. }) = &mut rendezvous.arrival => {
                let long = start.is_long.then_some((message, start.bytes));
                converse(hub, call, on, long).await
            }
            else => Err("The listener rejected the request.".to_owned()),
        }
    };
    match timeout(hub.limits.response, conversation).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(problem)) => Err(Refusal::new(StatusCode::BAD_GATEWAY, problem)),
        Err(_) => Err(Refusal::new(
            StatusCode::GATEWAY_TIMEOUT,
            "The request was routed to the listener but the listener did not respond in the required time.",
        )),
    }
}

/// Talks to the listener over its rendezvous: the request, unless it has that from its
/// control channel, and the response.
async fn converse(
    hub: &Arc<Hub>,
    call: &mut Call,
    on: OnUpgrade,
    long: Option<(String, Bytes)>,
) -> Result<Response<Body>, String> {
    let lost = |error: io::Error| format!("The rendezvous broke: {error}.");
    let (tls, read) = upgraded(on).await.map_err(lost)?;
    let mut socket = Socket::new(tls, &read);
    if let Some((message, start)) = long {
        socket.send(frame::TEXT, message.as_bytes()).await.map_err(lost)?;
        send_body(&mut socket, start, call.request.body_mut()).await.map_err(lost)?;
    }
    match response_head(&mut socket).await {
        Ok(head) if head.body => Ok(respond(&head, stream_body(hub, socket), call)),
        Ok(head) => {
            end(socket, 1000, "").await;
            Ok(respond(&head, full(""), call))
        }
        Err(problem) => {
            end(socket, 1002, &problem).await;
            Err(problem)
        }
    }
}

/// The body as one message in as many frames as it has parts.
async fn send_body(socket: &mut Socket, start: Bytes, rest: &mut Incoming) -> io::Result<()> {
    socket.send_frame(frame::BINARY, false, &start).await?;
    while let Some(part) = rest.frame().await {
        if let Ok(data) = part.map_err(io::Error::other)?.into_data() {
            socket.send_frame(frame::CONTINUATION, false, &data).await?;
        }
    }
    socket.send_frame(frame::CONTINUATION, true, &[]).await
}

/// Waits for the `response` message. The problems are the service's words.
async fn response_head(socket: &mut Socket) -> Result<ResponseHead, String> {
    loop {
        let text = match socket.next().await.map_err(|error| error.to_string())? {
            Message::Text(text) => text,
            Message::Ping(payload) => {
                socket.send(frame::PONG, &payload).await.map_err(|error| error.to_string())?;
                continue;
            }
            Message::Pong => continue,
            Message::Binary(_) => {
                return Err("Command messages must be MessageType=Text, actual=Binary.".to_owned());
            }
            Message::Close(_) => return Err("Premature shutdown: WebSocket closed.".to_owned()),
        };
        let mut message: Value = serde_json::from_slice(&text).unwrap_or_default();
        let response = message.get_mut("response").map(Value::take);
        let response = response.ok_or("'response' command was expected.")?;
        return serde_json::from_value(response).map_err(|error| format!("'response': {error}."));
    }
}

/// The rest of the conversation as a body, as it arrives.
fn stream_body(hub: &Arc<Hub>, mut socket: Socket) -> Body {
    let (parts, receiver) = mpsc::channel::<io::Result<Frame<Bytes>>>(4);
    let shutdown = hub.shutdown.clone();
    hub.tasks.spawn(async move {
        let run = async {
            loop {
                let (part, ends) = match socket.next_piece().await {
                    Ok(Piece { data, ends }) => (Ok(Frame::data(Bytes::from(data))), ends),
                    Err(error) => (Err(io::Error::other(error)), true),
                };
                let failed = part.is_err();
                if parts.send(part).await.is_err() || failed {
                    return;
                }
                if ends {
                    break;
                }
            }
            drop(parts);
            end(socket, 1000, "").await;
        };
        tokio::select! { () = shutdown.cancelled() => {} () = run => {} }
    });
    let next = |mut receiver: mpsc::Receiver<_>| async { Some((receiver.recv().await?, receiver)) };
    StreamBody::new(stream::unfold(receiver, next)).boxed_unsync()
}

/// Closes a rendezvous and waits for the listener's Close frame.
async fn end(mut socket: Socket, code: u16, reason: &str) {
    let close = async {
        socket.send(frame::CLOSE, &close_payload(code, reason)).await.ok()?;
        while !matches!(socket.next().await.ok()?, Message::Close(_)) {}
        Some(())
    };
    if timeout(Duration::from_secs(5), close).await.is_err() {
        tracing::debug!("a listener did not answer a Close frame");
    }
    socket.shut_down().await;
}

/// The listener's response as the sender gets it.
fn respond(head: &ResponseHead, body: Body, call: &Call) -> Response<Body> {
    let status = Refusal::with_code(head.status_code, "").status;
    let mut response = match &head.status_description {
        Some(text) if !text.is_empty() => with_reason(status, text, call),
        _ => tracked(Response::new(full("")), &call.tracking),
    };
    *response.status_mut() = status;
    *response.body_mut() = body;
    let headers = response.headers_mut();
    for (name, value) in head.response_headers.iter().flatten() {
        let Ok(name) = HeaderName::try_from(name.as_str()) else { continue };
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if let Ok(value) = HeaderValue::try_from(text)
                && !is_hop_by_hop(&name)
            {
                headers.append(name.clone(), value);
            }
        }
    }
    if !headers.contains_key(header::VIA)
        && let Ok(via) = HeaderValue::try_from(format!("1.1 {}", call.host))
    {
        headers.insert(header::VIA, via);
    }
    response
}

/// Reads the body until it is over or too long for a control channel.
async fn read_start(call: &mut Call) -> Result<Start, Refusal> {
    let broken = |_| Refusal::new(StatusCode::BAD_REQUEST, "The body ended before its time.");
    let body = call.request.body_mut();
    let mut bytes = BytesMut::new();
    while bytes.len() <= LONGEST_INLINE {
        let Some(part) = body.frame().await else { break };
        if let Ok(data) = part.map_err(broken)?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    let is_long = bytes.len() > LONGEST_INLINE;
    Ok(Start { bytes: bytes.freeze(), is_long })
}

fn describe(call: &Call, found: &Found, address: &str, id: &str, start: &Start) -> String {
    let authorization_was_token = found.requires_client_authorization && call.token().is_none();
    let own = call.query.without_relay_members();
    let path = &call.raw_path;
    let request_target = if own.is_empty() { path.clone() } else { format!("{path}?{own}") };
    let keep = |name: &HeaderName| !is_hop_by_hop(name) && *name != header::HOST;
    let mut request_headers = forwarded_headers(&call.headers, authorization_was_token, keep);
    let via = request_headers.entry("Via".to_owned()).or_default();
    let separator = if via.is_empty() { "" } else { ", " };
    *via = format!("{via}{separator}1.1 {}", call.host);
    let message = RequestMessage {
        address,
        id,
        request_target,
        method: call.method.as_str(),
        remote_endpoint: RemoteEndpoint::of(call),
        request_headers,
        body: !start.bytes.is_empty(),
    };
    serde_json::json!({ "request": message }).to_string()
}

/// Headers that concern one connection only (RFC 7230, section 6.1).
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "close"
    )
}
