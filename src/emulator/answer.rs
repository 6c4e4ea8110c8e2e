//! HTTP answers: refusals in the service's words, and WebSocket handshakes.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use sha1::{Digest as _, Sha1};

use super::call::Call;
use super::tracking::Tracking;
use super::wire::LINE_FEED_MARK;

/// The body of an answer; an error in it aborts the answer midway.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Why a request is refused: a status and the service's text, without the tracking id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// One with a status from outside; a number that can be no final status is 502.
    pub(crate) fn with_code(code: u16, text: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(code).ok().filter(|s| !s.is_informational());
        Self::new(status.unwrap_or(StatusCode::BAD_GATEWAY), text)
    }

    /// The answer: the text and the tracking id in the status line, and a JSON body
    /// for those who read bodies.
    pub(crate) fn answer(&self, call: &Call) -> Response<Body> {
        let stamped = call.tracking.stamp(&self.text);
        let body = serde_json::json!({
            "error": { "code": code_of(self.status), "message": stamped }
        });
        let mut response = with_reason(self.status, &stamped, call);
        *response.body_mut() = full(body.to_string());
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

/// An empty answer with its own reason phrase.
pub(crate) fn with_reason(status: StatusCode, reason: &str, call: &Call) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    let has_line_feeds = reason.contains('\n');
    let plain = |byte: u8| match byte {
        b'\n' => LINE_FEED_MARK,
        b if b.is_ascii_control() => b' ',
        b => b,
    };
    let bytes: Vec<u8> = reason.bytes().map(plain).collect();
    if let Ok(reason) = hyper::ext::ReasonPhrase::try_from(bytes) {
        response.extensions_mut().insert(reason);
    }
    if has_line_feeds {
        call.line_feeds.store(true, Relaxed);
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    tracked(response, &call.tracking)
}

/// Adds the `TrackingId` header.
pub(crate) fn tracked(mut response: Response<Body>, tracking: &Tracking) -> Response<Body> {
    if let Ok(id) = HeaderValue::from_str(&tracking.id) {
        response.headers_mut().insert(HeaderName::from_static("trackingid"), id);
    }
    response
}

pub(crate) fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// The answer that turns the connection into a WebSocket (RFC 6455, section 4.2.2).
pub(crate) fn switching(accept: &str, protocol: Option<&str>, call: &Call) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    add(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        add(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    tracked(response, &call.tracking)
}

/// Checks a WebSocket handshake; gives the value of `Sec-WebSocket-Accept`.
pub(crate) fn check_handshake(call: &Call) -> Result<String, Refusal> {
    let headers = &call.headers;
    let bad = |text: &str| Refusal::new(StatusCode::BAD_REQUEST, text);
    let has = |name, token| values(headers, name).any(|value| value.eq_ignore_ascii_case(token));
    if call.method != hyper::Method::GET {
        return Err(bad("A WebSocket handshake is a GET request."));
    }
    if !has(header::UPGRADE, "websocket") || !has(header::CONNECTION, "upgrade") {
        let text = "This action needs a WebSocket handshake.";
        return Err(Refusal::new(StatusCode::UPGRADE_REQUIRED, text));
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(bad("The WebSocket version must be 13."));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let is_key = |key: &&[u8]| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
    let key = key.filter(is_key).ok_or_else(|| bad("Sec-WebSocket-Key is missing or invalid."))?;
    Ok(accept_of(key))
}

/// What a server answers to a `Sec-WebSocket-Key` (RFC 6455, section 1.3).
pub(crate) fn accept_of(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// The members of a header that is a list, over all of its lines.
pub(crate) fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

/// The code of an error's JSON body, as the service names it.
fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "EndpointNotFound",
        StatusCode::UNAUTHORIZED => "TokenMissingOrInvalid",
        StatusCode::FORBIDDEN => "Forbidden",
        StatusCode::GATEWAY_TIMEOUT => "GatewayTimeout",
        StatusCode::BAD_GATEWAY => "BadGateway",
        StatusCode::PAYLOAD_TOO_LARGE => "PayloadTooLarge",
        status if status.is_client_error() => "BadRequest",
        _ => "InternalServerError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_of_the_rfc() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
