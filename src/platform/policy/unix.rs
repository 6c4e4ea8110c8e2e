//! A JSON file that only root may write.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::{PolicyValues, numbered};

/// The file.
const FILE: &str = "/etc/hybrid-connection-manager/policy.json";
/// The version of its form.
const VERSION: u32 = 1;
/// Longest file in bytes.
const LONGEST: u64 = 1 << 20;
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The uid of root.
const ROOT: u32 = 0;

/// The names are those of the registry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    version: u32,
    #[serde(rename = "AllowHybridConnections")]
    allow: Option<bool>,
    #[serde(rename = "AllowedEndpoints")]
    endpoints: Option<Vec<String>>,
}

pub(super) struct Watch;

impl Watch {
    pub(super) fn begin() -> Self {
        Self
    }

    pub(super) fn arm(&mut self) {}

    /// Waits until it is time for the next look. True when there may be a change.
    pub(super) fn wait(&mut self) -> bool {
        thread::sleep(LOOK_EVERY);
        true
    }
}

pub(super) fn read() -> PolicyValues {
    read_file(Path::new(FILE), ROOT)
}

/// What is in `path`, which must belong to `owner`.
fn read_file(path: &Path, owner: u32) -> PolicyValues {
    let place = path.display().to_string();
    match load(path, owner) {
        Ok(None) => PolicyValues::default(),
        Ok(Some(file)) => PolicyValues {
            place,
            unreadable: None,
            allow: file.allow.map(Ok),
            endpoints: file.endpoints.map(numbered),
        },
        Err(problem) => PolicyValues::unreadable(place, problem),
    }
}

fn load(path: &Path, owner: u32) -> Result<Option<PolicyFile>, String> {
    for guarded in path.parent().into_iter().chain([path]) {
        match guarded.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be used: {error}", guarded.display())),
            Ok(metadata) => check(guarded, &metadata, owner)?,
        }
    }
    let text = read_bounded(path).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("the service may not read it; let it: chmod a+r {}", path.display())
        }
        _ => error.to_string(),
    })?;
    let file: PolicyFile = serde_json::from_slice(&text)
        .map_err(|error| format!("it is not of the form that is expected: {error}"))?;
    if file.version != VERSION {
        let version = file.version;
        return Err(format!(
            "it is of version {version}, and this program reads version {VERSION}; set \"version\" to {VERSION}, or install the version that reads it"
        ));
    }
    Ok(Some(file))
}

/// Else somebody who is not the administrator could allow everything.
fn check(path: &Path, metadata: &Metadata, owner: u32) -> Result<(), String> {
    let shown = path.display();
    if metadata.uid() != owner {
        let uid = metadata.uid();
        return Err(format!(
            "{shown} belongs to the account with the uid {uid} instead of {owner}; give it to its owner: chown {owner} {shown}"
        ));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o022 != 0 {
        return Err(format!(
            "other accounts may write {shown} (mode {mode:03o}); take that away: chmod go-w {shown}"
        ));
    }
    Ok(())
}

/// Reads a regular file: a pipe or a device could give no end, or nothing for ever.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it is longer than {LONGEST} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::{ALLOW_HYBRID_CONNECTIONS, ALLOWED_ENDPOINTS, PolicyEntry};
    use super::*;
    use crate::platform::files::write_durably;
    use crate::platform::permissions::Access;

    /// A folder with a policy in it, both of this account.
    struct Place {
        folder: tempfile::TempDir,
        owner: u32,
    }

    impl Place {
        fn with(text: &str) -> Self {
            let owner = rustix::process::geteuid().as_raw();
            let place = Self { folder: tempfile::tempdir().unwrap(), owner };
            write_durably(&place.file(), text.as_bytes(), Access::Everyone).unwrap();
            place
        }

        fn file(&self) -> std::path::PathBuf {
            self.folder.path().join("policy.json")
        }

        fn set_mode(&self, mode: u32) {
            std::fs::set_permissions(self.file(), Permissions::from_mode(mode)).unwrap();
        }

        fn read(&self) -> PolicyValues {
            read_file(&self.file(), self.owner)
        }
    }

    #[test]
    fn no_file_is_no_policy() {
        let place = Place::with("");
        std::fs::remove_file(place.file()).unwrap();
        assert_eq!(place.read(), PolicyValues::default());
        let elsewhere = place.folder.path().join("nowhere/policy.json");
        assert_eq!(read_file(&elsewhere, place.owner), PolicyValues::default());
    }

    #[test]
    fn the_members_are_named_as_the_values_of_the_registry() {
        let place = Place::with(&format!(
            r#"{{"version": 1, "{ALLOW_HYBRID_CONNECTIONS}": false, "{ALLOWED_ENDPOINTS}": ["db.corp:1433", "x"]}}"#
        ));
        let values = place.read();
        assert_eq!(values.place, place.file().display().to_string());
        assert_eq!((values.unreadable, values.allow), (None, Some(Ok(false))));
        let entry = |number, text: &str| PolicyEntry {
            name: format!("AllowedEndpoints, entry {number}"),
            text: Ok(text.to_owned()),
        };
        assert_eq!(values.endpoints, Some(vec![entry(1, "db.corp:1433"), entry(2, "x")]));
        let empty = Place::with(r#"{"version": 1}"#).read();
        assert_eq!((empty.unreadable, empty.allow, empty.endpoints), (None, None, None));
    }

    #[test]
    fn a_file_that_is_not_understood_as_a_whole_is_none_at_all() {
        for (text, words) in [
            ("", "form that is expected"),
            (r#"{"AllowedEndpoints": []}"#, "missing field `version`"),
            (r#"{"version": 1, "AllowedEndpoint": ["db.corp:1433"]}"#, "unknown field"),
            (r#"{"version": 1, "AllowHybridConnections": 0}"#, "expected a boolean"),
            (r#"{"version": 2}"#, "of version 2"),
        ] {
            let values = Place::with(text).read();
            let problem = values.unreadable.unwrap();
            assert!(problem.contains(words), "{text}: {problem}");
            assert_eq!((values.allow, values.endpoints), (None, None));
        }
        let long = " ".repeat(usize::try_from(LONGEST).unwrap() + 1);
        assert!(Place::with(&long).read().unreadable.unwrap().contains("longer than"));
    }

    #[test]
    fn one_that_others_could_write_is_refused_with_what_mends_it() {
        let place = Place::with(r#"{"version": 1}"#);
        for mode in [0o664, 0o646] {
            place.set_mode(mode);
            let problem = place.read().unreadable.unwrap();
            let remedy = format!("chmod go-w {}", place.file().display());
            assert!(
                problem.ends_with(&remedy) && problem.contains(&format!("{mode:o}")),
                "{problem}"
            );
        }
        place.set_mode(0o644);
        let folder = place.folder.path();
        std::fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
        let problem = place.read().unreadable.unwrap();
        assert!(problem.ends_with(&format!("chmod go-w {}", folder.display())), "{problem}");
        std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        let problem = read_file(&place.file(), place.owner + 1).unreadable.unwrap();
        assert!(problem.contains(&format!("chown {} ", place.owner + 1)), "{problem}");
        assert_eq!(place.read().unreadable, None);
    }

    #[test]
    fn what_is_no_regular_file_is_not_read() {
        let place = Place::with("");
        std::fs::remove_file(place.file()).unwrap();
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
        rustix::fs::mknodat(rustix::fs::CWD, place.file(), kind, mode, 0).unwrap();
        assert!(place.read().unreadable.unwrap().contains("regular file"));
    }
}
