//! Named pipes.

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::os::windows::io::{AsHandle as _, OwnedHandle};
use std::time::Duration;

use interprocess::local_socket::traits::StreamCommon as _;
use interprocess::local_socket::{ListenerOptions, PeerCreds, tokio as local};
use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
use interprocess::os::windows::named_pipe::local_socket::tokio as named_pipe;
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use widestring::U16CString;
use windows_sys::Win32::Foundation::ERROR_PIPE_BUSY;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_OVERLAPPED, FILE_GENERIC_READ, FILE_SHARE_READ, FILE_SHARE_WRITE,
    FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, SECURITY_IDENTIFICATION,
};

use super::{Address, BindError, Callers, Peer};
use crate::platform::permissions;
use crate::platform::product::OPERATORS_GROUP;
use crate::platform::windows_security as security;

/// The pause before a pipe is called again whose instances are all taken.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// The first instance of a pipe guards its name by itself.
pub(super) struct Guard;

pub(super) fn prepare(_address: &Address, _callers: Callers) -> Result<Guard, BindError> {
    Ok(Guard)
}

/// What a caller needs: to read, to write, and to ask what the pipe is and whose. Not to
/// make further instances of it, which goes with appending (Windows documentation, "Named
/// Pipe Security and Access Rights").
const CALLING: u32 = FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES;

pub(super) fn restrict(
    options: ListenerOptions<'_>,
    callers: Callers,
) -> io::Result<ListenerOptions<'_>> {
    let list = match callers {
        Callers::Managers => access_of_managers(),
        Callers::ManagersAnd(none) => match none {},
        Callers::Everyone => access_of_everyone(),
    };
    let sddl = U16CString::from_str(list).map_err(io::Error::other)?;
    Ok(options.security_descriptor(SecurityDescriptor::deserialize(&sddl)?))
}

/// For the system, administrators and the account that makes the pipe; to call, also for
/// the group of operators where there is one. Nothing is inherited.
fn access_of_managers() -> String {
    // In the security descriptor definition language: SY, BA and OW.
    let mut sddl = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)".to_owned();
    match security::sid_of_name(OPERATORS_GROUP) {
        Ok(group) => write!(sddl, "(A;;{CALLING:#x};;;{group})").unwrap_or_default(),
        Err(error) => tracing::debug!(%error, "this machine has no group of operators"),
    }
    sddl
}

/// The same, and to call for all whom this machine knows (AU) and who are not logged on over
/// the network (NU). What is denied comes first.
fn access_of_everyone() -> String {
    format!("D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)(A;;{CALLING:#x};;;AU)")
}

/// A pipe's first instance may only be made once, and that is denied to others.
pub(super) fn not_made(address: &Address, error: io::Error) -> BindError {
    let address = address.clone();
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let pid = open(&address).and_then(stream_of).and_then(|held| held.peer_creds());
            BindError::Taken { pid: pid.ok().and_then(|creds| creds.pid()), address }
        }
        _ => BindError::Io { address, error },
    }
}

pub(super) fn finish(_address: &Address, _callers: Callers) -> io::Result<()> {
    Ok(())
}

/// Calls. Waits for as long as all instances of the pipe are taken.
pub(super) async fn connect(address: &Address) -> io::Result<local::Stream> {
    loop {
        match open(address) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY.cast_signed()) => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            opened => return stream_of(opened?),
        }
    }
}

/// Opens a pipe without lending the other end this account's rights: it may learn who calls,
/// and no more.
fn open(address: &Address) -> io::Result<File> {
    std::fs::OpenOptions::new()
        .access_mode(CALLING)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        .security_qos_flags(SECURITY_IDENTIFICATION)
        .open(address.as_path())
}

fn stream_of(pipe: File) -> io::Result<local::Stream> {
    let stream = named_pipe::Stream::try_from(OwnedHandle::from(pipe));
    Ok(local::Stream::NamedPipe(stream.map_err(|error| {
        error.cause.unwrap_or_else(|| io::Error::other("it is no pipe of bytes"))
    })?))
}

pub(super) fn peer_of(creds: &PeerCreds) -> Peer {
    Peer { pid: creds.pid(), uid: None }
}

/// Whether the system, an administrator, the service's own account or this account has made
/// the pipe.
pub(super) fn server_is_ours(stream: &local::Stream) -> io::Result<bool> {
    let local::Stream::NamedPipe(pipe) = stream;
    permissions::is_owner_of_ours(pipe.as_handle())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use windows_sys::Win32::Storage::FileSystem::{
        DELETE, FILE_CREATE_PIPE_INSTANCE, WRITE_DAC, WRITE_OWNER,
    };

    use super::super::{Listener, Stream};
    use super::*;

    /// A name that no other test has.
    fn address(test: &str) -> Address {
        let name =
            format!(r"\\.\pipe\hybrid-connection-manager-test-{test}-{}", std::process::id());
        Address::new(name.into())
    }

    #[test]
    fn others_may_call_and_do_nothing_else_to_the_pipe() {
        let making = FILE_CREATE_PIPE_INSTANCE | DELETE | WRITE_DAC | WRITE_OWNER;
        assert_eq!(CALLING & making, 0, "{CALLING:#x}");
        let list = access_of_everyone();
        assert!(list.starts_with("D:P(D;;GA;;;NU)"), "who is denied comes first: {list}");
        assert!(list.ends_with(&format!("(A;;{CALLING:#x};;;AU)")), "{list}");
        let managers = access_of_managers();
        for anyone in [";AU)", ";WD)", ";IU)", ";BU)"] {
            assert!(!managers.contains(anyone), "{managers}");
        }
        for list in [list, managers] {
            let text = U16CString::from_str(list).unwrap();
            SecurityDescriptor::deserialize(&text).unwrap();
        }
    }

    #[tokio::test]
    async fn bytes_go_both_ways_over_either_pipe() {
        for (test, callers) in [("manage", Callers::Managers), ("everyone", Callers::Everyone)] {
            let address = address(test);
            let listener = Listener::bind(&address, callers).unwrap();
            let (mut caller, mut called) =
                tokio::try_join!(Stream::connect(&address), listener.accept()).unwrap();
            assert!(caller.server_is_ours().unwrap());
            assert_eq!(caller.peer().unwrap().pid, Some(std::process::id()));
            let mut heard = [0; 3];
            caller.write_all(b"ask").await.unwrap();
            called.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"ask");
            called.write_all(b"say").await.unwrap();
            caller.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"say");
        }
    }

    #[tokio::test]
    async fn who_has_the_name_of_a_pipe_is_told() {
        let address = address("taken");
        let _listener = Listener::bind(&address, Callers::Everyone).unwrap();
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let error = not_made(&address, denied());
        assert!(matches!(error, BindError::Taken { pid, .. } if pid == Some(std::process::id())));
        let text = error.to_string();
        assert!(text.contains(r"\\.\pipe\") && text.contains("end it"), "{text}");
        let nobody = not_made(&self::address("free"), denied());
        assert!(matches!(nobody, BindError::Taken { pid: None, .. }), "{nobody}");
    }
}
