//! Limits that the system sets to this process.

/// Allows as many open files and sockets as the system grants, since every stream needs
/// two. Returns how many that is, where there is such a limit.
pub fn raise_open_files() -> Option<u64> {
    os::raise_open_files()
}

#[cfg(unix)]
mod os {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    pub(super) fn raise_open_files() -> Option<u64> {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(error) => {
                tracing::debug!(%error, "the limit of open files stays as it is");
                limit.current
            }
        }
    }
}

#[cfg(windows)]
mod os {
    /// Windows has no such limit for sockets.
    pub(super) fn raise_open_files() -> Option<u64> {
        None
    }
}
