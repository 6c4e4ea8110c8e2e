//! A local TCP port that leads through a hybrid connection.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Sender;

/// Bytes that one direction holds: one frame's payload.
const BUFFER: usize = 64 << 10;

/// A port on 127.0.0.1, each TCP connection to which becomes one relay stream: the
/// missing half of Hybrid Connection Manager, as App Service has it built in.
///
/// An end of one direction is an end of that direction alone; an abort is an abort. A
/// connection whose stream is refused is reset. It ends when it is dropped.
#[derive(Debug)]
pub struct LocalForward {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    shutdown: CancellationToken,
    tasks: TaskTracker,
    opened: AtomicU64,
    refused: AtomicU64,
}

impl LocalForward {
    /// Listens on 127.0.0.1; port 0 means any that is free.
    ///
    /// # Errors
    /// Those of binding the port.
    pub async fn bind(sender: Sender, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        shared.tasks.spawn(run(listener, sender, Arc::clone(&shared)));
        Ok(Self { port, shared })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Streams that were opened so far.
    pub fn opened(&self) -> u64 {
        self.shared.opened.load(Relaxed)
    }

    /// Connections whose stream was refused so far.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Relaxed)
    }

    /// Ends it with all its streams.
    pub async fn shutdown(self) {
        self.shared.shutdown.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for LocalForward {
    fn drop(&mut self) {
        self.shared.shutdown.cancel();
    }
}

async fn run(listener: TcpListener, sender: Sender, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, _)) => {
                let (sender, shared) = (sender.clone(), Arc::clone(&shared));
                let tasks = shared.tasks.clone();
                tasks.spawn(async move {
                    let shutdown = shared.shutdown.clone();
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        () = forward(&sender, tcp, &shared) => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn forward(sender: &Sender, tcp: TcpStream, shared: &Shared) {
    let stream = match sender.connect().await {
        Ok(stream) => stream,
        Err(error) => {
            shared.refused.fetch_add(1, Relaxed);
            tracing::warn!(%error, "no stream for a local connection");
            return reset(&tcp);
        }
    };
    shared.opened.fetch_add(1, Relaxed);
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "small packets of a connection will be held back");
    }
    let (relay_read, mut relay_write) = stream.into_split();
    let (mut local_read, mut local_write) = tcp.into_split();
    let mut relay_read = relay_read;
    let outcome = tokio::try_join!(
        copy(&mut local_read, &mut relay_write),
        copy(&mut relay_read, &mut local_write),
    );
    if let Err(error) = outcome {
        tracing::debug!(%error, "stream aborted");
        relay_read.unsplit(relay_write).abort();
        if let Ok(tcp) = local_read.reunite(local_write) {
            reset(&tcp);
        }
    }
}

fn reset(tcp: &TcpStream) {
    if let Err(error) = tcp.set_zero_linger() {
        tracing::debug!(%error, "a socket could not be set to end with a reset");
    }
}

/// Copies one direction to its end, and ends the other side's.
async fn copy(
    read: &mut (impl AsyncRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut buf = vec![0; BUFFER - crate::emulator::frame::LONGEST_HEADER];
    loop {
        let count = read.read(&mut buf).await?;
        if count == 0 {
            return write.shutdown().await;
        }
        write.write_all(&buf[..count]).await?;
        write.flush().await?;
    }
}
