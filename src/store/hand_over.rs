//! What the service and the upgrader leave for each other: the service, in a folder of its own, a
//! release with what it asks for; the upgrader, in a folder that only administrators write, what
//! came of it.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use semver::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::Fault;
use crate::platform::files;
use crate::platform::permissions::Access;

/// The form of both files.
const FORM: u32 = 1;

/// What the service asks the upgrader for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeAsked {
    form: u32,
    /// To which version.
    pub version: Version,
    /// When; the outcome repeats it.
    pub asked: Timestamp,
}

impl UpgradeAsked {
    /// Asks for `version`.
    pub fn new(version: Version, asked: Timestamp) -> Self {
        Self { form: FORM, version, asked }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeOutcome {
    form: u32,
    /// What was asked for.
    pub version: Version,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Why it failed; nothing where the new version is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl UpgradeOutcome {
    /// What came of `asked`.
    pub fn of(asked: &UpgradeAsked, fault: Option<Fault>) -> Self {
        Self { form: FORM, version: asked.version.clone(), asked: asked.asked, fault }
    }
}

/// The folder of the service, where the files of a release wait for the upgrader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver(PathBuf);

impl HandOver {
    /// The name of the file that says what is asked for. It is written last.
    pub const ASKED: &str = "request.json";
    const OUTCOME: &str = "outcome.json";

    /// The one of the service with the home `home`.
    pub fn in_home(home: &Path) -> Self {
        Self(home.join("upgrade"))
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Asks, once everything else is there.
    ///
    /// # Errors
    /// Those of the system.
    pub fn ask(&self, asked: &UpgradeAsked) -> io::Result<()> {
        write(&self.0.join(Self::ASKED), asked, Access::OwnerOnly)
    }

    /// Whether the upgrader has not taken it up yet.
    pub fn waits(&self) -> bool {
        self.0.join(Self::ASKED).exists()
    }

    /// Asks no more.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take_back(&self) -> io::Result<()> {
        unless_missing(std::fs::remove_file(self.0.join(Self::ASKED)))
    }

    /// Removes what is left of releases, but for files with the names `but`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn clear(&self, but: &[&str]) -> io::Result<()> {
        let Some(entries) = unless_missing(self.0.read_dir().map(Some))? else { return Ok(()) };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let is_kept = |kept: &&str| {
                name.to_str()
                    .is_some_and(|name| name.strip_suffix(".part").unwrap_or(name) == *kept)
            };
            if !but.iter().any(is_kept) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// What `bytes` ask for.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(bytes: &[u8]) -> Result<UpgradeAsked, String> {
        let asked: UpgradeAsked =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        check_form(asked.form).map(|()| asked)
    }
}

impl UpgradeOutcome {
    /// The last one that an upgrader left in its folder, if it can be read.
    pub fn read(folder: &Path) -> Option<Self> {
        let outcome: Self = read(&folder.join(HandOver::OUTCOME)).ok()??;
        check_form(outcome.form).is_ok().then_some(outcome)
    }

    /// Leaves it there, for everyone to read.
    ///
    /// # Errors
    /// Those of the system.
    pub fn leave(&self, folder: &Path) -> io::Result<()> {
        write(&folder.join(HandOver::OUTCOME), self, Access::Everyone)
    }
}

fn check_form(form: u32) -> Result<(), String> {
    match form {
        FORM => Ok(()),
        _ => Err(format!("it has form {form}, and this version reads {FORM}")),
    }
}

/// What the file at `path` says; nothing where there is none.
fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let Some(text) = unless_missing(std::fs::read(path).map(Some))? else { return Ok(None) };
    serde_json::from_slice(&text).map(Some).map_err(io::Error::from)
}

fn write(path: &Path, what: &impl Serialize, access: Access) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(what).map_err(io::Error::from)?;
    files::write_durably(path, &text, access)
}

fn unless_missing<T: Default>(done: io::Result<T>) -> io::Result<T> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultCode;

    fn asked() -> UpgradeAsked {
        let at = "2026-11-29T13:00:00Z".parse().unwrap();
        UpgradeAsked::new("1.1.0".parse().unwrap(), at)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_asked_is_read_and_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let hand_over = HandOver::in_home(home.path());
        assert!(!hand_over.waits());
        hand_over.take_back().unwrap();
        hand_over.clear(&[]).unwrap();
        std::fs::create_dir(hand_over.folder()).unwrap();
        hand_over.ask(&asked()).unwrap();
        assert!(hand_over.waits());
        let bytes = std::fs::read(hand_over.folder().join(HandOver::ASKED)).unwrap();
        assert_eq!(HandOver::read(&bytes), Ok(asked()));
        hand_over.take_back().unwrap();
        assert!(!hand_over.waits());
        HandOver::read(b"").unwrap_err();
        let newer = String::from_utf8(bytes).unwrap().replace("\"form\": 1", "\"form\": 2");
        assert!(HandOver::read(newer.as_bytes()).unwrap_err().contains("form 2"));
    }

    #[test]
    fn what_is_left_of_other_releases_goes() {
        let home = tempfile::tempdir().unwrap();
        let hand_over = HandOver::in_home(home.path());
        std::fs::create_dir(hand_over.folder()).unwrap();
        for name in ["old.deb", "old.deb.part", "new.deb", "other.deb.part", "request.json"] {
            std::fs::File::create(hand_over.folder().join(name)).unwrap();
        }
        hand_over.clear(&["new.deb", "other.deb"]).unwrap();
        assert_eq!(names(hand_over.folder()), ["new.deb", "other.deb.part"]);
    }

    #[test]
    fn an_outcome_is_read_by_who_has_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(UpgradeOutcome::read(folder.path()), None);
        for fault in [None, Some(Fault::new(FaultCode::UpgradeFailed, "dpkg: no space left"))] {
            let outcome = UpgradeOutcome::of(&asked(), fault);
            outcome.leave(folder.path()).unwrap();
            assert_eq!(UpgradeOutcome::read(folder.path()), Some(outcome));
        }
        std::fs::File::create(folder.path().join("outcome.json")).unwrap();
        assert_eq!(UpgradeOutcome::read(folder.path()), None);
    }
}
