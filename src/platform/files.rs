//! Files that survive a crash and a power cut, and a lock that names its holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::permissions::{self, Access};

/// Ending of a file that is being written.
const UNFINISHED: &str = ".tmp";

/// Writes `bytes` as the whole file `path`, or nothing: into a new file of the same
/// folder, which then takes the name. A reader sees the old bytes or the new ones,
/// also after a power cut; when this returns, the new ones are on the disk.
///
/// # Errors
/// Those of the system; the old file is then as it was.
pub fn write_durably(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let folder = folder_of(path);
    let mut file = tempfile::Builder::new()
        .prefix(&unfinished_prefix(path))
        .suffix(UNFINISHED)
        .tempfile_in(folder)?;
    permissions::restrict_file(file.as_file(), access)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let file = file.persist(path)?;
    sync_name(&file, folder)
}

/// Opens a file that is written piece by piece and counts only when it has another name: at its
/// end, or from the beginning anew.
///
/// # Errors
/// Those of the system.
pub fn open_part(path: &Path, at_end: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.create(true).append(at_end).write(true).truncate(!at_end).open(path)?;
    permissions::restrict_file(&file, Access::OwnerOnly)?;
    Ok(file)
}

/// Removes what writers of `path` left behind when they were killed. Only for the
/// one program that writes `path`.
///
/// # Errors
/// Those of the system.
pub fn remove_unfinished(path: &Path) -> io::Result<()> {
    let prefix = unfinished_prefix(path);
    for entry in folder_of(path).read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(UNFINISHED) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Moves a damaged file out of the way, to `NAME.damaged-YYYYMMDDTHHMMSSZ` or, where
/// that is taken, `…Z-2` and so on. Never overwrites. Returns the new path.
///
/// # Errors
/// Those of the system; the file is then where it was.
pub fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let aside = first_free(path, now, |aside| match std::fs::hard_link(path, aside) {
        Err(error) if no_hard_links(&error) => {
            File::create_new(aside)?;
            std::fs::rename(path, aside).inspect_err(|_| drop(std::fs::remove_file(aside)))
        }
        linked => linked,
    })?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync_folder(folder_of(path))?;
    Ok(aside)
}

/// Keeps `bytes`, which were read from `path`, under a name as [`set_aside`] gives,
/// and leaves `path` as it is. Only the owner may read the copy.
///
/// # Errors
/// Those of the system.
pub fn keep_copy(path: &Path, bytes: &[u8], now: Timestamp) -> io::Result<PathBuf> {
    let copy = first_free(path, now, |copy| {
        let mut file = File::create_new(copy)?;
        permissions::restrict_file(&file, Access::OwnerOnly)?;
        file.write_all(bytes)?;
        file.sync_all()
    })?;
    sync_folder(folder_of(path))?;
    Ok(copy)
}

/// What to do about `error`, which stands before it and was met while `path` was written or
/// made; empty where that is not known.
pub fn remedy_of(error: &io::Error, path: &Path) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free space there and try again".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; it is mounted read-only: mount it writable, or use another folder with --home"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => permissions::mend_folder(folder_of(path))
            .map_or_else(String::new, |command| format!("; let it write there: {command}")),
        _ => String::new(),
    }
}

/// A lock that ends with this value or with the program, however it ends.
#[derive(Debug)]
pub struct Lock {
    /// None where nobody can make one.
    file: Option<File>,
    is_read_only: bool,
}

impl Lock {
    /// Whether its folder takes no change.
    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }
}

impl Drop for Lock {
    /// Closing the file would not do: a process that another thread is just starting has
    /// it too for a moment, and the lock with it.
    fn drop(&mut self) {
        if let Some(Err(error)) = self.file.as_ref().map(File::unlock) {
            tracing::debug!(%error, "a lock ends a moment later");
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another program, or another part of this one, has it.
    #[error("{} is held by {holder}", path.display(), holder = holder(.pid))]
    Held {
        /// The lock's file.
        path: PathBuf,
        /// Process id of the holder, where it can be read.
        pid: Option<u32>,
    },
    /// The lock's file cannot be used.
    #[error("the lock file {} cannot be used: {error}{}", path.display(), remedy_of(error, path))]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

fn holder(pid: &Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("the process with the id {pid}"))
}

/// Takes the lock whose file is `path`, without waiting. The file stays when the
/// lock ends; it holds the process id of whoever took it last. In a folder that takes no change
/// one that is there is taken as it is, and one that is missing holds nobody up.
///
/// # Errors
/// [`LockError::Held`] names the holder. Windows hides the id while the lock is held.
pub fn lock(path: &Path) -> Result<Lock, LockError> {
    let failed = |error| LockError::Io { path: path.to_owned(), error };
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let is_read_only = matches!(&opened, Err(error) if is_read_only(error));
    let opened = if is_read_only { File::open(path) } else { opened };
    let mut file = match opened {
        Err(error) if is_read_only && error.kind() == io::ErrorKind::NotFound => {
            return Ok(Lock { file: None, is_read_only });
        }
        opened => opened.map_err(failed)?,
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = match file.read_to_string(&mut text) {
                Ok(_) => text.trim().parse().ok(),
                Err(_) => None,
            };
            return Err(LockError::Held { path: path.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    if !is_read_only {
        permissions::restrict_file(&file, Access::OwnerOnly).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        // A full disk hides the holder and nothing else.
        if let Err(error) = writeln!(file, "{}", std::process::id()) {
            tracing::debug!(%error, "a lock does not name its holder");
        }
    }
    Ok(Lock { file: Some(file), is_read_only })
}

fn is_read_only(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ReadOnlyFilesystem
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unfinished_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Tries the names for a damaged file until `put` finds one that is free.
fn first_free(
    path: &Path,
    now: Timestamp,
    put: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    for n in 1..1000 {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        let aside = path.with_file_name(format!("{name}.damaged-{stamp}{number}"));
        match put(&aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand files are set aside already"))
}

/// FAT and some network file systems know no second name for a file.
fn no_hard_links(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
}

/// Puts the new name of `file` in `folder` on the disk.
#[cfg(unix)]
fn sync_name(_file: &File, folder: &Path) -> io::Result<()> {
    sync_folder(folder)
}

/// The same. A file that is flushed takes along what the journal of its volume has of its name;
/// the move alone does not wait for the disk.
#[cfg(windows)]
fn sync_name(file: &File, _folder: &Path) -> io::Result<()> {
    file.sync_all()
}

/// Puts what changed of the names in `folder` on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows flushes files, and no folders: what is set aside may be back after a power cut.
#[cfg(windows)]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names_in(folder: &Path) -> BTreeSet<String> {
        let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        write_durably(&path, b"a longer text", Access::Everyone).unwrap();
        assert!(cfg!(windows) || permissions::is_open_to_others(&path).unwrap());
        write_durably(&path, b"short", Access::OwnerOnly).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"short");
        assert!(!permissions::is_open_to_others(&path).unwrap());
        assert_eq!(names_in(dir.path()), ["x.json".to_owned()].into());
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        std::fs::create_dir_all(path.join("in the way")).unwrap();
        write_durably(&path, b"new", Access::OwnerOnly).unwrap_err();
        assert!(path.join("in the way").is_dir());
        assert_eq!(names_in(dir.path()), ["x.json".to_owned()].into());
    }

    #[test]
    fn a_reader_sees_old_or_new() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let contents = [vec![b'a'; 70_000], vec![b'b'; 50_000]];
        write_durably(&path, &contents[0], Access::OwnerOnly).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for round in 1..40 {
                    write_durably(&path, &contents[round % 2], Access::OwnerOnly).unwrap();
                }
            });
            while !writer.is_finished() {
                assert!(contents.contains(&std::fs::read(&path).unwrap()));
            }
        });
    }

    #[test]
    fn only_the_leftovers_of_this_file_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        for name in [".x.json.abc.tmp", ".y.json.abc.tmp", "x.json", ".x.json.abc"] {
            File::create_new(dir.path().join(name)).unwrap();
        }
        remove_unfinished(&dir.path().join("x.json")).unwrap();
        let left = [".x.json.abc", ".y.json.abc.tmp", "x.json"].map(str::to_owned);
        assert_eq!(names_in(dir.path()), left.into());
    }

    #[test]
    fn what_is_set_aside_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        for (text, name) in [
            ("one", "x.json.damaged-20261122T120000Z"),
            ("two", "x.json.damaged-20261122T120000Z-2"),
        ] {
            write_durably(&path, text.as_bytes(), Access::OwnerOnly).unwrap();
            assert_eq!(set_aside(&path, noon()).unwrap(), dir.path().join(name));
            assert!(!path.exists());
        }
        let copy = keep_copy(&path, b"three", noon()).unwrap();
        assert_eq!(copy, dir.path().join("x.json.damaged-20261122T120000Z-3"));
        assert!(!permissions::is_open_to_others(&copy).unwrap());
        let texts: Vec<_> = names_in(dir.path())
            .iter()
            .map(|name| std::fs::read_to_string(dir.path().join(name)).unwrap())
            .collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert_eq!(set_aside(&path, noon()).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_lock_ends_although_a_process_that_just_starts_has_its_file_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).unwrap();
        let _inherited = held.file.as_ref().unwrap().try_clone().unwrap();
        drop(held);
        lock(&path).unwrap();
    }

    #[test]
    fn a_lock_is_held_once_and_names_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("service.lock");
        std::fs::File::create_new(&path).unwrap().write_all(b"99999999 stale").unwrap();
        let held = lock(&path).unwrap();
        match lock(&path).unwrap_err() {
            LockError::Held { pid, .. } => {
                assert!(cfg!(windows) || pid == Some(std::process::id()));
            }
            other => panic!("{other}"),
        }
        drop(held);
        lock(&path).unwrap();
    }
}
