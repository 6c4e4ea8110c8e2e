//! A WebSocket of whole messages: control channels, and requests over a rendezvous.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::frame::{self, FrameError, Header, Sequence};
use super::wire::{self, Tls};

/// Longest message in bytes that a listener may send.
const LONGEST_MESSAGE: usize = 1 << 20;

/// A WebSocket; the server's end.
pub(crate) struct Socket {
    tls: Tls,
    held: Vec<u8>,
    sequence: Sequence,
    message: Vec<u8>,
    kind: u8,
    /// The frame that [`Socket::next_piece`] is in the middle of.
    partial: Option<Partial>,
}

struct Partial {
    remaining: u64,
    mask: [u8; 4],
    offset: usize,
    fin: bool,
}

/// A part of a long message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) data: Vec<u8>,
    /// The message ends here.
    pub(crate) ends: bool,
}

/// What arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// The payload of a Close frame.
    Close(Vec<u8>),
}

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("the connection ended without a Close frame")]
    Ended,
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    #[error("the peer broke the WebSocket protocol: {0}")]
    Frame(#[from] FrameError),
    #[error("a message is longer than {LONGEST_MESSAGE} bytes")]
    TooLong,
}

impl SocketError {
    /// Code and reason to close with, where a Close frame makes sense.
    pub(crate) fn close(&self) -> Option<(u16, String)> {
        match self {
            Self::Ended | Self::Io(_) => None,
            Self::Frame(error) => Some((1002, error.to_string())),
            Self::TooLong => Some((1009, self.to_string())),
        }
    }
}

impl Socket {
    /// A socket that has `read` already.
    pub(crate) fn new(tls: Tls, read: &Bytes) -> Self {
        let held = read.to_vec();
        let sequence = Sequence::default();
        Self { tls, held, sequence, message: Vec::new(), kind: 0, partial: None }
    }

    /// The next part of a message that may be of any length. Pings are answered.
    pub(crate) async fn next_piece(&mut self) -> Result<Piece, SocketError> {
        loop {
            if let Some(piece) = self.take_partial() {
                return Ok(piece);
            }
            if self.partial.is_some() {
                self.read().await?;
                continue;
            }
            match Header::parse(&self.held)? {
                None => self.read().await?,
                Some((header, used)) if header.opcode <= frame::BINARY => {
                    let mask = header.mask.ok_or(FrameError::NotMasked)?;
                    self.sequence.data(header.opcode, header.fin)?;
                    self.held.drain(..used);
                    let (remaining, fin) = (header.len, header.fin);
                    self.partial = Some(Partial { remaining, mask, offset: 0, fin });
                }
                Some(_) => match self.take_frame()? {
                    None => self.read().await?,
                    Some(Message::Ping(payload)) => self.send(frame::PONG, &payload).await?,
                    Some(Message::Close(_)) => return Err(SocketError::Ended),
                    Some(_) => {}
                },
            }
        }
    }

    /// What is there of the frame in the middle.
    fn take_partial(&mut self) -> Option<Piece> {
        let partial = self.partial.as_mut()?;
        let here = self.held.len().min(usize::try_from(partial.remaining).unwrap_or(usize::MAX));
        if here == 0 && partial.remaining > 0 {
            return None;
        }
        let mut data: Vec<u8> = self.held.drain(..here).collect();
        frame::apply_mask(&mut data, partial.mask, partial.offset);
        partial.offset = (partial.offset + here) % 4;
        partial.remaining -= here as u64;
        let over = partial.remaining == 0;
        let ends = over && partial.fin;
        if over {
            self.partial = None;
        }
        Some(Piece { data, ends })
    }

    async fn read(&mut self) -> Result<(), SocketError> {
        self.held.reserve(64 << 10);
        if self.tls.read_buf(&mut self.held).await? == 0 {
            return Err(SocketError::Ended);
        }
        Ok(())
    }

    /// The next message, up to 1 MiB. May be cancelled without loss.
    pub(crate) async fn next(&mut self) -> Result<Message, SocketError> {
        loop {
            if let Some(message) = self.take_frame()? {
                return Ok(message);
            }
            self.read().await?;
        }
    }

    /// Takes frames that are there whole, until they make a message.
    fn take_frame(&mut self) -> Result<Option<Message>, SocketError> {
        loop {
            let Some((header, used)) = Header::parse(&self.held)? else { return Ok(None) };
            let mask = header.mask.ok_or(FrameError::NotMasked)?;
            let len = usize::try_from(header.len).unwrap_or(usize::MAX);
            if len > LONGEST_MESSAGE - self.message.len() {
                return Err(SocketError::TooLong);
            }
            let Some(payload) = self.held.get_mut(used..used + len) else { return Ok(None) };
            frame::apply_mask(payload, mask, 0);
            let payload = payload.to_vec();
            self.held.drain(..used + len);
            match header.opcode {
                frame::PING => return Ok(Some(Message::Ping(payload))),
                frame::PONG => return Ok(Some(Message::Pong)),
                frame::CLOSE => return Ok(Some(Message::Close(payload))),
                opcode => {
                    self.sequence.data(opcode, header.fin)?;
                    if opcode != frame::CONTINUATION {
                        self.kind = opcode;
                    }
                    self.message.extend_from_slice(&payload);
                }
            }
            if header.fin {
                let message = std::mem::take(&mut self.message);
                let is_text = self.kind == frame::TEXT;
                return Ok(Some(if is_text {
                    Message::Text(message)
                } else {
                    Message::Binary(message)
                }));
            }
        }
    }

    /// Sends a message in one frame.
    pub(crate) async fn send(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        self.send_frame(opcode, true, payload).await
    }

    /// Sends one frame.
    pub(crate) async fn send_frame(
        &mut self,
        opcode: u8,
        fin: bool,
        payload: &[u8],
    ) -> io::Result<()> {
        self.tls.write_all(&frame::server_frame(opcode, fin, payload)).await?;
        self.tls.flush().await
    }

    /// Ends TLS and TCP in order.
    pub(crate) async fn shut_down(self) {
        wire::close(self.tls).await;
    }

    /// Resets the connection.
    pub(crate) fn reset(self) {
        wire::reset(self.tls);
    }
}
