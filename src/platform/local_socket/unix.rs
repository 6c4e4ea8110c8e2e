//! Unix sockets in a folder of their own.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::local_socket::{ListenerOptions, PeerCreds, tokio as local};
use interprocess::os::unix::uds_local_socket::tokio as uds;
use tokio::net::UnixStream;

use super::{Address, BindError, Callers, Peer};
use crate::platform::files::{self, Lock, LockError};
use crate::platform::permissions;

/// Keeps a second service from taking the socket for a left-over one. A socket for everyone
/// has none, since others could hold it too: whoever listens there holds the lock of the one
/// for managers.
pub(super) type Guard = Option<Lock>;

pub(super) fn prepare(address: &Address, callers: Callers) -> Result<Guard, BindError> {
    let path = address.as_path();
    let folder = path.parent().unwrap_or(Path::new("/"));
    let guard = match callers {
        Callers::Managers => {
            permissions::ensure_private_folder(folder)?;
            Some(lock_beside(address)?)
        }
        Callers::ManagersAnd(group) => {
            permissions::ensure_group_folder(folder, group)?;
            Some(lock_beside(address)?)
        }
        Callers::Everyone => {
            permissions::ensure_public_folder(folder)?;
            None
        }
    };
    remove_left_over(address)?;
    Ok(guard)
}

fn lock_beside(address: &Address) -> Result<Lock, BindError> {
    files::lock(&address.as_path().with_extension("lock")).map_err(|error| match error {
        LockError::Held { pid, .. } => BindError::Taken { address: address.clone(), pid },
        error @ LockError::Io { .. } => BindError::Lock(error),
    })
}

/// The folder decides, and then [`finish`].
pub(super) fn restrict(
    options: ListenerOptions<'_>,
    _callers: Callers,
) -> io::Result<ListenerOptions<'_>> {
    Ok(options)
}

pub(super) fn not_made(address: &Address, error: io::Error) -> BindError {
    BindError::Io { address: address.clone(), error }
}

/// The mode that a new socket gets depends on the umask; the folder keeps others
/// out until it is set.
pub(super) fn finish(address: &Address, callers: Callers) -> io::Result<()> {
    match callers {
        Callers::Managers => permissions::restrict_path(address.as_path()),
        Callers::ManagersAnd(group) => permissions::open_socket_to(address.as_path(), group),
        Callers::Everyone => permissions::open_socket(address.as_path()),
    }
}

/// Removes the socket of a service that crashed. Whoever holds the lock is the only
/// service, so one that still answers is something else and is left alone.
fn remove_left_over(address: &Address) -> Result<(), BindError> {
    let path = address.as_path();
    let failed = |error| BindError::Io { address: address.clone(), error };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(BindError::NotASocket(address.clone()));
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
        Ok(_) => Err(BindError::Taken { address: address.clone(), pid: None }),
    }
}

pub(super) async fn connect(address: &Address) -> io::Result<local::Stream> {
    loop {
        match UnixStream::connect(address.as_path()).await {
            // The queue of callers is full: a Unix socket does not wait for a place.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            connected => return connected.map(|stream| uds::Stream::from(stream).into()),
        }
    }
}

pub(super) fn peer_of(creds: &PeerCreds) -> Peer {
    Peer { pid: creds.pid().and_then(|pid| u32::try_from(pid).ok()), uid: creds.euid() }
}

/// Whether this account, root or the account of the machine's service runs what listens there.
pub(super) fn server_is_ours(stream: &local::Stream) -> io::Result<bool> {
    let creds = stream.peer_creds()?;
    Ok(permissions::may_be_our_service(creds.euid()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::super::{Listener, Stream};
    use super::*;
    use crate::platform::permissions::Group;

    #[tokio::test]
    async fn a_group_may_call_and_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("run");
        let address = Address::new(folder.join("service.sock"));
        let own = rustix::process::getegid().as_raw();
        let id = if rustix::process::geteuid().is_root() { 54321 } else { own };
        let callers = Callers::ManagersAnd(Group::with_id(id));
        let listener = Listener::bind(&address, callers).unwrap();
        for (path, expected) in [(folder.as_path(), 0o750), (address.as_path(), 0o660)] {
            let found = path.metadata().unwrap();
            assert_eq!((found.mode() & 0o777, found.gid()), (expected, id), "{}", path.display());
        }
        let lock = address.as_path().with_extension("lock").metadata().unwrap();
        assert_eq!(lock.mode() & 0o077, 0, "the lock is nobody else's");
        let (called, taken) = tokio::join!(Stream::connect(&address), listener.accept());
        assert!(called.unwrap().server_is_ours().unwrap());
        taken.unwrap();
        drop(listener);
        Listener::bind(&address, Callers::Managers).unwrap();
        assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700, "closed again");
    }
}
