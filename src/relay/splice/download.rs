//! From Azure to the endpoint.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::buffer::{Buffer, SIZE};
use super::upload::Upload;
use super::{AzureAbort, Broken, Side};
use crate::relay::traffic::TrafficCounters;
use crate::relay::websocket::frame::{CloseFrame, Decoder, Opcode, Piece};

/// This direction.
pub(super) struct Download {
    decoder: Decoder,
    /// What was received: `held[start..end]`.
    held: Option<Buffer>,
    start: usize,
    end: usize,
    /// How many of the next received bytes are payload.
    payload: usize,
    /// Bytes that came with the handshake and do not fit the first buffer.
    leftover: Vec<u8>,
    state: State,
    was_heard: bool,
}

#[derive(PartialEq)]
enum State {
    Carrying,
    /// Azure has closed; the endpoint's FIN is on its way.
    Ending,
    Done,
    GivenUp,
}

impl Download {
    /// Begins with the bytes that came right behind the handshake.
    pub(super) fn new(leftover: Vec<u8>) -> Self {
        Self {
            decoder: Decoder::default(),
            held: None,
            start: 0,
            end: 0,
            payload: 0,
            leftover,
            state: State::Carrying,
            was_heard: false,
        }
    }

    /// Whether the endpoint has been given all bytes and the end behind them.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether it waits for Azure, and not for the endpoint to take what has come.
    pub(super) fn is_reading(&self) -> bool {
        self.state == State::Carrying && self.payload == 0
    }

    /// Whether anything came since the last call.
    pub(super) fn take_was_heard(&mut self) -> bool {
        std::mem::take(&mut self.was_heard)
    }

    /// Ends this direction where it is.
    pub(super) fn give_up(&mut self) {
        self.held = None;
        self.state = State::GivenUp;
    }

    /// Goes on until nothing can be read or written; ready when this direction is
    /// through. Leaves answers to pings with `upload`.
    pub(super) fn poll<A: Side, E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        endpoint: &mut E,
        upload: &mut Upload,
        counters: &TrafficCounters,
    ) -> Poll<Result<(), Broken>> {
        loop {
            match self.state {
                State::Done | State::GivenUp => return Poll::Ready(Ok(())),
                State::Ending => {
                    ready!(Pin::new(&mut *endpoint).poll_shutdown(cx)).map_err(Broken::Endpoint)?;
                    self.held = None;
                    self.state = State::Done;
                }
                State::Carrying if self.payload > 0 => {
                    ready!(self.poll_write(cx, endpoint, counters))?;
                }
                State::Carrying => {
                    if !self.decode(upload).map_err(Broken::Azure)? {
                        ready!(self.poll_read(cx, azure))?;
                    }
                }
            }
        }
    }

    fn received(&self) -> &[u8] {
        self.held.as_ref().map_or(&[], |held| &held[self.start..self.end])
    }

    fn poll_write<E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        endpoint: &mut E,
        counters: &TrafficCounters,
    ) -> Poll<Result<(), Broken>> {
        let payload = &self.received()[..self.payload];
        let written = ready!(Pin::new(endpoint).poll_write(cx, payload))
            .and_then(|written| match written {
                0 => Err(std::io::ErrorKind::WriteZero.into()),
                written => Ok(written),
            })
            .map_err(Broken::Endpoint)?;
        self.start += written;
        self.payload -= written;
        counters.add_to_endpoint(written);
        Poll::Ready(Ok(()))
    }

    /// Looks at what was received; false when more is needed first.
    fn decode(&mut self, upload: &mut Upload) -> Result<bool, AzureAbort> {
        let received = match &self.held {
            Some(held) => &held[self.start..self.end],
            None => &[],
        };
        match self.decoder.next(received)? {
            Piece::Incomplete => return Ok(false),
            Piece::Data { skip, len, .. } => {
                self.start += skip;
                self.payload = len;
            }
            Piece::Control { opcode, skip, len } => {
                let payload = &received[skip..skip + len];
                match opcode {
                    Opcode::Ping => upload.pong(payload),
                    Opcode::Pong => upload.on_pong(payload),
                    Opcode::Close => {
                        let close = CloseFrame::parse(payload);
                        if !is_clean(close.code) {
                            return Err(AzureAbort::Closed(close));
                        }
                        self.state = State::Ending;
                    }
                    _ => {}
                }
                self.start += skip + len;
            }
        }
        Ok(true)
    }

    fn poll_read<A: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
    ) -> Poll<Result<(), Broken>> {
        let mut buffer = self.held.take().unwrap_or_else(Buffer::take);
        buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if !self.leftover.is_empty() {
            let fits = self.leftover.len().min(SIZE - self.end);
            buffer[self.end..self.end + fits].copy_from_slice(&self.leftover[..fits]);
            self.leftover.drain(..fits);
            self.end += fits;
            self.held = Some(buffer);
            return Poll::Ready(Ok(()));
        }
        let mut into = ReadBuf::new(&mut buffer[self.end..]);
        let polled = Pin::new(azure).poll_read(cx, &mut into);
        let len = into.filled().len();
        self.end += len;
        if self.end > 0 {
            self.held = Some(buffer); // else it goes back to the pool while we wait
        }
        ready!(polled).map_err(|error| Broken::Azure(broken_read(error)))?;
        if len == 0 {
            return Poll::Ready(Err(Broken::Azure(AzureAbort::Cut)));
        }
        self.was_heard = true;
        Poll::Ready(Ok(()))
    }
}

/// Whether a Close frame with this code is the end of a sender's bytes. 1001 is what
/// Azure sends when the sender has gone away in good order (Relay protocol guide).
fn is_clean(code: u16) -> bool {
    matches!(code, 1000 | 1001 | 1005)
}

fn broken_read(error: std::io::Error) -> AzureAbort {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        AzureAbort::Cut
    } else {
        AzureAbort::Io(error)
    }
}
