//! The only place that prints. Names and messages come from other machines: what is said in
//! sentences is made harmless for the terminal here, what stands in a table in its cells
//! ([`super::table::Cell`]), and [`Printer::lines`] takes what a renderer has made.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use terminal_size::{Height, Width};

use super::json;
use super::list::{self, TrafficColumn};
use super::screen::{Screen, Size};
use super::style::{Role, Style};
use super::text;
use crate::cli::args::{Format, Global, When};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::redact::Redactor;
use crate::model::Snapshot;

/// A terminal that does not tell its size has the size that terminals always had.
const USUAL_SIZE: Size = Size { columns: 80, rows: 24 };

/// Writes results to standard output, and errors and remarks to standard error.
pub struct Printer {
    /// How results are written.
    pub(in crate::cli) format: Format,
    /// Colours of standard output.
    pub(crate) style: Style,
    /// The zone of the times that people read.
    pub(crate) zone: TimeZone,
    error_style: Style,
    quiet: bool,
    redactor: Redactor,
}

impl Printer {
    /// A printer as the options ask for; `redactor` goes over every error.
    pub(in crate::cli) fn new(options: &Global, redactor: Redactor) -> Self {
        let style = |is_terminal| Style { color: uses_color(options.color, is_terminal) };
        Self {
            format: options.output,
            style: style(io::stdout().is_terminal()),
            zone: TimeZone::system(),
            error_style: style(io::stderr().is_terminal()),
            quiet: options.quiet,
            redactor,
        }
    }

    /// Whether results are to be read by programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether nothing but results and errors is to be said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The width to which text is fitted: that of the terminal, if it is one.
    pub(crate) fn width(&self) -> Option<usize> {
        io::stdout().is_terminal().then(|| self.size().columns)
    }

    /// Size of the terminal that standard output is.
    #[expect(clippy::unused_self, reason = "what it is about is this printer's output")]
    pub(crate) fn size(&self) -> Size {
        size_of(terminal_size::terminal_size_of(io::stdout()))
    }

    /// Prints `text` and a line end.
    ///
    /// # Errors
    /// [`Failure`] where nothing can be written; a closed pipe is the end, not an error.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        self.write(&format!("{text}\n"))
    }

    /// Prints the table of all connections.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub fn table(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        let totals = TrafficColumn::Totals;
        self.lines(&list::render(snapshot, &totals, Timestamp::now(), self.width(), self.style))
    }

    /// Prints `lines`.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub(crate) fn lines(&self, lines: &[String]) -> Result<(), Failure> {
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        self.write(&text)
    }

    /// Prints what was done, unless results are for programs or nobody wants to know.
    ///
    /// # Errors
    /// As [`Self::line`].
    pub(crate) fn done(&self, text: &str) -> Result<(), Failure> {
        if self.quiet || self.is_json() { Ok(()) } else { self.line(&text::plain_line(text)) }
    }

    /// Prints `text` as it is.
    ///
    /// # Errors
    /// As [`Self::line`].
    #[expect(clippy::unused_self, reason = "whoever prints needs a printer")]
    pub(crate) fn write(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
            match error.kind() {
                io::ErrorKind::BrokenPipe => Failure::reader_gone(),
                _ => Failure::new(Exit::Failure, format!("standard output: {error}")),
            }
        })
    }

    /// Says something besides the results, on standard error; to people alone.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            let text = text::plain_line(text);
            self.say(&format!("{}\n", self.error_style.paint(Role::Faint, &text)));
        }
    }

    /// Says something that a person has to see, on standard error: to everybody but
    /// programs.
    pub(crate) fn remark(&self, text: &str) {
        if !self.is_json() {
            self.say(&format!("{}\n", text::plain_line(text)));
        }
    }

    /// The same with `lines` that a renderer has made, with their colours.
    pub(crate) fn remark_lines(&self, lines: &[String]) {
        if !self.is_json() {
            for line in lines {
                self.say(&format!("{line}\n"));
            }
        }
    }

    /// Shows how far something is, on a line of the terminal that is written anew.
    pub(crate) fn progress(&self, text: &str) {
        if self.shows_progress() {
            let columns = self.question_size().columns.saturating_sub(1);
            let text = text::plain(text);
            self.say(&format!("\r{}\u{1b}[K", text::cut(&text, columns)));
        }
    }

    /// The same; where there is no terminal, `note` is said once.
    pub(crate) fn progress_or_note(&self, text: &str, note: &str) {
        if self.shows_progress() { self.progress(text) } else { self.note(note) }
    }

    /// Takes the line of [`Self::progress`] away.
    pub(crate) fn end_progress(&self) {
        if self.shows_progress() {
            self.say("\r\u{1b}[K");
        }
    }

    /// Redraws `lines` on the terminal of [`Self::progress`], in the place of those before.
    pub(crate) fn redraw(&self, screen: &mut Screen, lines: &[String]) {
        if self.shows_progress() {
            self.say(&screen.draw(lines, self.question_size()));
        }
    }

    /// Gives the terminal of [`Self::redraw`] back.
    pub(crate) fn end_redraw(&self, screen: Screen) {
        if self.shows_progress() {
            self.say(screen.finish());
        }
    }

    fn shows_progress(&self) -> bool {
        !self.quiet && !self.is_json() && io::stderr().is_terminal()
    }

    /// Size of the terminal on which questions are asked.
    #[expect(clippy::unused_self, reason = "what it is about is this printer's output")]
    pub(crate) fn question_size(&self) -> Size {
        size_of(terminal_size::terminal_size_of(io::stderr()))
    }

    /// The width to which questions are fitted, if they are asked on a terminal.
    pub(crate) fn question_width(&self) -> Option<usize> {
        io::stderr().is_terminal().then(|| self.question_size().columns)
    }

    /// Whether questions have colours.
    pub(crate) fn question_style(&self) -> Style {
        self.error_style
    }

    /// Asks something, on standard error.
    pub(crate) fn ask(&self, text: &str) {
        self.say(text);
    }

    /// Says what went wrong.
    pub(crate) fn failure(&self, failure: &Failure) {
        let clean = |text: &str| text::plain(&self.redactor.clean(text)).into_owned();
        let text = if self.is_json() {
            let message = clean(&failure.message);
            json::failure(&Failure { message, ..failure.clone() })
        } else {
            let message = clean(&failure.to_string());
            format!("{} {message}", self.error_style.paint(Role::Bad, "error:"))
        };
        self.say(&format!("{text}\n"));
    }

    /// Where standard error leads nowhere there is nobody left to tell.
    #[expect(clippy::unused_self, reason = "whoever prints needs a printer")]
    fn say(&self, text: &str) {
        tell(text);
    }
}

/// Says what must be seen however quiet `hcm` is: without it a sign-in cannot go on.
pub(in crate::cli) fn tell(text: &str) {
    let mut out = io::stderr().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}

fn size_of(told: Option<(Width, Height)>) -> Size {
    match told {
        Some((Width(columns), Height(rows))) if columns > 0 && rows > 0 => {
            Size { columns: columns.into(), rows: rows.into() }
        }
        _ => USUAL_SIZE,
    }
}

/// Prints what clap has to say: help and version, or what is wrong with the command
/// line. Gives the exit code.
pub(crate) fn print_clap(error: &clap::Error, is_json: bool, redactor: &Redactor) -> Exit {
    let to_stdout = !error.use_stderr();
    let text = error.render();
    if to_stdout {
        let color = uses_color(When::Auto, io::stdout().is_terminal());
        let text = if color { text.ansi().to_string() } else { text.to_string() };
        // A reader that has gone wants no more help.
        io::stdout().lock().write_all(text.as_bytes()).ok();
        return Exit::Ok;
    }
    let color = uses_color(When::Auto, io::stderr().is_terminal());
    let text = if is_json {
        let message = text.to_string();
        let message = message.strip_prefix("error: ").unwrap_or(&message).trim();
        let message = redactor.clean(message);
        format!("{}\n", json::failure(&Failure::new(Exit::Usage, message)))
    } else {
        let text = if color { text.ansi().to_string() } else { text.to_string() };
        redactor.clean(&text)
    };
    io::stderr().lock().write_all(text.as_bytes()).ok();
    Exit::Usage
}

/// Whether to use colours; on Windows this also makes the console understand them.
fn uses_color(when: When, is_terminal: bool) -> bool {
    let wanted = match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            is_terminal && !anstyle_query::no_color() && anstyle_query::term_supports_color()
        }
    };
    wanted && anstyle_query::windows::enable_ansi_colors() != Some(false)
}
