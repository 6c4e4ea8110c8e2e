//! `relay-emulator`: Azure Relay Hybrid Connections on loopback.

use std::process::ExitCode;

use hybrid_connection_manager::platform::limits;

fn main() -> ExitCode {
    // A stream takes two sockets here, too.
    limits::raise_open_files();
    hybrid_connection_manager::emulator::cli::main()
}
