//! Files of another account, which it may change at any time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::windows::io::AsRawHandle as _;
use std::path::Path;

use windows_sys::Win32::Foundation::GENERIC_READ;
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT, FILE_DISPOSITION_INFO,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    FileDispositionInfo, SetFileInformationByHandle,
};

use crate::platform::permissions::{path_of, restrict_to_administrators};

pub(in super::super) fn take(
    folder: &Path,
    name: &str,
    longest: u64,
    target: &Path,
) -> io::Result<()> {
    let file = open(folder, name, GENERIC_READ)?;
    let mut copy = tempfile::Builder::new().tempfile_in(target.parent().unwrap_or(target))?;
    restrict_to_administrators(copy.path())?;
    let length = io::copy(&mut file.take(longest + 1), copy.as_file_mut())?;
    if length > longest {
        return Err(io::Error::other(format!("it has more than {longest} bytes")));
    }
    copy.as_file().sync_all()?;
    // Only a flush after it puts the new name on the disk, too.
    copy.persist(target)?.sync_all()
}

pub(in super::super) fn drop_taken(folder: &Path, name: &str) -> io::Result<()> {
    let file = open(folder, name, DELETE)?;
    let goes = FILE_DISPOSITION_INFO { DeleteFile: true };
    // SAFETY: the handle is open for that, and the structure has the size that is given.
    #[expect(unsafe_code, reason = "the Windows API")]
    let done = unsafe {
        SetFileInformationByHandle(
            file.as_raw_handle(),
            FileDispositionInfo,
            (&raw const goes).cast(),
            size_of_val(&goes) as u32,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Opens what is a file, and is where it seems to be: no link leads to it, neither as the file nor
/// as a folder above it.
fn open(folder: &Path, name: &str, access: u32) -> io::Result<File> {
    let path = folder.join(name);
    let file = OpenOptions::new()
        .access_mode(access)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
        .custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
        .open(&path)?;
    let attributes = file.metadata()?.file_attributes();
    if attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT) != 0 {
        return Err(io::Error::other("it is no file"));
    }
    if !is_same_place(&path, &path_of(&file)?) {
        return Err(io::Error::other("a link leads to it"));
    }
    Ok(file)
}

/// Whether `found`, which the system has written, is `path`.
fn is_same_place(path: &Path, found: &Path) -> bool {
    let found = found.to_string_lossy().to_lowercase();
    let found = found.strip_prefix(r"\\?\").unwrap_or(&found);
    path.to_string_lossy().to_lowercase() == found
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::platform::files;
    use crate::platform::permissions::Access;

    /// A folder whose name is the one that the system has for it.
    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let path = path.to_string_lossy().trim_start_matches(r"\\?\").into();
        (folder, path)
    }

    #[test]
    fn a_file_is_taken_whole_and_nothing_else_is() {
        let ((_from, from), (_to, to)) = (folder(), folder());
        let target = to.join("taken");
        let take = |name: &str| take(&from, name, 5, &target);
        let write = |name: &str, bytes: &[u8]| {
            files::write_durably(&from.join(name), bytes, Access::OwnerOnly).unwrap();
        };
        write("file", b"12345");
        take("file").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"12345");
        write("long", b"123456");
        std::fs::create_dir(from.join("folder")).unwrap();
        assert!(take("long").unwrap_err().to_string().contains("more than 5 bytes"));
        take("folder").unwrap_err();
        assert_eq!(take("gone").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(to.read_dir().unwrap().count(), 1, "nothing is left of what failed");

        drop_taken(&from, "gone").unwrap_err();
        drop_taken(&from, "file").unwrap();
        assert!(!from.join("file").exists());
    }

    #[test]
    fn a_place_that_a_link_leads_to_is_another_one() {
        let place = |path: &str, found: &str| is_same_place(Path::new(path), Path::new(found));
        let path = r"C:\ProgramData\X\upgrade\request.json";
        assert!(place(path, r"\\?\C:\ProgramData\X\upgrade\request.json"));
        assert!(place(path, r"\\?\C:\programdata\x\UPGRADE\request.json"));
        assert!(!place(path, r"\\?\C:\Windows\System32\config\request.json"));
        assert!(!place(path, r"\\?\UNC\server\X\upgrade\request.json"));
    }
}
