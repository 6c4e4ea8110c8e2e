//! `relay-emulator`: Azure Relay Hybrid Connections on loopback.

use std::process::ExitCode;

fn main() -> ExitCode {
    hybrid_connection_manager::emulator::cli::main()
}
