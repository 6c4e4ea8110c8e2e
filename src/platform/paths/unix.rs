//! The places on Unix systems.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::{Address, Channels, PREFERENCES, Paths, PathsError, WindowPaths};
use crate::platform::product::SERVICE_NAME as FOLDER;
use crate::platform::systemd::UnitFolders;

/// Longest path of a Unix socket in bytes: `sun_path` of unix(7) without its
/// closing zero. macOS and the BSDs have four bytes less.
pub(super) const LONGEST_CHANNEL: Option<usize> =
    Some(if cfg!(target_os = "linux") { 107 } else { 103 });

const SOCKET: &str = "service.sock";
/// As long as the other one with its folder, so a home that has a place for one has it for both.
const STATUS_SOCKET: &str = "read.sock";
/// Shorter than the service's, so a home in which that one fits has a place for it.
const FRONT_SOCKET: &str = "gui.sock";

/// The socket for everyone has a folder of its own, since the other one's is closed to others.
pub(super) fn channels_of_home(home: &Path) -> Channels {
    Channels {
        manage: Address::new(home.join("run").join(SOCKET)),
        status: Some(Address::new(home.join("status").join(STATUS_SOCKET))),
    }
}

pub(super) fn front_of_home(home: &Path) -> Address {
    Address::new(home.join("run").join(FRONT_SOCKET))
}

pub(super) fn window_of_this_user() -> Option<WindowPaths> {
    UserDirs::of_this_account().map(UserDirs::window)
}

pub(super) fn default_for_service() -> Result<Paths, PathsError> {
    if let Some(folders) = UnitFolders::of_this_process() {
        Ok(of_unit(folders))
    } else if rustix::process::geteuid().is_root() {
        Ok(of_system())
    } else {
        let user = UserDirs::of_this_account().ok_or(PathsError::NoUserHome)?;
        Ok(user.paths())
    }
}

pub(super) fn channels_for_client() -> Result<Vec<Channels>, PathsError> {
    let user = UserDirs::of_this_account().filter(|_| !rustix::process::geteuid().is_root());
    let own = user.map(UserDirs::channels).unwrap_or_default();
    Ok(own.into_iter().map(Channels::from).chain([of_system().channels()]).collect())
}

pub(super) fn is_machine_home(home: &Path) -> bool {
    home == machine_home()
}

fn machine_home() -> PathBuf {
    Path::new("/var/lib").join(FOLDER)
}

/// The places of a unit of systemd. Its account is not root, and yet it serves the machine.
fn of_unit(folders: UnitFolders) -> Paths {
    let UnitFolders { state, runtime, status, logs } = folders;
    Paths {
        channel: Address::new(runtime.join(SOCKET)),
        status_channel: status.map(|folder| Address::new(folder.join(STATUS_SOCKET))),
        run_dir: runtime,
        log_dir: logs.unwrap_or_else(|| state.join("logs")),
        of_the_machine: true,
        ..Paths::with_home(state)
    }
}

fn of_system() -> Paths {
    let run_dir = Path::new("/run").join(FOLDER);
    Paths {
        channel: Address::new(run_dir.join(SOCKET)),
        status_channel: Some(Address::new(
            Path::new("/run").join(format!("{FOLDER}-status")).join(STATUS_SOCKET),
        )),
        run_dir,
        log_dir: Path::new("/var/log").join(FOLDER),
        ..Paths::with_home(machine_home())
    }
}

/// The XDG folders of one account, each already ours by name.
struct UserDirs {
    config: PathBuf,
    state: PathBuf,
    /// Missing where no session manager made one, in a cron job for example.
    runtime: Option<PathBuf>,
}

impl UserDirs {
    fn of_this_account() -> Option<Self> {
        let dirs = ProjectDirs::from("", "", FOLDER)?;
        Some(Self {
            config: dirs.config_dir().to_owned(),
            state: dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned(),
            runtime: dirs.runtime_dir().map(Path::to_owned),
        })
    }

    fn paths(self) -> Paths {
        let run_dir = self.runtime.unwrap_or_else(|| self.state.join("run"));
        Paths {
            channel: Address::new(run_dir.join(SOCKET)),
            run_dir,
            log_dir: self.state.join("logs"),
            ..Paths::with_home(self.config)
        }
    }

    fn window(self) -> WindowPaths {
        let preferences_file = self.config.join(PREFERENCES);
        let Paths { run_dir, log_dir, .. } = self.paths();
        WindowPaths { preferences_file, log_dir, front: Address::new(run_dir.join(FRONT_SOCKET)) }
    }

    /// Both places where a service of this account may be: it may have been
    /// started without the runtime folder that the client has.
    fn channels(self) -> Vec<Address> {
        let run_dirs = self.runtime.into_iter().chain([self.state.join("run")]);
        run_dirs.map(|dir| Address::new(dir.join(SOCKET))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(runtime: Option<&str>) -> UserDirs {
        UserDirs {
            config: "/home/a/.config/hcm".into(),
            state: "/home/a/.local/state/hcm".into(),
            runtime: runtime.map(Into::into),
        }
    }

    #[test]
    fn a_user_has_one_place_for_each_kind_of_file() {
        let paths = user(Some("/run/user/7/hcm")).paths();
        assert_eq!(paths.connections_file, Path::new("/home/a/.config/hcm/connections.json"));
        assert_eq!(paths.log_dir, Path::new("/home/a/.local/state/hcm/logs"));
        assert_eq!(paths.channel.as_path(), Path::new("/run/user/7/hcm/service.sock"));
        assert_eq!(paths.status_channel, None, "its status is this person's business");
    }

    #[test]
    fn the_window_has_its_places_beside_those_of_a_service_of_this_user() {
        let window = user(Some("/run/user/7/hcm")).window();
        assert_eq!(window.preferences_file, Path::new("/home/a/.config/hcm/window.json"));
        assert_eq!(window.log_dir, Path::new("/home/a/.local/state/hcm/logs"));
        assert_eq!(window.front.as_path(), Path::new("/run/user/7/hcm/gui.sock"));
        let window = user(None).window();
        assert_eq!(window.front.as_path(), Path::new("/home/a/.local/state/hcm/run/gui.sock"));
    }

    #[test]
    fn a_client_finds_a_service_that_had_no_runtime_folder() {
        let service = user(None).paths().channel;
        assert_eq!(user(None).channels(), std::slice::from_ref(&service));
        let client = user(Some("/run/user/7/hcm")).channels();
        assert_eq!(client[0], user(Some("/run/user/7/hcm")).paths().channel);
        assert_eq!(client[1], service);
    }

    #[test]
    fn the_folders_of_the_unit_are_where_clients_look() {
        let folder = |parent: &str| Path::new(parent).join(FOLDER);
        let unit = of_unit(UnitFolders {
            state: folder("/var/lib"),
            runtime: folder("/run"),
            status: Some(format!("/run/{FOLDER}-status").into()),
            logs: Some(folder("/var/log")),
        });
        assert_eq!(unit, of_system());
        assert!(unit.of_the_machine);
        let plain = of_unit(UnitFolders {
            state: "/s".into(),
            runtime: "/r".into(),
            status: None,
            logs: None,
        });
        assert_eq!(plain.log_dir, Path::new("/s/logs"));
        assert_eq!((plain.status_channel, plain.of_the_machine), (None, true));
    }

    #[test]
    fn a_home_that_is_too_deep_is_refused_at_the_exact_byte() {
        let longest = LONGEST_CHANNEL.unwrap();
        let fits = longest - "/run/service.sock".len();
        let home = |length: usize| PathBuf::from(format!("/{}", "d".repeat(length - 1)));
        let paths = Paths::in_home(&home(fits)).unwrap();
        assert_eq!(paths.channel.as_path().as_os_str().len(), longest);
        assert_eq!(paths.status_channel.unwrap().as_path().as_os_str().len(), longest);
        let error = Paths::in_home(&home(fits + 1)).unwrap_err().to_string();
        assert!(error.contains("too deep") && error.contains("shorter path"), "{error}");
        assert!(error.contains(&format!("of {} bytes", longest + 1)), "{error}");
    }
}
