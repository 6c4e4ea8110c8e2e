//! From the endpoint to Azure.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::buffer::{Buffer, SIZE};
use super::{Broken, Side};
use crate::relay::traffic::TrafficCounters;
use crate::relay::websocket::frame::{
    CloseFrame, MAX_HEADER, Opcode, frame_in_place, fresh_mask, small_frame,
};

/// This direction, and all that is written to Azure.
#[derive(Default)]
pub(super) struct Upload {
    /// What is being written, to the end of a frame.
    sending: Sending,
    /// The endpoint has ended its direction.
    ended: bool,
    /// Our Close frame has been made; no data follows it.
    closed: bool,
    /// Azure takes nothing more.
    given_up: bool,
    /// The endpoint takes nothing more, so that its end is no clean one.
    endpoint_is_deaf: bool,
    /// Bytes may still be in the TLS layer.
    unflushed: bool,
    /// The payload of the last ping that is unanswered; older ones need no answer
    /// (RFC 6455, section 5.5.3).
    pong: Option<Vec<u8>>,
    ping: bool,
    was_busy: bool,
    pings: Pings,
}

/// Whether the answer to a ping can be relied on: there are gateways that give none, and one that
/// waits for a slow app may not have come to the ping yet. It can where a ping was answered
/// and nothing but pings has been sent since: there is nothing that it could be held up by.
#[derive(Default)]
struct Pings {
    /// The number of the last one, which is what it says.
    last: u32,
    /// The number of the one that was answered last.
    answered: u32,
    /// Bytes of the endpoint were sent since the last one.
    bytes_since: bool,
    /// Nothing but pings was sent since an answered one.
    is_reliable: bool,
}

#[derive(Default)]
enum Sending {
    #[default]
    Nothing,
    Data {
        buffer: Buffer,
        start: usize,
        end: usize,
    },
    Control {
        frame: Vec<u8>,
        start: usize,
    },
}

impl Upload {
    /// Whether the Close frame and all before it have left.
    pub(super) fn is_done(&self) -> bool {
        self.closed && !self.given_up && matches!(self.sending, Sending::Nothing) && !self.unflushed
    }

    /// Ends this direction where it is.
    pub(super) fn give_up(&mut self) {
        self.given_up = true;
        self.sending = Sending::Nothing;
    }

    /// From now on an end of the endpoint's bytes counts as broken.
    pub(super) fn endpoint_is_deaf(&mut self) {
        self.endpoint_is_deaf = true;
    }

    /// Answers a ping before the next frame.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        self.pong = Some(payload.to_vec());
    }

    /// Pings before the next frame.
    pub(super) fn ping(&mut self) {
        self.ping = true;
    }

    /// A ping was answered.
    pub(super) fn on_pong(&mut self, payload: &[u8]) {
        let pings = &mut self.pings;
        if payload == pings.last.to_be_bytes() && pings.last > 0 {
            pings.answered = pings.last;
            pings.is_reliable = !pings.bytes_since;
        }
    }

    /// Whether a ping is unanswered whose answer can be relied on.
    pub(super) fn awaits_pong(&self) -> bool {
        self.pings.is_reliable && self.pings.answered != self.pings.last
    }

    /// Whether anything was sent since the last call.
    pub(super) fn take_was_busy(&mut self) -> bool {
        std::mem::take(&mut self.was_busy)
    }

    /// Goes on until nothing can be read or written; ready when this direction and all
    /// answers to pings are through.
    pub(super) fn poll<A: Side, E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        endpoint: &mut E,
        counters: &TrafficCounters,
    ) -> Poll<Result<(), Broken>> {
        if self.given_up {
            return Poll::Ready(Ok(()));
        }
        loop {
            if self.poll_send(cx, azure, counters)?.is_pending() {
                return Poll::Pending;
            }
            if let Some(frame) = self.next_control() {
                self.sending = Sending::Control { frame, start: 0 };
            } else if self.closed {
                return self.poll_flush(cx, azure);
            } else {
                match self.poll_read(cx, endpoint)? {
                    Poll::Ready(()) => {}
                    Poll::Pending => {
                        // What was read before must not wait for what comes next.
                        if let Poll::Ready(Err(broken)) = self.poll_flush(cx, azure) {
                            return Poll::Ready(Err(broken));
                        }
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// The control frame that is due at this frame boundary.
    fn next_control(&mut self) -> Option<Vec<u8>> {
        if let Some(payload) = self.pong.take() {
            return Some(small_frame(Opcode::Pong, &payload, fresh_mask()));
        }
        if std::mem::take(&mut self.ping) && !self.closed {
            self.pings.last = self.pings.last.wrapping_add(1);
            self.pings.bytes_since = false;
            return Some(small_frame(Opcode::Ping, &self.pings.last.to_be_bytes(), fresh_mask()));
        }
        if self.ended && !self.closed {
            self.closed = true;
            let close = CloseFrame::payload(1000, "");
            return Some(small_frame(Opcode::Close, &close, fresh_mask()));
        }
        None
    }

    fn poll_read<E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        endpoint: &mut E,
    ) -> Poll<Result<(), Broken>> {
        let mut buffer = Buffer::take();
        let mut into = ReadBuf::new(&mut buffer[MAX_HEADER..SIZE]);
        ready!(Pin::new(endpoint).poll_read(cx, &mut into)).map_err(Broken::Endpoint)?;
        let len = into.filled().len();
        if len == 0 && self.endpoint_is_deaf {
            let reset = std::io::ErrorKind::ConnectionReset;
            return Poll::Ready(Err(Broken::Endpoint(reset.into())));
        } else if len == 0 {
            self.ended = true;
        } else {
            (self.pings.bytes_since, self.pings.is_reliable) = (true, false);
            let start = frame_in_place(&mut buffer[..], len, Opcode::Binary, fresh_mask());
            self.sending = Sending::Data { buffer, start, end: MAX_HEADER + len };
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send<A: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        counters: &TrafficCounters,
    ) -> Poll<Result<(), Broken>> {
        loop {
            let (bytes, start) = match &mut self.sending {
                Sending::Nothing => return Poll::Ready(Ok(())),
                Sending::Data { buffer, start, end } => (&buffer[*start..*end], start),
                Sending::Control { frame, start } => (&frame[*start..], start),
            };
            let left = bytes.len();
            let written = ready!(Pin::new(&mut *azure).poll_write(cx, bytes))
                .and_then(nothing_is_an_error)
                .map_err(|error| Broken::Azure(error.into()))?;
            *start += written;
            (self.unflushed, self.was_busy) = (true, true);
            if written == left {
                if let Sending::Data { end, .. } = &self.sending {
                    counters.add_to_azure(end - MAX_HEADER);
                }
                self.sending = Sending::Nothing;
            }
        }
    }

    fn poll_flush<A: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
    ) -> Poll<Result<(), Broken>> {
        if self.unflushed {
            ready!(Pin::new(azure).poll_flush(cx)).map_err(|error| Broken::Azure(error.into()))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

fn nothing_is_an_error(written: usize) -> std::io::Result<usize> {
    if written == 0 { Err(std::io::ErrorKind::WriteZero.into()) } else { Ok(written) }
}
