//! Azure's side of the wire for tests: TLS on a free port of this machine.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, ServerConfig};
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::model::{ConnectionId, Credential, NamespaceAddress, Secret};
use crate::network::Network;

/// How long a test waits for what does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) type ServerSocket = WebSocketStream<TlsStream<TcpStream>>;

/// A namespace and its gateways, all at one port.
pub(crate) struct Azure {
    listener: TcpListener,
    port: u16,
}

/// An HTTP request that waits for its answer.
pub(crate) struct Asked {
    pub(crate) head: String,
    stream: TlsStream<TcpStream>,
}

impl Azure {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// The hybrid connection `hc1` here.
    pub(crate) fn id(&self) -> ConnectionId {
        ConnectionId::new(NamespaceAddress::new("ns1.servicebus.localhost", self.port), "hc1")
    }

    /// A rendezvous address here.
    pub(crate) fn address(&self) -> String {
        format!(
            "wss://g1.servicebus.localhost:{}/$hc/hc1?sb-hc-action=accept&sb-hc-id=a_G1",
            self.port
        )
    }

    /// The next connection, before TLS.
    pub(crate) async fn accept(&self) -> TcpStream {
        timeout(PATIENCE, self.listener.accept()).await.expect("nobody connects").unwrap().0
    }

    /// What listens, for a test that takes connections side by side.
    pub(crate) fn into_listener(self) -> TcpListener {
        self.listener
    }

    /// The next HTTP request.
    pub(crate) async fn asked(&self) -> Asked {
        asked_over(self.accept().await).await
    }
}

/// The HTTP request that comes over `tcp`.
pub(crate) async fn asked_over(tcp: TcpStream) -> Asked {
    let mut stream = TlsAcceptor::from(identity().server.clone()).accept(tcp).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut head).await.unwrap() > 0, "no whole request");
    }
    Asked { head: String::from_utf8(head).unwrap(), stream }
}

impl Asked {
    /// Whether it asks for a WebSocket, and not for the description.
    pub(crate) fn is_websocket(&self) -> bool {
        self.header("upgrade") == Some("websocket")
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// Answers with a status line, headers and a body.
    pub(crate) async fn answer(mut self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        self.stream.write_all(answer.as_bytes()).await.unwrap();
        // The client may have all it wants and be gone.
        self.stream.shutdown().await.unwrap_or_default();
    }

    /// Answers with a description that names `endpoint`.
    pub(crate) async fn describe(self, endpoint: &str) {
        let body = format!(
            r#"<entry xmlns="http://www.w3.org/2005/Atom"><content><HybridConnectionDescription
               xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"><UserMetadata
               >[{{"key":"endpoint","value":"{endpoint}"}}]</UserMetadata><ListenerCount>1</ListenerCount
               ></HybridConnectionDescription></content></entry>"#
        );
        self.answer("200 OK", "Content-Type: application/atom+xml;type=entry\r\n", &body).await;
    }

    /// Answers with 101.
    pub(crate) async fn upgrade(mut self) -> ServerSocket {
        let key = self.header("sec-websocket-key").expect("a key");
        let accept = BASE64_STANDARD
            .encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nTrackingId: 6f3c_G42\r\n\r\n"
        );
        self.stream.write_all(answer.as_bytes()).await.unwrap();
        WebSocketStream::from_raw_socket(self.stream, Role::Server, None).await
    }
}

/// A way to Azure that trusts [`Azure`].
pub(crate) fn network() -> Network {
    Network::new(identity().client.clone())
}

pub(crate) fn credential() -> Credential {
    Credential::Key { name: "listen".into(), key: Secret::new("dGVzdC1rZXktbm90LXJlYWw=") }
}

/// An address of this machine at which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// The CA of every namespace of the tests.
pub(crate) fn root_pem() -> &'static str {
    &identity().root_pem
}

struct Identity {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    root_pem: String,
}

fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let root = ca.self_signed(&ca_key).unwrap();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["*.servicebus.localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let client = crate::tls::client_config(vec![root.der().clone()]).unwrap();
        Identity { server: Arc::new(server), client, root_pem: root.pem() }
    })
}
