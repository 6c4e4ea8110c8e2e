//! Modes and owners.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::OnceLock;

use nix::unistd::{Group as Entry, User};
use rustix::process::{getegid, geteuid, getgroups};

use super::{Access, FileError, FolderError, Membership};
pub(super) use crate::platform::product::MANAGERS_GROUP as MANAGERS;
use crate::platform::product::SERVICE_NAME;

/// The command with which a person joins [`MANAGERS`].
const JOIN: &str = "sudo usermod -aG hcm $USER";
/// The command that makes it first, and has the service take it up.
const MAKE: &str = "sudo groupadd --system hcm && sudo usermod -aG hcm $USER && sudo systemctl restart hybrid-connection-manager";
/// The command that has the service take it up.
const TAKE_UP: &str = "sudo systemctl restart hybrid-connection-manager";

/// A group of this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    id: u32,
}

impl Group {
    /// The group with the id `id`.
    pub fn with_id(id: u32) -> Self {
        Self { id }
    }

    /// The group whose members may manage the service of the machine. `None` where there is
    /// none of its name, or this account may give it nothing.
    pub fn of_managers() -> Option<Self> {
        let id = Entry::from_name(MANAGERS).ok().flatten()?.gid.as_raw();
        let group = Self { id };
        group.is_ours().then_some(group)
    }

    /// Whether this account may give files to the group.
    fn is_ours(self) -> bool {
        geteuid().is_root() || self.has_this_program()
    }

    fn has_this_program(self) -> bool {
        getegid().as_raw() == self.id
            || getgroups().is_ok_and(|all| all.iter().any(|one| one.as_raw() == self.id))
    }

    /// Gives it what is at `path`, unless it has that: a service under systemd may not ask.
    fn take(self, path: &Path) -> io::Result<()> {
        match path.symlink_metadata()?.gid() == self.id {
            true => Ok(()),
            false => std::os::unix::fs::chown(path, None, Some(self.id)),
        }
    }
}

pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

pub(super) fn check_folder(folder: &Path) -> Result<(), FolderError> {
    let own = rustix::process::geteuid().as_raw();
    let metadata =
        folder.metadata().map_err(|error| FolderError::Io { folder: folder.to_owned(), error })?;
    let mode = metadata.mode() & 0o777;
    if metadata.uid() != own {
        return Err(FolderError::NotOurs {
            folder: folder.to_owned(),
            owner: account(metadata.uid()),
            own: account(own),
            remedy: format!("{}chown {} {}", by_root(), account(own), quoted(folder)),
        });
    }
    if mode & 0o022 != 0 {
        return Err(FolderError::WritableByOthers {
            folder: folder.to_owned(),
            who: format!("other accounts (mode {mode:03o})"),
            remedy: format!("{}chmod go-w {}", by_owner(), quoted(folder)),
        });
    }
    Ok(())
}

pub(super) fn secure_file(path: &Path) -> Result<bool, FileError> {
    // What cannot be looked at cannot be read either, and reading says why.
    let Ok(metadata) = path.symlink_metadata() else { return Ok(false) };
    let file = path.to_owned();
    if metadata.is_symlink() {
        let to = std::fs::read_link(path).unwrap_or_default();
        let remedy = match path.canonicalize() {
            Ok(real) => format!("{}mv {} {}", by_owner(), quoted(&real), quoted(path)),
            Err(_) => format!("{}rm {}", by_owner(), quoted(path)),
        };
        return Err(FileError::Link { file, to, remedy });
    }
    if !metadata.is_file() {
        return Ok(false);
    }
    let own = geteuid().as_raw();
    if metadata.uid() != own {
        let (owner, own) = (account(metadata.uid()), account(own));
        return Err(FileError::NotOurs { file, owner, own, remedy: give_back(path) });
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let who = format!("other accounts (mode {mode:03o})");
        let remedy = format!("{}chmod 600 {}", by_owner(), quoted(path));
        return Err(FileError::OpenToOthers { file, who, remedy });
    }
    Ok(false)
}

/// The name of an account, or its number where it has none.
fn account(uid: u32) -> String {
    let user = User::from_uid(uid.into()).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// What stands before a command that only root may use.
fn by_root() -> &'static str {
    if geteuid().is_root() { "" } else { "sudo " }
}

/// What stands before a command that the owner may use: nobody works as the account of the
/// machine's service.
fn by_owner() -> &'static str {
    if is_service_account(geteuid().as_raw()) { by_root() } else { "" }
}

/// `path` as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%,:=".contains(c);
    match text.chars().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn give_back(path: &Path) -> String {
    let (sudo, own, path) = (by_root(), account(geteuid().as_raw()), quoted(path));
    format!("{sudo}chown {own} {path} && {sudo}chmod 600 {path}")
}

pub(super) fn close_folder(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))
}

pub(super) fn open_folder(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755))
}

pub(super) fn open_folder_to(folder: &Path, group: Group) -> io::Result<()> {
    group.take(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o750))
}

pub(super) fn restrict_file(file: &File, access: Access) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(match access {
        Access::OwnerOnly => 0o600,
        Access::Everyone => 0o644,
    }))
}

pub(super) fn restrict_path(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o600))
}

pub(super) fn open_socket(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o666))
}

pub(super) fn open_socket_to(path: &Path, group: Group) -> io::Result<()> {
    group.take(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o660))
}

pub(super) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(path.metadata()?.mode() & 0o077 != 0)
}

pub(super) fn mend(path: &Path) -> Option<String> {
    Some(format!("give it back: {}", give_back(path)))
}

pub(super) fn mend_folder(folder: &Path) -> Option<String> {
    let metadata = folder.metadata().ok()?;
    let is_closed = metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o300 != 0o300;
    is_closed.then(|| format!("{}chmod u+wx {}", by_owner(), quoted(folder)))
}

pub(super) fn own_uid() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether `uid` is the account that the service of the machine has. It is looked up each time:
/// an installation may make it.
pub(super) fn is_service_account(uid: u32) -> bool {
    User::from_name(SERVICE_NAME).ok().flatten().is_some_and(|user| user.uid.as_raw() == uid)
}

/// Looked up once: a service says it to everyone who may only read.
pub(super) fn managers_group() -> Option<&'static str> {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = || entry_of_managers().is_some();
    FOUND.get_or_init(found).then_some(MANAGERS)
}

fn entry_of_managers() -> Option<Entry> {
    Entry::from_name(MANAGERS).ok().flatten()
}

pub(super) fn membership() -> Membership {
    let Some(entry) = entry_of_managers() else { return Membership::NoGroup };
    let own = User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let is_listed = own.is_some_and(|own| own.gid == entry.gid || entry.mem.contains(&own.name));
    let is_inside = Group::with_id(entry.gid.as_raw()).has_this_program();
    membership_of(is_listed, is_inside)
}

fn membership_of(is_listed: bool, is_inside: bool) -> Membership {
    match (is_listed, is_inside) {
        (_, true) => Membership::Inside,
        (true, false) => Membership::NotYet,
        (false, false) => Membership::Outside,
    }
}

pub(super) fn next_step(membership: Membership) -> Option<&'static str> {
    match membership {
        Membership::NoGroup => Some(MAKE),
        Membership::Outside => Some(JOIN),
        Membership::NotYet => None,
        Membership::Inside => Some(TAKE_UP),
    }
}

pub(super) fn managers() -> String {
    managers_beside(managers_group())
}

fn managers_beside(group: Option<&str>) -> String {
    match group {
        None => format!(
            "the account that it runs as and root may manage it; use one of them (sudo), or make the group \"{MANAGERS}\", whose members may manage the service of the machine: {MAKE}, then sign out and in again"
        ),
        Some(name) => format!(
            "the account that it runs as and root may manage it, and the service of the machine members of the group \"{name}\" too; to become one: {JOIN}, then sign out and in again"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        NO_MANAGERS_GROUP, ensure_group_folder, ensure_private_folder, ensure_public_folder,
        ensure_safe_folder,
    };
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_new_folder_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        ensure_safe_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        ensure_safe_folder(&folder).unwrap();
    }

    #[test]
    fn a_readable_folder_stays_and_a_writable_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        set_mode(dir.path(), 0o755);
        ensure_safe_folder(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o755);
        for bad in [0o775, 0o757] {
            set_mode(dir.path(), bad);
            let error = ensure_safe_folder(dir.path()).unwrap_err().to_string();
            assert!(error.contains("chmod go-w") && error.contains(&format!("{bad:o}")));
        }
        ensure_private_folder(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
    }

    #[test]
    fn a_public_folder_can_be_looked_into_and_not_written_in() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a");
        for before in [0o700, 0o777] {
            ensure_public_folder(&folder).unwrap();
            assert_eq!(mode(&folder), 0o755);
            set_mode(&folder, before);
        }
        ensure_public_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o755);
    }

    #[test]
    fn a_group_looks_into_its_folder_and_calls_its_socket() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a");
        // Root may give files to any group, others to those they are in.
        let id = if geteuid().is_root() { 54321 } else { getegid().as_raw() };
        let group = Group::with_id(id);
        assert!(group.is_ours());
        for before in [0o700, 0o777] {
            ensure_group_folder(&folder, group).unwrap();
            assert_eq!((mode(&folder), folder.metadata().unwrap().gid()), (0o750, id));
            set_mode(&folder, before);
        }
        let socket = folder.join("s");
        File::create(&socket).unwrap();
        open_socket_to(&socket, group).unwrap();
        assert_eq!((mode(&socket), socket.metadata().unwrap().gid()), (0o660, id));
    }

    #[test]
    fn who_manages_the_service_and_how_to_become_one_is_said() {
        assert!(JOIN.contains(MANAGERS));
        assert!(NO_MANAGERS_GROUP.ends_with(&format!("groupadd --system {MANAGERS}")));
        let said = managers_beside(Some(MANAGERS));
        assert!(said.contains("may manage it") && said.contains(JOIN), "{said}");
        assert!(said.contains("sign out and in again") && said.contains("\"hcm\""), "{said}");
        let said = managers_beside(None);
        assert!(said.contains("may manage it") && said.contains("groupadd"), "{said}");
    }

    #[test]
    fn each_standing_has_its_next_step() {
        for (listed, inside, expected, step) in [
            (false, false, Membership::Outside, Some(JOIN)),
            // Joined after the sign-in: a command does not help any more.
            (true, false, Membership::NotYet, None),
            (true, true, Membership::Inside, Some(TAKE_UP)),
            (false, true, Membership::Inside, Some(TAKE_UP)),
        ] {
            let membership = membership_of(listed, inside);
            assert_eq!((membership, next_step(membership)), (expected, step));
        }
        let make = next_step(Membership::NoGroup).unwrap();
        assert!(make.contains(JOIN) && make.contains(TAKE_UP) && make.contains("groupadd"));
        assert!(TAKE_UP.ends_with(SERVICE_NAME));
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = ensure_safe_folder(file.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
        let error = ensure_safe_folder(&file.path().join("x")).unwrap_err().to_string();
        assert!(error.contains("cannot be used"), "{error}");
    }

    #[test]
    fn a_folder_of_another_account_is_refused() {
        // The root folder belongs to root, and a service that is root owns it.
        let own = rustix::process::geteuid();
        let dir = tempfile::tempdir().unwrap();
        let folder = if own.is_root() {
            std::os::unix::fs::chown(dir.path(), Some(65534), None).unwrap();
            dir.path()
        } else {
            Path::new("/")
        };
        let error = ensure_private_folder(folder).unwrap_err();
        assert!(matches!(error, FolderError::NotOurs { .. }), "{error}");
        let command = format!("chown {} {}", account(own.as_raw()), folder.display());
        assert!(error.to_string().ends_with(&command), "{error}");
    }

    #[test]
    fn a_file_that_is_not_for_its_owner_alone_is_refused_with_the_command_that_mends_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("it's $HOME");
        ensure_safe_folder(&folder).unwrap();
        let (file, elsewhere) = (folder.join("x.json"), folder.join("y.json"));
        assert!(!secure_file(&file).unwrap(), "none is no fault");
        File::create(&file).unwrap();
        let mend = |error: &FileError| {
            let text = error.to_string();
            let (_, command) = text.rsplit_once(": ").unwrap();
            let command = command.replace("sudo ", "");
            let shell = std::process::Command::new("sh").arg("-c").arg(&command).status().unwrap();
            assert!(shell.success(), "{command}");
        };
        for bad in [0o644, 0o640, 0o620, 0o602, 0o777] {
            set_mode(&file, bad);
            let error = secure_file(&file).unwrap_err();
            assert!(error.to_string().contains(&format!("mode {bad:03o}")), "{error}");
            mend(&error);
            assert!(!secure_file(&file).unwrap());
        }
        std::fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink("y.json", &file).unwrap();
        let error = secure_file(&file).unwrap_err();
        assert!(error.to_string().contains("is a link to y.json"), "{error}");
        mend(&error);
        assert!(file.symlink_metadata().unwrap().is_file() && !elsewhere.exists());
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("y.json", &file).unwrap();
        mend(&secure_file(&file).unwrap_err());
        assert!(file.symlink_metadata().is_err(), "a link to nothing is removed");
        if geteuid().is_root() {
            File::create(&file).unwrap();
            std::os::unix::fs::chown(&file, Some(65534), None).unwrap();
            let error = secure_file(&file).unwrap_err();
            assert!(matches!(error, FileError::NotOurs { .. }), "{error}");
            mend(&error);
            assert!(!secure_file(&file).unwrap());
        }
    }

    #[test]
    fn a_command_names_a_path_as_the_shell_reads_it() {
        for (path, expected) in [
            ("/var/lib/x-1/a.json", "/var/lib/x-1/a.json"),
            ("/a b/$x", "'/a b/$x'"),
            ("/it's", r"'/it'\''s'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }

    #[test]
    fn files_get_the_access_they_are_meant_to_have() {
        let file = tempfile::NamedTempFile::new().unwrap();
        restrict_file(file.as_file(), Access::Everyone).unwrap();
        assert_eq!(mode(file.path()), 0o644);
        assert!(is_open_to_others(file.path()).unwrap());
        restrict_path(file.path()).unwrap();
        assert_eq!(mode(file.path()), 0o600);
        assert!(!is_open_to_others(file.path()).unwrap());
    }
}
