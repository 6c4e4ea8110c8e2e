//! Starting the window, minimised, when this person logs in.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
#[path = "autostart/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "autostart/windows.rs"]
mod os;

/// Why it is not known, or was not changed, whether the window starts at login.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// This account has no folder for it.
    #[error("this account has no home folder (HOME is not set), so nothing can start at login")]
    NoPlace,
    /// The entry is text.
    #[error(
        "{} cannot be started at login: its path is not valid Unicode; move it to another folder",
        .0.display()
    )]
    NotUnicode(PathBuf),
    /// Windows takes commands of a limited length.
    #[error(
        "the command that would start the window at login has {length} characters, and Windows takes {longest}; use folders with shorter paths"
    )]
    TooLong {
        /// Length of the command in characters.
        length: usize,
        /// Longest command that is taken.
        longest: usize,
    },
    /// The entry cannot be read or changed.
    #[error("{entry} cannot be used: {error}")]
    Io {
        /// The entry's file, or its place in the registry.
        entry: String,
        /// What the system says.
        error: io::Error,
    },
}

/// The entry that starts the window at login: one for each home, of this account alone.
#[derive(Clone, Debug)]
pub struct Autostart {
    entry: os::Entry,
    program: String,
    arguments: Vec<String>,
}

impl Autostart {
    /// The entry for the window `program` (an absolute path), with `--home` where it has a
    /// home of its own. Nothing is changed yet.
    ///
    /// # Errors
    /// [`AutostartError::NoPlace`] and [`AutostartError::NotUnicode`].
    pub fn new(program: &Path, home: Option<&Path>) -> Result<Self, AutostartError> {
        Self::with_entry(os::Entry::new(home)?, program, home)
    }

    fn with_entry(
        entry: os::Entry,
        program: &Path,
        home: Option<&Path>,
    ) -> Result<Self, AutostartError> {
        let mut arguments = Vec::new();
        if let Some(home) = home {
            arguments.extend(["--home".to_owned(), text(&absolute(home))?]);
        }
        arguments.push("--minimized".to_owned());
        Ok(Self { entry, program: text(program)?, arguments })
    }

    /// Whether the window starts at login. It does not where this person has switched it
    /// off in the settings of the desktop, or the program has gone.
    ///
    /// # Errors
    /// [`AutostartError::Io`].
    pub fn is_enabled(&self) -> Result<bool, AutostartError> {
        self.entry.is_enabled()
    }

    /// Starts the window at login from now on.
    ///
    /// # Errors
    /// [`AutostartError`] says why it does not.
    pub fn enable(&self) -> Result<(), AutostartError> {
        self.entry.put(&self.program, &self.arguments)
    }

    /// Starts it no more.
    ///
    /// # Errors
    /// [`AutostartError::Io`].
    pub fn disable(&self) -> Result<(), AutostartError> {
        self.entry.remove()
    }
}

fn text(path: &Path) -> Result<String, AutostartError> {
    let text = path.to_str().ok_or_else(|| AutostartError::NotUnicode(path.to_owned()))?;
    Ok(text.to_owned())
}

/// The session starts programs in a folder of its own.
fn absolute(home: &Path) -> PathBuf {
    std::path::absolute(home).unwrap_or_else(|_| home.to_owned())
}

/// What tells the entries of different homes apart; nothing for the usual places.
fn of_home(home: Option<&Path>) -> String {
    home.map_or_else(String::new, |home| format!("-{}", super::paths::digest(&absolute(home))))
}
