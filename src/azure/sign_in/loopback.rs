//! The port of this machine that a browser brings the answer to (RFC 8252, section 7.3).
//!
//! It takes one answer: the first with the state of this sign-in. The browser waits for its
//! page until the code has been redeemed, so that the page tells how it ended. Other answers
//! get a page that says that they were not used, and change nothing; programs of another
//! account get none.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use url::form_urlencoded;

use super::page::{Language, Page};
use super::refusal::Refusal;
use super::{AzureError, AzureErrorKind};
use crate::http::own_port::{OtherAccount, OwnPort};
use crate::model::Secret;

/// How long a browser may take to ask, once it is connected.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long it may take to fetch the last page.
const PAGE_LIMIT: Duration = Duration::from_secs(3);
/// Connections at once; a browser opens one or two.
const MOST_CONNECTIONS: usize = 16;

/// A port that waits for one answer. It closes when it is dropped.
pub(super) struct Loopback {
    port: u16,
    shared: Arc<Shared>,
    answers: mpsc::Receiver<Result<Secret, AzureError>>,
    end: watch::Sender<Option<Page>>,
    _servers: Vec<AbortOnDropHandle<()>>,
}

struct Shared {
    state: String,
    port: u16,
    answered: AtomicBool,
    forged: AtomicBool,
    answer: mpsc::Sender<Result<Secret, AzureError>>,
    end: watch::Receiver<Option<Page>>,
    /// Pages that are asked for and have not gone out.
    pages: TaskTracker,
}

impl Loopback {
    /// Opens a port for the sign-in with this `state`.
    pub(super) async fn open(state: &str) -> Result<Self, AzureError> {
        let closed =
            |error: io::Error| AzureError::new(AzureErrorKind::NoLoopback, error.to_string());
        let (port, listeners) = listen().await.map_err(closed)?;
        let (answer, answers) = mpsc::channel(1);
        let (end, ended) = watch::channel(None);
        let shared = Arc::new(Shared {
            state: state.to_owned(),
            port,
            answered: AtomicBool::new(false),
            forged: AtomicBool::new(false),
            answer,
            end: ended,
            pages: TaskTracker::new(),
        });
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let serve = |listener| {
            let serving = serve(OwnPort::new(listener), shared.clone(), room.clone());
            AbortOnDropHandle::new(tokio::spawn(serving))
        };
        let servers = listeners.into_iter().map(serve).collect();
        Ok(Self { port, shared, answers, end, _servers: servers })
    }

    /// The address that the browser is to be sent to.
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The code that the browser brings.
    ///
    /// # Errors
    /// What Entra says instead.
    pub(super) async fn code(&mut self) -> Result<Secret, AzureError> {
        self.answers.recv().await.unwrap_or_else(|| {
            Err(AzureError::new(AzureErrorKind::NoLoopback, "the port was closed"))
        })
    }

    /// Whether an answer came that was not of this sign-in.
    pub(super) fn saw_forged_answer(&self) -> bool {
        self.shared.forged.load(Ordering::Relaxed)
    }

    /// Shows the browser how it ended, and closes the port.
    pub(super) async fn close(self, page: Page) {
        self.end.send_replace(Some(page));
        self.shared.pages.close();
        if timeout(PAGE_LIMIT, self.shared.pages.wait()).await.is_err() {
            tracing::debug!("the browser did not fetch the last page");
        }
    }
}

/// A free port on both loopback addresses: a browser may take "localhost" for either, and
/// nobody else must answer there. Without IPv6 there is only one.
async fn listen() -> io::Result<(u16, Vec<TcpListener>)> {
    const TRIES: usize = 16;
    let mut in_use = None;
    for _ in 0..TRIES {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = v4.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(v6) => return Ok((port, vec![v4, v6])),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => in_use = Some(error),
            Err(_) => return Ok((port, vec![v4])),
        }
    }
    Err(in_use.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

/// Takes connections until it is aborted; those that are open end with it.
async fn serve(port: OwnPort, shared: Arc<Shared>, room: Arc<Semaphore>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let stream = match port.accept().await {
            Ok(stream) => stream,
            // The address of the sign-in page is seen by every account of this machine, and with
            // it another one could sign this program in as itself.
            Err(OtherAccount { peer }) => {
                tracing::warn!(%peer, "another account of this machine brings an answer; not taken");
                shared.forged.store(true, Ordering::Relaxed);
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let shared = shared.clone();
        connections.spawn(async move {
            // Held by a connection that asks for a page, until that has gone out.
            let page = Arc::new(OnceLock::new());
            let held = page.clone();
            let answer = service_fn(move |request| {
                held.get_or_init(|| shared.pages.token());
                let shared = shared.clone();
                async move { Ok::<_, Infallible>(shared.answer(&request).await) }
            });
            let serving = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_LIMIT)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer);
            if let Err(error) = serving.await {
                tracing::debug!(%error, "a connection of the browser ended");
            }
            drop((page, permit));
        });
    }
}

impl Shared {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let language = Language::of(text(header::ACCEPT_LANGUAGE).unwrap_or_default());
        let is_ours = text(header::HOST).is_some_and(|host| self.is_own_name(host));
        if request.method() != Method::GET || !is_ours || request.uri().path() != "/" {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
        let (status, page) = self.take(request.uri().query().unwrap_or_default()).await;
        respond(status, &page, language)
    }

    /// A page of elsewhere may call this machine by a name of its own.
    fn is_own_name(&self, host: &str) -> bool {
        let names = ["localhost", "127.0.0.1", "[::1]"];
        names.iter().any(|name| host.eq_ignore_ascii_case(&format!("{name}:{}", self.port)))
    }

    async fn take(&self, query: &str) -> (StatusCode, Page) {
        let mut answer = BrowserAnswer::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "code" => answer.code = Some(Secret::new(value)),
                "state" => answer.state = value.into_owned(),
                "error" => answer.error = Some(value.into_owned()),
                "error_description" => answer.description = value.into_owned(),
                _ => {}
            }
        }
        if answer.code.is_none() && answer.error.is_none() {
            return (StatusCode::NOT_FOUND, Page::NotAsked);
        }
        if answer.state != self.state {
            self.forged.store(true, Ordering::Relaxed);
            return (StatusCode::BAD_REQUEST, Page::NotAsked);
        }
        if self.answered.swap(true, Ordering::Relaxed) {
            return (StatusCode::CONFLICT, Page::Again);
        }
        let result = match (answer.code, answer.error) {
            (_, Some(error)) => Err(Refusal::from_query(&error, &answer.description).into_error()),
            (Some(code), None) => Ok(code),
            (None, None) => return (StatusCode::NOT_FOUND, Page::NotAsked),
        };
        if self.answer.send(result).await.is_err() {
            return (StatusCode::GONE, Page::NotAsked);
        }
        let mut end = self.end.clone();
        let page = end.wait_for(Option::is_some).await.map(|page| page.clone());
        match page.ok().flatten() {
            Some(page) => (StatusCode::OK, page),
            None => (StatusCode::GONE, Page::NotAsked),
        }
    }
}

#[derive(Default)]
struct BrowserAnswer {
    code: Option<Secret>,
    state: String,
    error: Option<String>,
    description: String,
}

fn respond(status: StatusCode, page: &Page, language: Language) -> Response<Full<Bytes>> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let mut response = Response::new(Full::from(page.html(language, &nonce)));
    *response.status_mut() = status;
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).ok();
    let fixed = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    response.headers_mut().extend(fixed);
    response.headers_mut().extend(policy.map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(loopback_port: u16, target: &str) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response =
            client.get(format!("http://localhost:{loopback_port}{target}")).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    #[tokio::test]
    async fn one_answer_is_taken_and_its_page_tells_how_it_ended() {
        let mut loopback = Loopback::open("s1").await.unwrap();
        let port = loopback.port;
        let first = tokio::spawn(get(port, "/?code=abc&state=s1"));
        assert_eq!(loopback.code().await.unwrap().expose(), "abc");
        let (status, again) = get(port, "/?code=def&state=s1").await;
        assert!(status == 409 && again.contains("used already"), "{again}");
        assert!(!first.is_finished());
        loopback.close(Page::SignedIn).await;
        let (status, page) = first.await.unwrap();
        assert!(status == 200 && page.contains("You are signed in"), "{page}");
        assert!(!page.contains("abc"));
        assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
    }

    #[tokio::test]
    async fn a_forged_answer_changes_nothing() {
        let mut loopback = Loopback::open("s1").await.unwrap();
        let port = loopback.port;
        for target in ["/?code=x&state=other", "/?code=x", "/?error=access_denied&state="] {
            let (status, page) = get(port, target).await;
            assert!(status == 400 && page.contains("No sign-in waits"), "{target}: {page}");
        }
        assert_eq!(get(port, "/favicon.ico").await.0, 404);
        assert_eq!(get(port, "/").await.0, 404);
        assert!(loopback.saw_forged_answer());
        let _waiting = tokio::spawn(get(port, "/?error=access_denied&state=s1"));
        let error = loopback.code().await.unwrap_err();
        assert_eq!(error.kind, AzureErrorKind::SignInDenied);
    }

    #[tokio::test]
    async fn another_name_for_this_machine_is_not_answered() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let loopback = Loopback::open("s1").await.unwrap();
        let mut stream =
            tokio::net::TcpStream::connect(("127.0.0.1", loopback.port)).await.unwrap();
        let request = "GET /?code=x&state=s1 HTTP/1.1\r\nHost: evil.example\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
}
