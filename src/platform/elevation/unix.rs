//! No system here gives a program more rights while it runs.

use std::ffi::OsString;
use std::io;
use std::time::Duration;

use super::Consent;

pub(super) fn is_elevated() -> bool {
    true
}

pub(super) fn start_again(_arguments: &[OsString]) -> io::Result<Consent> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn wait_for_end(_pid: u32, _limit: Duration) {}
