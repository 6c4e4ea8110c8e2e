//! The way of the HTTP client through a proxy. Its own knows no NTLM and has few words for what a proxy
//! answers; so it takes a port of this machine for its proxy, behind which the way is opened as it is for
//! listeners ([`Network`]). The port is for this client alone: who asks has to know its key, and be of the
//! same account where the system tells (Linux).

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener as StdTcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use hyper::http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;
use url::Url;
use uuid::Uuid;

use super::own_port::{OtherAccount, OwnPort};
use crate::model::{Endpoint, Fault, Proxies, Secret};
use crate::network::Network;
use crate::network::transport::Transport;

/// How long the way through a proxy may take to open.
pub(super) const OPEN_LIMIT: Duration = Duration::from_secs(15);
/// How long the client may take to ask.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// How long one side gets after the other has ended. An HTTP client that has ended wants nothing more.
const LINGER: Duration = Duration::from_secs(5);
/// The client's name for itself.
const USER: &str = "client";

/// A port of this machine for one client. It closes when it is dropped, and what goes through it
/// ends then.
pub(super) struct Bridge {
    url: Secret,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

struct Shared {
    network: Network,
    /// SHA-256 of what the client says to be let in: how long a comparison takes tells nothing of that.
    key: [u8; 32],
    faults: Mutex<Faults>,
}

/// Why ways were not opened.
#[derive(Default)]
struct Faults {
    /// To each of these, when it was last asked for.
    to: HashMap<Endpoint, Fault>,
    latest: Option<Fault>,
}

/// A way that is open, and the client's end of it as soon as it has heard so.
type Opened = Mutex<Option<(OnUpgrade, Transport)>>;

impl Bridge {
    /// Opens a port behind which `network` is.
    ///
    /// # Errors
    /// What the system says against it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(super) fn open(network: Network) -> io::Result<Self> {
        let listener = StdTcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let port = OwnPort::new(TcpListener::from_std(listener)?);
        let secret = Uuid::new_v4().simple().to_string();
        let key = digest(authorization(&secret));
        let shared = Arc::new(Shared { network, key, faults: Mutex::default() });
        let serving = tokio::spawn(serve(port, shared.clone()));
        let url = Secret::new(format!("http://{USER}:{secret}@{address}"));
        Ok(Self { url, shared, _serving: AbortOnDropHandle::new(serving) })
    }

    /// What the client takes for its proxy; holds the key.
    pub(super) fn url(&self) -> &Secret {
        &self.url
    }

    /// Which host has a proxy on its way.
    pub(super) fn proxies(&self) -> &Proxies {
        self.shared.network.proxies()
    }

    /// Why the way to the host of `url` was not opened, if it was not.
    pub(super) fn fault(&self, url: &Url) -> Option<Fault> {
        self.shared.faults().to.get(&Endpoint::of_url(url)?).cloned()
    }

    /// Why the way that was not opened last was not.
    pub(super) fn latest_fault(&self) -> Option<Fault> {
        self.shared.faults().latest.clone()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bridge")
    }
}

/// Takes connections until it is aborted; those that are open end with it.
async fn serve(port: OwnPort, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match port.accept().await {
            Ok(stream) => {
                while connections.try_join_next().is_some() {}
                connections.spawn(carry(stream, shared.clone()));
            }
            Err(OtherAccount { peer }) => {
                tracing::warn!(%peer, "another account of this machine asks for a way out; not taken");
            }
        }
    }
}

/// Serves one connection: what it asks for, and then its bytes.
async fn carry(stream: TcpStream, shared: Arc<Shared>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small answers to the HTTP client may come late");
    }
    let opened = Opened::default();
    let answer =
        service_fn(async |request| Ok::<_, Infallible>(shared.answer(request, &opened).await));
    let asking = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    if let Err(error) = asking.await {
        tracing::debug!(%error, "the HTTP client went away while it asked for a way");
    }
    let Some((client, way)) = lock(&opened).take() else { return };
    let Ok(client) = client.await else { return };
    join(TokioIo::new(client), way).await;
}

/// Carries bytes both ways until one side has ended, and what is still on its way then.
async fn join<A, B>(one: A, other: B)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let ((mut from_one, mut to_one), (mut from_other, mut to_other)) = (split(one), split(other));
    let there = async { copy(&mut from_one, &mut to_other).await.and(to_other.shutdown().await) };
    let back = async { copy(&mut from_other, &mut to_one).await.and(to_one.shutdown().await) };
    tokio::pin!(there, back);
    let ended = tokio::select! {
        ended = &mut there => ended.and(timeout(LINGER, back).await.unwrap_or(Ok(()))),
        ended = &mut back => ended.and(timeout(LINGER, there).await.unwrap_or(Ok(()))),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a way of the HTTP client broke");
    }
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>, opened: &Opened) -> Response<Empty<Bytes>> {
        let says = request.headers().get(PROXY_AUTHORIZATION);
        if says.is_none_or(|says| digest(says.as_bytes()) != self.key) {
            let mut response = status(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
            let wants = HeaderValue::from_static("Basic realm=\"this program\"");
            response.headers_mut().insert(PROXY_AUTHENTICATE, wants);
            return response;
        }
        let target = request.uri().authority().map(|target| target.as_str().parse::<Endpoint>());
        let (&Method::CONNECT, Some(Ok(target))) = (request.method(), target) else {
            return status(StatusCode::METHOD_NOT_ALLOWED);
        };
        let deadline = Instant::now() + OPEN_LIMIT;
        let way = self.network.open_tcp(target.host(), target.port(), deadline).await;
        match way {
            Ok(way) => {
                self.faults().to.remove(&target);
                *lock(opened) = Some((upgrade::on(request), way));
                status(StatusCode::OK)
            }
            Err(fault) => {
                let mut faults = self.faults();
                faults.latest = Some(fault.clone());
                faults.to.insert(target, fault);
                status(StatusCode::BAD_GATEWAY)
            }
        }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }
}

fn status(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    response
}

/// What the client sends to be let in (RFC 7617).
fn authorization(secret: &str) -> Vec<u8> {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{secret}"))).into_bytes()
}

fn digest(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

    use super::*;
    use crate::http::{Problem, Way};
    use crate::model::{FaultCode, Proxy, ProxyChoice};

    const TARGET: &str = "login.example:443";

    /// A proxy that gives each of `answers` in turn and then sends everything back.
    async fn proxy(answers: &'static [&'static str]) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://me:p%40ss@{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let mut answers = answers.iter();
            while !answers.as_slice().is_empty() {
                let (stream, _) = listener.accept().await.unwrap();
                let (mut read, mut write) = stream.into_split();
                let head = head(&mut read).await;
                assert!(head.starts_with(&format!("CONNECT {TARGET} HTTP/1.1\r\n")), "{head}");
                if !head.contains("Proxy-Authorization") {
                    let wants = b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n";
                    write.write_all(wants).await.unwrap();
                    continue;
                }
                let answer = answers.next().unwrap();
                // me:p@ss
                assert!(head.contains("\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n"), "{head}");
                write.write_all(answer.as_bytes()).await.unwrap();
                tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
            }
        });
        proxy.parse().unwrap()
    }

    fn bridge(proxy: Proxy) -> Bridge {
        let network = Network::new(crate::tls::client_config_with(None).unwrap());
        Bridge::open(network.through(Proxies::of(&ProxyChoice::Through(proxy)))).unwrap()
    }

    async fn head(read: &mut OwnedReadHalf) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(read.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// What the port answers to `request` of one who says `secret`, and the connection.
    async fn asked(
        bridge: &Bridge,
        request: &str,
        secret: &str,
    ) -> (String, OwnedReadHalf, OwnedWriteHalf) {
        let url = Url::parse(bridge.url().expose()).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let key = String::from_utf8(authorization(secret)).unwrap();
        let request = format!("{request}\r\nHost: x\r\nProxy-Authorization: {key}\r\n\r\n");
        write.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut read).await;
        (head.lines().next().unwrap().to_owned(), read, write)
    }

    fn secret(bridge: &Bridge) -> String {
        Url::parse(bridge.url().expose()).unwrap().password().unwrap().to_owned()
    }

    #[tokio::test]
    async fn bytes_go_through_until_it_is_dropped() {
        let bridge = bridge(proxy(&["HTTP/1.1 200 OK\r\n\r\n"]).await);
        let request = format!("CONNECT {TARGET} HTTP/1.1");
        let (answer, mut read, mut write) = asked(&bridge, &request, &secret(&bridge)).await;
        assert_eq!(answer, "HTTP/1.1 200 OK");
        write.write_all(b"hello").await.unwrap();
        let mut back = [0; 5];
        read.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"hello");
        drop(bridge);
        assert!(matches!(read.read(&mut back).await, Ok(0) | Err(_)));
    }

    #[tokio::test]
    async fn it_is_for_its_own_client_and_for_ways_alone() {
        // A proxy that is asked nothing.
        let bridge = bridge(proxy(&[]).await);
        let connect = format!("CONNECT {TARGET} HTTP/1.1");
        for (request, secret, status) in [
            (connect.as_str(), "guess".to_owned(), "407"),
            ("GET http://login.example/ HTTP/1.1", secret(&bridge), "405"),
            ("GET / HTTP/1.1", secret(&bridge), "405"),
        ] {
            let (answer, ..) = asked(&bridge, request, &secret).await;
            assert_eq!(answer.split(' ').nth(1), Some(status), "{request}: {answer}");
        }
    }

    #[tokio::test]
    async fn why_a_way_is_closed_is_known_until_it_opens() {
        const ANSWERS: &[&str] = &["HTTP/1.1 403 Not you\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"];
        let bridge = bridge(proxy(ANSWERS).await);
        let url = Url::parse("https://login.example/common").unwrap();
        assert_eq!(bridge.fault(&url), None);
        let request = format!("CONNECT {TARGET} HTTP/1.1");
        let (answer, ..) = asked(&bridge, &request, &secret(&bridge)).await;
        assert_eq!(answer, "HTTP/1.1 502 Bad Gateway");
        let fault = bridge.fault(&url).unwrap();
        assert_eq!(fault.code, FaultCode::ProxyRefused);
        assert!(fault.detail.ends_with("(403 Not you)"), "{fault}");
        asked(&bridge, &request, &secret(&bridge)).await;
        assert_eq!(bridge.fault(&url), None);
    }

    #[tokio::test]
    async fn a_call_that_is_sent_elsewhere_tells_of_the_proxy_there() {
        let proxy = proxy(&["HTTP/1.1 403 Not you\r\n\r\n"]).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (mut read, mut write) = stream.into_split();
            head(&mut read).await;
            let elsewhere = "HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\n\r\n";
            write.write_all(elsewhere.as_bytes()).await.unwrap();
        });
        let way = Way { extra_ca: None, proxies: Proxies::of(&ProxyChoice::Through(proxy)) };
        let client = way.client(|client| client).unwrap();
        let error = client.inner().get(url).send().await.unwrap_err();
        let failure = client.failure(&error);
        assert_eq!(failure.problem, Problem::Proxy(FaultCode::ProxyRefused), "{failure:?}");
        assert!(failure.words.ends_with("(403 Not you)"), "{failure:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_does_not_end_is_not_waited_for_for_long() {
        let (one, mut client) = tokio::io::duplex(64);
        let (other, mut proxy) = tokio::io::duplex(64);
        let joined = tokio::spawn(join(one, other));
        client.write_all(b"last").await.unwrap();
        drop(client);
        let mut last = String::new();
        proxy.read_to_string(&mut last).await.unwrap();
        assert_eq!(last, "last");
        let start = Instant::now();
        joined.await.unwrap();
        assert!(start.elapsed() <= LINGER);
    }
}
