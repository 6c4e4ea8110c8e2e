//! Whether a person can be asked for a file: on Linux the desktop does that, not the program.

#[cfg(unix)]
#[path = "file_dialog/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "file_dialog/windows.rs"]
mod os;

/// Whether this desktop has a dialog in which a file is chosen.
pub async fn is_there() -> bool {
    os::is_there().await
}
