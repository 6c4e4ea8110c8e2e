//! The opening handshake, client side (RFC 6455, section 4.1).

use std::{fmt, io};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::network::head::{Head, HeadError, read_head};

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

impl From<HeadError> for UpgradeError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Io(error) => Self::Io(error),
            HeadError::NotHttp(problem) => Self::NotWebSocket(problem),
        }
    }
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

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
