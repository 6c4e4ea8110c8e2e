//! Access lists. A folder or file of ours is for the system, administrators, the account
//! that makes it, and the service's own account, which exists for this service alone.

use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::fs::MetadataExt as _;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_ATTRIBUTE_REPARSE_POINT, FILE_DELETE_CHILD,
    FILE_NAME_NORMALIZED, FILE_READ_DATA, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, FILE_WRITE_EA,
    GetFinalPathNameByHandleW, WRITE_DAC, WRITE_OWNER,
};

use super::{Access, FileError, FolderError, Membership};
pub(super) use crate::platform::product::OPERATORS_GROUP as MANAGERS;
use crate::platform::product::{SERVICE_NAME, service_sid};
use crate::platform::windows_security::{
    self as security, ADMINISTRATORS, AccessList, CREATOR_OWNER, OWNER_RIGHTS, Own, SYSTEM,
};

/// Everything by which what is in a folder could be changed or replaced.
const WRITING: u32 = FILE_WRITE_DATA
    | FILE_APPEND_DATA
    | FILE_WRITE_EA
    | FILE_WRITE_ATTRIBUTES
    | FILE_DELETE_CHILD
    | DELETE
    | WRITE_DAC
    | WRITE_OWNER
    | GENERIC_WRITE
    | GENERIC_ALL;
const READING: u32 = FILE_READ_DATA | GENERIC_READ | GENERIC_ALL;
/// Reading, writing and deleting, but neither the access list nor the owner.
const MODIFY: &str = "0x1301bf";
/// Reading and running.
const READ: &str = "0x1200a9";

pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.is_dir()) {
        create_private_folder(parent)?;
    }
    match security::create_folder(folder, &private("OICI")?) {
        // Another program was faster, or it is a file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

pub(super) fn check_folder(folder: &Path) -> Result<(), FolderError> {
    let failed = |error| FolderError::Io { folder: folder.to_owned(), error };
    if is_link(folder).map_err(failed)? {
        return Err(FolderError::Link(folder.to_owned()));
    }
    let own = Own::of_this_process().map_err(failed)?;
    let list = security::access_of(folder).map_err(failed)?;
    if !is_ours(&list.owner, &own) {
        return Err(FolderError::NotOurs {
            folder: folder.to_owned(),
            owner: security::name_of(&list.owner),
            own: security::name_of(&own.account),
            remedy: format!("icacls \"{}\" /setowner *{ADMINISTRATORS}", folder.display()),
        });
    }
    match others(&list, &own, WRITING).next() {
        None => Ok(()),
        Some(sid) => Err(FolderError::WritableByOthers {
            folder: folder.to_owned(),
            who: security::name_of(sid),
            remedy: format!("icacls \"{}\" /inheritance:d /remove *{sid}", folder.display()),
        }),
    }
}

pub(super) fn close_folder(folder: &Path) -> io::Result<()> {
    security::set_access(folder, &private("OICI")?)
}

pub(super) fn restrict_file(file: &File, access: Access) -> io::Result<()> {
    match access {
        Access::OwnerOnly => restrict_path(&path_of(file)?),
        // What its folder hands down.
        Access::Everyone => Ok(()),
    }
}

pub(super) fn restrict_path(path: &Path) -> io::Result<()> {
    security::set_access(path, &private("")?)
}

pub(super) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    let own = Own::of_this_process()?;
    let list = security::access_of(path)?;
    Ok(!is_ours(&list.owner, &own) || others(&list, &own, READING | WRITING).next().is_some())
}

/// A copy has the access list of the folder that it was made in.
pub(super) fn secure_file(path: &Path) -> Result<bool, FileError> {
    let file = path.display();
    let closed = match is_open_to_others(path) {
        Ok(true) => restrict_path(path).map(|()| true),
        looked => looked,
    };
    Ok(closed.unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(%file, %error, "other accounts may be able to read this file");
        }
        false
    }))
}

pub(super) fn own_uid() -> Option<u32> {
    None
}

/// Access lists have no such command.
pub(super) fn mend(_path: &Path) -> Option<String> {
    None
}

/// As [`mend`].
pub(super) fn mend_folder(_folder: &Path) -> Option<String> {
    None
}

/// A group that files are given to, of which there is none here: access lists name who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {}

impl Group {
    /// None here.
    pub fn of_managers() -> Option<Self> {
        None
    }
}

pub(super) fn managers_group() -> Option<&'static str> {
    Some(MANAGERS)
}

/// An administrator adds others to it, whatever they are now.
pub(super) fn membership() -> Membership {
    Membership::Outside
}

pub(super) fn next_step(_membership: Membership) -> Option<&'static str> {
    None
}

pub(super) fn managers() -> String {
    format!(
        "administrators and members of the local group \"{MANAGERS}\" may manage it; an administrator adds you with: net localgroup \"{MANAGERS}\" ACCOUNT /add; then sign in to Windows again"
    )
}

/// Makes the folder of the machine's service, or makes sure of it: it belongs to the
/// administrators, and the service may change what is in it.
///
/// # Errors
/// [`FolderError`] where it is a link, or where another account has made it and put
/// something into it: that may be a trap.
pub fn prepare_machine_folder(folder: &Path) -> Result<(), FolderError> {
    let failed = |error| FolderError::Io { folder: folder.to_owned(), error };
    create_private_folder(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => FolderError::NotAFolder(folder.to_owned()),
        _ => failed(error),
    })?;
    if let Err(error @ (FolderError::NotOurs { .. } | FolderError::Link(_))) = check_folder(folder)
    {
        let is_empty = folder.read_dir().map_err(failed)?.next().is_none();
        if matches!(error, FolderError::Link(_)) || !is_empty {
            return Err(error);
        }
    }
    security::set_access(folder, &format!("O:BA{}", of_the_machine("OICI"))).map_err(failed)
}

/// Makes a folder that only administrators and the system write, or makes sure of it: the service
/// may read what is in it, and nobody else may anything.
///
/// # Errors
/// [`FolderError`] where it is a link, or where another account has made it.
pub(in crate::platform) fn ensure_administrators_folder(folder: &Path) -> Result<(), FolderError> {
    let read_by_service = format!("(A;OICI;{READ};;;{})", service_sid(SERVICE_NAME));
    ensure_folder(folder, &format!("O:BA{}{read_by_service}", administrators("OICI")))
}

/// The same, and the service may not read it either.
///
/// # Errors
/// As [`ensure_administrators_folder`].
pub(in crate::platform) fn ensure_closed_folder(folder: &Path) -> Result<(), FolderError> {
    ensure_folder(folder, &format!("O:BA{}", administrators("OICI")))
}

fn ensure_folder(folder: &Path, access: &str) -> Result<(), FolderError> {
    let failed = |error| FolderError::Io { folder: folder.to_owned(), error };
    match security::create_folder(folder, access) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.map_err(failed)?,
    }
    if is_link(folder).map_err(failed)? {
        return Err(FolderError::Link(folder.to_owned()));
    }
    if !folder.is_dir() {
        return Err(FolderError::NotAFolder(folder.to_owned()));
    }
    let own = Own::of_this_process().map_err(failed)?;
    let owner = security::access_of(folder).map_err(failed)?.owner;
    if ![SYSTEM, ADMINISTRATORS, &own.account, &own.owner].contains(&owner.as_str()) {
        return Err(FolderError::NotOurs {
            folder: folder.to_owned(),
            owner: security::name_of(&owner),
            own: security::name_of(&own.account),
            remedy: format!("icacls \"{}\" /setowner *{ADMINISTRATORS}", folder.display()),
        });
    }
    security::set_access(folder, access).map_err(failed)
}

/// Closes the file at `path` to everyone but administrators and the system.
///
/// # Errors
/// Those of the system.
pub(in crate::platform) fn restrict_to_administrators(path: &Path) -> io::Result<()> {
    security::set_access(path, &administrators(""))
}

/// Removes a folder of the machine's service and what is in it; one that is not there is
/// fine. Links in it are removed and not followed.
///
/// # Errors
/// Those of the system.
pub fn remove_machine_folder(folder: &Path) -> io::Result<()> {
    match folder.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) if is_link(folder)? => std::fs::remove_dir(folder),
        Ok(_) => std::fs::remove_dir_all(folder),
    }
}

/// Whether what `handle` is open on belongs to one of ours.
///
/// # Errors
/// Those of the system.
pub(in crate::platform) fn is_owner_of_ours(handle: BorrowedHandle<'_>) -> io::Result<bool> {
    let owner = security::owner_of_handle(handle.as_raw_handle())?;
    Ok(is_ours(&owner, &Own::of_this_process()?))
}

/// The access list of what is ours, for an object that hands it down as `inheritance` says.
fn private(inheritance: &str) -> io::Result<String> {
    let own = Own::of_this_process()?.account;
    Ok(format!("{}(A;{inheritance};FA;;;{own})", of_the_machine(inheritance)))
}

/// The same without the account of this process.
fn of_the_machine(inheritance: &str) -> String {
    let service = service_sid(SERVICE_NAME);
    format!("{}(A;{inheritance};{MODIFY};;;{service})", administrators(inheritance))
}

/// The access list of what administrators and the system have for themselves.
fn administrators(inheritance: &str) -> String {
    format!("D:P(A;{inheritance};FA;;;SY)(A;{inheritance};FA;;;BA)")
}

/// Those who may do some of `mask` and are not ours.
fn others<'a>(list: &'a AccessList, own: &'a Own, mask: u32) -> impl Iterator<Item = &'a str> {
    list.allowed
        .iter()
        .filter(move |entry| entry.mask & mask != 0)
        .map(|entry| entry.sid.as_str())
        .filter(move |sid| !is_ours(sid, own) && !matches!(*sid, CREATOR_OWNER | OWNER_RIGHTS))
}

/// Accounts that may have everything of ours: those that could take it anyway.
fn is_ours(sid: &str, own: &Own) -> bool {
    sid == own.account
        || sid == own.owner
        || sid == SYSTEM
        || sid == ADMINISTRATORS
        || sid == service_sid(SERVICE_NAME)
}

fn is_link(path: &Path) -> io::Result<bool> {
    Ok(path.symlink_metadata()?.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0)
}

/// Where an open file is, as the system has it: no link is in it.
pub(in crate::platform) fn path_of(file: &File) -> io::Result<PathBuf> {
    let mut path = vec![0_u16; 1024];
    loop {
        // SAFETY: the handle is open, and the buffer has the length that is given.
        #[expect(unsafe_code, reason = "the Windows API")]
        let length = unsafe {
            GetFinalPathNameByHandleW(
                file.as_raw_handle(),
                path.as_mut_ptr(),
                u32::try_from(path.len()).unwrap_or(u32::MAX),
                FILE_NAME_NORMALIZED,
            )
        };
        match usize::try_from(length).unwrap_or(usize::MAX) {
            0 => return Err(io::Error::last_os_error()),
            length if length < path.len() => {
                return Ok(std::ffi::OsString::from_wide(&path[..length]).into());
            }
            longer => path.resize(longer, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ensure_private_folder, ensure_safe_folder};
    use super::*;

    /// A folder that no other account may write in.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        ensure_safe_folder(&folder).unwrap();
        (dir, folder)
    }

    #[test]
    fn a_new_folder_is_ours_alone() {
        let (_dir, folder) = folder();
        assert!(!is_open_to_others(&folder).unwrap());
        ensure_safe_folder(&folder).unwrap();
    }

    #[test]
    fn a_folder_that_others_may_write_in_is_refused_and_can_be_closed() {
        let (_dir, folder) = folder();
        security::set_access(&folder, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)").unwrap();
        let error = ensure_safe_folder(&folder).unwrap_err();
        assert!(matches!(error, FolderError::WritableByOthers { .. }), "{error}");
        assert!(error.to_string().contains("icacls"), "{error}");
        ensure_private_folder(&folder).unwrap();
        ensure_safe_folder(&folder).unwrap();
    }

    #[test]
    fn a_file_that_others_may_read_is_found_and_closed() {
        let (_dir, folder) = folder();
        let path = folder.join("x");
        let file = File::create_new(&path).unwrap();
        security::set_access(&path, "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;WD)").unwrap();
        assert!(is_open_to_others(&path).unwrap());
        restrict_file(&file, Access::OwnerOnly).unwrap();
        assert!(!is_open_to_others(&path).unwrap());
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = ensure_safe_folder(file.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
        let error = prepare_machine_folder(file.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
    }

    #[test]
    fn a_folder_of_administrators_is_made_once_and_must_be_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("x");
        for _ in 0..2 {
            ensure_administrators_folder(&folder).unwrap();
            ensure_closed_folder(&folder.join("closed")).unwrap();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = ensure_administrators_folder(file.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
    }

    #[test]
    fn what_is_for_administrators_is_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, file) = (dir.path().join("x"), dir.path().join("x/file"));
        let who = |path: &Path| {
            let allowed = security::access_of(path).unwrap().allowed;
            allowed.into_iter().map(|entry| entry.sid).collect::<Vec<_>>()
        };
        ensure_administrators_folder(&folder).unwrap();
        assert_eq!(who(&folder), [SYSTEM, ADMINISTRATORS, &service_sid(SERVICE_NAME)]);
        File::create_new(&file).unwrap();
        restrict_to_administrators(&file).unwrap();
        assert_eq!(who(&file), [SYSTEM, ADMINISTRATORS]);
        ensure_closed_folder(&folder).unwrap();
        assert_eq!(who(&folder), [SYSTEM, ADMINISTRATORS]);
    }

    #[test]
    fn the_machines_folder_is_made_again_and_removed_with_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("x");
        for _ in 0..2 {
            prepare_machine_folder(&folder).unwrap();
            assert!(!is_open_to_others(&folder).unwrap());
        }
        std::fs::create_dir_all(folder.join("logs/a")).unwrap();
        for _ in 0..2 {
            remove_machine_folder(&folder).unwrap();
            assert!(!folder.exists());
        }
    }
}
