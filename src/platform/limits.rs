//! What the system lets this process have.

/// Lets this process open as many files and sockets as it may: systems start programs
/// with a low limit (1024 on most), and each stream takes two. Where there is no such
/// limit, or it cannot be raised, it stays.
pub fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        if limit.current == limit.maximum {
            return;
        }
        let raised = Rlimit { current: limit.maximum, ..limit };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
}

/// How many files and sockets this process may have open at once; `None` where the system sets
/// no such limit.
pub fn open_files() -> Option<u64> {
    #[cfg(unix)]
    {
        rustix::process::getrlimit(rustix::process::Resource::Nofile).current
    }
    #[cfg(windows)]
    {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;

    #[test]
    fn the_limit_is_as_high_as_it_may_be() {
        let limit = getrlimit(Resource::Nofile);
        let lower = limit.maximum.map(|most| most - 1);
        setrlimit(Resource::Nofile, Rlimit { current: lower, ..limit }).unwrap();
        raise_open_files();
        assert_eq!(getrlimit(Resource::Nofile).current, limit.maximum);
        assert_eq!(open_files(), limit.maximum);
    }
}
