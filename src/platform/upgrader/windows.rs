//! With Windows Installer.

use std::io;
use std::path::{Path, PathBuf};

use super::{Installation, PackageKind, Packages, RolledBack};

/// Windows Installer goes back by itself.
pub(super) const MOST_TRIES: u32 = 1;

pub(super) fn installed() -> Option<(PackageKind, bool)> {
    None
}

pub(super) fn of_this_service() -> Option<Installation> {
    None
}

pub(super) fn call_upgrader() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn folder() -> Result<PathBuf, String> {
    Err("there is no upgrader here".to_owned())
}

pub(super) fn closed_folder(_folder: &Path) -> Result<(), String> {
    Err("there is no upgrader here".to_owned())
}

pub(super) fn prepare(_packages: &Packages) -> Result<(), String> {
    Ok(())
}

pub(super) fn install(_packages: &Packages) -> Result<(), String> {
    Err("there is no upgrader here".to_owned())
}

pub(super) fn roll_back(_packages: &Packages) -> Result<RolledBack, String> {
    Ok(RolledBack::NoWay)
}

pub(super) fn service_is_wanted() -> bool {
    false
}

pub(super) fn take(_folder: &Path, _name: &str, _longest: u64, _target: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn drop_taken(_folder: &Path, _name: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
