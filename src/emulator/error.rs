//! What can go wrong in starting or steering the emulator.

use std::io;
use std::path::PathBuf;

/// Why the emulator could not start, or could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// The configuration is wrong.
    #[error("the emulator's configuration is wrong at {at}: {problem}")]
    Config {
        /// Which part, `namespaces[0].hybridConnections[1].endpoint` for example.
        at: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The port could not be bound.
    #[error(
        "the emulator cannot listen on 127.0.0.1:{port} ({source}); choose another port, or 0 for any"
    )]
    Bind {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// `read`, `write` or `create`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the state folder is damaged.
    #[error("{} is not usable: {problem}", path.display())]
    State {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// Certificates or TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
    /// A fault that makes no sense.
    #[error("this fault cannot happen: {0}")]
    Fault(String),
    /// No such namespace, hybrid connection or rule.
    #[error("the emulator has no {0}")]
    NotFound(String),
    /// It is there already.
    #[error("the emulator already has {0}")]
    Exists(String),
}

impl EmulatorError {
    pub(crate) fn config(at: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Config { at: at.into(), problem: problem.into() }
    }

    pub(crate) fn tls(error: impl std::fmt::Display) -> Self {
        Self::Tls(error.to_string())
    }
}
