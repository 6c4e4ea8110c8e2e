//! Questions to a person at a terminal.

use std::io::{self, IsTerminal as _, Read as _};
use std::sync::mpsc;
use std::time::Duration;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use inquire::ui::{Color, ErrorMessageRenderConfig, RenderConfig, StyleSheet, Styled};
use inquire::{InquireError, Password, PasswordDisplayMode};
use zeroize::{Zeroize as _, Zeroizing};

use super::exit::Exit;
use super::failure::Failure;
use super::render::printer::Printer;
use crate::model::Secret;
use crate::platform::signals::StopSignals;

/// Longest text that is taken in bytes; many connection strings fit.
const LONGEST: usize = 1 << 20;
/// Time within which the next piece of a paste comes.
const PASTE_PAUSE: Duration = Duration::from_millis(100);

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

/// Asks for a password of one line; nothing of it is echoed. Unlike [`secret`] it leaves
/// what is typed afterwards to the next question.
///
/// # Errors
/// [`Exit::Interrupted`] for Ctrl-C and Esc; a terminal that cannot be read.
pub(super) async fn password(printer: &Printer, question: String) -> Result<Secret, Failure> {
    let typed = on_terminal(printer, move |config| {
        Password::new(&question)
            .without_confirmation()
            .with_display_mode(PasswordDisplayMode::Hidden)
            .with_render_config(config)
            .prompt()
    });
    typed.await.map(Secret::new)
}

/// Lets `ask` use the terminal in a thread of its own, so that signals and the network are
/// heard in the meantime.
///
/// # Errors
/// [`Exit::Interrupted`] for Ctrl-C and Esc; a terminal that cannot be used.
pub(super) async fn on_terminal<T: Send + 'static>(
    printer: &Printer,
    ask: impl FnOnce(RenderConfig<'static>) -> Result<T, InquireError> + Send + 'static,
) -> Result<T, Failure> {
    let config = if printer.question_style().color { colored() } else { RenderConfig::empty() };
    let config = config.with_canceled_prompt_indicator("".into());
    let asked = tokio::task::spawn_blocking(move || ask(config)).await;
    let asked = asked.map_err(|error| unreadable(io::Error::other(error.to_string())))?;
    asked.map_err(|error| match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => left(),
        error => unreadable(io::Error::other(error.to_string())),
    })
}

/// Colours that can be read on dark and light terminals.
fn colored() -> RenderConfig<'static> {
    let accent = StyleSheet::new().with_fg(Color::DarkCyan);
    RenderConfig::empty()
        .with_prompt_prefix(Styled::new("?").with_fg(Color::DarkGreen))
        .with_answered_prompt_prefix(Styled::new(">").with_fg(Color::DarkGreen))
        .with_highlighted_option_prefix(Styled::new(">").with_fg(Color::DarkCyan))
        .with_selected_checkbox(Styled::new("[x]").with_fg(Color::DarkGreen))
        .with_selected_option(Some(accent))
        .with_answer(accent)
        .with_help_message(StyleSheet::new().with_fg(Color::DarkGrey))
        .with_error_message(ErrorMessageRenderConfig::default_colored())
}

/// The failure of one who leaves before anything was added.
pub(super) fn left() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted; nothing was added")
}

/// What `work` gives; nothing when a person leaves before.
pub(super) async fn unless_left<T>(
    printer: &Printer,
    signals: &mut StopSignals,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        _ = signals.next() => {
            give_back_terminal();
            printer.end_progress();
            None
        }
        done = work => Some(done),
    }
}

/// Gives the terminal back that a question still holds.
fn give_back_terminal() {
    if crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        let (show, paste) = (crossterm::cursor::Show, crossterm::event::DisableBracketedPaste);
        // A terminal that has gone needs no restoring.
        crossterm::execute!(io::stderr(), show, paste).ok();
        disable_raw_mode().ok();
    }
}

/// Reads until Enter that nothing follows: within a paste it is part of the text, and
/// what is left of a paste would go to the shell, key and all.
fn read_typed() -> Result<Zeroizing<String>, Failure> {
    let chunks = read_in_background();
    let mut typed = Typed::default();
    loop {
        let chunk = if typed.has_ended() {
            chunks.recv_timeout(PASTE_PAUSE).ok()
        } else {
            chunks.recv().ok()
        };
        let Some(chunk) = chunk else { return typed.into_text() };
        match typed.take(&chunk.map_err(unreadable)?) {
            Progress::More => {}
            Progress::Interrupted => {
                return Err(Failure::new(Exit::Interrupted, "interrupted; nothing was done"));
            }
            Progress::TooLong => {
                let text = format!("the text is longer than {LONGEST} bytes");
                return Err(Failure::new(Exit::InvalidInput, text));
            }
        }
    }
}

type Chunk = io::Result<Zeroizing<Vec<u8>>>;

/// What the keyboard gives, read by read. A terminal has no portable way to be asked
/// whether more has come; a thread that reads on has. It ends with the process.
fn read_in_background() -> mpsc::Receiver<Chunk> {
    let (sender, chunks) = mpsc::sync_channel(4);
    std::thread::spawn(move || {
        let mut buffer = Zeroizing::new([0_u8; 4096]);
        loop {
            let chunk = match io::stdin().lock().read(&mut *buffer) {
                Ok(0) => return,
                Ok(length) => Ok(Zeroizing::new(buffer[..length].to_vec())),
                Err(error) => Err(error),
            };
            if sender.send(chunk).is_err() {
                return;
            }
        }
    });
    chunks
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
    Interrupted,
    TooLong,
}

impl Typed {
    /// Takes what one read of a raw terminal gave.
    fn take(&mut self, chunk: &[u8]) -> Progress {
        const CTRL_C: u8 = 0x03;
        const CTRL_D: u8 = 0x04;
        const CTRL_U: u8 = 0x15;
        const BACKSPACES: [u8; 2] = [0x08, 0x7f];
        for &byte in chunk {
            match byte {
                CTRL_C => return Progress::Interrupted,
                _ if self.0.len() >= LONGEST => return Progress::TooLong,
                b'\r' | CTRL_D => self.0.push(b'\n'),
                CTRL_U => self.0.zeroize(),
                byte if BACKSPACES.contains(&byte) => self.erase_character(),
                byte => self.0.push(byte),
            }
        }
        Progress::More
    }

    /// Whether Enter was the last key.
    fn has_ended(&self) -> bool {
        self.0.last() == Some(&b'\n')
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

    fn typed(chunks: &[&str]) -> (bool, String) {
        let mut typed = Typed::default();
        for chunk in chunks {
            assert_eq!(typed.take(chunk.as_bytes()), Progress::More);
        }
        (typed.has_ended(), typed.into_text().unwrap().to_string())
    }

    #[test]
    fn enter_ends_a_text_that_nothing_follows() {
        assert_eq!(typed(&["E", "n", "d"]), (false, "End".into()));
        assert_eq!(typed(&["E", "n", "d", "\r"]), (true, "End\n".into()));
        assert_eq!(typed(&["one\r", "two"]), (false, "one\ntwo".into()));
        assert_eq!(typed(&["\u{4}"]), (true, "\n".into()));
    }

    #[test]
    fn mistakes_can_be_taken_back() {
        assert_eq!(typed(&["ab\u{7f}c"]).1, "ac");
        assert_eq!(typed(&["aé\u{8}b"]).1, "ab");
        assert_eq!(typed(&["wrong\u{15}right"]).1, "right");
        assert_eq!(typed(&["\u{7f}a"]).1, "a");
    }

    #[test]
    fn it_can_be_left_and_has_an_end() {
        assert_eq!(Typed::default().take(b"abc\x03"), Progress::Interrupted);
        let mut typed = Typed::default();
        assert_eq!(typed.take(&vec![b'x'; LONGEST]), Progress::More);
        assert_eq!(typed.take(b"x"), Progress::TooLong);
    }

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" Yes\r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("no") && !is_yes("yep"));
    }
}
