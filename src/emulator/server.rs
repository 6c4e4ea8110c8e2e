//! TCP, TLS and HTTP, and which request goes where.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use super::answer::{Body, Refusal};
use super::call::Call;
use super::hub::Hub;
use super::wire::{Tls, Wire};
use super::{azure, connect, control, listen, management, rendezvous, request};

/// How long a client has for its TLS handshake and for each request's head.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);
/// The content type of a TLS record with a handshake message (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Takes connections until the emulator is shut down.
pub(crate) async fn run(hub: Arc<Hub>, listener: TcpListener, tls: Arc<ServerConfig>) {
    loop {
        let accepted = tokio::select! {
            () = hub.shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => {
                let (hub, tls) = (Arc::clone(&hub), Arc::clone(&tls));
                let tasks = hub.tasks.clone();
                tasks.spawn(async move {
                    let shutdown = hub.shutdown.clone();
                    let serve = async {
                        if let Err(error) = serve(hub, tcp, peer, tls).await {
                            tracing::debug!(%peer, %error, "connection ended");
                        }
                    };
                    tokio::select! { () = shutdown.cancelled() => {} () = serve => {} }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(
    hub: Arc<Hub>,
    tcp: TcpStream,
    peer: SocketAddr,
    tls: Arc<ServerConfig>,
) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    if !begins_tls(&tcp).await? {
        return speak_http(hub, tcp, peer, false, Arc::default()).await;
    }
    let wire = Wire::new(shake_hands(&hub, tcp, tls).await?);
    let line_feeds = wire.line_feeds();
    speak_http(hub, wire, peer, true, line_feeds).await
}

/// Whether the first byte is that of a TLS handshake.
async fn begins_tls(tcp: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let read = timeout(HANDSHAKE_LIMIT, tcp.peek(&mut first)).await??;
    Ok(read == 0 || first[0] == TLS_HANDSHAKE)
}

async fn speak_http(
    hub: Arc<Hub>,
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    secure: bool,
    line_feeds: Arc<AtomicBool>,
) -> io::Result<()> {
    let service = service_fn(move |request| {
        let (hub, line_feeds) = (Arc::clone(&hub), Arc::clone(&line_feeds));
        async move {
            let call = Call::new(request, peer, secure, line_feeds);
            Ok::<_, Infallible>(route(&hub, call).await)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_LIMIT)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}

/// The TLS handshake. In a black hole it is not answered, unless it is for `localhost`,
/// where the control address is.
async fn shake_hands(hub: &Hub, tcp: TcpStream, tls: Arc<ServerConfig>) -> io::Result<Tls> {
    let hello = LazyConfigAcceptor::new(Acceptor::default(), tcp);
    let start = timeout(HANDSHAKE_LIMIT, hello).await??;
    if start.client_hello().server_name() != Some("localhost") {
        hub.faults.thawed(None).await;
    }
    timeout(HANDSHAKE_LIMIT, start.into_stream(tls)).await?
}

async fn route(hub: &Arc<Hub>, mut call: Call) -> Response<Body> {
    if azure::is_for(hub, &call) {
        return azure::answer(hub, call).await;
    }
    if !call.secure {
        return azure::over_tls_only(&call);
    }
    if call.raw_path.starts_with("/$emulator/") {
        return control::answer(hub, call).await;
    }
    let outcome = if call.raw_path.starts_with("/$hc/") {
        let action = call.query.get("sb-hc-action").unwrap_or("connect").to_ascii_lowercase();
        match action.as_str() {
            "listen" => match listen::listen(hub, call).await {
                Ok(response) => return response,
                Err((refusal, back)) => {
                    call = back;
                    Err(refusal)
                }
            },
            "accept" | "request" => rendezvous::meet(hub, &mut call).await,
            "connect" => connect::connect(hub, &mut call).await,
            _ => {
                let text = "sb-hc-action is none of listen, accept, connect and request.";
                Err(Refusal::new(StatusCode::BAD_REQUEST, text))
            }
        }
    } else if call.method == Method::GET && call.query.get("api-version").is_some() {
        return management::describe(hub, &call).await;
    } else if call.method == Method::GET && call.raw_path == "/" {
        return management::describe_namespace(hub, &call);
    } else {
        request::request(hub, &mut call).await
    };
    outcome.unwrap_or_else(|refusal| {
        tracing::info!(
            peer = %call.peer, host = call.host, path = call.raw_path,
            status = refusal.status.as_u16(), text = refusal.text, "refused"
        );
        refusal.answer(&call)
    })
}
