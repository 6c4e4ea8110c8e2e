//! The program inside the private network: a small HTTP server.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::debug;

/// Requests that wait to be shown; more are served and not shown.
const BACKLOG: usize = 64;
/// The wait after a connection could not be taken.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest answer that may be asked for.
const LONGEST_ANSWER: usize = 1 << 20;

/// A running endpoint; it ends with its connections when it is dropped.
#[derive(Debug)]
pub(super) struct Endpoint {
    port: u16,
    requests: Mutex<mpsc::Receiver<String>>,
    _server: JoinSet<()>,
}

/// What the endpoint answers to a request for `path`.
pub(crate) fn answer(path: &str) -> String {
    format!("Hello from the endpoint! You asked for {path} through Azure Relay.\n")
}

impl Endpoint {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (seen, requests) = mpsc::channel(BACKLOG);
        let mut server = JoinSet::new();
        server.spawn(serve(listener, seen));
        Ok(Self { port, requests: Mutex::new(requests), _server: server })
    }

    /// Its port on 127.0.0.1.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The path of the next request.
    pub(super) async fn next_request(&self) -> String {
        match self.requests.lock().await.recv().await {
            Some(path) => path,
            None => std::future::pending().await,
        }
    }
}

async fn serve(listener: TcpListener, seen: mpsc::Sender<String>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                debug!(%error, "the demo's endpoint takes no connections for now");
                sleep(PAUSE).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let seen = seen.clone();
        connections.spawn(async move {
            let service = service_fn(|request| respond(request, &seen));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                debug!(%error, "a connection to the demo's endpoint broke");
            }
        });
    }
}

/// Greets; with `?bytes=N` the greeting is repeated until the answer has N bytes.
async fn respond(
    request: Request<Incoming>,
    seen: &mpsc::Sender<String>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let bytes = request.uri().query().and_then(wanted_bytes);
    let mut body = request.into_body();
    // What an app sends is taken to its end, frame by frame, and not kept.
    while let Some(Ok(_)) = body.frame().await {}
    let mut text = answer(&path);
    if let Some(bytes) = bytes {
        text = text.repeat(bytes / text.len() + 1);
        text.truncate(text.floor_char_boundary(bytes));
    }
    // Showing it is a courtesy; a full queue drops it.
    seen.try_send(path).unwrap_or_default();
    Ok(Response::new(Full::new(Bytes::from(text))))
}

fn wanted_bytes(query: &str) -> Option<usize> {
    let number = query.strip_prefix("bytes=")?.parse::<usize>().ok()?;
    Some(number.min(LONGEST_ANSWER))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpStream;

    use super::super::http;
    use super::*;

    #[tokio::test]
    async fn it_greets_and_answers_as_long_as_is_asked_for() {
        let endpoint = Endpoint::start().await.unwrap();
        assert_eq!(http::get(endpoint.port(), "/x").await.unwrap(), answer("/x"));
        let long = http::get(endpoint.port(), "/x?bytes=5000").await.unwrap();
        assert_eq!((long.len(), long.starts_with(&answer("/x"))), (5000, true));
        let mut stream = TcpStream::connect(("127.0.0.1", endpoint.port())).await.unwrap();
        drop(endpoint);
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)), "it has ended");
    }

    #[test]
    fn no_answer_is_without_bounds() {
        assert_eq!(wanted_bytes("bytes=12"), Some(12));
        assert_eq!(wanted_bytes("bytes=999999999999"), Some(LONGEST_ANSWER));
        assert_eq!((wanted_bytes("bytes=x"), wanted_bytes("n=1")), (None, None));
    }
}
