//! Clients of the emulator that share no code with it: requests by hand, WebSocket
//! frames by tungstenite, tokens by the rules of the protocol.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hybrid_connection_manager::emulator::{Emulator, EmulatorConfig};
use hybrid_connection_manager::model::{ConnectionString, Credential};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

pub(crate) type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// The host of the namespace that the tests use.
pub(crate) const HOST: &str = "contoso.servicebus.localhost";

/// What a sender asks `contoso/hc` for.
pub(crate) const CONNECT: &str = "/$hc/hc?sb-hc-action=connect&sb-hc-id=snd";

/// A WebSocket whose frames are made and read by hand.
pub(crate) struct Raw {
    pub(crate) stream: TlsStream<TcpStream>,
    held: Vec<u8>,
}

impl Raw {
    /// Sends a frame; `head` is its first byte.
    pub(crate) async fn send(&mut self, head: u8, payload: &[u8]) {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut frame = vec![head];
        match payload.len() {
            len @ ..126 => frame.push(0x80 | len as u8),
            len @ ..65536 => {
                frame.push(0x80 | 126);
                frame.extend((len as u16).to_be_bytes());
            }
            len => {
                frame.push(0x80 | 127);
                frame.extend((len as u64).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        self.stream.write_all(&frame).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next frame: its first byte and its payload.
    pub(crate) async fn receive(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        self.fill(2).await?;
        assert!(self.held[1] & 0x80 == 0, "a server does not mask");
        let (start, len) = match self.held[1] {
            126 => {
                self.fill(4).await?;
                (4, usize::from(u16::from_be_bytes([self.held[2], self.held[3]])))
            }
            127 => {
                self.fill(10).await?;
                (10, u64::from_be_bytes(self.held[2..10].try_into().unwrap()) as usize)
            }
            len => (2, usize::from(len)),
        };
        self.fill(start + len).await?;
        let frame: Vec<u8> = self.held.drain(..start + len).collect();
        Ok((frame[0], frame[start..].to_vec()))
    }

    async fn fill(&mut self, bytes: usize) -> std::io::Result<()> {
        while self.held.len() < bytes {
            if within(self.stream.read_buf(&mut self.held)).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// An answer that is no 101: its status line and headers as they came, and its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The text of the status line.
    pub(crate) fn reason(&self) -> &str {
        self.head.split("\r\n").next().unwrap().splitn(3, ' ').nth(2).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n").filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// An emulator with `contoso/hc` and a client that trusts it.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) tls: Arc<rustls::ClientConfig>,
}

pub(crate) fn config() -> EmulatorConfig {
    EmulatorConfig::new().port(0).hybrid_connection("contoso", "hc", "127.0.0.1:1")
}

pub(crate) async fn bench() -> Bench {
    Bench::of(config()).await
}

impl Bench {
    pub(crate) async fn of(config: EmulatorConfig) -> Self {
        let emulator = Emulator::start(config).await.unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(emulator.ca_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { emulator, tls: Arc::new(tls) }
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.emulator.port())).await.unwrap()
    }

    pub(crate) async fn tls(&self, host: &str) -> TlsStream<TcpStream> {
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        connector.connect(name, self.tcp().await).await.unwrap()
    }

    /// A token of a rule of `contoso/hc`, for its own address and one hour.
    pub(crate) fn token(&self, rule: &str) -> String {
        self.token_until(rule, now() + 3600)
    }

    pub(crate) fn token_until(&self, rule: &str, expires: i64) -> String {
        make_token(&format!("http://{HOST}/hc/"), rule, &self.key(rule), expires)
    }

    pub(crate) fn key(&self, rule: &str) -> String {
        let text = self.emulator.connection_string("contoso", "hc", rule).unwrap();
        match ConnectionString::parse(text.expose()).unwrap().credential {
            Credential::Key { key, .. } => key.expose().to_owned(),
            Credential::Signature { .. } | Credential::Sealed { .. } => {
                panic!("the emulator gives keys")
            }
        }
    }

    /// A WebSocket to `target` (path and query) on `host`, or the answer that is no 101.
    pub(crate) async fn open(
        &self,
        host: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Socket, Answer), Answer> {
        let (raw, answer) = self.open_raw(host, target, headers).await?;
        let Raw { stream, held } = raw;
        let socket = WebSocketStream::from_partially_read(stream, held, Role::Client, None).await;
        Ok((socket, answer))
    }

    /// The same, for frames by hand.
    pub(crate) async fn open_raw(
        &self,
        host: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<(Raw, Answer), Answer> {
        let mut stream = self.tls(host).await;
        let mut request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}:{}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            self.emulator.port()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all((request + "\r\n").as_bytes()).await.unwrap();
        let (answer, held) = read_answer(&mut stream).await;
        if answer.status() != 101 {
            return Err(answer);
        }
        assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        Ok((Raw { stream, held }, answer))
    }

    /// A listener of `contoso/hc` with this token.
    pub(crate) async fn listen_with(&self, token: &str) -> Result<Socket, Answer> {
        let headers = [("ServiceBusAuthorization", token)];
        let opened = self.open(HOST, "/$hc/hc?sb-hc-action=listen&sb-hc-id=lst", &headers).await;
        opened.map(|(socket, _)| socket)
    }

    pub(crate) async fn listen(&self) -> Socket {
        self.listen_with(&self.token("defaultListener")).await.unwrap()
    }

    /// A sender to `contoso/hc`.
    pub(crate) async fn connect(&self) -> Result<Socket, Answer> {
        let token = self.token("defaultSender");
        let headers = [("ServiceBusAuthorization", token.as_str())];
        let opened = self.open(HOST, CONNECT, &headers).await;
        opened.map(|(socket, _)| socket)
    }

    /// Connects to the address of an `accept` or `request` message.
    pub(crate) async fn rendezvous(&self, address: &str) -> Result<Socket, Answer> {
        let (host, target) = split_address(address);
        self.open(&host, &target, &[]).await.map(|(socket, _)| socket)
    }

    /// A sender and the listener's end of its stream, for frames by hand.
    pub(crate) async fn raw_stream(&self, listener: &mut Socket) -> (Raw, Raw) {
        let token = self.token("defaultSender");
        let headers = [("ServiceBusAuthorization", token.as_str())];
        let accept = async {
            let message = control_message(listener).await;
            let (host, target) = split_address(message["accept"]["address"].as_str().unwrap());
            self.open_raw(&host, &target, &[]).await.unwrap().0
        };
        let (sender, accepted) = tokio::join!(self.open_raw(HOST, CONNECT, &headers), accept);
        (sender.unwrap().0, accepted)
    }

    /// A sender and the listener's end of its stream.
    pub(crate) async fn stream(&self, listener: &mut Socket) -> (Socket, Socket) {
        let accept = async {
            let message = control_message(listener).await;
            self.rendezvous(message["accept"]["address"].as_str().unwrap()).await.unwrap()
        };
        let (sender, accepted) = tokio::join!(self.connect(), accept);
        (sender.unwrap(), accepted)
    }

    /// A plain HTTP request.
    pub(crate) async fn http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.tls(HOST).await;
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let (mut answer, mut rest) = read_answer(&mut stream).await;
        stream.read_to_end(&mut rest).await.ok();
        if answer.header("transfer-encoding") == Some("chunked") {
            rest = unchunked(&rest);
        }
        answer.body = String::from_utf8_lossy(&rest).into_owned();
        answer
    }
}

/// Host and target of a `wss://` address.
pub(crate) fn split_address(address: &str) -> (String, String) {
    let rest = address.strip_prefix("wss://").unwrap();
    let at = rest.find('/').unwrap();
    let host = rest[..at].split(':').next().unwrap();
    (host.to_owned(), rest[at..].to_owned())
}

/// The next JSON message of a control channel.
pub(crate) async fn control_message(listener: &mut Socket) -> serde_json::Value {
    loop {
        match within(listener.next()).await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("a control message is text, not {other:?}"),
        }
    }
}

/// Code and reason of the Close frame that comes next.
pub(crate) async fn close_frame(socket: &mut Socket) -> CloseFrame {
    loop {
        match within(socket.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => return frame,
            Some(Ok(_)) => {}
            other => panic!("a Close frame, not {other:?}"),
        }
    }
}

pub(crate) async fn send(socket: &mut Socket, data: &[u8]) {
    socket.send(Message::binary(data.to_vec())).await.unwrap();
}

/// The next binary message.
pub(crate) async fn receive(socket: &mut Socket) -> Vec<u8> {
    match within(socket.next()).await.unwrap().unwrap() {
        Message::Binary(data) => data.to_vec(),
        other => panic!("a binary message, not {other:?}"),
    }
}

/// A limit that only a hanging test meets.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("nothing came")
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A token by the rules: HMAC-SHA256 over the escaped resource, a line feed, the expiry.
pub(crate) fn make_token(resource: &str, rule: &str, key: &str, expires: i64) -> String {
    let escape = |text: &str| {
        text.replace('%', "%25")
            .replace(':', "%3a")
            .replace('/', "%2f")
            .replace('+', "%2b")
            .replace('=', "%3d")
    };
    let resource = escape(resource);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{resource}\n{expires}").as_bytes());
    let signature = escape(&STANDARD.encode(mac.finalize().into_bytes()));
    format!("SharedAccessSignature sr={resource}&sig={signature}&se={expires}&skn={rule}")
}

/// A chunked body as it was (RFC 9112, section 7.1).
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let at = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = std::str::from_utf8(&rest[..at]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 2 + size + 2..];
    }
}

/// Reads a head, and what came behind it.
async fn read_answer(stream: &mut TlsStream<TcpStream>) -> (Answer, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
            return (Answer { head, body: String::new() }, rest);
        }
        let read = within(stream.read_buf(&mut bytes)).await.unwrap();
        assert!(read > 0, "no whole answer: {}", String::from_utf8_lossy(&bytes));
    }
}
