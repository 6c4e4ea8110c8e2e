//! No console window, and nothing taken from the folder that this program was started in.

use std::path::Path;

use tokio::process::{Child, Command};

/// `CREATE_NO_WINDOW` (Microsoft Learn, "Process Creation Flags").
const NO_WINDOW: u32 = 0x0800_0000;

pub(super) fn prepare(command: &mut Command) {
    command.creation_flags(NO_WINDOW);
    if let Some(root) = std::env::var_os("SYSTEMROOT") {
        command.current_dir(root);
    }
}

/// A program; what it has started goes on to its own end.
pub(super) struct Family;

impl Family {
    pub(super) fn of(_: &Child) -> Self {
        Self
    }

    pub(super) fn leave(self) {}
}

pub(super) fn has_program(folder: &Path, name: &str) -> bool {
    let names = ["cmd", "exe", "bat"].map(|ending| format!("{name}.{ending}"));
    super::has_file(folder, &names)
}
