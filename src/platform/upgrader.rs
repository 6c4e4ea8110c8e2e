//! The privileged part of an upgrade: whether this machine has one, how it is called, and what it
//! does to put a new version in the place of the old one.
//!
//! Linux: a root unit of systemd that waits for a file; it hands packages to the package manager
//! they came from, or swaps the files that `setup.sh` has installed. Windows: a service of the
//! system account that hands the package to Windows Installer.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(unix)]
#[path = "upgrader/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "upgrader/windows.rs"]
mod os;

#[cfg(windows)]
pub use os::{Turn, hand_on, stand_down, wait_for_turn};

/// How a program came to a machine, and so what can take its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// Windows Installer.
    Msi,
    /// A package of Debian and its relatives.
    Deb,
    /// A package of Red Hat, SUSE and their relatives.
    Rpm,
    /// The archive with `setup.sh`.
    TarGz,
}

impl PackageKind {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Msi, Self::Deb, Self::Rpm, Self::TarGz];

    /// The name of the kind in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Msi => "msi",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::TarGz => "tar-gz",
        }
    }
}

impl FromStr for PackageKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// How the service of this machine was installed, where an upgrader can replace it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// What it came from.
    pub kind: PackageKind,
    /// Whether the window is a package of its own here, and has to go along.
    pub window: bool,
    /// The folder of the upgrader.
    pub folder: PathBuf,
}

impl Installation {
    /// The one that this process is the service of; nothing where no upgrader can replace it: a
    /// person's own service, one in a container, or one whose upgrader is switched off.
    pub fn of_this_service() -> Option<Self> {
        os::of_this_service()
    }

    /// Has the upgrader look for what it is asked for.
    ///
    /// # Errors
    /// Why it cannot be started, in words of the system.
    pub fn call_upgrader(&self) -> io::Result<()> {
        os::call_upgrader()
    }
}

/// How long another installation on this machine is waited for.
pub const TURN_LIMIT: Duration = Duration::from_secs(300);
/// How long an installer may take for its own work.
pub const INSTALL_LIMIT: Duration = Duration::from_secs(1800);
/// How often an upgrade that was broken off is begun again.
pub const MOST_TRIES: u32 = os::MOST_TRIES;

/// The kind of package that this program was installed from, and whether the window is here; nothing
/// where no package has.
pub fn installed() -> Option<(PackageKind, bool)> {
    os::installed()
}

/// The folder of the upgrader, which only administrators write, and others read.
///
/// # Errors
/// It cannot be made, or somebody else could have put something into it.
pub fn folder() -> Result<PathBuf, String> {
    os::folder()
}

/// Makes a folder in [`folder`] that nobody but administrators opens.
///
/// # Errors
/// As [`folder`].
pub fn closed_folder(folder: &Path) -> Result<(), String> {
    os::closed_folder(folder)
}

/// Removes such a folder with all that is in it. On Windows it waits a moment for whoever reads in it.
///
/// # Errors
/// Those of the system.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    os::remove_folder(folder)
}

/// Packages that replace what is installed.
#[derive(Clone, Debug)]
pub struct Packages {
    /// What kind they are.
    pub kind: PackageKind,
    /// Where they are; that of the service first.
    pub files: Vec<PathBuf>,
    /// A folder for what has to be kept meanwhile.
    pub work: PathBuf,
    /// Where the version before is left when it cannot be put back.
    pub kept: PathBuf,
    /// Where the installer writes what it does.
    pub log: PathBuf,
    /// Whether the service is to run afterwards; one that was stopped stays so.
    pub service_is_wanted: bool,
}

impl Packages {
    /// Keeps what is needed to go back, where that can be done. Doing it again changes nothing.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub fn prepare(&self) -> Result<(), String> {
        os::prepare(self)
    }

    /// Installs them, and has the service manager start the new version. Doing it again, after it
    /// was broken off, finishes it.
    ///
    /// # Errors
    /// What the installer says. What was there before runs on, as far as the installer knows how.
    pub fn install(&self) -> Result<(), String> {
        os::install(self)
    }

    /// Whether all that [`Self::prepare`] has kept is still installed as it was: there is nothing to
    /// go back from. Where nothing is kept it is not known.
    pub fn changed_nothing(&self) -> bool {
        os::changed_nothing(self)
    }

    /// Puts back what [`Self::prepare`] has kept, if it has.
    ///
    /// # Errors
    /// What went wrong, in words, and how it is put back by hand: it lies in [`Self::kept`] then.
    pub fn roll_back(&self) -> Result<RolledBack, String> {
        os::roll_back(self)
    }
}

/// Whether the version before is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolledBack {
    /// It is.
    Yes,
    /// The installer has no way back.
    NoWay,
}

/// How the service manager has the service of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// It runs, or the service manager tries to.
    pub is_wanted: bool,
    /// The service manager is ending or starting it, or is about to.
    pub is_changing: bool,
    /// Its process, while there is one.
    pub process: Option<u32>,
}

/// What the service manager says of the service; where it says nothing, none is wanted.
pub fn service() -> Managed {
    os::service()
}

/// Copies the file `name` of `folder`, which another account may change at any time, to `target`:
/// no link is followed, and nothing but a file of at most `longest` bytes is taken.
///
/// # Errors
/// Those of the system, and what it is that is not taken.
pub fn take(folder: &Path, name: &str, longest: u64, target: &Path) -> io::Result<()> {
    os::take(folder, name, longest, target)
}

/// Removes the file `name` of `folder`, as [`take`] finds it.
///
/// # Errors
/// Those of the system.
pub fn drop_taken(folder: &Path, name: &str) -> io::Result<()> {
    os::drop_taken(folder, name)
}
