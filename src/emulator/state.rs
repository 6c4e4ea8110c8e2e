//! Files of the state folder: the CA and the keys survive a restart of the emulator.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::config::generate_key;
use super::error::EmulatorError;
use crate::model::Secret;

const KEYS_FILE: &str = "keys.json";

/// The generated keys, in `keys.json` when there is a state folder.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    file: Option<PathBuf>,
    kept: BTreeMap<String, KeyPair>,
}

/// The two keys of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyPair {
    #[serde(with = "crate::model::secret::exposed")]
    pub(crate) primary: Secret,
    #[serde(with = "crate::model::secret::exposed")]
    pub(crate) secondary: Secret,
}

impl KeyPair {
    pub(crate) fn generate() -> Self {
        Self { primary: generate_key(), secondary: generate_key() }
    }
}

impl Keys {
    /// The keys that `folder` keeps.
    pub(crate) fn kept_in(folder: &Path) -> Result<Self, EmulatorError> {
        let file = folder.join(KEYS_FILE);
        let kept = match read(&file)? {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(&text).map_err(|error| EmulatorError::State {
                path: file.clone(),
                problem: format!(
                    "it is no list of keys (line {}, column {}); delete it to get new keys",
                    error.line(),
                    error.column()
                ),
            })?,
        };
        Ok(Self { file: Some(file), kept })
    }

    /// The keys of the rule that `owner` (`host/name/rule`) names; new ones if there
    /// are none yet.
    pub(crate) fn of(&mut self, owner: &str) -> KeyPair {
        self.kept.entry(owner.to_owned()).or_insert_with(KeyPair::generate).clone()
    }

    /// Replaces the keys of a rule.
    pub(crate) fn replace(&mut self, owner: &str, keys: KeyPair) {
        self.kept.insert(owner.to_owned(), keys);
    }

    /// Writes them, if there is a folder.
    pub(crate) fn save(&self) -> Result<(), EmulatorError> {
        let Some(file) = &self.file else { return Ok(()) };
        let text = serde_json::to_string_pretty(&self.kept).map_err(|error| {
            EmulatorError::State { path: file.clone(), problem: error.to_string() }
        })?;
        write_private(file, &text)
    }
}

/// Makes the folder if it is not there.
pub(crate) fn create_folder(folder: &Path) -> Result<(), EmulatorError> {
    std::fs::create_dir_all(folder).map_err(failed("create", folder))
}

/// The text of a file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, EmulatorError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Writes a file that only its owner may read: temporary files are made that way.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), EmulatorError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(failed("write", path))
}

/// Writes a file that others may read as the system's habit is.
pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), EmulatorError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(failed("write", path))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmulatorError {
    let path = path.to_owned();
    move |source| EmulatorError::File { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive() {
        let folder = tempfile::tempdir().unwrap();
        let mut keys = Keys::kept_in(folder.path()).unwrap();
        let first = keys.of("h/a/r");
        keys.save().unwrap();
        let mut again = Keys::kept_in(folder.path()).unwrap();
        assert_eq!(again.of("h/a/r").primary, first.primary);
        assert_ne!(again.of("h/b/r").primary, first.primary);
        std::fs::File::create(folder.path().join(KEYS_FILE)).unwrap().write_all(b"[").unwrap();
        let error = Keys::kept_in(folder.path()).unwrap_err().to_string();
        assert!(error.contains("keys.json") && error.contains("delete"), "{error}");
    }
}
