//! Windows Installer, as a program that is waited for.

use std::io;
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_INSTALL_ALREADY_RUNNING, ERROR_SUCCESS, ERROR_SUCCESS_REBOOT_INITIATED,
    ERROR_SUCCESS_REBOOT_REQUIRED,
};
use windows_sys::Win32::UI::Shell::FOLDERID_System;

use super::NO_WINDOW;
use crate::platform::paths::known_folder;
use crate::platform::upgrader::{INSTALL_LIMIT, TURN_LIMIT};

/// How often it is tried while another installation is under way.
const TRY_EVERY: Duration = Duration::from_secs(5);
/// How often an installation is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often it is begun again after it was killed.
const MOST_KILLS: u32 = 2;
/// How much of what Windows Installer says is told, in characters.
const TOLD: usize = 400;

/// Installs `package` without a person. What is done is written to `log`. Windows Installer goes
/// on when this process ends.
///
/// # Errors
/// With which code it ended, and what it said of the reason.
pub(super) fn install(package: &Path, log: &Path) -> Result<(), String> {
    install_with(|| run(package, log), log)
}

/// The same with what `run` ends with.
fn install_with(mut run: impl FnMut() -> io::Result<u32>, log: &Path) -> Result<(), String> {
    let begun = Instant::now();
    let mut kills = 0;
    loop {
        match run().map_err(|error| format!("msiexec cannot be run: {error}"))? {
            ERROR_SUCCESS | ERROR_SUCCESS_REBOOT_REQUIRED | ERROR_SUCCESS_REBOOT_INITIATED => {
                return Ok(());
            }
            ERROR_INSTALL_ALREADY_RUNNING if begun.elapsed() < TURN_LIMIT => sleep(TRY_EVERY),
            code if !is_its_own(code) && kills < MOST_KILLS => kills += 1,
            code => return Err(why(code, log)),
        }
    }
}

/// Whether Windows Installer ends with `code` by itself (Microsoft Learn, "MsiExec.exe and
/// InstMsi.exe error messages"). What was killed has another one, and is to be begun again:
/// Windows Installer then first undoes what it had done.
fn is_its_own(code: u32) -> bool {
    matches!(code, 13 | 87 | 120 | 1259 | 1600..1700)
}

/// Runs it to its end, and returns its exit code.
fn run(package: &Path, log: &Path) -> io::Result<u32> {
    let system = known_folder(&FOLDERID_System)
        .ok_or_else(|| io::Error::other("Windows does not say where its programs are"))?;
    let mut command = Command::new(system.join("msiexec.exe"));
    command.arg("/i").arg(package).args(["/qn", "/norestart", "/l*v"]).arg(log);
    // The window stays: it is what waits for the new version. What runs is moved aside.
    command.args(["REBOOT=ReallySuppress", "MSIRESTARTMANAGERCONTROL=Disable"]);
    command.creation_flags(NO_WINDOW).current_dir(system);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut installer = command.spawn()?;
    let deadline = Instant::now() + INSTALL_LIMIT;
    while Instant::now() < deadline {
        if let Some(ended) = installer.try_wait()? {
            return Ok(code_of(ended));
        }
        sleep(LOOK_EVERY);
    }
    let limit = INSTALL_LIMIT.as_secs();
    Err(io::Error::other(format!("it has not ended within {limit} s and is left to itself")))
}

fn code_of(ended: ExitStatus) -> u32 {
    ended.code().map_or(u32::MAX, i32::cast_unsigned)
}

fn why(code: u32, log: &Path) -> String {
    let meaning = io::Error::from_raw_os_error(code.cast_signed());
    let said = std::fs::read(log).ok().and_then(|bytes| reason_in(&text_of(&bytes)));
    let said = said.map_or_else(String::new, |said| format!(" {said};"));
    format!("Windows Installer failed: {meaning};{said} all of what it did is in {}", log.display())
}

/// A log is in UTF-16 with a mark, or in the code page of the machine.
fn text_of(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xFF, 0xFE]) {
        Some(rest) => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or('?')).collect()
        }
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The first error that a log tells, or the action that failed.
fn reason_in(log: &str) -> Option<String> {
    let error = |line: &str| {
        let (_, said) =
            line.split_once(" -- ").filter(|(before, _)| before.contains("Product: "))?;
        said.starts_with("Error ").then(|| said.chars().take(TOLD).collect())
    };
    let action = |line: &str| {
        let (before, _) = line.split_once(". Return value 3")?;
        let (_, action) = before.rsplit_once(": ")?;
        Some(format!("its action {action} failed"))
    };
    log.lines().find_map(error).or_else(|| log.lines().find_map(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_first_error_and_else_the_action_that_failed() {
        let actions = "MSI (s) (A0:1C) [12:00:00:100]: Doing action: StartServices\r\n\
            Action ended 12:00:31: StartServices. Return value 3.\r\n\
            Action ended 12:00:32: INSTALL. Return value 3.\r\n";
        assert_eq!(reason_in(actions).unwrap(), "its action StartServices failed");
        let error = "Error 1920. Service 'X' (x) failed to start.  Verify that you have sufficient \
            privileges to start system services.";
        let log = format!(
            "MSI (s) (A0:1C) [12:00:31:100]: Product: X -- {error}\r\n{actions}\
             MSI (s) (A0:1C) [12:00:33:100]: Product: X -- Installation failed.\r\n"
        );
        assert_eq!(reason_in(&log).unwrap(), error);
        assert_eq!(reason_in("Action ended 12:00:31: INSTALL. Return value 1.\r\n"), None);
    }

    #[test]
    fn a_log_is_read_in_both_of_its_forms() {
        let utf16: Vec<u8> =
            [0xFEFF].into_iter().chain("Größe".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(text_of(&utf16), "Größe");
        assert_eq!(text_of(b"Action ended"), "Action ended");
    }

    #[test]
    fn what_was_killed_is_begun_again_and_what_has_failed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("install.log");
        let ends_with = |codes: &[u32]| {
            let mut codes = codes.iter().copied();
            let done = install_with(|| Ok(codes.next().unwrap()), &log);
            (done, codes.len())
        };
        for codes in [&[0][..], &[3010], &[1641], &[1, 0], &[0xC000_013A, 1, 3010]] {
            assert_eq!(ends_with(codes), (Ok(()), 0), "{codes:?}");
        }
        for (codes, left) in [(&[1603, 0][..], 1), (&[1, 1603, 0], 1), (&[1, 1, 1, 0], 1)] {
            let (done, unused) = ends_with(codes);
            assert_eq!(unused, left, "{codes:?}");
            assert!(done.unwrap_err().contains("Windows Installer failed"));
        }
    }

    #[test]
    fn a_package_that_is_none_fails_with_the_code_and_where_the_log_is() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("install.log");
        let said = install(&folder.path().join("none.msi"), &log).unwrap_err();
        assert!(said.starts_with("Windows Installer failed: "), "{said}");
        assert!(said.ends_with(&format!("is in {}", log.display())), "{said}");
    }
}
