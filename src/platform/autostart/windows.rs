//! A value of the `Run` key of this user.

use std::io;
use std::path::Path;

use windows_registry::CURRENT_USER;

use super::{AutostartError, of_home};

const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
/// What was switched off in the Task Manager or in the settings.
const APPROVED: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run";
/// Longest command of the `Run` key, in characters.
const LONGEST: usize = 260;
/// `ERROR_FILE_NOT_FOUND` as an HRESULT: the key or the value is missing.
const MISSING: i32 = 0x8007_0002_u32.cast_signed();

/// The name of a value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    name: String,
}

impl Entry {
    pub(super) fn new(home: Option<&Path>) -> Result<Self, AutostartError> {
        Ok(Self { name: format!("Hybrid Connection Manager GUI{}", of_home(home)) })
    }

    pub(super) fn is_enabled(&self) -> Result<bool, AutostartError> {
        let key = CURRENT_USER.open(RUN);
        let command = self.found(key.and_then(|key| key.get_string(&self.name)))?;
        let key = CURRENT_USER.open(APPROVED);
        let approved = self.found(key.and_then(|key| key.get_value(&self.name)))?;
        // The first byte is odd where it was switched off.
        let off = approved.and_then(|value| value.first().copied()).is_some_and(|b| b & 1 == 1);
        Ok(command.is_some() && !off)
    }

    pub(super) fn put(&self, program: &str, arguments: &[String]) -> Result<(), AutostartError> {
        let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
        let command = words.map(quote).collect::<Vec<_>>().join(" ");
        let length = command.encode_utf16().count();
        if length > LONGEST {
            return Err(AutostartError::TooLong { length, longest: LONGEST });
        }
        let put = CURRENT_USER.create(RUN).and_then(|key| key.set_string(&self.name, &command));
        put.map_err(|error| self.failed(error))?;
        self.remove_from(APPROVED)
    }

    pub(super) fn remove(&self) -> Result<(), AutostartError> {
        self.remove_from(RUN)
    }

    fn remove_from(&self, path: &str) -> Result<(), AutostartError> {
        let key = CURRENT_USER.options().read().write().open(path);
        self.found(key.and_then(|key| key.remove_value(&self.name))).map(drop)
    }

    /// `None` for what is missing.
    fn found<T>(&self, result: windows_registry::Result<T>) -> Result<Option<T>, AutostartError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code().0 == MISSING => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: impl Into<io::Error>) -> AutostartError {
        let entry = format!(r"HKEY_CURRENT_USER\{RUN}\{}", self.name);
        AutostartError::Io { entry, error: error.into() }
    }
}

/// One argument as `CommandLineToArgvW` reads it.
fn quote(argument: &str) -> String {
    let mut word = String::from("\"");
    let mut backslashes = 0;
    for character in argument.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                // They count double before a quote, and one more is the quote's own.
                word.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        word.push(character);
    }
    word.push_str(&"\\".repeat(backslashes));
    word + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_as_windows_reads_them() {
        for (argument, quoted) in [
            (r"C:\Program Files\x.exe", r#""C:\Program Files\x.exe""#),
            (r"D:\", r#""D:\\""#),
            (r#"a"b"#, r#""a\"b""#),
            (r#"a\"b"#, r#""a\\\"b""#),
            ("", r#""""#),
        ] {
            assert_eq!(quote(argument), quoted);
        }
    }
}
