//! User Account Control.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::ERROR_CANCELLED;
use windows_sys::Win32::UI::Shell::{
    SEE_MASK_FLAG_NO_UI, SEE_MASK_NOASYNC, SHELLEXECUTEINFOW, ShellExecuteExW,
};

use super::Consent;
use crate::platform::windows_security::{self as security, wide};

/// `SW_SHOWNORMAL`.
const SHOW: i32 = 1;

pub(super) fn is_elevated() -> bool {
    // One that cannot be told is taken as it is: nothing is offered.
    security::is_elevated().unwrap_or(true)
}

pub(super) fn start_again(arguments: &[OsString]) -> io::Result<Consent> {
    let program = wide(std::env::current_exe()?.as_os_str());
    let line = wide(&command_line(arguments));
    let verb = wide(OsStr::new("runas"));
    // SAFETY: zero is "nothing" for every field of this structure.
    #[expect(unsafe_code, reason = "the Windows API")]
    let mut what: SHELLEXECUTEINFOW = unsafe { std::mem::zeroed() };
    what.cbSize = size_of::<SHELLEXECUTEINFOW>() as u32;
    what.fMask = SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI;
    what.lpVerb = verb.as_ptr();
    what.lpFile = program.as_ptr();
    what.lpParameters = line.as_ptr();
    what.lpDirectory = null();
    what.hwnd = null_mut();
    what.nShow = SHOW;
    // SAFETY: the structure has its size, and its texts end with zeros and live through the
    // call.
    #[expect(unsafe_code, reason = "the Windows API")]
    let started = unsafe { ShellExecuteExW(&raw mut what) };
    if started != 0 {
        return Ok(Consent::Given);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() == Some(ERROR_CANCELLED.cast_signed()) {
        true => Ok(Consent::Declined),
        false => Err(error),
    }
}

/// The arguments as programs of Windows read them: each in quotation marks, with the
/// backslashes before a mark doubled (Microsoft's documentation of C command-line arguments).
fn command_line(arguments: &[OsString]) -> OsString {
    const MARK: u16 = b'"' as u16;
    const BACKSLASH: u16 = b'\\' as u16;
    let mut line = Vec::new();
    for argument in arguments {
        if !line.is_empty() {
            line.push(u16::from(b' '));
        }
        line.push(MARK);
        let mut backslashes = 0;
        for unit in argument.encode_wide().chain([MARK]) {
            let is_end = unit == MARK;
            if is_end {
                line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
            }
            backslashes = if unit == BACKSLASH { backslashes + 1 } else { 0 };
            line.push(unit);
        }
    }
    OsString::from_wide(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_spaces_and_a_backslash_at_its_end_stays_one_argument() {
        let arguments = ["--home", r"C:\my home\", "--instead-of", "7"].map(OsString::from);
        let line = command_line(&arguments);
        assert_eq!(line, r#""--home" "C:\my home\\" "--instead-of" "7""#);
    }
}
