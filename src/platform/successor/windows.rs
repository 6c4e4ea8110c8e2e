//! Processes and their files on Windows.

use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

/// Nothing of a program goes to those that it starts.
pub(super) fn leave_alone(_: &mut Command) {}

/// The system keeps the name under which a program was started.
pub(super) fn installed_at(seen: PathBuf) -> PathBuf {
    seen
}

/// Windows Installer moves a file that runs away, and the system does not tell.
pub(super) fn is_replaced() -> bool {
    true
}

pub(super) fn wait_for_end(pid: u32, limit: Duration) {
    let limit = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    // SAFETY: the handle, if there is one, is owned from here on.
    #[expect(unsafe_code, reason = "the Windows API")]
    unsafe {
        let process = OpenProcess(PROCESS_SYNCHRONIZE, 0, pid);
        // One that cannot be opened has ended.
        if !process.is_null() {
            let process = OwnedHandle::from_raw_handle(process);
            WaitForSingleObject(process.as_raw_handle(), limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_that_is_gone_is_not_waited_for() {
        let start = std::time::Instant::now();
        let mut child = std::process::Command::new("cmd").args(["/c", "exit"]).spawn().unwrap();
        wait_for_end(child.id(), Duration::from_secs(30));
        child.wait().unwrap();
        wait_for_end(child.id(), Duration::from_secs(30));
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
