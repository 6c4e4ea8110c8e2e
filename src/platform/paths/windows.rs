//! The places on Windows.

use std::path::{Path, PathBuf};

use directories::BaseDirs;
use widestring::U16CStr;
use windows_sys::Win32::System::Com::CoTaskMemFree;
use windows_sys::Win32::UI::Shell::{
    FOLDERID_ProgramData, KF_FLAG_DONT_VERIFY, SHGetKnownFolderPath,
};
use windows_sys::core::GUID;

use super::super::product::{PRODUCT_NAME, UPGRADER_NAME};
use super::{Address, Channels, PREFERENCES, Paths, PathsError, WindowPaths, digest};

/// Pipe names of this product are far below the 256 characters that Windows takes.
pub(super) const LONGEST_CHANNEL: Option<usize> = None;

const PIPE: &str = r"\\.\pipe\hybrid-connection-manager";

/// Pipes live in one flat name space, so the name carries a digest of the home.
pub(super) fn channels_of_home(home: &Path) -> Channels {
    Channels { manage: named(PIPE, home), status: Some(named(&status_pipe(), home)) }
}

fn channels_of_machine() -> Channels {
    Channels { manage: Address::new(PIPE.into()), status: Some(Address::new(status_pipe().into())) }
}

fn status_pipe() -> String {
    format!("{PIPE}-status")
}

pub(super) fn front_of_home(home: &Path) -> Address {
    named(&format!("{PIPE}-gui"), home)
}

fn named(pipe: &str, folder: &Path) -> Address {
    Address::new(format!("{pipe}-{}", digest(Path::new(&folded(folder)))).into())
}

/// File names do not differ by case alone.
fn folded(folder: &Path) -> String {
    folder.to_string_lossy().to_lowercase()
}

/// The roaming folder names the user, so the pipe does too.
pub(super) fn window_of_this_user() -> Option<WindowPaths> {
    let dirs = BaseDirs::new()?;
    let roaming = dirs.config_dir().join(PRODUCT_NAME);
    Some(WindowPaths {
        preferences_file: roaming.join(PREFERENCES),
        log_dir: dirs.data_local_dir().join(PRODUCT_NAME).join("logs"),
        front: front_of_home(&roaming),
    })
}

pub(super) fn default_for_service() -> Result<Paths, PathsError> {
    let home = machine_home().ok_or(PathsError::NoMachineFolder)?;
    let (run_dir, log_dir) = (home.join("run"), home.join("logs"));
    let Channels { manage: channel, status: status_channel } = channels_of_machine();
    Ok(Paths { run_dir, log_dir, channel, status_channel, ..Paths::with_home(home) })
}

pub(super) fn is_machine_home(home: &Path) -> bool {
    machine_home().is_some_and(|machine| folded(&machine) == folded(home))
}

fn machine_home() -> Option<PathBuf> {
    Some(program_data()?.join(PRODUCT_NAME))
}

/// Where the upgrader keeps what it works on.
///
/// # Errors
/// [`PathsError::NoMachineFolder`].
pub(in crate::platform) fn upgrader_folder() -> Result<PathBuf, PathsError> {
    Ok(program_data().ok_or(PathsError::NoMachineFolder)?.join(UPGRADER_NAME))
}

/// `%ProgramData%`.
pub(in crate::platform) fn program_data() -> Option<PathBuf> {
    known_folder(&FOLDERID_ProgramData)
}

/// A folder as the system knows it: the environment is whoever's who starts a program.
pub(in crate::platform) fn known_folder(id: &GUID) -> Option<PathBuf> {
    let mut path = std::ptr::null_mut();
    // SAFETY: `path` takes a text that the system allocates; it is copied and freed below.
    #[expect(unsafe_code, reason = "the Windows API")]
    let found = unsafe {
        let answer = SHGetKnownFolderPath(
            id,
            KF_FLAG_DONT_VERIFY as u32,
            std::ptr::null_mut(),
            &raw mut path,
        );
        let found = (answer >= 0 && !path.is_null())
            .then(|| U16CStr::from_ptr_str(path).to_os_string().into());
        CoTaskMemFree(path.cast());
        found
    };
    found
}

pub(super) fn channels_for_client() -> Result<Vec<Channels>, PathsError> {
    Ok(vec![channels_of_machine()])
}
