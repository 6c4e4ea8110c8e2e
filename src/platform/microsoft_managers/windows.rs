//! Windows: the data of all programs, and where version 0.7.x is installed.

use std::io;
use std::path::{Path, PathBuf};

use windows_registry::LOCAL_MACHINE;
use windows_sys::Win32::UI::Shell::FOLDERID_ProgramFiles;

use super::Neighbour;
use crate::platform::paths::{known_folder, program_data};
use crate::platform::windows_security::{self as security, ADMINISTRATORS, Own, SYSTEM};

/// Below it one key for each version, `0.7.5` for example, with the folder as `installDir`.
const INSTALLED: &str = r"SOFTWARE\Microsoft\HybridConnectionManager";
const CLASSIC_FOLDER: &str = r"Microsoft\HybridConnectionManager 0.7";
const CLASSIC_FILE: &str = "Microsoft.HybridConnectionManager.Listener.exe.config";

/// What is installed, by programs of this width and of the other one.
const PROGRAMS: [&str; 2] = [
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
];

/// The account of version 0.7.x, `NetworkService`.
const NETWORK_SERVICE: &str = "S-1-5-20";

pub(super) fn files() -> Vec<PathBuf> {
    let newer = program_data()
        .map(|folder| folder.join("HybridConnectionManager").join("connections.json"));
    let usual = known_folder(&FOLDERID_ProgramFiles).map(|folder| folder.join(CLASSIC_FOLDER));
    let mut files: Vec<PathBuf> = newer.into_iter().collect();
    for folder in installed().into_iter().chain(usual) {
        let file = folder.join(CLASSIC_FILE);
        if !files.iter().any(|known| is_same(known, &file)) {
            files.push(file);
        }
    }
    files
}

/// The folders that the installer of version 0.7.x has left in the registry.
fn installed() -> Vec<PathBuf> {
    let Ok(product) = LOCAL_MACHINE.open(INSTALLED) else { return Vec::new() };
    let Ok(versions) = product.keys() else { return Vec::new() };
    let folder = |version: String| product.open(version).ok()?.get_string("installDir").ok();
    let folders = versions.filter_map(folder).map(PathBuf::from);
    folders.filter(|folder| folder.is_absolute()).collect()
}

/// File names do not differ by case alone.
fn is_same(one: &Path, other: &Path) -> bool {
    let lower = |path: &Path| path.to_string_lossy().to_lowercase();
    lower(one) == lower(other)
}

pub(super) fn stranger_who_owns(file: &Path) -> io::Result<Option<String>> {
    let owner = security::access_of(file)?.owner;
    let own = Own::of_this_process()?;
    let trusted = [SYSTEM, ADMINISTRATORS, NETWORK_SERVICE, &own.account, &own.owner];
    Ok((!trusted.contains(&owner.as_str())).then(|| security::name_of(&owner)))
}

pub(super) fn neighbours() -> Vec<(Neighbour, String)> {
    let mut found: Vec<(Neighbour, String)> = Vec::new();
    for programs in PROGRAMS {
        let Ok(programs) = LOCAL_MACHINE.open(programs) else { continue };
        let Ok(keys) = programs.keys() else { continue };
        for key in keys {
            let name = programs.open(key).and_then(|program| program.get_string("DisplayName"));
            let Ok(name) = name else { continue };
            if let Some(neighbour) = Neighbour::of(&name)
                && !found.iter().any(|(known, _)| *known == neighbour)
            {
                found.push((neighbour, name));
            }
        }
    }
    found
}
