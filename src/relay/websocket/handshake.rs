//! The opening handshake, client side (RFC 6455, section 4.1).
//!
//! Azure Relay says why it refuses in the status line, sometimes over several lines
//! (the IP firewall does), so the answer's head is read leniently.

use std::{fmt, io};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Longest head of an answer, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Appended to the key before hashing (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What to ask for. `Debug` shows neither the target nor the headers, where tokens are.
#[derive(Clone)]
pub struct UpgradeRequest<'a> {
    /// The `Host` header.
    pub host: &'a str,
    /// Path and query; may hold a token, so it is never logged.
    pub target: &'a str,
    /// The one subprotocol to offer.
    pub protocol: Option<&'a str>,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
}

impl fmt::Debug for UpgradeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeRequest").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A stream on which frames follow.
#[derive(Debug)]
pub struct Upgraded<S> {
    /// The stream.
    pub stream: S,
    /// Bytes that came right behind the answer's head.
    pub leftover: Vec<u8>,
    /// The answer's head.
    pub head: Head,
}

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Reason phrase; line breaks are kept.
    pub reason: String,
    headers: Vec<(String, String)>,
}

/// Why there is no WebSocket.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The stream broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The other side refused, with a status.
    #[error("{} {}", .0.status, .0.reason)]
    Refused(Head),
    /// The answer is not one to a WebSocket handshake.
    #[error("{0}")]
    NotWebSocket(String),
}

/// Asks for an upgrade on `stream` and reads the answer.
///
/// # Errors
/// [`UpgradeError`]; the stream is dropped then.
pub async fn upgrade<S>(
    mut stream: S,
    request: &UpgradeRequest<'_>,
) -> Result<Upgraded<S>, UpgradeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let key = BASE64_STANDARD.encode(fastrand::u128(..).to_ne_bytes());
    stream.write_all(request_head(request, &key).as_bytes()).await?;
    stream.flush().await?;
    let (head, leftover) = read_head(&mut stream).await?;
    if head.status != 101 {
        return Err(UpgradeError::Refused(head));
    }
    let expected = BASE64_STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
    if head.header("sec-websocket-accept") != Some(expected.as_str()) {
        let problem = "the answer 101 has no valid Sec-WebSocket-Accept";
        return Err(UpgradeError::NotWebSocket(problem.to_owned()));
    }
    Ok(Upgraded { stream, leftover, head })
}

fn request_head(request: &UpgradeRequest<'_>, key: &str) -> String {
    let mut head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n",
        request.target, request.host
    );
    let protocol = request.protocol.map(|protocol| ("Sec-WebSocket-Protocol", protocol));
    for (name, value) in protocol.iter().chain(request.headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

/// Reads up to the empty line; what came behind it is returned too.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
) -> Result<(Head, Vec<u8>), UpgradeError> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::with_capacity(1024);
    loop {
        let searched = bytes.len().saturating_sub(END.len());
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection was closed before the answer was whole",
            )
            .into());
        }
        if let Some(at) = bytes[searched..].windows(END.len()).position(|part| part == END) {
            let leftover = bytes.split_off(searched + at + END.len());
            return Ok((Head::parse(&String::from_utf8_lossy(&bytes))?, leftover));
        }
        if bytes.len() > MAX_HEAD {
            let problem = format!("the head of the answer is longer than {MAX_HEAD} bytes");
            return Err(UpgradeError::NotWebSocket(problem));
        }
    }
}

impl Head {
    /// The value of the header `name`, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of the header `name`, given in lower case.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[cfg(test)]
    pub(crate) fn for_test(status: u16) -> Self {
        Self { status, reason: String::new(), headers: Vec::new() }
    }

    #[cfg(test)]
    pub(crate) fn with_header_for_test(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn parse(text: &str) -> Result<Self, UpgradeError> {
        let mut lines = text.split("\r\n").flat_map(|line| line.split('\n'));
        let first = lines.next().unwrap_or_default();
        let not_http =
            || UpgradeError::NotWebSocket("the answer does not begin like HTTP/1.1".to_owned());
        let mut words = first.splitn(3, ' ');
        if !words.next().is_some_and(|version| version.starts_with("HTTP/1.")) {
            return Err(not_http());
        }
        let status = words.next().and_then(|code| code.parse().ok()).ok_or_else(not_http)?;
        let mut reason = words.next().unwrap_or_default().trim().to_owned();
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            match line.split_once(':').filter(|(name, _)| is_token(name)) {
                Some((name, value)) => {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                // A reason of several lines runs on until the headers begin.
                None if headers.is_empty() => {
                    reason.push('\n');
                    reason.push_str(line.trim());
                }
                None => {}
            }
        }
        Ok(Self { status, reason, headers })
    }
}

/// Whether `name` may stand in a header (RFC 9110, section 5.6.2).
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_!#$&'*+.^`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    async fn answered(
        answer: &'static str,
    ) -> Result<Upgraded<tokio::io::DuplexStream>, UpgradeError> {
        let (client, mut server) = duplex(8);
        let server = tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                server.read_buf(&mut request).await.unwrap();
            }
            let request = String::from_utf8(request).unwrap();
            let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap().lines().next().unwrap();
            let accept = BASE64_STANDARD.encode(Sha1::digest(format!("{key}{GUID}")));
            // The client may stop reading early.
            let _sent = server.write_all(answer.replace("ACCEPT", &accept).as_bytes()).await;
            request
        });
        let request = UpgradeRequest {
            host: "a.b:1",
            target: "/x",
            protocol: Some("p"),
            headers: &[("ServiceBusAuthorization", "t")],
        };
        assert!(!format!("{request:?}").contains("Authorization"));
        let result = upgrade(client, &request).await;
        let request = server.await.unwrap();
        assert!(request.starts_with("GET /x HTTP/1.1\r\nHost: a.b:1\r\n"));
        assert!(request.contains("Sec-WebSocket-Protocol: p\r\nServiceBusAuthorization: t\r\n"));
        result
    }

    #[tokio::test]
    async fn keeps_what_comes_right_behind_the_answer() {
        let mut upgraded =
            answered("HTTP/1.1 101 OK\r\nsec-websocket-accept: ACCEPT\r\n\r\n\u{2}x")
                .await
                .unwrap();
        upgraded.stream.read_to_end(&mut upgraded.leftover).await.unwrap();
        assert_eq!(upgraded.leftover, b"\x02x");
    }

    #[tokio::test]
    async fn reads_a_refusal_of_several_lines() {
        let answer = "HTTP/1.1 401 Generic: Ip has been prevented to connect to the endpoint.\n  For more information see:\n  IP Filters: https://example\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nTrackingId: abc_G1\r\n\r\n";
        let UpgradeError::Refused(head) = answered(answer).await.unwrap_err() else {
            panic!("not refused");
        };
        assert_eq!(head.status, 401);
        assert!(head.reason.contains("prevented") && head.reason.contains("IP Filters"));
        assert_eq!(head.header("trackingid"), Some("abc_G1"));
    }

    #[tokio::test]
    async fn refuses_what_is_no_websocket() {
        for answer in [
            "HTTP/1.1 101 OK\r\nsec-websocket-accept: wrong\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
        ] {
            let error = answered(answer).await.unwrap_err();
            assert!(matches!(error, UpgradeError::NotWebSocket(_)), "{error}");
        }
        assert!(matches!(answered("HTTP/1.1 101").await.unwrap_err(), UpgradeError::Io(_)));
    }
}
