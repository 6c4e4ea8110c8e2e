//! Where Microsoft's own hybrid connection managers keep their connections, for who wants to
//! read them. Nothing here opens a file.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
#[path = "microsoft_managers/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "microsoft_managers/windows.rs"]
mod os;

/// The files in which the managers keep their connections on this system, those of the newer
/// one first, whether they are there or not.
pub fn files() -> Vec<PathBuf> {
    os::files()
}

/// Whose the file is, where that is neither the system nor an administrator nor this account:
/// on Windows every account may make the folder of a manager that is not installed, and what
/// it puts there would lead strangers to where this machine reaches.
///
/// # Errors
/// Those of the system.
pub fn stranger_who_owns(file: &Path) -> io::Result<Option<String>> {
    os::stranger_who_owns(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_whole_path_and_stands_there_once() {
        let files = files();
        assert!(files[0].ends_with("HybridConnectionManager/connections.json"), "{files:?}");
        for (at, file) in files.iter().enumerate() {
            assert!(file.is_absolute(), "{files:?}");
            assert!(!files[..at].contains(file), "{files:?}");
        }
    }
}
