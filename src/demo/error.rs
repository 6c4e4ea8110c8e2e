//! What can go wrong with the demo.

use std::io;
use std::path::PathBuf;

use crate::emulator::EmulatorError;
use crate::emulator::sender::SenderError;
use crate::ipc::{ClientError, ConnectError};
use crate::platform::paths::PathsError;
use crate::platform::permissions::FolderError;
use crate::service::StartError;

/// Why the demo could not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no temporary folder for its files.
    #[error("the demo found no place for a temporary folder: {0}")]
    NoFolder(io::Error),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder cannot be a home.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// A port on 127.0.0.1 could not be bound.
    #[error("the demo cannot listen on 127.0.0.1: {0}")]
    Bind(io::Error),
    /// The emulator did not start.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// The certificate of the emulator's CA could not be written.
    #[error("the demo cannot write {}: {error}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The service did not start.
    #[error(transparent)]
    Service(#[from] StartError),
    /// The service could not be called.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The service did not do what it was asked for.
    #[error(transparent)]
    Refused(#[from] ClientError),
    /// The app could not be prepared.
    #[error(transparent)]
    App(#[from] SenderError),
    /// The demo was started without this hybrid connection.
    #[error("this demo has no hybrid connection {0}")]
    NotPlayed(&'static str),
}
