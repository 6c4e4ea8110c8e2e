//! Named pipes.

use std::io;

use interprocess::local_socket::traits::tokio::Stream as _;
use interprocess::local_socket::{
    ConnectOptions, GenericFilePath, ListenerOptions, PeerCreds, ToFsName as _, tokio as local,
};
use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use widestring::u16cstr;

use super::{Address, BindError, Peer};

/// The first instance of a pipe guards its name by itself.
pub(super) struct Guard;

pub(super) fn prepare(_address: &Address) -> Result<Guard, BindError> {
    Ok(Guard)
}

/// For the system, administrators and the account that makes the pipe; nothing is
/// inherited. In the security descriptor definition language: SY, BA and OW.
pub(super) fn restrict(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    let descriptor =
        SecurityDescriptor::deserialize(u16cstr!("D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)"))?;
    Ok(options.security_descriptor(descriptor))
}

pub(super) fn finish(_address: &Address) -> io::Result<()> {
    Ok(())
}

pub(super) async fn connect(address: &Address) -> io::Result<local::Stream> {
    let name = address.as_path().to_fs_name::<GenericFilePath>()?;
    local::Stream::from_options(&ConnectOptions::new().name(name)).await
}

pub(super) fn peer_of(creds: &PeerCreds) -> Peer {
    Peer { pid: creds.pid(), uid: None }
}
