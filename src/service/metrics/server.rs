//! The HTTP server: three paths, and little else that it would take time or memory for.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::exposition::Format;
use super::families::{self, Facts};
use crate::model::MetricsAddress;
use crate::platform::{limits, usage};
use crate::service::supervisor::Supervisor;

/// Clients at once; others wait until one has gone.
const MOST_CLIENTS: usize = 16;
/// How long a client may take for everything.
const CLIENT_LIMIT: Duration = Duration::from_secs(10);
/// How long it may take for the head of its request, which is no longer than [`LONGEST_HEAD`].
const HEAD_LIMIT: Duration = Duration::from_secs(5);
const LONGEST_HEAD: usize = 8 * 1024;
/// How long the service may take to respond, as `hcm status --check live` has it.
const LIVE_LIMIT: Duration = Duration::from_secs(5);
/// The wait after a client could not be taken: file descriptors may have run out for a while.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

const PLAIN: &str = "text/plain; charset=utf-8";
const PATHS: &str = "there are /metrics, /ready and /live";

/// Answers whoever calls at `listener`, which listens at `address`, for ever.
pub(super) async fn run(
    listener: &TcpListener,
    supervisor: &Arc<Supervisor>,
    address: MetricsAddress,
) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if clients.len() < MOST_CLIENTS => match accepted {
                Ok((tcp, peer)) => {
                    let supervisor = supervisor.clone();
                    clients.spawn(async move {
                        let serving = timeout(CLIENT_LIMIT, serve(tcp, supervisor, address));
                        match serving.await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => debug!(%peer, %error, "a reader of the metrics is lost"),
                            Err(_) => debug!(%peer, "a reader of the metrics takes too long"),
                        }
                    });
                }
                Err(error) => {
                    warn!(%error, "the metrics cannot be read for now");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = clients.join_next() => {
                if let Err(error) = ended {
                    warn!(%error, "a reader of the metrics was not answered");
                }
            }
        }
    }
}

/// Answers one request.
async fn serve(
    tcp: TcpStream,
    supervisor: Arc<Supervisor>,
    address: MetricsAddress,
) -> hyper::Result<()> {
    let service = service_fn(move |request| {
        let supervisor = supervisor.clone();
        async move { Ok::<_, Infallible>(answer(&supervisor, &request, address).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(LONGEST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(tcp), service)
        .await
}

async fn answer(
    supervisor: &Arc<Supervisor>,
    request: &Request<Incoming>,
    address: MetricsAddress,
) -> Response<Full<Bytes>> {
    if !address.is_remote() && !names_this_machine(request) {
        let text = "only programs of this machine read this: ask 127.0.0.1, [::1] or localhost";
        return plain(StatusCode::MISDIRECTED_REQUEST, text);
    }
    let path = request.uri().path();
    if !["/metrics", "/ready", "/live"].contains(&path) {
        return plain(StatusCode::NOT_FOUND, PATHS);
    }
    if request.method() != Method::GET {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        return answer;
    }
    let probe = |checked: Result<(), String>| match checked {
        Ok(()) => plain(StatusCode::OK, "ok"),
        Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, &why),
    };
    match path {
        "/ready" => probe(supervisor.hub().look(families::readiness)),
        "/live" => probe(live(supervisor).await),
        _ => metrics(supervisor.clone(), Format::accepted(&accepted(request))).await,
    }
}

/// Whether the service takes requests.
async fn live(supervisor: &Supervisor) -> Result<(), String> {
    timeout(LIVE_LIMIT, supervisor.responds())
        .await
        .map_err(|_| format!("the service did not answer within {} s", LIVE_LIMIT.as_secs()))
}

async fn metrics(supervisor: Arc<Supervisor>, format: Format) -> Response<Full<Bytes>> {
    let made = spawn_blocking(move || {
        let snapshot = supervisor.hub().snapshot();
        let (usage, most_files) = (usage::of_this_process(), limits::open_files());
        let registry = supervisor.meters();
        families::page(&Facts { snapshot: &snapshot, registry, usage, most_files }, format)
    });
    match made.await {
        Ok(page) => response(StatusCode::OK, format.content_type(), page),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// All `Accept` headers as one.
fn accepted(request: &Request<Incoming>) -> String {
    let headers = request.headers().get_all(header::ACCEPT).iter();
    headers.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",")
}

/// Whether the client means this machine: a name of somebody else's domain that leads to a
/// loopback address is how a web page reads what is only for this machine.
fn names_this_machine(request: &Request<Incoming>) -> bool {
    let Some(host) = request.headers().get(header::HOST) else { return true };
    let Ok(authority) = Uri::try_from(host.as_bytes()) else { return false };
    let host = authority.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
}

/// An answer of one line.
fn plain(status: StatusCode, line: &str) -> Response<Full<Bytes>> {
    response(status, PLAIN, format!("{line}\n"))
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
