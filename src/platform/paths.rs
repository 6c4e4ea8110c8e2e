//! Where the product keeps its files, and where its service is reached.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::local_socket::Address;

#[cfg(unix)]
#[path = "paths/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "paths/windows.rs"]
mod os;

#[cfg(windows)]
pub(super) use self::os::{known_folder, program_data, upgrader_folder};

/// Name of the file of a person's preferences.
const PREFERENCES: &str = "window.json";

/// Where a service is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    /// By those who may manage it.
    pub manage: Address,
    /// By every account of this machine that reads the status; a person's own service on
    /// Unix has no such place.
    pub status: Option<Address>,
}

impl From<Address> for Channels {
    /// Only by those who may manage it.
    fn from(manage: Address) -> Self {
        Self { manage, status: None }
    }
}

/// Every place that one service uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Folder of the settings, the connections and the lock.
    pub home: PathBuf,
    /// `settings.json`.
    pub settings_file: PathBuf,
    /// `connections.json`; it holds keys.
    pub connections_file: PathBuf,
    /// Held by the one service that uses this home.
    pub lock_file: PathBuf,
    /// Folder of what lives as long as the service does.
    pub run_dir: PathBuf,
    /// Folder of the log files.
    pub log_dir: PathBuf,
    /// Where those who may manage the service reach it.
    pub channel: Address,
    /// Where every account of this machine may read the status, if there is such a place.
    pub status_channel: Option<Address>,
    /// Whether these are the places of the service of this machine, whoever runs it.
    pub of_the_machine: bool,
}

/// Every place that the window uses for itself: they belong to the person in front of it,
/// who may not be the one whose service is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPaths {
    /// `window.json`: what this person prefers.
    pub preferences_file: PathBuf,
    /// Folder of the window's log files; the service's may be in it too.
    pub log_dir: PathBuf,
    /// Where a second start of the window reaches the first; see [`super::front`].
    pub front: Address,
}

/// Why there is no place for the files.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// The folder's path cannot be made absolute; an empty one for example.
    #[error("\"{}\" cannot be used as the home folder: {error}", home.display())]
    Unusable {
        /// As it was given.
        home: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The path of the local socket would not fit.
    #[error(
        "the folder {} is too deep: the local socket {address} in it has a path of {length} bytes, and the system takes {longest}; choose a home folder with a shorter path",
        folder.display()
    )]
    TooDeep {
        /// The folder the socket would be in.
        folder: PathBuf,
        /// The socket.
        address: Address,
        /// Length of the socket's path in bytes.
        length: usize,
        /// Longest path that the system takes, in bytes.
        longest: usize,
    },
    /// This account has no home folder.
    #[error(
        "this account has no home folder (HOME is not set and the system knows none); name a folder with --home or HCM_HOME"
    )]
    NoUserHome,
    /// The system does not say where the data of programs is.
    #[error("Windows does not say where %ProgramData% is; name a folder with --home or HCM_HOME")]
    NoMachineFolder,
}

impl Paths {
    /// Everything in one folder, as `--home DIR` and `HCM_HOME` ask for. The local
    /// channel is in it too (on Windows its name is derived from the folder), so
    /// services with different homes do not meet.
    ///
    /// # Errors
    /// [`PathsError::TooDeep`] where the path of the socket would be longer than
    /// the system takes (107 bytes on Linux).
    pub fn in_home(dir: &Path) -> Result<Self, PathsError> {
        let home = std::path::absolute(dir)
            .map_err(|error| PathsError::Unusable { home: dir.to_owned(), error })?;
        let home: PathBuf =
            home.components().filter(|part| !matches!(part, Component::CurDir)).collect();
        let Channels { manage: channel, status: status_channel } = os::channels_of_home(&home);
        let (run_dir, log_dir) = (home.join("run"), home.join("logs"));
        Self { run_dir, log_dir, channel, status_channel, ..Self::with_home(home) }.checked()
    }

    /// The places of a service that was given no home.
    ///
    /// Linux, under systemd: the folders that its unit names. Linux, root: `/var/lib`, `/run` and
    /// `/var/log` under `hybrid-connection-manager`. Linux, anyone else: the XDG configuration, runtime and state folders.
    /// Windows: `%ProgramData%\Hybrid Connection Manager` and a named pipe.
    ///
    /// # Errors
    /// [`PathsError`] where the account has no home folder, or one that is too deep.
    pub fn default_for_service() -> Result<Self, PathsError> {
        os::default_for_service()?.checked()
    }

    /// Where a client that was given no home looks for a service, in this order:
    /// the user's own, then the machine's. Never empty.
    ///
    /// # Errors
    /// [`PathsError`] where the system has no place at all.
    pub fn for_client() -> Result<Vec<Channels>, PathsError> {
        os::channels_for_client()
    }

    /// Where this service is reached.
    pub fn channels(&self) -> Channels {
        Channels { manage: self.channel.clone(), status: self.status_channel.clone() }
    }

    /// The files of `home`; channel, run and log folder are filled in by the caller.
    fn with_home(home: PathBuf) -> Self {
        Self {
            settings_file: home.join("settings.json"),
            connections_file: home.join("connections.json"),
            lock_file: home.join("service.lock"),
            run_dir: PathBuf::new(),
            log_dir: PathBuf::new(),
            channel: Address::new(PathBuf::new()),
            status_channel: None,
            of_the_machine: os::is_machine_home(&home),
            home,
        }
    }

    fn checked(self) -> Result<Self, PathsError> {
        let length = self.channel.as_path().as_os_str().len();
        match os::LONGEST_CHANNEL {
            Some(longest) if length > longest => Err(PathsError::TooDeep {
                folder: self.run_dir.parent().unwrap_or(&self.run_dir).to_owned(),
                address: self.channel,
                length,
                longest,
            }),
            _ => Ok(self),
        }
    }
}

impl WindowPaths {
    /// Everything in one folder, as `--home DIR` and `HCM_HOME` ask for.
    ///
    /// # Errors
    /// As [`Paths::in_home`], whose folder this is.
    pub fn in_home(dir: &Path) -> Result<Self, PathsError> {
        let Paths { home, log_dir, .. } = Paths::in_home(dir)?;
        let front = os::front_of_home(&home);
        Ok(Self { preferences_file: home.join(PREFERENCES), log_dir, front })
    }

    /// The places of this person, root or not.
    ///
    /// Linux: the XDG configuration, runtime and state folders. Windows: `%APPDATA%` and
    /// `%LOCALAPPDATA%`, under `Hybrid Connection Manager`.
    ///
    /// # Errors
    /// [`PathsError::NoUserHome`].
    pub fn of_this_user() -> Result<Self, PathsError> {
        os::window_of_this_user().ok_or(PathsError::NoUserHome)
    }
}

/// A short name for a folder, for what cannot hold its path.
pub(super) fn digest(folder: &Path) -> String {
    use std::fmt::Write as _;

    let mut name = String::new();
    for byte in &Sha256::digest(folder.as_os_str().as_encoded_bytes())[..8] {
        // A String takes everything.
        write!(name, "{byte:02x}").unwrap_or_default();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_holds_everything() {
        let paths = Paths::in_home(Path::new("/tmp/./x/")).unwrap();
        assert_eq!(paths, Paths::in_home(Path::new("/tmp/x")).unwrap());
        for inside in [
            &paths.settings_file,
            &paths.connections_file,
            &paths.lock_file,
            &paths.run_dir,
            &paths.log_dir,
        ] {
            assert!(inside.starts_with(&paths.home), "{}", inside.display());
        }
        let other = Paths::in_home(Path::new("/tmp/y")).unwrap();
        assert_ne!(paths.channel, other.channel);
        assert!(paths.status_channel.is_some());
        assert_ne!(paths.status_channel, other.status_channel);
        assert_ne!(paths.status_channel, Some(paths.channel));
    }

    #[test]
    fn a_relative_home_becomes_absolute() {
        let paths = Paths::in_home(Path::new("here")).unwrap();
        assert!(paths.home.is_absolute() && paths.home.ends_with("here"));
        assert!(matches!(Paths::in_home(Path::new("")), Err(PathsError::Unusable { .. })));
    }

    #[test]
    fn a_home_holds_what_is_the_windows_too() {
        let service = Paths::in_home(Path::new("/tmp/x")).unwrap();
        let window = WindowPaths::in_home(Path::new("/tmp/x/.")).unwrap();
        assert_eq!(window.preferences_file, service.home.join("window.json"));
        assert_eq!(window.log_dir, service.log_dir);
        assert_ne!(window.front, service.channel);
        assert_ne!(window.front, WindowPaths::in_home(Path::new("/tmp/y")).unwrap().front);
        assert!(WindowPaths::in_home(Path::new("")).is_err());
    }

    #[test]
    fn the_machines_home_is_told_from_any_other() {
        assert!(!Paths::in_home(Path::new("/tmp/x")).unwrap().of_the_machine);
        #[cfg(windows)]
        {
            let default = Paths::default_for_service().unwrap();
            assert!(default.of_the_machine);
            let spelled = default.home.to_string_lossy().to_uppercase();
            assert!(Paths::in_home(Path::new(&spelled)).unwrap().of_the_machine);
        }
    }

    #[test]
    fn a_digest_is_short_and_tells_folders_apart() {
        assert_eq!(digest(Path::new("/tmp/x")).len(), 16);
        assert_ne!(digest(Path::new("/tmp/x")), digest(Path::new("/tmp/y")));
    }

    #[test]
    fn a_client_always_has_somewhere_to_look() {
        assert!(!Paths::for_client().unwrap().is_empty());
    }
}
