//! Another program that is asked something: without a terminal and without a window, and
//! gone when nobody waits for its answer any longer.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

#[cfg(unix)]
#[path = "child/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "child/windows.rs"]
mod os;

/// Runs `program` to its end. Standard input is empty. When the future is dropped, the
/// program ends, with those it has started as far as the system can tell.
///
/// # Errors
/// It cannot be started, or its output cannot be read.
pub async fn output(
    program: &OsStr,
    arguments: &[&OsStr],
    environment: &[(&str, OsString)],
) -> io::Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    os::prepare(&mut command);
    let child = command.spawn()?;
    let family = os::Family::of(&child);
    let output = child.wait_with_output().await;
    family.leave();
    output
}

/// Whether a program of this name is found as a shell finds it.
pub fn is_in_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| os::has_program(&folder, name))
}

/// Whether one of `names` is a file in `folder`.
fn has_file(folder: &Path, names: &[String]) -> bool {
    names.iter().any(|name| folder.join(name).is_file())
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn sh(script: &str) -> [OsString; 2] {
        ["-c".into(), script.into()]
    }

    #[tokio::test]
    async fn it_gets_nothing_to_read_and_is_heard_to_its_end() {
        let arguments = sh("cat; echo \"$GREETING\"; echo no >&2; exit 3");
        let arguments = [arguments[0].as_os_str(), arguments[1].as_os_str()];
        let environment = [("GREETING", "hello".into())];
        let output = output("/bin/sh".as_ref(), &arguments, &environment).await.unwrap();
        assert_eq!((&*output.stdout, &*output.stderr), (&b"hello\n"[..], &b"no\n"[..]));
        assert_eq!(output.status.code(), Some(3));
    }

    #[tokio::test]
    async fn what_is_no_longer_waited_for_ends_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join("pid");
        // As the Azure CLI is run: by a shell that waits for it.
        let script = format!("sleep 600 & echo $! > {}; wait; true", pid_file.display());
        let arguments = sh(&script);
        let arguments = [arguments[0].as_os_str(), arguments[1].as_os_str()];
        let waiting = output("/bin/sh".as_ref(), &arguments, &[]);
        let started = async {
            loop {
                let pid = std::fs::read_to_string(&pid_file).unwrap_or_default();
                if pid.ends_with('\n') {
                    return pid.trim().parse::<i32>().unwrap();
                }
                tokio::task::yield_now().await;
            }
        };
        let pid = tokio::select! {
            ended = waiting => panic!("{ended:?}"),
            pid = started => pid,
        };
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        let gone = async {
            while rustix::process::test_kill_process(pid).is_ok() && !is_zombie(pid) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), gone).await.unwrap();
    }

    /// One whose parent is gone may wait for init to take notice.
    fn is_zombie(pid: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn programs_are_found_in_the_path() {
        assert!(is_in_path("sh"));
        assert!(!is_in_path("no-such-program-at-all"));
    }
}
