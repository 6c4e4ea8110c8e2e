//! This program once more, in the place of one that ends for it: after an upgrade the file that it
//! was started from is another one.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

#[cfg(unix)]
#[path = "successor/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "successor/windows.rs"]
mod os;

/// Starts this program with `arguments`, beside this one and independent of it.
///
/// # Errors
/// Those of the system.
pub fn start(arguments: &[OsString]) -> io::Result<()> {
    spawn(own_program()?, arguments).map(drop)
}

fn spawn(program: PathBuf, arguments: &[OsString]) -> io::Result<std::process::Child> {
    let mut command = Command::new(program);
    command.args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    os::leave_alone(&mut command);
    command.spawn()
}

/// Where this program is installed, also when another file is there by now.
///
/// # Errors
/// Those of the system.
pub fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe().map(os::installed_at)
}

/// Whether the file that this program was started from is another one by now, as far as the system
/// tells.
pub fn is_replaced() -> bool {
    os::is_replaced()
}

/// Waits until the process `pid` has ended, for `limit` at the most.
pub fn wait_for_end(pid: u32, limit: Duration) {
    os::wait_for_end(pid, limit);
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn one_that_runs_is_waited_for_and_one_that_is_gone_is_not() {
        let limit = Duration::from_secs(60);
        let mut other = spawn("/bin/cat".into(), &["/dev/zero".into()]).unwrap();
        let pid = other.id();
        let before = Instant::now();
        wait_for_end(pid, Duration::from_millis(60));
        assert!(before.elapsed() >= Duration::from_millis(60), "it still runs");
        let waiting = std::thread::spawn(move || wait_for_end(pid, limit));
        other.kill().unwrap();
        other.wait().unwrap();
        waiting.join().unwrap();
        wait_for_end(pid, limit);
        assert!(before.elapsed() < limit);
    }

    #[test]
    fn this_program_is_the_one_that_was_started() {
        assert!(!is_replaced());
    }

    #[test]
    fn a_file_that_was_replaced_is_found_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let deleted = at("program (deleted)");
        assert_eq!(os::installed_at(deleted.clone()), at("program"));
        assert_eq!(os::installed_at(at("program")), at("program"));
        std::fs::copy("/bin/true", &deleted).unwrap();
        assert_eq!(os::installed_at(deleted.clone()), deleted, "it is called so");
    }

    #[test]
    fn a_program_whose_file_was_replaced_starts_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::copy("/bin/cat", &program).unwrap();
        let mut old = spawn(program.clone(), &["/dev/zero".into()]).unwrap();
        std::fs::copy("/bin/true", folder.path().join("new")).unwrap();
        std::fs::rename(folder.path().join("new"), &program).unwrap();
        let link = format!("/proc/{}/exe", old.id());
        let seen = std::fs::read_link(link).unwrap();
        assert!(seen.to_string_lossy().ends_with(" (deleted)"), "{}", seen.display());
        assert_eq!(os::installed_at(seen), program);
        let new = spawn(program, &[]).unwrap().wait().unwrap();
        assert!(new.success(), "the new file runs");
        old.kill().unwrap();
        old.wait().unwrap();
    }
}
