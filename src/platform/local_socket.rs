//! Local sockets: a Unix socket, or a named pipe on Windows. Bytes only; what they
//! mean is `ipc`'s business.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::local_socket::traits::tokio::Listener as _;
use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName as _, tokio as local};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::files::LockError;
use super::permissions::{FolderError, Group};

#[cfg(unix)]
#[path = "local_socket/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "local_socket/windows.rs"]
mod os;

/// Where a service is reached: the path of its socket or pipe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(PathBuf);

impl Address {
    /// The address at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The path of the socket, or `\\.\pipe\NAME` on Windows.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// Whom a listener lets call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Those who may manage the service: this account and root; on Windows the system,
    /// administrators, the account that listens, and the group of operators.
    Managers,
    /// The same, and the members of a group; Unix only.
    ManagersAnd(Group),
    /// Every account of this machine. On Windows nobody who is logged on over the network.
    Everyone,
}

/// Why a service cannot listen at an address.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program does.
    #[error(
        "another program already listens at {address}{who}; end it, or use another home folder, and start the service again",
        who = pid.map_or_else(String::new, |pid| format!(" (process id {pid})"))
    )]
    Taken {
        /// Where.
        address: Address,
        /// Its process id, where the system tells.
        pid: Option<u32>,
    },
    /// Something that is no socket has the name.
    #[error("{0} is in the way and is not a socket; move it away")]
    NotASocket(Address),
    /// The socket's folder cannot be trusted.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The lock beside the socket cannot be used.
    #[error(transparent)]
    Lock(LockError),
    /// Anything else.
    #[error("cannot listen at {address}: {error}")]
    Io {
        /// Where.
        address: Address,
        /// What the system says.
        error: io::Error,
    },
}

/// A service's end: takes callers one after the other. The socket goes with it.
pub struct Listener {
    // Dropped in this order: the socket goes before another service may come.
    inner: local::Listener,
    _guard: os::Guard,
}

impl Listener {
    /// Listens at `address` for `callers`. On Unix the socket's folder is made and closed
    /// to others (0700, for a group 0750, for everyone 0755), the socket has the mode 0600
    /// (0660, 0666), and one that a crashed service left is replaced. On Windows the access list of the pipe
    /// says who may call, callers from other machines are refused, and a pipe that is
    /// there already is left alone.
    ///
    /// Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// [`BindError`] says who or what is in the way.
    pub fn bind(address: &Address, callers: Callers) -> Result<Self, BindError> {
        let guard = os::prepare(address, callers)?;
        let failed = |error| BindError::Io { address: address.clone(), error };
        let name = address.as_path().to_fs_name::<GenericFilePath>().map_err(failed)?;
        let options = os::restrict(ListenerOptions::new().name(name), callers).map_err(failed)?;
        let inner = options.create_tokio().map_err(|error| os::not_made(address, error))?;
        os::finish(address, callers).map_err(failed)?;
        Ok(Self { inner, _guard: guard })
    }

    /// The next caller. Cancel-safe.
    ///
    /// # Errors
    /// Those of the system, when they do not pass within five seconds.
    pub async fn accept(&self) -> io::Result<Stream> {
        let mut tries = 0;
        loop {
            match self.inner.accept().await {
                Ok(stream) => return Ok(Stream(stream)),
                // A caller that has gone, or no file descriptors left for a while.
                Err(error) if tries < 50 => {
                    tracing::warn!(%error, "a local caller could not be accepted");
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

/// Who is at the other end, as far as the system tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its process id.
    pub pid: Option<u32>,
    /// The user id it runs as; Unix only.
    pub uid: Option<u32>,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, self.uid) {
            (Some(pid), Some(uid)) => write!(f, "process {pid} of uid {uid}"),
            (Some(pid), None) => write!(f, "process {pid}"),
            (None, Some(uid)) => write!(f, "a process of uid {uid}"),
            (None, None) => f.write_str("an unknown process"),
        }
    }
}

/// A byte stream between two programs on this machine.
#[derive(Debug)]
pub struct Stream(local::Stream);

impl Stream {
    /// Calls the service at `address`.
    ///
    /// # Errors
    /// Those of the system: `NotFound` or `ConnectionRefused` where nobody listens,
    /// `PermissionDenied` where this account may not call.
    pub async fn connect(address: &Address) -> io::Result<Self> {
        os::connect(address).await.map(Self)
    }

    /// Whether a client may trust what listens at the other end with a connection string: a
    /// service of its own account, of root (the system, an administrator on Windows) or of
    /// the account that the service of the machine has. Root trusts any service that it names.
    ///
    /// # Errors
    /// Those of the system.
    pub fn server_is_ours(&self) -> io::Result<bool> {
        os::server_is_ours(&self.0)
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// Those of the system.
    pub fn peer(&self) -> io::Result<Peer> {
        self.0.peer_creds().map(|creds| os::peer_of(&creds))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
