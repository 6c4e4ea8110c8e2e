//! A web server with files that breaks off, lies and forgets as told; and somebody who signs.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::Stream;
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::Source;
use crate::http::Way;
use crate::model::{Proxies, ProxyChoice};

/// Somebody who signs.
#[derive(Clone)]
pub(crate) struct Signer(Arc<Ed25519KeyPair>);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Ed25519KeyPair::generate().unwrap()))
    }

    pub(crate) fn key(&self) -> String {
        format!("ed25519 {}", BASE64_STANDARD.encode(self.0.public_key()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        format!("{} {}\n", self.key(), BASE64_STANDARD.encode(self.0.sign(message)))
    }
}

/// What a server does with a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub(crate) bytes: Vec<u8>,
    /// Each answer breaks off after so many bytes.
    pub(crate) breaks_after: Option<usize>,
    /// It does not know ranges.
    pub(crate) always_whole: bool,
    /// It comes in pieces of so many bytes, each after such a time.
    pub(crate) slowly: Option<(usize, Duration)>,
    /// It is elsewhere.
    pub(crate) moved_to: Option<String>,
}

/// A server on loopback; it ends with the test.
pub(crate) struct Server {
    pub(crate) url: Url,
    files: Arc<Mutex<HashMap<String, Served>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let files = Arc::new(Mutex::new(HashMap::new()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Self { url, files: files.clone(), asked: asked.clone() };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (files, asked) = (files.clone(), asked.clone());
                let service = service_fn(move |request| {
                    let answer = answer(&request, &files, &asked);
                    async move { Ok::<_, Infallible>(answer) }
                });
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service);
                    // A break that a test wants is an error here.
                    connection.await.ok();
                });
            }
        });
        server
    }

    pub(crate) fn put(&self, path: &str, served: Served) -> Url {
        self.files.lock().unwrap().insert(path.to_owned(), served);
        self.url.join(path).unwrap()
    }

    pub(crate) fn put_bytes(&self, path: &str, bytes: &[u8]) -> Url {
        self.put(path, Served { bytes: bytes.to_vec(), ..Served::default() })
    }

    pub(crate) fn remove(&self, path: &str) {
        self.files.lock().unwrap().remove(path);
    }

    /// What was asked for so far: path and range.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn source(&self) -> Source {
        Source::new(&Way::default(), true).unwrap()
    }
}

/// A proxy that lets nobody in. It ends with its runtime.
pub(crate) struct ClosedProxy {
    address: String,
    heard: Arc<AtomicUsize>,
}

impl ClosedProxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard = Arc::<AtomicUsize>::default();
        let count = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                count.fetch_add(usize::from(head.contains("Authorization")), Ordering::Relaxed);
                let answer = b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=x\r\n\r\n";
                stream.write_all(answer).await.unwrap();
            }
        });
        Self { address, heard }
    }

    /// How often it has heard the password.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    /// A way through it.
    pub(crate) fn source(&self) -> Source {
        let proxy = format!("http://me:wrong@{}", self.address).parse().unwrap();
        let proxies = Proxies::of(&ProxyChoice::Through(proxy));
        Source::new(&Way { extra_ca: None, proxies }, false).unwrap()
    }
}

/// A server with TLS that sends everybody elsewhere. It ends with its runtime.
pub(crate) struct TlsServer {
    pub(crate) url: Url,
    ca: tempfile::NamedTempFile,
    asked: Arc<AtomicUsize>,
}

impl TlsServer {
    /// One that sends to `place`.
    pub(crate) async fn start(place: &str) -> Self {
        let names = vec!["127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(cert.pem().as_bytes()).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::<AtomicUsize>::default();
        let count = asked.clone();
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = acceptor.accept(stream).await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
        Self { url, ca, asked }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// A way to it, which trusts it.
    pub(crate) fn source(&self) -> Source {
        let extra_ca = self.ca.path().to_str();
        Source::new(&Way { extra_ca, ..Way::default() }, false).unwrap()
    }
}

type Frames = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Broken>> + Send>>;
type Body = StreamBody<Frames>;

/// The frames one by one, each after `pause`: what comes before a break is on its way when it breaks.
fn body(frames: Vec<Result<Frame<Bytes>, Broken>>, pause: Duration) -> Body {
    let frames = futures_util::stream::unfold(frames.into_iter(), move |mut rest| async move {
        let frame = rest.next()?;
        if frame.is_err() {
            tokio::task::yield_now().await;
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some((frame, rest))
    });
    StreamBody::new(Box::pin(frames))
}

#[derive(Debug, thiserror::Error)]
#[error("broken off as told")]
struct Broken;

fn answer(
    request: &Request<Incoming>,
    files: &Mutex<HashMap<String, Served>>,
    asked: &Mutex<Vec<String>>,
) -> Response<Body> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let range = request.headers().get(RANGE).map(|range| range.to_str().unwrap().to_owned());
    asked.lock().unwrap().push(format!("{path} {}", range.as_deref().unwrap_or("all")));
    let empty = || body(Vec::new(), Duration::ZERO);
    let only = |status| Response::builder().status(status).body(empty()).unwrap();
    let Some(file) = files.lock().unwrap().get(&path).cloned() else {
        return only(StatusCode::NOT_FOUND);
    };
    if let Some(place) = file.moved_to {
        let moved = Response::builder().status(StatusCode::FOUND).header(LOCATION, place);
        return moved.body(empty()).unwrap();
    }
    let total = file.bytes.len();
    let from = range.filter(|_| !file.always_whole).map(|range| {
        let from = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
        from.parse::<usize>().unwrap()
    });
    if from.is_some_and(|from| from >= total) {
        return only(StatusCode::RANGE_NOT_SATISFIABLE);
    }
    let rest = file.bytes[from.unwrap_or(0)..].to_vec();
    let length = rest.len();
    let part = &rest[..file.breaks_after.unwrap_or(length).min(length)];
    let (piece, pause) = file.slowly.unwrap_or((length.max(1), Duration::ZERO));
    let pieces = part.chunks(piece).map(|piece| Ok(Frame::data(Bytes::from(piece.to_vec()))));
    let mut frames: Vec<_> = pieces.collect();
    if part.len() < length {
        frames.push(Err(Broken));
    }
    let mut response = Response::builder().header(CONTENT_LENGTH, length);
    if let Some(from) = from {
        let range = format!("bytes {from}-{}/{total}", total - 1);
        response = response.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range);
    }
    response.body(body(frames, pause)).unwrap()
}
