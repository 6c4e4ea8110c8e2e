//! One HTTP request as the emulator sees it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request, StatusCode};

use super::answer::Refusal;
use super::encoding::{Query, url_decode};
use super::tracking::Tracking;

/// The header that carries a token; it leaves `Authorization` to the app.
pub(crate) const TOKEN_HEADER: HeaderName = HeaderName::from_static("servicebusauthorization");
/// The query member that carries a token.
pub(crate) const TOKEN_MEMBER: &str = "sb-hc-token";

/// One HTTP request, taken apart.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Host without its port, lower case.
    pub(crate) host: String,
    /// Path and query as they were sent.
    pub(crate) target: String,
    /// The path as it was sent.
    pub(crate) raw_path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: SocketAddr,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
    pub(crate) tracking: Tracking,
    /// Switches line feeds in the status line on.
    pub(crate) line_feeds: Arc<AtomicBool>,
    /// Body and upgrade.
    pub(crate) request: Request<Incoming>,
}

impl Call {
    pub(crate) fn new(
        mut request: Request<Incoming>,
        peer: SocketAddr,
        secure: bool,
        line_feeds: Arc<AtomicBool>,
    ) -> Self {
        let headers = std::mem::take(request.headers_mut());
        let uri = request.uri();
        let of_header = || headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = uri.authority().map(|a| a.as_str()).or_else(of_header).unwrap_or_default();
        let host = without_port(authority).to_ascii_lowercase();
        let query = Query::parse(uri.query().unwrap_or_default());
        let raw_path = uri.path().to_owned();
        let path = raw_path.strip_prefix("/$hc").unwrap_or(&raw_path).trim_matches('/');
        let tracking = Tracking::new(query.get("sb-hc-id"), &host, path);
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let method = request.method().clone();
        Self {
            method,
            host,
            target,
            raw_path,
            query,
            headers,
            peer,
            secure,
            tracking,
            line_feeds,
            request,
        }
    }

    /// The path of the hybrid connection, decoded, without `/$hc` and slashes.
    pub(crate) fn entity_path(&self) -> Result<String, Refusal> {
        let path = self.raw_path.strip_prefix("/$hc").unwrap_or(&self.raw_path);
        url_decode(path.trim_matches('/'), false)
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "The path has an invalid escape."))
    }

    /// The token of a listener or sender: header first, then query.
    pub(crate) fn token(&self) -> Option<String> {
        let header = self.headers.get(TOKEN_HEADER).and_then(|token| token.to_str().ok());
        header.or_else(|| self.query.get(TOKEN_MEMBER)).map(str::to_owned)
    }

    /// The token in `Authorization`.
    pub(crate) fn authorization(&self) -> Option<String> {
        let token = self.headers.get(header::AUTHORIZATION)?;
        token.to_str().ok().map(str::to_owned)
    }
}

/// The host of `host:port`; an IPv6 address keeps its brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_cut_off() {
        assert_eq!(without_port("a.b:443"), "a.b");
        assert_eq!(without_port("a.b"), "a.b");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("[::1]:8"), "[::1]");
    }
}
