//! A session of its own; or the unit of systemd.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use tokio::sync::watch;

use super::systemctl::{START, Systemctl};
use super::{ManagedError, StartedService, in_front};

pub(super) fn file_name(name: &str) -> String {
    name.to_owned()
}

/// Starts the unit of systemd; `None` where there is none.
pub(super) fn start_managed() -> Option<Result<StartedService, ManagedError>> {
    start_with(&Systemctl::find()?).transpose()
}

fn start_with(systemctl: &Systemctl) -> Result<Option<StartedService>, ManagedError> {
    let Some(unit) = systemctl.unit()? else { return Ok(None) };
    systemctl.start(&unit)?;
    let pid = systemctl.unit()?.map_or(0, |unit| unit.pid);
    // It is ready, and from here on systemd's.
    let (_, ended) = watch::channel(None);
    Ok(Some(StartedService { pid, ended }))
}

/// How a person starts the unit of systemd; `None` where there is none.
pub(super) fn managed_by_hand() -> Option<String> {
    match Systemctl::find()?.unit() {
        Ok(unit) => Some(unit?.by_hand()),
        // It may be installed.
        Err(_) => Some(format!("{START}; or, where it is not installed: {}", in_front(None))),
    }
}

pub(super) fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// A closing terminal, Ctrl-C in it and the end of the window reach the whole session of the
/// window; the service gets one of its own. It keeps no folder in use either.
#[expect(unsafe_code, reason = "the standard library starts no session")]
pub(super) fn detach(command: &mut Command) {
    command.current_dir("/");
    // SAFETY: between fork and exec the closure makes one system call, which is
    // async-signal-safe, and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    #[test]
    fn the_program_beside_this_one_goes_before_those_on_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let [beside, first, second] = ["beside", "first", "second"].map(|name| {
            let folder = dir.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        });
        let search = std::env::join_paths([Path::new(""), &first, &second]).unwrap();
        let find = || ServiceProgram::find_in(&beside, Some(&search));
        let put = |folder: &Path, mode| {
            let path = folder.join(NAME);
            File::create(&path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        find().unwrap_err();
        let in_second = put(&second, 0o755);
        put(&first, 0o644);
        assert_eq!(find().unwrap().path(), in_second, "what cannot be run is no program");
        let own = put(&beside, 0o755);
        assert_eq!(find().unwrap().path(), own);
    }
}
