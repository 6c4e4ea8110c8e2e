//! The socket under HTTP and WebSocket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a peer has to end its connection after the emulator has.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// The server's end of a TLS connection.
pub(crate) type Tls = tokio_rustls::server::TlsStream<TcpStream>;

/// Stands for a line feed in a status line: hyper writes no line feed there, the real
/// service does, and this byte occurs in no UTF-8 text.
pub(crate) const LINE_FEED_MARK: u8 = 0xfe;

/// A TLS connection that hyper serves.
pub(crate) struct Wire {
    tls: Tls,
    /// Turn each [`LINE_FEED_MARK`] that is written into a line feed.
    marks_line_feeds: Arc<AtomicBool>,
}

impl Wire {
    pub(crate) fn new(tls: Tls) -> Self {
        Self { tls, marks_line_feeds: Arc::default() }
    }

    /// The switch for line feeds in status lines.
    pub(crate) fn line_feeds(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.marks_line_feeds)
    }
}

/// The socket behind an upgraded HTTP connection, and what was read beyond the request.
pub(crate) async fn upgraded(on: OnUpgrade) -> io::Result<(Tls, Bytes)> {
    let upgraded = on.await.map_err(io::Error::other)?;
    let parts = upgraded
        .downcast::<TokioIo<Wire>>()
        .map_err(|_| io::Error::other("the upgraded connection is not one of this server"))?;
    Ok((parts.io.into_inner().tls, parts.read_buf))
}

/// Closes the socket with a reset: whatever is unsent is lost, and the peer sees an
/// error instead of an end.
pub(crate) fn reset(tls: Tls) {
    let (tcp, _) = tls.get_ref();
    if let Err(error) = tcp.set_zero_linger() {
        tracing::debug!(%error, "a socket could not be set to end with a reset");
    }
}

/// Ends TLS and TCP in order: says so, and waits a while for the peer to do the same,
/// because closing a socket with unread data is a reset.
pub(crate) async fn close(mut tls: Tls) {
    let end = async {
        tls.shutdown().await?;
        let mut rest = [0; 1024];
        while tls.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    match timeout(CLOSE_LIMIT, end).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, "a peer did not end its connection in order"),
        Err(_) => tracing::debug!("a peer did not end its connection"),
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.marks_line_feeds.load(Relaxed) {
            return Pin::new(&mut self.tls).poll_write(cx, buf);
        }
        let unmark = |&byte: &u8| if byte == LINE_FEED_MARK { b'\n' } else { byte };
        let raw: Vec<u8> = buf.iter().map(unmark).collect();
        Pin::new(&mut self.tls).poll_write(cx, &raw)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}
