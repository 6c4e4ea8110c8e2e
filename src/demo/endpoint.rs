//! The program inside the private network: a small HTTP server.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tracing::debug;

/// Requests that wait to be shown; more are served and not shown.
const BACKLOG: usize = 64;

/// A running endpoint; it ends with the program.
pub(super) struct Endpoint {
    port: u16,
    requests: Mutex<mpsc::Receiver<String>>,
}

/// What the endpoint answers to a request for `path`.
pub(super) fn answer(path: &str) -> String {
    format!("Hello from the endpoint! You asked for {path} through Azure Relay.\n")
}

impl Endpoint {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (seen, requests) = mpsc::channel(BACKLOG);
        tokio::spawn(serve(listener, seen));
        Ok(Self { port, requests: Mutex::new(requests) })
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
    while let Ok((stream, _)) = listener.accept().await {
        let seen = seen.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let seen = seen.clone();
                async move { Ok::<_, Infallible>(respond(&request, &seen)) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                debug!(%error, "a connection to the demo's endpoint broke");
            }
        });
    }
}

fn respond(request: &Request<Incoming>, seen: &mpsc::Sender<String>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    // Showing it is a courtesy; a full queue drops it.
    seen.try_send(path.to_owned()).unwrap_or_default();
    Response::new(Full::new(Bytes::from(answer(path))))
}
