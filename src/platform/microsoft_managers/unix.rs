//! Unix systems, where version 1.x runs alone.

use std::path::PathBuf;

/// .NET's folder for the data of all users (`CommonApplicationData`) is `/usr/share`.
pub(super) fn files() -> Vec<PathBuf> {
    vec!["/usr/share/HybridConnectionManager/connections.json".into()]
}
