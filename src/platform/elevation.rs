//! This program once more, with the rights of an administrator, where the system lets a
//! person give them to one program: on Windows, whose administrators work without them until
//! they are asked.

use std::ffi::OsString;
use std::io;

#[cfg(unix)]
#[path = "elevation/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "elevation/windows.rs"]
mod os;

/// What the person has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The program runs.
    Given,
    /// It is not to run.
    Declined,
}

/// Whether this program lacks rights that a person could give it.
pub fn is_offered() -> bool {
    !os::is_elevated()
}

/// Asks the person, and starts this program with `arguments`. Blocks until the person has
/// answered.
///
/// # Errors
/// Those of the system.
pub fn start_again(arguments: &[OsString]) -> io::Result<Consent> {
    os::start_again(arguments)
}
