//! Unix systems, where version 1.x runs alone.

use std::io;
use std::path::{Path, PathBuf};

use super::Neighbour;

/// .NET's folder for the data of all users (`CommonApplicationData`) is `/usr/share`.
pub(super) fn files() -> Vec<PathBuf> {
    vec!["/usr/share/HybridConnectionManager/connections.json".into()]
}

/// Root alone writes in the folder above.
pub(super) fn stranger_who_owns(_file: &Path) -> io::Result<Option<String>> {
    Ok(None)
}

/// They run on Windows alone.
pub(super) fn neighbours() -> Vec<(Neighbour, String)> {
    Vec::new()
}
