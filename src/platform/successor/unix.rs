//! Processes and their files on Unix.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};

/// How often it is looked whether a process is still there.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What Linux adds to the name of a file that is there no longer, or is another one.
const DELETED: &[u8] = b" (deleted)";

/// A Ctrl-C for the program that starts it is none for the other.
pub(super) fn leave_alone(command: &mut Command) {
    command.process_group(0);
}

pub(super) fn installed_at(seen: PathBuf) -> PathBuf {
    match seen.as_os_str().as_bytes().strip_suffix(DELETED) {
        Some(path) if !seen.exists() => OsStr::from_bytes(path).into(),
        _ => seen,
    }
}

pub(super) fn is_replaced() -> bool {
    let file = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino()));
    let running = file(Path::new("/proc/self/exe"));
    let installed = super::own_program().and_then(|path| file(&path));
    !matches!((running, installed), (Ok(running), Ok(installed)) if running == installed)
}

pub(super) fn wait_for_end(pid: u32, limit: Duration) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    let until = Instant::now() + limit;
    while test_kill_process(pid).is_ok() && Instant::now() < until {
        std::thread::sleep(LOOK_EVERY);
    }
}
