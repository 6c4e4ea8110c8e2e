//! Questions to a person at a terminal.

use std::io::{self, IsTerminal as _, Read as _};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use zeroize::{Zeroize as _, Zeroizing};

use super::exit::Exit;
use super::failure::Failure;
use super::render::printer::Printer;

/// Longest text that is taken in bytes; many connection strings fit.
const LONGEST: usize = 1 << 20;

/// Whether a person can be asked: somebody types here and sees what is asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that is answered with yes or no; no without an answer.
///
/// # Errors
/// A terminal that cannot be read.
pub(super) fn confirm(printer: &Printer, question: &str) -> Result<bool, Failure> {
    printer.ask(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(unreadable)?;
    if !answer.ends_with('\n') {
        printer.ask("\n");
    }
    Ok(is_yes(&answer))
}

/// Asks for a text that must not be seen: nothing of it is echoed. A paste of several
/// lines is one text.
///
/// # Errors
/// [`Exit::Interrupted`] for Ctrl-C; a terminal that cannot be read.
pub(super) fn secret(printer: &Printer, question: &str) -> Result<Zeroizing<String>, Failure> {
    // Before the question: what is pasted at its sight must not be echoed.
    let unseen = Unseen::begin()?;
    printer.ask(question);
    let typed = read_typed();
    drop(unseen);
    printer.ask("\n");
    typed
}

fn read_typed() -> Result<Zeroizing<String>, Failure> {
    let mut typed = Typed::default();
    let mut chunk = Zeroizing::new([0_u8; 4096]);
    let mut stdin = io::stdin().lock();
    loop {
        let length = stdin.read(&mut *chunk).map_err(unreadable)?;
        match typed.take(&chunk[..length]) {
            Progress::More if length > 0 => {}
            Progress::More | Progress::Done => return typed.into_text(),
            Progress::Interrupted => {
                return Err(Failure::new(Exit::Interrupted, "interrupted; nothing was done"));
            }
            Progress::TooLong => {
                return Err(Failure::new(
                    Exit::InvalidInput,
                    format!("the text is longer than {LONGEST} bytes"),
                ));
            }
        }
    }
}

/// A terminal that echoes nothing, until this is dropped.
struct Unseen;

impl Unseen {
    fn begin() -> Result<Self, Failure> {
        enable_raw_mode().map_err(|error| {
            let text = format!(
                "the terminal cannot be kept from showing the key ({error}); pass the connection string on standard input: hcm add -"
            );
            Failure::new(Exit::Failure, text)
        })?;
        Ok(Self)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that has gone needs no restoring.
        disable_raw_mode().ok();
    }
}

/// What was typed or pasted so far.
#[derive(Default)]
struct Typed(Zeroizing<Vec<u8>>);

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    More,
    Done,
    Interrupted,
    TooLong,
}

impl Typed {
    /// Takes what one read of a raw terminal gave. Enter ends the text only at the end
    /// of a read: within one it is part of a paste.
    fn take(&mut self, chunk: &[u8]) -> Progress {
        for (at, &byte) in chunk.iter().enumerate() {
            match byte {
                b'\r' | b'\n' if at + 1 == chunk.len() => return Progress::Done,
                b'\r' => self.0.push(b'\n'),
                0x03 => return Progress::Interrupted,
                0x04 if self.0.is_empty() => return Progress::Done,
                0x08 | 0x7f => self.erase_character(),
                0x15 => self.0.zeroize(),
                _ if self.0.len() == LONGEST => return Progress::TooLong,
                _ => self.0.push(byte),
            }
        }
        Progress::More
    }

    fn erase_character(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
    }

    fn into_text(mut self) -> Result<Zeroizing<String>, Failure> {
        let bytes = std::mem::take(&mut *self.0);
        String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| {
            error.into_bytes().zeroize();
            Failure::new(Exit::InvalidInput, "the text is not valid UTF-8")
        })
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unreadable(error: io::Error) -> Failure {
    Failure::new(Exit::Failure, format!("the terminal cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(chunks: &[&str]) -> (Vec<Progress>, String) {
        let mut typed = Typed::default();
        let progress = chunks.iter().map(|chunk| typed.take(chunk.as_bytes())).collect();
        (progress, typed.into_text().unwrap().to_string())
    }

    #[test]
    fn enter_ends_what_was_typed_and_not_what_was_pasted() {
        let (progress, text) = typed(&["E", "n", "d", "\r"]);
        assert_eq!(progress.last(), Some(&Progress::Done));
        assert_eq!(text, "End");
        let (progress, text) = typed(&["one\rtwo\r"]);
        assert_eq!((progress, text.as_str()), (vec![Progress::Done], "one\ntwo"));
    }

    #[test]
    fn mistakes_can_be_taken_back() {
        assert_eq!(typed(&["ab\u{7f}c", "\r"]).1, "ac");
        assert_eq!(typed(&["aé\u{8}b", "\r"]).1, "ab");
        assert_eq!(typed(&["wrong\u{15}right", "\r"]).1, "right");
        assert_eq!(typed(&["\u{7f}a", "\r"]).1, "a");
    }

    #[test]
    fn it_can_be_left() {
        assert_eq!(typed(&["abc\u{3}"]).0, [Progress::Interrupted]);
        assert_eq!(typed(&["\u{4}"]).0, [Progress::Done]);
        let mut typed = Typed::default();
        let chunk = vec![b'x'; LONGEST];
        assert_eq!(typed.take(&chunk), Progress::More);
        assert_eq!(typed.take(b"x"), Progress::TooLong);
    }

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" Yes\r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("no") && !is_yes("yep"));
    }
}
