//! What systemd puts into the environment, and its sockets.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::fstat;
use rustix::time::{ClockId, clock_gettime};
use tracing_journald::{Priority, PriorityMappings};

use super::News;
use crate::platform::product::SERVICE_NAME;

/// Where systemd listens: a path, or `@` and a name that is no file.
const SOCKET: &str = "NOTIFY_SOCKET";

pub(super) fn listens() -> bool {
    std::env::var_os(SOCKET).is_some_and(|name| !name.is_empty())
}

/// What is meant for another process does not count.
pub(super) fn watchdog() -> Option<Duration> {
    let number = |variable| std::env::var(variable).ok()?.parse::<u64>().ok();
    let is_other = |pid| pid != u64::from(std::process::id());
    if number("WATCHDOG_PID").is_some_and(is_other) {
        return None;
    }
    number("WATCHDOG_USEC").filter(|limit| *limit > 0).map(Duration::from_micros)
}

pub(super) fn send(news: News<'_>) -> io::Result<()> {
    let name = std::env::var_os(SOCKET).unwrap_or_default();
    let socket = UnixDatagram::unbound()?;
    match abstract_name(&name) {
        Some(address) => socket.connect_addr(&address?)?,
        None => socket.connect(&name)?,
    }
    socket.send(message(news).as_bytes()).map(drop)
}

#[cfg(target_os = "linux")]
fn abstract_name(name: &OsStr) -> Option<io::Result<SocketAddr>> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;

    name.as_bytes().strip_prefix(b"@").map(SocketAddr::from_abstract_name)
}

/// Only Linux has such names.
#[cfg(not(target_os = "linux"))]
fn abstract_name(_name: &OsStr) -> Option<io::Result<SocketAddr>> {
    None
}

/// The words of sd_notify(3).
fn message(news: News<'_>) -> String {
    match news {
        News::Ready => "READY=1\n".to_owned(),
        News::Reloading => {
            let now = clock_gettime(ClockId::Monotonic);
            let now = Duration::try_from(now).unwrap_or_default().as_micros();
            format!("RELOADING=1\nMONOTONIC_USEC={now}\n")
        }
        News::Stopping { within } => {
            format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\n", within.as_micros())
        }
        News::Alive => "WATCHDOG=1\n".to_owned(),
        News::Status(text) => format!("STATUS={text}\n"),
    }
}

/// The folders that a unit names for its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform) struct UnitFolders {
    /// For what survives a restart.
    pub(in crate::platform) state: PathBuf,
    /// For the sockets.
    pub(in crate::platform) runtime: PathBuf,
    /// For the socket of those who read the status.
    pub(in crate::platform) status: Option<PathBuf>,
    /// For log files.
    pub(in crate::platform) logs: Option<PathBuf>,
}

impl UnitFolders {
    /// `None` where no unit names folders for both what stays and what goes.
    pub(in crate::platform) fn of_this_process() -> Option<Self> {
        Self::named_by(|variable| std::env::var_os(variable))
    }

    fn named_by(environment: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let folders = |variable| -> Vec<PathBuf> {
            let value = environment(variable).unwrap_or_default();
            std::env::split_paths(&value).filter(|path| path.is_absolute()).collect()
        };
        // systemd puts them in an order of its own.
        let (status, runtime): (Vec<_>, Vec<_>) =
            folders("RUNTIME_DIRECTORY").into_iter().partition(|path| is_for_status(path));
        Some(Self {
            state: folders("STATE_DIRECTORY").into_iter().next()?,
            runtime: runtime.into_iter().next()?,
            status: status.into_iter().next(),
            logs: folders("LOGS_DIRECTORY").into_iter().next(),
        })
    }
}

fn is_for_status(folder: &Path) -> bool {
    folder.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with("status"))
}

pub(super) fn journal() -> Option<tracing_journald::Layer> {
    let stderr = fstat(io::stderr()).ok()?;
    let stream = std::env::var("JOURNAL_STREAM").ok()?;
    if !is_stream(&stream, stderr.st_dev, stderr.st_ino) {
        return None;
    }
    let layer = tracing_journald::layer().ok()?;
    Some(
        layer
            .with_field_prefix(None)
            .with_syslog_identifier(SERVICE_NAME.to_owned())
            .with_priority_mappings(PriorityMappings {
                info: Priority::Informational,
                debug: Priority::Debug,
                ..PriorityMappings::new()
            }),
    )
}

/// Whether `JOURNAL_STREAM` names the file with these numbers.
fn is_stream(variable: &str, device: impl Display, inode: impl Display) -> bool {
    variable == format!("{device}:{inode}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(variables: &[(&str, &str)]) -> Option<UnitFolders> {
        UnitFolders::named_by(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn a_unit_names_its_folders_in_any_order() {
        for runtime in ["/run/x:/run/x-status", "/run/x-status:/run/x"] {
            let all = folders(&[
                ("STATE_DIRECTORY", "/var/lib/x"),
                ("RUNTIME_DIRECTORY", runtime),
                ("LOGS_DIRECTORY", "/var/log/x"),
            ]);
            let expected = UnitFolders {
                state: "/var/lib/x".into(),
                runtime: "/run/x".into(),
                status: Some("/run/x-status".into()),
                logs: Some("/var/log/x".into()),
            };
            assert_eq!(all, Some(expected), "{runtime}");
        }
    }

    #[test]
    fn half_a_unit_is_none() {
        let state = ("STATE_DIRECTORY", "/var/lib/x");
        assert_eq!(folders(&[]), None);
        assert_eq!(folders(&[state]), None);
        assert_eq!(folders(&[state, ("RUNTIME_DIRECTORY", "relative")]), None);
        let plain = folders(&[state, ("RUNTIME_DIRECTORY", "/run/x")]).unwrap();
        assert_eq!((plain.status, plain.logs), (None, None));
    }

    #[test]
    fn standard_error_is_the_journal_or_not() {
        assert!(is_stream("8:15", 8, 15));
        assert!(!is_stream("8:15", 8, 16) && !is_stream("", 8, 15));
    }
}
