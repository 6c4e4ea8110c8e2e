//! Files inherit the access list of their folder.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{Access, FolderError};

pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

pub(super) fn check_folder(_folder: &Path) -> Result<(), FolderError> {
    Ok(())
}

pub(super) fn close_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn restrict_file(_file: &File, _access: Access) -> io::Result<()> {
    Ok(())
}

pub(super) fn restrict_path(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn is_open_to_others(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

pub(super) fn own_uid() -> Option<u32> {
    None
}
