//! Connections and settings as a file or the environment declares them: reading, and the plan
//! of what has to change.
//!
//! ```yaml
//! version: 1
//! settings:                       # names and values as with `hcm settings`
//!   log.level: debug
//! connections:
//!   - connectionString: "Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…"
//!   - connectionString: {env: SQL_CONNECTION_STRING}
//!     enabled: false              # without it: enabled when new, else as it is
//!   - connectionString: {file: web.txt}    # beside this file, unless the path is absolute
//!   - connectionString: {secret: reports}  # a file of the folder of secrets
//!     namespace: contoso          # a check: the string must be of this one
//!     name: reports
//!   - namespace: contoso          # must be there already, and keeps its key
//!     name: legacy
//! ```
//!
//! JSON is read too: it is YAML. A value may be anything that is known here: whatever is
//! wrong is said before anything changes, with its line and column, and without a key.

pub mod environment;
pub mod plan;
mod read;
mod refer;
mod value;
pub mod write;
mod yaml;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::refer::{Places, SECRETS};
use crate::model::{ConnectionSelector, ConnectionString, Desired, Secret};

/// The version of the form that is read and written.
pub const VERSION: u32 = 1;

/// All that is declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The hybrid connections, in their order.
    pub connections: Vec<DeclaredConnection>,
    /// The settings, in their order.
    pub settings: Vec<DeclaredSetting>,
}

/// One hybrid connection that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredConnection {
    /// Where it is declared.
    pub place: Place,
    /// Which one.
    pub which: Which,
    /// Whether it is to listen; nothing for one that is enabled when it is new, and stays as
    /// it is otherwise.
    pub desired: Option<Desired>,
}

/// Which hybrid connection is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this connection string, with this key.
    WithKey(ConnectionString),
    /// One that is there already, with the key that it has.
    Present(ConnectionSelector),
}

/// A setting that is to have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSetting {
    /// Where it is declared.
    pub place: Place,
    /// Its dotted name.
    pub name: &'static str,
    /// Its value; that of a proxy may have a password in it.
    pub value: Secret,
}

/// Where something is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or what else it is.
    pub source: Arc<str>,
    /// Line and column in it, if it has any.
    pub mark: Option<Mark>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        match self.mark {
            Some(Mark { line, column }) => write!(f, ", line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

/// What is wrong with what is declared, and where. Never shows a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct DeclaredError {
    /// Where.
    pub place: Place,
    /// In words, with what to do.
    pub message: String,
    /// The part of the connection string, or the setting, that is wrong.
    pub field: Option<String>,
}

impl DeclaredError {
    fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), field: None }
    }
}

/// The text of a declared file, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What errors call it: the path of the file.
    pub name: &'a str,
    /// The folder that paths in it begin at.
    pub folder: &'a Path,
    /// The whole text.
    pub text: &'a str,
}

/// Reads all of `sources` into one, and what they refer to. `more` is declared besides.
///
/// # Errors
/// Everything that is wrong, in the order of the sources.
pub fn read(
    sources: &[Source<'_>],
    more: Declared,
    places: &Places<'_>,
) -> Result<Declared, Vec<DeclaredError>> {
    let (mut declared, mut errors) = (Declared::default(), Vec::new());
    for source in sources {
        read::read(source, places, &mut declared, &mut errors);
    }
    declared.connections.extend(more.connections);
    declared.settings.extend(more.settings);
    errors.extend(repeated(&declared));
    if errors.is_empty() { Ok(declared) } else { Err(errors) }
}

/// What stands twice. A YAML mapping with a name twice is an error of its own.
fn repeated(declared: &Declared) -> Vec<DeclaredError> {
    let mut errors = Vec::new();
    let ids = declared.connections.iter().map(|one| match &one.which {
        Which::WithKey(string) => Some(&string.id),
        Which::Present(_) => None,
    });
    let ids: Vec<_> = ids.collect();
    for (at, id) in ids.iter().enumerate() {
        let first = ids[..at].iter().position(|before| before.is_some() && before == id);
        if let (Some(first), Some(id)) = (first, id) {
            let first = &declared.connections[first].place;
            let text = format!("{id} is declared twice; first in {first}");
            errors.push(DeclaredError::new(declared.connections[at].place.clone(), text));
        }
    }
    for (at, setting) in declared.settings.iter().enumerate() {
        if let Some(first) = declared.settings[..at].iter().find(|one| one.name == setting.name) {
            let text = format!("{} is declared twice; first in {}", setting.name, first.place);
            errors.push(DeclaredError::new(setting.place.clone(), text));
        }
    }
    errors
}

/// The folder of the file at `path`.
pub fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

#[cfg(test)]
mod tests;
