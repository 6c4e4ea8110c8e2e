//! Logs: to the console, to one file a day, and to programs that ask for them.

mod disk;
mod levels;
mod lines;

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt as text};

use self::levels::{Fields, Levels};
use self::lines::Format;
use crate::ipc::protocol::{LogFilter, LogLine};
use crate::model::settings::LogSettings;
use crate::platform::systemd;

pub use self::disk::LogFiles;

/// Lines that are kept in memory for `hcm logs`.
const KEPT: usize = 2000;
/// Lines that a program may be behind.
const BACKLOG: usize = 1024;
/// Longest line that is kept in memory, in bytes.
const LONGEST: usize = 4096;

/// Where lines go that are read as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// Nowhere.
    None,
    /// Standard error; systemd's journal, with fields, where that leads there.
    StandardError,
    /// Standard output.
    StandardOutput,
}

/// The last lines of the log; cheap to clone.
#[derive(Clone, Debug)]
pub struct LogHub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    lines: Mutex<VecDeque<LogLine>>,
    follow: broadcast::Sender<LogLine>,
    levels: Levels,
    format: Format,
    trouble: Mutex<Option<watch::Receiver<Option<String>>>>,
}

impl Default for LogHub {
    fn default() -> Self {
        Self(Arc::new(Shared {
            lines: Mutex::default(),
            follow: broadcast::Sender::new(BACKLOG),
            levels: Levels::default(),
            format: Format::default(),
            trouble: Mutex::default(),
        }))
    }
}

impl LogHub {
    /// Logs into `files`, to `console`, and into the hub that is returned. Call it once in a
    /// process.
    ///
    /// # Errors
    /// When this process logs somewhere already.
    pub fn install(files: Option<LogFiles>, console: Console) -> io::Result<Self> {
        let hub = Self::default();
        let (levels, format) = (hub.0.levels.clone(), &hub.0.format);
        let trouble = files.as_ref().map(LogFiles::trouble);
        *hub.0.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        let to_files = files.map(|files| {
            let layer = text::layer().with_writer(files).with_ansi(false);
            layer.event_format(format.clone())
        });
        let to_stderr = console == Console::StandardError;
        let to_journal = to_stderr.then(systemd::journal).flatten();
        let to_stderr = (to_stderr && to_journal.is_none())
            .then(|| text::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()));
        // Where nobody reads any more, standard error may have no reader either.
        let to_stdout = (console == Console::StandardOutput).then(|| {
            let layer = text::layer().with_writer(io::stdout).log_internal_errors(false);
            layer.with_ansi(io::stdout().is_terminal()).event_format(format.clone())
        });
        tracing_subscriber::registry()
            .with(levels)
            .with(to_files)
            .with(to_journal)
            .with(to_stderr)
            .with(to_stdout)
            .with(ToHub(hub.clone()))
            .try_init()
            .map_err(io::Error::other)?;
        Ok(hub)
    }

    /// What keeps lines from being written to the log files, now and as it changes; nothing
    /// where there are no files.
    pub fn trouble(&self) -> Option<watch::Receiver<Option<String>>> {
        self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last `most` lines that `filter` takes, oldest first.
    pub fn last(&self, most: usize, filter: &LogFilter) -> Vec<LogLine> {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        last_of(&lines, most, filter)
    }

    /// The same, and all lines that follow them without a gap.
    pub fn last_and_follow(
        &self,
        most: usize,
        filter: &LogFilter,
    ) -> (Vec<LogLine>, broadcast::Receiver<LogLine>) {
        let lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        (last_of(&lines, most, filter), self.0.follow.subscribe())
    }

    /// Logs as `settings` say from now on.
    pub fn apply(&self, settings: &LogSettings) {
        self.0.format.set(settings.format);
        self.0.levels.set(settings.level, settings.connections.clone());
    }

    fn push(&self, line: LogLine) {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        // Under the lock, for `last_and_follow`. Nobody follows: that is no fault.
        self.0.follow.send(line).map(drop).unwrap_or_default();
    }
}

fn last_of(lines: &VecDeque<LogLine>, most: usize, filter: &LogFilter) -> Vec<LogLine> {
    let taken = lines.iter().rev().filter(|line| filter.takes(line)).take(most);
    let mut taken: Vec<LogLine> = taken.cloned().collect();
    taken.reverse();
    taken
}

/// Turns events into lines of the hub.
struct ToHub(LogHub);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ToHub {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let fields = Fields::of(event, &context);
        let metadata = event.metadata();
        self.0.push(LogLine {
            at: Timestamp::now(),
            level: metadata.level().to_string(),
            target: metadata.target().to_owned(),
            connection: fields.connection(),
            message: cut(fields.in_words()),
        });
    }
}

/// At most [`LONGEST`] bytes of `text`, cut between characters.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_the_last_lines_and_those_to_come() {
        let (hub, all) = (LogHub::default(), LogFilter::default());
        let subscriber = tracing_subscriber::registry().with(ToHub(hub.clone()));
        let (_, mut follow) = hub.last_and_follow(0, &all);
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..=KEPT {
                tracing::info!(number, name = "x", "counted");
            }
        });
        let last = hub.last(2, &all);
        assert_eq!(last.len(), 2);
        assert_eq!(last[1].message, format!("counted number={KEPT} name=x"));
        assert_eq!((last[1].level.as_str(), hub.last(usize::MAX, &all).len()), ("INFO", KEPT));
        assert!(matches!(follow.try_recv(), Err(broadcast::error::TryRecvError::Lagged(_))));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let line = cut("é".repeat(LONGEST));
        assert!(line.len() <= LONGEST && line.len() > LONGEST - 2);
    }
}
