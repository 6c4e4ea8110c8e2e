//! Whole messages of bounded length, for the control channel.

use std::{fmt, io};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::frame::{CloseFrame, Decoder, FrameError, Opcode, Piece, fresh_mask, small_frame};
use super::handshake::Upgraded;

/// Bytes that are read at a time; a control channel is silent most of its life.
const READ_SIZE: usize = 4 * 1024;

/// A WebSocket that carries messages.
pub struct MessageChannel<S> {
    stream: S,
    received: Vec<u8>,
    decoder: Decoder,
    message: Vec<u8>,
    message_len: u64,
    longest: usize,
}

// Its buffers hold addresses that only their reader may know.
impl<S> fmt::Debug for MessageChannel<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageChannel").finish_non_exhaustive()
    }
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message; bytes that are no UTF-8 are replaced.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A message that is longer than allowed, and was dropped; its length.
    TooLong(u64),
    /// A ping, to be answered with its payload.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A Close frame; nothing follows it.
    Close(CloseFrame),
    /// The other side ended the connection without a Close frame.
    End,
}

/// Why nothing can be received any more.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The stream broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The other side broke the protocol.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl<S: AsyncRead + AsyncWrite + Unpin> MessageChannel<S> {
    /// Messages over `upgraded`, each of at most `longest` bytes.
    pub fn new(upgraded: Upgraded<S>, longest: usize) -> Self {
        Self {
            stream: upgraded.stream,
            received: upgraded.leftover,
            decoder: Decoder::default(),
            message: Vec::new(),
            message_len: 0,
            longest,
        }
    }

    /// The next message or control frame. Cancel-safe.
    ///
    /// # Errors
    /// [`ReceiveError`]; the channel is of no use then.
    pub async fn receive(&mut self) -> Result<Incoming, ReceiveError> {
        loop {
            if let Some(incoming) = self.decode()? {
                return Ok(incoming);
            }
            if self.received.is_empty() {
                self.received = Vec::new(); // an idle channel holds no buffer but the next read's
            }
            self.received.reserve(READ_SIZE);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Ok(Incoming::End);
            }
        }
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// Those of the stream. Not cancel-safe: a frame that was cut off breaks the channel.
    pub async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&small_frame(opcode, payload, fresh_mask())).await?;
        self.stream.flush().await
    }

    /// Sends a Close frame.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn close(&mut self, code: u16, reason: &str) -> io::Result<()> {
        self.send(Opcode::Close, &CloseFrame::payload(code, reason)).await
    }

    /// Ends the stream below.
    ///
    /// # Errors
    /// Those of the stream.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    fn decode(&mut self) -> Result<Option<Incoming>, FrameError> {
        loop {
            match self.decoder.next(&self.received)? {
                Piece::Incomplete => return Ok(None),
                Piece::Control { opcode, skip, len } => {
                    let payload = self.received[skip..skip + len].to_vec();
                    self.received.drain(..skip + len);
                    return Ok(Some(match opcode {
                        Opcode::Ping => Incoming::Ping(payload),
                        Opcode::Close => Incoming::Close(CloseFrame::parse(&payload)),
                        _ => Incoming::Pong,
                    }));
                }
                Piece::Data { skip, len, opcode, ends_message } => {
                    self.message_len += len as u64;
                    if self.message_len <= self.longest as u64 {
                        self.message.extend_from_slice(&self.received[skip..skip + len]);
                    }
                    self.received.drain(..skip + len);
                    if ends_message {
                        return Ok(Some(self.finish_message(opcode)));
                    }
                }
            }
        }
    }

    fn finish_message(&mut self, opcode: Opcode) -> Incoming {
        let message = std::mem::take(&mut self.message);
        let length = std::mem::take(&mut self.message_len);
        if length > self.longest as u64 {
            Incoming::TooLong(length)
        } else if opcode == Opcode::Text {
            Incoming::Text(String::from_utf8_lossy(&message).into_owned())
        } else {
            Incoming::Binary(message)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::io::duplex;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::network::head::Head;

    async fn pair()
    -> (MessageChannel<tokio::io::DuplexStream>, WebSocketStream<tokio::io::DuplexStream>) {
        let (client, server) = duplex(8);
        let upgraded = Upgraded { stream: client, leftover: Vec::new(), head: Head::for_test(101) };
        let server = WebSocketStream::from_raw_socket(server, Role::Server, None).await;
        (MessageChannel::new(upgraded, 1000), server)
    }

    #[tokio::test]
    async fn messages_pass_both_ways_through_a_narrow_pipe() {
        let (mut channel, mut server) = pair().await;
        let other_side = tokio::spawn(async move {
            server.send(Message::text("héllo")).await.unwrap();
            server.send(Message::binary(vec![7; 900])).await.unwrap();
            server.send(Message::text("x".repeat(1001))).await.unwrap();
            server.send(Message::Ping("p".into())).await.unwrap();
            let back = server.next().await.unwrap().unwrap();
            assert_eq!(back, Message::text("back"));
            server.close(None).await.unwrap();
        });
        assert_eq!(channel.receive().await.unwrap(), Incoming::Text("héllo".into()));
        assert_eq!(channel.receive().await.unwrap(), Incoming::Binary(vec![7; 900]));
        assert_eq!(channel.receive().await.unwrap(), Incoming::TooLong(1001));
        assert_eq!(channel.receive().await.unwrap(), Incoming::Ping(b"p".to_vec()));
        channel.send(Opcode::Text, b"back").await.unwrap();
        assert!(matches!(channel.receive().await.unwrap(), Incoming::Close(_)));
        other_side.await.unwrap();
    }
}
