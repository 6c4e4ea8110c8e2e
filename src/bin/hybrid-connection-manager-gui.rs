//! `hybrid-connection-manager-gui`: the window.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    hybrid_connection_manager::gui::main()
}
