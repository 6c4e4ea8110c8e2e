//! A process group for each, so that a shell's children end with it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

pub(super) fn prepare(command: &mut Command) {
    command.process_group(0);
}

/// A program and all that it has started.
pub(super) struct Family(Option<Pid>);

impl Family {
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// It has ended by itself.
    pub(super) fn leave(mut self) {
        self.0 = None;
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // One that has just ended is no longer there to be killed.
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

pub(super) fn has_program(folder: &Path, name: &str) -> bool {
    let is_executable =
        |path: &Path| path.metadata().is_ok_and(|it| it.permissions().mode() & 0o111 != 0);
    super::has_file(folder, &[name.to_owned()]) && is_executable(&folder.join(name))
}
