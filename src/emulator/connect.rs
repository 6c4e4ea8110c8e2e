//! Senders of streams: `sb-hc-action=connect`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Response, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc::error::SendError;
use tokio::time::timeout;

use super::answer::{Body, Refusal, check_handshake, switching, tracked, values, with_reason};
use super::authorize::authorize;
use super::call::{Call, TOKEN_HEADER};
use super::config::Right;
use super::hub::Hub;
use super::listen::Order;
use super::pump;
use super::registry::Found;
use super::rendezvous::{Arrival, Purpose};
use super::wire::upgraded;
use crate::model::ConnectionId;

/// The `accept` message (Relay protocol guide, "Accept messages").
#[derive(Serialize)]
struct Accept<'a> {
    address: &'a str,
    id: &'a str,
    #[serde(rename = "connectHeaders")]
    connect_headers: BTreeMap<String, String>,
    #[serde(rename = "remoteEndpoint")]
    remote_endpoint: RemoteEndpoint,
}

/// Where a sender comes from.
#[derive(Serialize)]
pub(crate) struct RemoteEndpoint {
    address: String,
    port: u16,
}

impl RemoteEndpoint {
    pub(crate) fn of(call: &Call) -> Self {
        Self { address: call.peer.ip().to_string(), port: call.peer.port() }
    }
}

/// Answers a sender: finds a listener, waits for it, and joins the two.
pub(crate) async fn connect(hub: &Arc<Hub>, call: &mut Call) -> Result<Response<Body>, Refusal> {
    let accept = check_handshake(call)?;
    let found = admit(hub, call).await?;
    if found.listener_count == 0 {
        return Err(no_listener());
    }
    let offered =
        values(&call.headers, header::SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect();
    let suffix = raw_suffix(call, &found);
    let mut waiting = hub.rendezvous.wait(hub, Purpose::Accept, &found.id, &suffix, call, offered);
    let message = Accept {
        address: &waiting.address,
        id: &waiting.id,
        connect_headers: forwarded_headers(&call.headers, false, |_| true),
        remote_endpoint: RemoteEndpoint::of(call),
    };
    let text = serde_json::json!({ "accept": message }).to_string();
    let arrival = timeout(hub.limits.rendezvous, async {
        hand_over(hub, &found.id, Order::Send { text, body: None }).await?;
        (&mut waiting.arrival).await.map_err(|_| no_listener())
    });
    let refused = || {
        if let Some(counters) = hub.registry.counters(&found.id) {
            counters.refused.fetch_add(1, Relaxed);
        }
    };
    match arrival.await {
        Ok(Ok(Arrival::Accepted { on, protocol })) => {
            let response = switching(&accept, protocol.as_deref(), call);
            join(hub, call, &found, &waiting.id, on);
            Ok(response)
        }
        Ok(Ok(Arrival::Rejected(rejection))) => {
            refused();
            let response = with_reason(rejection.status, &rejection.text, call);
            Ok(tracked(response, &call.tracking))
        }
        Ok(Err(refusal)) => {
            refused();
            Err(refusal)
        }
        Err(_) => {
            refused();
            Err(Refusal::new(
                StatusCode::GATEWAY_TIMEOUT,
                "None of the connected listeners accepted the connections within the allowed timeout.",
            ))
        }
    }
}

/// Gives `order` to one of the listeners, by chance. One that has just left passes it on to
/// the next; one that dies with it does not, and its sender waits for nothing.
pub(crate) async fn hand_over(
    hub: &Arc<Hub>,
    id: &ConnectionId,
    mut order: Order,
) -> Result<(), Refusal> {
    loop {
        let listener = hub.registry.any_listener(id).ok_or_else(no_listener)?;
        match listener.orders.send(order).await {
            Ok(()) => return Ok(()),
            Err(SendError(back)) => order = back,
        }
    }
}

/// Checks a sender's right and finds what it asks for: authorization first, then
/// existence.
pub(crate) async fn admit(hub: &Arc<Hub>, call: &Call) -> Result<Found, Refusal> {
    let path = call.entity_path()?;
    let found = hub.registry.find(&call.host, &path);
    let target = found.as_ref().map(|found| &found.id);
    hub.faults.thawed(target).await;
    hub.faults.delayed(target).await;
    hub.check_namespace(&call.host)?;
    if found.as_ref().is_none_or(|found| found.requires_client_authorization) {
        let token = call.token().or_else(|| call.authorization());
        authorize(&hub.registry, &call.host, &path, token.as_deref(), Some(Right::Send))?;
    }
    found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Endpoint does not exist."))
}

pub(crate) fn no_listener() -> Refusal {
    let text = "There are no listeners connected for the endpoint.";
    Refusal::new(StatusCode::NOT_FOUND, text)
}

/// What follows the hybrid connection's name in the path, as it was sent.
pub(crate) fn raw_suffix(call: &Call, found: &Found) -> String {
    let path = call.raw_path.strip_prefix("/$hc").unwrap_or(&call.raw_path);
    let parts = found.id.name().split('/').count();
    let rest: Vec<&str> = path.trim_start_matches('/').split('/').skip(parts).collect();
    if rest.is_empty() { String::new() } else { format!("/{}", rest.join("/")) }
}

/// The sender's headers for the listener, without the token. `Authorization` goes only
/// where it was the token.
pub(crate) fn forwarded_headers(
    headers: &HeaderMap,
    authorization_was_token: bool,
    keep: impl Fn(&HeaderName) -> bool,
) -> BTreeMap<String, String> {
    let is_token = |name: &HeaderName| {
        *name == TOKEN_HEADER || (authorization_was_token && *name == header::AUTHORIZATION)
    };
    let names = headers.keys().filter(|name| !is_token(name) && keep(name));
    let value = |name: &HeaderName| {
        let lines = headers.get_all(name).into_iter();
        lines.map(|v| String::from_utf8_lossy(v.as_bytes())).collect::<Vec<_>>().join(", ")
    };
    names.map(|name| (usual_case(name), value(name))).collect()
}

/// `sec-websocket-key` as people write it: `Sec-WebSocket-Key`.
fn usual_case(name: &HeaderName) -> String {
    let part = |part: &str| match part {
        "websocket" => "WebSocket".to_owned(),
        _ => part[..1].to_ascii_uppercase() + &part[1..],
    };
    let parts =
        name.as_str().split('-').map(|p| if p.is_empty() { String::new() } else { part(p) });
    parts.collect::<Vec<_>>().join("-")
}

/// Joins sender and listener once both handshakes are through.
fn join(hub: &Arc<Hub>, call: &mut Call, found: &Found, id: &str, on: hyper::upgrade::OnUpgrade) {
    let sender = hyper::upgrade::on(&mut call.request);
    let open = hub.registry.add_stream(&found.id, id);
    let shared = Arc::clone(hub);
    let shutdown = hub.shutdown.clone();
    let run = async move {
        match tokio::try_join!(upgraded(sender), upgraded(on)) {
            Ok((sender, listener)) => pump::run(&shared, open, sender, listener).await,
            Err(error) => tracing::debug!(%error, "a peer left between handshake and stream"),
        }
    };
    hub.tasks.spawn(async move {
        tokio::select! { () = shutdown.cancelled() => {} () = run => {} }
    });
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn headers_are_given_on_without_the_token() {
        let mut headers = HeaderMap::new();
        headers.insert(TOKEN_HEADER, HeaderValue::from_static("secret"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("app's"));
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("k"));
        headers.append("x-two", HeaderValue::from_static("1"));
        headers.append("x-two", HeaderValue::from_static("2"));
        let out = forwarded_headers(&headers, false, |_| true);
        let pairs: Vec<_> = out.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let expected = [("Authorization", "app's"), ("Sec-WebSocket-Key", "k"), ("X-Two", "1, 2")];
        assert_eq!(pairs, expected);
        assert!(!forwarded_headers(&headers, true, |_| true).contains_key("Authorization"));
    }
}
