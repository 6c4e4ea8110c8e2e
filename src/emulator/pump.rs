//! A relayed stream: two independent directions between two WebSockets.
//!
//! A Close frame is sent on and ends its direction; the other goes on until its own
//! end. A socket that ends without a Close frame is an abort, and the other socket is
//! reset (Relay protocol guide, and the behaviour of the engineers' own emulator).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::entity::{Ending, Stream};
use super::frame::{self, FrameError, Translator, server_frame};
use super::hub::Hub;
use super::registry::OpenStream;
use super::wire::{self, Tls};

/// Bytes that one direction holds at most: a frame of 64 KiB and more.
const BUFFER: usize = 128 << 10;

/// Why a stream ended other than by a Close frame from each side.
#[derive(Debug, thiserror::Error)]
enum Abort {
    #[error("a peer ended its connection without a Close frame")]
    Ended,
    #[error("a connection broke: {0}")]
    Io(#[from] io::Error),
    #[error("a peer broke the WebSocket protocol: {0}")]
    Frame(#[from] FrameError),
}

/// Runs the stream to its end.
pub(crate) async fn run(hub: &Hub, open: OpenStream, sender: (Tls, Bytes), listener: (Tls, Bytes)) {
    let stream = &Arc::clone(&open.stream);
    let counters = hub.registry.counters(&stream.connection).unwrap_or_default();
    let (sender_read, mut sender_write) = tokio::io::split(sender.0);
    let (listener_read, mut listener_write) = tokio::io::split(listener.0);
    let (to_sender_pongs, sender_pongs) = mpsc::channel(8);
    let (to_listener_pongs, listener_pongs) = mpsc::channel(8);
    let done = [AtomicBool::new(false), AtomicBool::new(false)];
    let mut up = Direction {
        hub,
        stream,
        read: sender_read,
        buf: starting_with(&sender.1),
        held: sender.1.len(),
        pongs: listener_pongs,
        own_pongs: Some(to_sender_pongs),
        counters: [&stream.to_listener, &counters.to_listener],
        done: &done[0],
        other_done: &done[1],
    };
    let mut down = Direction {
        hub,
        stream,
        read: listener_read,
        buf: starting_with(&listener.1),
        held: listener.1.len(),
        pongs: sender_pongs,
        own_pongs: Some(to_listener_pongs),
        counters: [&stream.to_sender, &counters.to_sender],
        done: &done[1],
        other_done: &done[0],
    };
    let mut end = stream.end.subscribe();
    let outcome = tokio::select! {
        both = async {
            tokio::try_join!(up.run(&mut listener_write), down.run(&mut sender_write))
        } => Ok(both),
        ending = told(&mut end) => Err(ending),
    };
    let sender = up.read.unsplit(sender_write);
    let listener = down.read.unsplit(listener_write);
    match outcome {
        Ok(Ok(_)) => {
            tracing::debug!(connection = %stream.connection, "stream closed");
            drop(open);
            tokio::join!(wire::close(sender), wire::close(listener));
        }
        Ok(Err(abort)) => {
            tracing::debug!(connection = %stream.connection, %abort, "stream aborted");
            wire::reset(sender);
            wire::reset(listener);
        }
        Err(Ending::Reset) => {
            wire::reset(sender);
            wire::reset(listener);
        }
        Err(Ending::Drop) => {}
    }
}

/// Waits until the stream is told to end.
async fn told(end: &mut tokio::sync::watch::Receiver<Option<Ending>>) -> Ending {
    match end.wait_for(Option::is_some).await.map(|ending| *ending) {
        Ok(Some(ending)) => ending,
        _ => std::future::pending().await,
    }
}

fn starting_with(read: &Bytes) -> Vec<u8> {
    let mut buf = vec![0; BUFFER.max(read.len() + frame::LONGEST_HEADER)];
    buf[..read.len()].copy_from_slice(read);
    buf
}

/// One direction of a stream.
struct Direction<'a> {
    hub: &'a Hub,
    stream: &'a Arc<Stream>,
    read: ReadHalf<Tls>,
    buf: Vec<u8>,
    /// Bytes in `buf` that wait for more.
    held: usize,
    /// Pongs for the socket that this direction writes to.
    pongs: mpsc::Receiver<Vec<u8>>,
    /// Where pongs for the socket that this direction reads from go.
    own_pongs: Option<mpsc::Sender<Vec<u8>>>,
    counters: [&'a AtomicU64; 2],
    done: &'a AtomicBool,
    other_done: &'a AtomicBool,
}

impl Direction<'_> {
    async fn run(&mut self, write: &mut WriteHalf<Tls>) -> Result<(), Abort> {
        let mut translator = Translator::default();
        loop {
            let step = translator.step(&mut self.buf[..self.held])?;
            for ping in step.pings {
                self.pong(ping);
            }
            if !step.out.is_empty() {
                self.hub.faults.thawed(Some(&self.stream.connection)).await;
                for counter in self.counters {
                    counter.fetch_add(step.payload, Relaxed);
                }
                write.write_all(&self.buf[step.out]).await?;
                write.flush().await?;
            }
            if step.closed {
                break;
            }
            self.buf.copy_within(step.consumed..self.held, 0);
            self.held -= step.consumed;
            let filled = loop {
                tokio::select! {
                    filled = fill(&mut self.read, &mut self.buf[self.held..]) => break filled?,
                    Some(pong) = self.pongs.recv(), if translator.at_boundary() => {
                        self.hub.faults.thawed(Some(&self.stream.connection)).await;
                        send_pong(write, &pong).await?;
                    }
                }
            };
            if filled == 0 {
                return Err(Abort::Ended);
            }
            self.held += filled;
        }
        self.done.store(true, Relaxed);
        self.after_close(write).await
    }

    /// This direction is over. Pings of the peer it writes to are still answered, and
    /// the peer it reads from must not vanish before the other direction is over.
    async fn after_close(&mut self, write: &mut WriteHalf<Tls>) -> Result<(), Abort> {
        self.own_pongs = None;
        loop {
            tokio::select! {
                pong = self.pongs.recv() => match pong {
                    Some(pong) => send_pong(write, &pong).await?,
                    None => return Ok(()),
                },
                filled = fill(&mut self.read, &mut self.buf) => {
                    if !matches!(filled, Ok(1..)) {
                        return if self.other_done.load(Relaxed) { Ok(()) } else { Err(Abort::Ended) };
                    }
                }
            }
        }
    }

    /// Hands a pong to the direction that writes to this peer; one that cannot be
    /// taken now is left out, as RFC 6455 allows when more pings follow.
    fn pong(&self, ping: Vec<u8>) {
        if let Some(pongs) = &self.own_pongs
            && pongs.try_send(ping).is_err()
        {
            tracing::trace!("a pong was left out");
        }
    }
}

async fn send_pong(write: &mut WriteHalf<Tls>, payload: &[u8]) -> io::Result<()> {
    write.write_all(&server_frame(frame::PONG, true, payload)).await?;
    write.flush().await
}

/// Reads what there is, until the buffer is full or nothing more has arrived; 0 at the
/// end. May be cancelled without loss.
async fn fill<R: AsyncRead + Unpin>(read: &mut R, buf: &mut [u8]) -> io::Result<usize> {
    std::future::poll_fn(|cx| {
        let mut buf = ReadBuf::new(buf);
        loop {
            let before = buf.filled().len();
            let polled = Pin::new(&mut *read).poll_read(cx, &mut buf);
            let filled = buf.filled().len();
            match polled {
                Poll::Ready(Ok(())) if filled > before && buf.remaining() > 0 => {}
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(filled)),
                Poll::Ready(Err(_)) | Poll::Pending if filled > 0 => {
                    return Poll::Ready(Ok(filled));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}
