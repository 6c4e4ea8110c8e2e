//! The file of the preferences.

use std::io;
use std::path::Path;

use crate::gui::state::Preferences;
use crate::platform::files::{set_aside, write_durably};
use crate::platform::permissions::{Access, ensure_safe_folder};

/// What is in the file, the defaults where there is none; and in words what is wrong with
/// it. A damaged file is set aside and not overwritten.
pub(crate) fn read(path: &Path) -> (Preferences, Option<String>) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return (Preferences::default(), None);
        }
        Err(error) => {
            let problem = format!("{} cannot be read: {error}", path.display());
            return (Preferences::default(), Some(problem));
        }
    };
    match serde_json::from_slice(&bytes) {
        Ok(preferences) => (preferences, None),
        Err(error) => {
            let kept = set_aside(path, jiff::Timestamp::now());
            let kept = kept.map_or_else(|error| error.to_string(), |to| to.display().to_string());
            let problem = format!("{} is damaged ({error}); set aside: {kept}", path.display());
            (Preferences::default(), Some(problem))
        }
    }
}

/// Writes the file as a whole or not at all.
///
/// # Errors
/// Those of the system.
pub(crate) fn write(path: &Path, preferences: &Preferences) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        ensure_safe_folder(folder).map_err(io::Error::other)?;
    }
    let bytes = serde_json::to_vec_pretty(preferences)?;
    write_durably(path, &bytes, Access::OwnerOnly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::state::{Column, ThemeChoice};

    #[test]
    fn what_was_written_is_read_and_unknown_members_survive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("window.json");
        assert_eq!(read(&path), (Preferences::default(), None));
        let mut preferences = Preferences { theme: ThemeChoice::Dark, ..Preferences::default() };
        preferences.columns.insert(Column::Name, 222.0);
        preferences.unknown.insert("future".to_owned(), 7.into());
        write(&path, &preferences).unwrap();
        assert_eq!(read(&path), (preferences, None));
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        write_durably(&path, b"{\"theme\":", Access::OwnerOnly).unwrap();
        let (preferences, problem) = read(&path);
        assert_eq!(preferences, Preferences::default());
        assert!(problem.unwrap().contains("damaged"));
        assert!(!path.exists());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }
}
