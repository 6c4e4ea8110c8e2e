//! Modes and owners.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{Access, FolderError};

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
            owner: format!("the account with the uid {}", metadata.uid()),
            own: format!("the uid {own}"),
            remedy: format!("chown {own} {}", folder.display()),
        });
    }
    if mode & 0o022 != 0 {
        return Err(FolderError::WritableByOthers {
            folder: folder.to_owned(),
            who: format!("other accounts (mode {mode:03o})"),
            remedy: format!("chmod go-w {}", folder.display()),
        });
    }
    Ok(())
}

pub(super) fn close_folder(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))
}

pub(super) fn open_folder(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755))
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

pub(super) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(path.metadata()?.mode() & 0o077 != 0)
}

pub(super) fn own_uid() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

pub(super) const MANAGERS_GROUP: Option<&str> = None;

pub(super) fn managers() -> String {
    "the account that it runs as and root may manage it; use one of them (sudo)".to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{ensure_private_folder, ensure_public_folder, ensure_safe_folder};
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
        assert!(error.to_string().contains(&format!("chown {}", own.as_raw())));
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
