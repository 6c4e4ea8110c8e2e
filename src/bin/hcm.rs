//! `hcm`: the command line of Hybrid Connection Manager.

use std::process::ExitCode;

use hybrid_connection_manager::cli;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), None)
}
