//! A process group of its own, without a console.

use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C in the window's console is not for the service.
const NEW_PROCESS_GROUP: u32 = 0x0000_0200;
/// `CREATE_NO_WINDOW`: no console appears.
const NO_WINDOW: u32 = 0x0800_0000;

pub(super) fn file_name(name: &str) -> String {
    format!("{name}.exe")
}

pub(super) fn is_program(path: &Path) -> bool {
    path.is_file()
}

pub(super) fn detach(command: &mut Command) {
    command.creation_flags(NEW_PROCESS_GROUP | NO_WINDOW);
}
