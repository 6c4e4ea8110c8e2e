//! Answers in JSON and HTML.

use std::io;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use crate::emulator::answer::{Body, full};
use crate::emulator::call::Call;
use crate::emulator::encoding::Query;
pub(crate) use crate::emulator::encoding::xml_escape as escape;

/// Longest form in bytes.
const LONGEST_FORM: usize = 1 << 16;

pub(crate) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    with_kind(status, "application/json; charset=utf-8", value.to_string())
}

pub(crate) fn html(status: StatusCode, page: String) -> Response<Body> {
    let mut response = with_kind(status, "text/html; charset=utf-8", page);
    add(&mut response, header::CACHE_CONTROL, "no-store");
    response
}

pub(crate) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    with_kind(status, "text/plain; charset=utf-8", text.to_owned())
}

/// Sends the browser to `address`.
pub(crate) fn redirect(address: &str) -> Response<Body> {
    let mut response = html(StatusCode::FOUND, String::new());
    add(&mut response, header::LOCATION, address);
    response
}

/// Sets a header; a value that can be none is left out.
pub(crate) fn add(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn with_kind(status: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// What a hotel's network answers to everything until its terms are accepted.
pub(crate) fn captive_portal() -> Response<Body> {
    let page = "<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head><body>\
                <h1>Welcome to the guest network</h1><p>Accept the terms to go on.</p>\
                </body></html>";
    html(StatusCode::OK, page.to_owned())
}

/// The same answer, whose connection ends in the middle of the body.
pub(crate) async fn cut(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len().max(1)));
    let cut = || io::Error::new(io::ErrorKind::ConnectionReset, "cut on demand");
    let parts_of_body: [Result<Frame<Bytes>, io::Error>; 2] = [Ok(Frame::data(half)), Err(cut())];
    Response::from_parts(parts, StreamBody::new(stream::iter(parts_of_body)).boxed_unsync())
}

/// The members of the form in the body; `None` when it cannot be read.
pub(crate) async fn form(call: &mut Call) -> Option<Query> {
    let body = Limited::new(call.request.body_mut(), LONGEST_FORM).collect().await.ok()?;
    let text = String::from_utf8(body.to_bytes().to_vec()).ok()?;
    Some(Query::parse(&text))
}
