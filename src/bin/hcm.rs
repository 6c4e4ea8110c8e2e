//! `hcm`: the command line of Hybrid Connection Manager.

use std::process::ExitCode;

use hybrid_connection_manager::cli;

fn main() -> ExitCode {
    #[cfg(feature = "emulator")]
    let demo: Option<cli::Demo> = Some(hybrid_connection_manager::demo_cli::run);
    #[cfg(not(feature = "emulator"))]
    let demo: Option<cli::Demo> = None;
    cli::run(std::env::args_os(), demo)
}
