//! What survives a restart: `connections.json` and `settings.json`.
//!
//! Both are JSON objects with a `version`; members that this version does not know
//! are kept. A file is replaced as a whole or not at all, and a damaged one is set
//! aside under a new name, never overwritten. Secrets in them are sealed where the
//! system can; one that cannot be unsealed is kept as it is.

mod connections;
mod events;
mod file;
mod hand_over;
mod heard;
mod schema;
mod secret;
mod settings;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::model::{ConnectionId, Fault, FaultCode, HybridConnection, Settings};
use crate::platform::Paths;
use crate::platform::files::{self, Lock, LockError};
use crate::platform::permissions::{self, FileError, FolderError};
use crate::platform::seal::Sealer;

use connections::ConnectionsFile;
use file::Found;
use secret::Protection;
use settings::SettingsFile;

pub use events::{Events, EventsFile};
pub use file::SaveError;
pub use hand_over::{HandOver, UpgradeAsked, UpgradeOutcome};
pub use heard::{Begun, Heard, HeardFile, Newer};
pub use settings::SettingsRead;

/// The files of one home, held by one service. Reading and writing block for as
/// long as the disk takes.
pub struct Store {
    connections: Vec<HybridConnection>,
    settings: Settings,
    connections_file: ConnectionsFile,
    settings_file: SettingsFile,
    protection: Protection,
    _lock: Lock,
}

/// What [`Store::open`] found.
#[derive(Debug)]
pub struct Opened {
    /// The files.
    pub store: Store,
    /// The connections, in the order of the file.
    pub connections: Vec<HybridConnection>,
    /// The settings; the defaults for what the file does not say.
    pub settings: Settings,
    /// What is wrong with the files; the service runs nevertheless.
    pub faults: Vec<Fault>,
    /// How many secrets were found that were not sealed, and are now.
    pub sealed: usize,
}

/// Why the files cannot be held at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another service holds them.
    #[error(
        "another service{who} uses the folder {}; stop it first, or choose another folder with --home",
        home.display(),
        who = pid.map_or_else(String::new, |pid| format!(" (process id {pid})"))
    )]
    InUse {
        /// The folder.
        home: PathBuf,
        /// Its process id, where the system tells.
        pid: Option<u32>,
    },
    /// The folder cannot be made or trusted.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// One of the files cannot be trusted.
    #[error(transparent)]
    File(#[from] FileError),
    /// The lock file cannot be used.
    #[error(transparent)]
    Lock(LockError),
}

impl Store {
    /// Takes the home of `paths` for this service and reads its files. Makes the
    /// folder where it is missing; a missing file is an empty one.
    ///
    /// A file that is damaged is set aside and reported as a fault. If only parts of
    /// it are, those that are not are used, and the whole original is kept. A file
    /// that cannot be read, or is of a newer version, is left alone: it is reported,
    /// and changes to it are refused. So are changes in a folder that takes none.
    ///
    /// `sealer` seals the secrets; without one, the files' modes alone protect them.
    /// Secrets that are not sealed are sealed now. A connection whose key cannot be
    /// unsealed has [`Credential::Sealed`](crate::model::Credential::Sealed).
    ///
    /// # Errors
    /// [`OpenError`] where another service holds the files, or the folder or a file is not ours
    /// alone.
    pub fn open(paths: &Paths, sealer: Option<Box<dyn Sealer>>) -> Result<Opened, OpenError> {
        permissions::ensure_safe_folder(&paths.home)?;
        let lock = files::lock(&paths.lock_file).map_err(|error| match error {
            LockError::Held { pid, .. } => OpenError::InUse { home: paths.home.clone(), pid },
            error @ LockError::Io { .. } => OpenError::Lock(error),
        })?;
        for file in [&paths.connections_file, &paths.settings_file] {
            if permissions::secure_file(file)? {
                let file = file.display();
                tracing::warn!(%file, "other accounts could read this file; it is closed now");
            }
        }
        let now = Timestamp::now();
        let (protection, mut found) = (Protection::by(sealer), Found::default());
        if lock.is_read_only() {
            let text = format!("the folder {} is mounted read-only", paths.home.display());
            found.faults.push(Fault::new(FaultCode::HomeReadOnly, text));
        }
        let (connections_file, connections) =
            ConnectionsFile::open(&paths.connections_file, &protection, now, &mut found);
        let (settings_file, settings) =
            SettingsFile::open(&paths.settings_file, &protection, now, &mut found);
        let store = Self {
            connections: connections.clone(),
            settings: settings.clone(),
            connections_file,
            settings_file,
            protection,
            _lock: lock,
        };
        let Found { faults, sealed } = found;
        Ok(Opened { store, connections, settings, faults, sealed })
    }

    /// The connections as they are on the disk.
    pub fn connections(&self) -> &[HybridConnection] {
        &self.connections
    }

    /// The settings as they are on the disk.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How often a file has been written since the files were opened.
    pub fn writes(&self) -> u64 {
        self.connections_file.writes() + self.settings_file.writes()
    }

    /// Lets `edit` change the connections and saves them, if they have changed.
    ///
    /// # Errors
    /// [`SaveError`]; the connections are then as before, here and on the disk.
    pub fn update_connections<T>(
        &mut self,
        edit: impl FnOnce(&mut Vec<HybridConnection>) -> T,
    ) -> Result<T, SaveError> {
        let mut edited = self.connections.clone();
        let result = edit(&mut edited);
        if edited != self.connections {
            let mut seen = HashSet::<&ConnectionId>::new();
            if let Some(twice) = edited.iter().find(|connection| !seen.insert(&connection.id)) {
                return Err(SaveError::Duplicate(twice.id.clone()));
            }
            self.connections_file.save(&self.protection, &self.connections, &edited)?;
            self.connections = edited;
        }
        Ok(result)
    }

    /// Lets `edit` change the settings and saves them, if they have changed.
    ///
    /// # Errors
    /// [`SaveError`]; the settings are then as before, here and on the disk.
    pub fn update_settings<T>(
        &mut self,
        edit: impl FnOnce(&mut Settings) -> T,
    ) -> Result<T, SaveError> {
        let mut edited = self.settings.clone();
        let result = edit(&mut edited);
        if edited != self.settings {
            self.settings_file.save(&self.protection, &edited)?;
            self.settings = edited;
        }
        Ok(result)
    }

    /// What the settings file says now, a missing one the defaults. Nothing is written, and
    /// nothing of this store changes: see [`Self::adopt_settings`].
    ///
    /// # Errors
    /// What cannot be used of it, and where; all of it or nothing is used.
    pub fn read_settings(&self) -> Result<SettingsRead, String> {
        self.settings_file.look(&self.protection)
    }

    /// Takes over what [`Self::read_settings`] has read; seals what is not sealed in it yet.
    ///
    /// # Errors
    /// [`SaveError`]; the settings are then as before here.
    pub fn adopt_settings(&mut self, read: SettingsRead) -> Result<(), SaveError> {
        self.settings = self.settings_file.adopt(read, &self.protection)?;
        Ok(())
    }
}

// Members that a newer version wrote may be secrets.
impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("connections", &self.connections).finish_non_exhaustive()
    }
}
