//! The data path: one stream, carried both ways until each has ended by itself.
//!
//! - **Frames.** Bytes travel in binary frames; text, empty and fragmented ones are
//!   taken as bytes. The codec is our own (`relay::websocket`): libraries answer a
//!   Close and then refuse to send, which would cut the other direction short.
//! - **Half-close.** The endpoint's FIN becomes a Close frame with code 1000, Azure's
//!   Close becomes a FIN; either ends one direction only.
//! - **Abort.** A reset on one side is a reset on the other, never a clean end: on the
//!   Azure side the socket is reset without a Close frame, since Microsoft's clients
//!   read a Close of any code as a clean end.
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
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::download::Download;
use self::upload::Upload;
use super::network::AzureStream;
use super::traffic::TrafficCounters;
use super::websocket::frame::{CloseFrame, FrameError};
use super::websocket::handshake::Upgraded;

/// A stream that has sent nothing for this long pings, so that neither Azure's load
/// balancer (about four minutes) nor a proxy takes it for dead. Whether the other side
/// still lives is watched by TCP itself.
const PING_AFTER: Duration = Duration::from_secs(120);
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
    /// A Close frame that stands for a failure.
    #[error("Azure closed the stream with {0}")]
    Closed(CloseFrame),
}

/// A side of a stream that can be broken so that the other end sees a reset.
pub trait Side: AsyncRead + AsyncWrite + Unpin {
    /// Breaks the connection as soon as it is dropped.
    fn reset(&self);
}

impl Side for TcpStream {
    fn reset(&self) {
        reset(self);
    }
}

impl Side for AzureStream {
    fn reset(&self) {
        reset(self.get_ref().0);
    }
}

/// Makes the coming drop of `socket` a reset.
pub(super) fn reset(socket: &TcpStream) {
    if let Err(error) = SockRef::from(socket).set_linger(Some(Duration::ZERO)) {
        tracing::debug!(%error, "a connection ends without a reset");
    }
}

/// Carries bytes between `azure` and `endpoint` until both directions have ended, or
/// `cut` is cancelled.
pub async fn carry<A: Side, E: Side>(
    azure: Upgraded<A>,
    mut endpoint: E,
    counters: &TrafficCounters,
    cut: &CancellationToken,
) -> SpliceEnd {
    let Upgraded { stream: mut azure, leftover, .. } = azure;
    let mut splice = Splice {
        upload: Upload::default(),
        download: Download::new(leftover),
        ping: Box::pin(sleep(PING_AFTER)),
        counters,
    };
    let carried =
        cut.run_until_cancelled(poll_fn(|cx| splice.poll(cx, &mut azure, &mut endpoint))).await;
    match carried {
        None => {
            endpoint.reset();
            azure.reset();
            SpliceEnd::Cut
        }
        Some(Ok(())) => {
            finish(azure).await;
            SpliceEnd::Finished
        }
        Some(Err(Broken::Endpoint(error))) => {
            if splice.upload.is_done() {
                // Everything the endpoint had to say has left; it just listens no more.
                finish(azure).await;
            } else {
                azure.reset();
            }
            SpliceEnd::EndpointAborted(error)
        }
        Some(Err(Broken::Azure(abort))) => {
            endpoint.reset();
            azure.reset();
            SpliceEnd::AzureAborted(abort)
        }
    }
}

/// Says good-bye and lets Azure end the connection.
async fn finish<A: Side>(mut azure: A) {
    let farewell = async {
        azure.shutdown().await?;
        let mut rest = [0; 512];
        while azure.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    // The stream is complete; how the connection goes no longer matters.
    if let Ok(Err(error)) = timeout(LINGER, farewell).await {
        tracing::trace!(%error, "a finished connection broke");
    }
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
    ping: Pin<Box<Sleep>>,
    counters: &'a TrafficCounters,
}

impl Splice<'_> {
    fn poll<A: Side, E: Side>(
        &mut self,
        cx: &mut Context<'_>,
        azure: &mut A,
        endpoint: &mut E,
    ) -> Poll<Result<(), Broken>> {
        let down = self.download.poll(cx, azure, endpoint, &mut self.upload, self.counters)?;
        self.poll_ping(cx);
        // After the download, which may have left a pong to send.
        let up = self.upload.poll(cx, azure, endpoint, self.counters)?;
        if up.is_ready() && down.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn poll_ping(&mut self, cx: &mut Context<'_>) {
        while self.ping.as_mut().poll(cx).is_ready() {
            if !self.upload.take_was_busy() {
                self.upload.ping();
            }
            self.ping.as_mut().reset(Instant::now() + PING_AFTER);
        }
    }
}

#[cfg(test)]
mod tests;
