//! The data path: one stream, carried both ways until each has ended by itself.
//!
//! - **Frames.** Bytes travel in binary frames; text, empty and fragmented ones are
//!   taken as bytes. The codec is our own (`relay::websocket`): libraries answer a
//!   Close and then refuse to send, which would cut the other direction short.
//! - **Half-close.** The endpoint's FIN becomes a Close frame with code 1000, Azure's
//!   Close becomes a FIN; either ends one direction only.
//! - **Abort.** What breaks one side breaks the other, never ends it cleanly: the
//!   endpoint sees a reset; Azure sees the connection end without a Close frame, since
//!   Microsoft's clients read a Close of any code as a clean end. A stream that is
//!   dropped half-way (the program ends, a task fails) is an abort too.
//! - **Last words.** A side that takes nothing more may still have sent something: that
//!   is carried before the stream ends.
//! - **Back-pressure.** A direction reads only when all it read before is written. Each
//!   holds one buffer of 64 KiB at most, and none while it waits for bytes.
//!
//! A frame and its header fill at most 64 KiB, as much as rustls seals in one go.

mod buffer;
mod download;
mod upload;

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::download::Download;
use self::upload::Upload;
use super::traffic::TrafficCounters;
use super::websocket::frame::{CloseFrame, FrameError};
use super::websocket::handshake::Upgraded;
use crate::network::AzureStream;

/// A stream that has sent nothing in a period of this length pings at its end, so that
/// neither Azure's load balancer (about four minutes) nor a proxy takes it for dead: it
/// is silent for less than two periods.
const PING_AFTER: Duration = Duration::from_secs(100);
/// Periods in which nothing comes from Azure, not even the answer to a ping, before it counts
/// as gone. TCP watches only the next hop, and behind a proxy that is the proxy.
const SILENT_PERIODS: u32 = 2;
/// How long Azure gets to end the connection after both sides have closed. Ending it at
/// once could reset bytes that the gateway has not read yet.
const LINGER: Duration = Duration::from_secs(5);

/// How a stream ended.
#[derive(Debug)]
pub enum SpliceEnd {
    /// Both directions ran to their end.
    Finished,
    /// The endpoint broke the connection; Azure's side was reset.
    EndpointAborted(io::Error),
    /// Azure or the sender broke the connection; the endpoint's side was reset.
    AzureAborted(AzureAbort),
    /// This program cut it; both sides were reset.
    Cut,
}

/// How Azure's side broke a stream.
#[derive(Debug, thiserror::Error)]
pub enum AzureAbort {
    /// The connection ended without a Close frame.
    #[error("the connection to Azure ended in the middle of the stream")]
    Cut,
    /// The connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes are no WebSocket frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Nothing came, not even the answer to a ping.
    #[error("Azure did not answer a ping within {} s", .0.as_secs())]
    Silent(Duration),
    /// A Close frame that stands for a failure.
    #[error("Azure closed the stream with {0}")]
    Closed(CloseFrame),
}

/// A side of a stream that can be broken so that the other end notices.
pub trait Side: AsyncRead + AsyncWrite + Unpin {
    /// Whether the connection is reset when it is dropped, instead of ended.
    fn reset_on_drop(&self, reset: bool);

    /// Ends the outgoing direction of the socket behind all that was written, without
    /// the farewell of any layer above TCP.
    fn end_without_farewell(&self);
}

impl Side for TcpStream {
    fn reset_on_drop(&self, reset: bool) {
        reset_on_drop(self, reset);
    }

    fn end_without_farewell(&self) {
        if let Err(error) = SockRef::from(self).shutdown(std::net::Shutdown::Write) {
            tracing::trace!(%error, "a connection had ended already");
        }
    }
}

impl Side for AzureStream {
    fn reset_on_drop(&self, reset: bool) {
        self.get_ref().0.tcp().reset_on_drop(reset);
    }

    fn end_without_farewell(&self) {
        self.get_ref().0.tcp().end_without_farewell();
    }
}

/// Makes the coming drop of `socket` a reset, or an orderly end again.
pub(super) fn reset_on_drop(socket: &TcpStream, reset: bool) {
    if let Err(error) = SockRef::from(socket).set_linger(reset.then_some(Duration::ZERO)) {
        tracing::debug!(%error, "a connection may not end as it should");
    }
}

/// Carries bytes between `azure` and `endpoint` until both directions have ended, or
/// `cut` is cancelled. Both sides are reset when the future is dropped before that.
pub async fn carry<A: Side, E: Side>(
    azure: Upgraded<A>,
    endpoint: E,
    counters: &TrafficCounters,
    cut: &CancellationToken,
) -> SpliceEnd {
    let Upgraded { stream: azure, leftover, .. } = azure;
    azure.reset_on_drop(true);
    endpoint.reset_on_drop(true);
    let splice = Splice {
        upload: Upload::default(),
        download: Download::new(leftover),
        upload_leads: false,
        broken: None,
        ping: Box::pin(sleep(PING_AFTER)),
        silent: 0,
        counters,
    };
    cut.run_until_cancelled(splice.run(azure, endpoint)).await.unwrap_or(SpliceEnd::Cut)
}

/// Says good-bye and lets Azure end the connection.
async fn finish<A: Side>(azure: &mut A) {
    azure.reset_on_drop(false);
    let farewell = async {
        azure.shutdown().await?;
        read_to_end(azure).await
    };
    // The stream is complete; how the connection goes no longer matters.
    if let Ok(Err(error)) = timeout(LINGER, farewell).await {
        tracing::trace!(%error, "a finished connection broke");
    }
}

/// Lets what was sent arrive, and then the end without a Close frame.
async fn abort<A: Side>(azure: &mut A) {
    let last_words = async {
        azure.flush().await?;
        azure.end_without_farewell();
        azure.reset_on_drop(false); // what the system still holds is sent on
        read_to_end(azure).await
    };
    if let Ok(Err(error)) = timeout(LINGER, last_words).await {
        tracing::trace!(%error, "an aborted connection broke");
    }
}

async fn read_to_end<S: Side>(side: &mut S) -> io::Result<()> {
    let mut rest = [0; 512];
    while side.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Which side broke.
#[derive(Debug)]
enum Broken {
    Endpoint(io::Error),
    Azure(AzureAbort),
}

struct Splice<'a> {
    upload: Upload,
    download: Download,
    /// Who goes first takes turns: a direction that never has to wait would else use up
    /// what the runtime lets a task do in one go.
    upload_leads: bool,
    /// Why one direction ended while the other went on.
    broken: Option<Broken>,
    ping: Pin<Box<Sleep>>,
    /// Periods since an unanswered ping.
    silent: u32,
    counters: &'a TrafficCounters,
}

impl Splice<'_> {
    async fn run<A: Side, E: Side>(mut self, mut azure: A, mut endpoint: E) -> SpliceEnd {
        match poll_fn(|cx| self.poll(cx, &mut azure, &mut endpoint)).await {
            Ok(()) => {
                endpoint.reset_on_drop(false);
                drop(endpoint);
                finish(&mut azure).await;
                SpliceEnd::Finished
            }
            Err(Broken::Endpoint(error)) => {
                drop(endpoint);
                if self.upload.is_done() {
                    // All that the endpoint had to say has left; it just listens no more.
                    finish(&mut azure).await;
                } else {
                    abort(&mut azure).await;
                }
                SpliceEnd::EndpointAborted(error)
            }
            Err(Broken::Azure(abort)) => {
                drop(azure);
                if self.download.is_done() {
                    // The endpoint has heard everything, or will: a reset could overtake it.
                    let rest = timeout(LINGER, read_to_end(&mut endpoint)).await;
                    tracing::trace!(?rest, "the endpoint spoke to nobody");
                }
                SpliceEnd::AzureAborted(abort)
            }
        }
    }

    fn poll<A: Side, E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        endpoint: &mut E,
    ) -> Poll<Result<(), Broken>> {
        self.upload_leads = !self.upload_leads;
        if self.upload_leads
            && let Poll::Ready(Err(broken)) = self.poll_upload(cx, azure, endpoint)
        {
            return Poll::Ready(Err(broken));
        }
        let down = self.poll_download(cx, azure, endpoint)?;
        // After the download, which has taken all that is there.
        self.poll_ping(cx)?;
        // After the download, which may have left a pong to send.
        let up = self.poll_upload(cx, azure, endpoint)?;
        if up.is_pending() || down.is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.broken.take().map_or(Ok(()), Err))
    }

    /// Azure may take nothing more and still have sent something: the download decides.
    fn poll_upload<A: Side, E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        endpoint: &mut E,
    ) -> Poll<Result<(), Broken>> {
        match ready!(self.upload.poll(cx, azure, endpoint, self.counters)) {
            Err(broken @ Broken::Azure(_)) => {
                self.upload.give_up();
                self.broken.get_or_insert(broken);
                Poll::Ready(Ok(()))
            }
            Err(broken) => Poll::Ready(Err(self.broken.take().unwrap_or(broken))),
            Ok(()) => Poll::Ready(Ok(())),
        }
    }

    /// The endpoint may take nothing more and still have sent something: the upload
    /// decides.
    fn poll_download<A: Side, E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        endpoint: &mut E,
    ) -> Poll<Result<(), Broken>> {
        let polled = self.download.poll(cx, azure, endpoint, &mut self.upload, self.counters);
        match ready!(polled) {
            Err(broken @ Broken::Endpoint(_)) => {
                self.download.give_up();
                self.upload.endpoint_is_deaf();
                self.broken.get_or_insert(broken);
                Poll::Ready(Ok(()))
            }
            Err(broken) => Poll::Ready(Err(self.broken.take().unwrap_or(broken))),
            Ok(()) => Poll::Ready(Ok(())),
        }
    }

    fn poll_ping(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        while self.ping.as_mut().poll(cx).is_ready() {
            let was_heard = self.download.take_was_heard();
            let is_silent = !was_heard && self.download.is_reading() && self.upload.awaits_pong();
            self.silent = if is_silent { self.silent + 1 } else { 0 };
            if self.silent >= SILENT_PERIODS {
                let silent = Broken::Azure(AzureAbort::Silent(PING_AFTER * SILENT_PERIODS));
                return Err(self.broken.take().unwrap_or(silent));
            }
            if !self.upload.take_was_busy() {
                self.upload.ping();
            }
            self.ping.as_mut().reset(Instant::now() + PING_AFTER);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
