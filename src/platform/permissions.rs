//! Who may read and change our files, and who may talk to our service. Nothing
//! else sets a mode or an access list.
//!
//! On Windows a folder or file of ours is for the system, administrators, the account that
//! makes it, and the service; nothing is inherited from the folder above.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use os::Group;

use super::files;

#[cfg(unix)]
#[path = "permissions/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "permissions/windows.rs"]
mod os;

#[cfg(windows)]
pub(super) use os::{
    ensure_administrators_folder, ensure_closed_folder, is_owner_of_ours, path_of,
    restrict_to_administrators,
};
#[cfg(windows)]
pub use os::{prepare_machine_folder, remove_machine_folder};

/// Who may read a file. Only its owner may ever write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody else (0600).
    OwnerOnly,
    /// Everybody (0644).
    Everyone,
}

/// Why a folder cannot be trusted with our files.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something else has the name.
    #[error("{} is not a folder; move it away or choose another folder", .0.display())]
    NotAFolder(PathBuf),
    /// Another account owns it and could replace what is in it.
    #[error(
        "the folder {} belongs to {owner}, and this program runs as {own}; run it as the owner, or change the owner: {remedy}",
        folder.display()
    )]
    NotOurs {
        /// Which folder.
        folder: PathBuf,
        /// Its owner.
        owner: String,
        /// Our own account.
        own: String,
        /// The command that makes it ours.
        remedy: String,
    },
    /// Others may write in it.
    #[error(
        "{who} may write in the folder {}, which holds keys; take that away: {remedy}",
        folder.display()
    )]
    WritableByOthers {
        /// Which folder.
        folder: PathBuf,
        /// Who may.
        who: String,
        /// The command that takes it away.
        remedy: String,
    },
    /// It leads somewhere else.
    #[error(
        "{} is a link to another folder; name the folder itself, or remove the link", .0.display()
    )]
    Link(PathBuf),
    /// It cannot be made or looked at.
    #[error(
        "the folder {} cannot be used: {error}{}", folder.display(), files::remedy_of(error, folder)
    )]
    Io {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Why a file cannot be trusted with our secrets.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It leads somewhere else, and writing would replace the link alone.
    #[error("{} is a link to {}; put the file itself there: {remedy}", file.display(), to.display())]
    Link {
        /// Which file.
        file: PathBuf,
        /// Where it leads.
        to: PathBuf,
        /// The command that does so.
        remedy: String,
    },
    /// Another account owns it and could have changed it.
    #[error(
        "{} belongs to {owner}, and this program runs as {own}; give it back: {remedy}",
        file.display()
    )]
    NotOurs {
        /// Which file.
        file: PathBuf,
        /// Its owner.
        owner: String,
        /// Our own account.
        own: String,
        /// The command that makes it ours.
        remedy: String,
    },
    /// Others may read or write it.
    #[error(
        "{who} may read or change {}, which holds secrets; take that away: {remedy}", file.display()
    )]
    OpenToOthers {
        /// Which file.
        file: PathBuf,
        /// Who may.
        who: String,
        /// The command that takes it away.
        remedy: String,
    },
}

/// Makes sure that the file at `path`, if there is one, is for this account alone. Whether it
/// was not and is now: on Windows it is closed to others, where a copy has the access list of
/// its folder.
///
/// # Errors
/// [`FileError`] says what is wrong with it, with the command that mends it.
pub fn secure_file(path: &Path) -> Result<bool, FileError> {
    os::secure_file(path)
}

/// Makes `folder` with access for its owner alone (0700) where it is missing, its
/// parents too. One that is there stays as it is, and must be owned by this
/// account and not be writable by others.
///
/// # Errors
/// [`FolderError`] says what is wrong with the folder and what to do.
pub fn ensure_safe_folder(folder: &Path) -> Result<(), FolderError> {
    let failed = |error| FolderError::Io { folder: folder.to_owned(), error };
    match os::create_private_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(FolderError::NotAFolder(folder.to_owned()));
        }
        made => made.map_err(failed)?,
    }
    if !folder.metadata().map_err(failed)?.is_dir() {
        return Err(FolderError::NotAFolder(folder.to_owned()));
    }
    os::check_folder(folder)
}

/// The same for a folder that is ours alone: one that is there is closed to
/// everyone else (0700).
///
/// # Errors
/// As [`ensure_safe_folder`].
pub fn ensure_private_folder(folder: &Path) -> Result<(), FolderError> {
    match ensure_safe_folder(folder) {
        Ok(()) | Err(FolderError::WritableByOthers { .. }) => os::close_folder(folder)
            .map_err(|error| FolderError::Io { folder: folder.to_owned(), error }),
        Err(error) => Err(error),
    }
}

/// The same for a folder in which others may look at what is there, and change nothing
/// (0755).
///
/// # Errors
/// As [`ensure_safe_folder`].
#[cfg(unix)]
pub(super) fn ensure_public_folder(folder: &Path) -> Result<(), FolderError> {
    ensure_private_folder(folder)?;
    os::open_folder(folder).map_err(|error| FolderError::Io { folder: folder.to_owned(), error })
}

/// The same for a folder in which `group` may look at what is there, and change nothing (0750).
///
/// # Errors
/// As [`ensure_safe_folder`].
#[cfg(unix)]
pub(super) fn ensure_group_folder(folder: &Path, group: Group) -> Result<(), FolderError> {
    ensure_private_folder(folder)?;
    os::open_folder_to(folder, group)
        .map_err(|error| FolderError::Io { folder: folder.to_owned(), error })
}

/// Gives an open file the access it is meant to have.
///
/// # Errors
/// Those of the system.
pub fn restrict_file(file: &File, access: Access) -> io::Result<()> {
    os::restrict_file(file, access)
}

/// Closes the file or socket at `path` to everyone but its owner (0600).
///
/// # Errors
/// Those of the system.
pub fn restrict_path(path: &Path) -> io::Result<()> {
    os::restrict_path(path)
}

/// Lets every account call the socket at `path` (0666).
///
/// # Errors
/// Those of the system.
#[cfg(unix)]
pub(super) fn open_socket(path: &Path) -> io::Result<()> {
    os::open_socket(path)
}

/// Lets `group` call the socket at `path` (0660).
///
/// # Errors
/// Those of the system.
#[cfg(unix)]
pub(super) fn open_socket_to(path: &Path, group: Group) -> io::Result<()> {
    os::open_socket_to(path, group)
}

/// Whether accounts other than the owner may read or write the file.
///
/// # Errors
/// Those of the system.
pub fn is_open_to_others(path: &Path) -> io::Result<bool> {
    os::is_open_to_others(path)
}

/// The command that gives the file at `path` back to this account and to it alone; `None` where
/// there is no such command.
pub fn mend(path: &Path) -> Option<String> {
    os::mend(path)
}

/// The command that lets this account write in its `folder` again; `None` where that is not what
/// is wrong.
pub(super) fn mend_folder(folder: &Path) -> Option<String> {
    os::mend_folder(folder)
}

/// The one rule of who may ask the service for something: its own account and
/// root. `peer` is the caller's uid where the system tells; on Windows the pipe's
/// access list has already decided.
pub fn may_control_service(peer: Option<u32>) -> bool {
    os::own_uid().is_none_or(|own| controls(own, peer))
}

/// Who may manage the service and how to become one of them, as a sentence without its end.
pub fn managers() -> String {
    os::managers()
}

/// What is wrong where the machine's service finds no group of its managers, and what to do.
pub const NO_MANAGERS_GROUP: &str = "there is no group \"hcm\" on this machine, so root alone can manage the service; make it and restart the service: systemd-sysusers, or groupadd --system hcm";

/// The local group whose members may manage the service, where the system has it.
pub fn managers_group() -> Option<&'static str> {
    os::managers_group()
}

/// How this program stands to [`managers_group`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The system has no such group.
    NoGroup,
    /// The account is not in it.
    Outside,
    /// The account has joined it, but the programs of this sign-in are not in it yet.
    NotYet,
    /// This program is in it.
    Inside,
}

/// How a person comes to manage the service of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Name of the group whose members manage it.
    pub group: &'static str,
    /// How this program stands to it.
    pub membership: Membership,
    /// The command that is the next step, where there is one.
    pub command: Option<&'static str>,
}

impl Standing {
    /// That of this program. Looked up anew each time.
    pub fn of_this_program() -> Self {
        let membership = os::membership();
        Self::with(membership)
    }

    /// That of a program which stands so to the group.
    pub fn with(membership: Membership) -> Self {
        Self { group: os::MANAGERS, membership, command: os::next_step(membership) }
    }
}

/// Whom a client hands a connection string to: a service of its own account, of root or of the
/// account that the service of the machine has. Root trusts any service that it names.
#[cfg(unix)]
pub(super) fn may_be_our_service(peer: Option<u32>) -> bool {
    let ours = |own| own == 0 || controls(own, peer);
    os::own_uid().is_none_or(ours) || peer.is_some_and(os::is_service_account)
}

fn controls(own: u32, peer: Option<u32>) -> bool {
    peer.is_some_and(|peer| peer == own || peer == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_account_and_root_control_the_service() {
        assert!(controls(1000, Some(1000)) && controls(1000, Some(0)) && controls(0, Some(0)));
        assert!(!controls(1000, Some(1001)) && !controls(0, Some(1000)));
        assert!(!controls(1000, None), "an unknown caller is nobody");
    }
}
