//! `hybrid-connection-manager-service`: the worker process.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hybrid_connection_manager::platform::paths::Paths;
use hybrid_connection_manager::platform::signals::StopSignals;
use hybrid_connection_manager::service::{LogTo, Service};

/// Listens on the configured hybrid connections and carries their streams.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Arguments {
    /// Folder for settings, connections, local channel and logs
    #[arg(long, global = true, value_name = "DIR", env = "HCM_HOME")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run in the foreground until Ctrl-C or SIGTERM; a second one does not wait for open streams
    Run {
        /// Write the log to its files alone, and to standard error only why the service cannot run
        #[arg(long)]
        quiet: bool,
    },
}

fn main() -> ExitCode {
    let Arguments { home, command: Command::Run { quiet } } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be started: {error}")),
    };
    match runtime.block_on(run(home, quiet)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

async fn run(home: Option<PathBuf>, quiet: bool) -> Result<(), Box<dyn std::error::Error>> {
    let paths = match home {
        Some(home) => Paths::in_home(&home)?,
        None => Paths::default_for_service()?,
    };
    let mut signals = StopSignals::listen()?;
    let log_to = if quiet { LogTo::Files } else { LogTo::FilesAndConsole };
    let service = Service::start(&paths, log_to)?;
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "asked to end"),
        () = service.shutdown_requested() => {}
    }
    service
        .stop(async {
            signals.next().await;
        })
        .await;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "there may be no log yet")]
fn failed(error: &str) -> ExitCode {
    eprintln!("hybrid-connection-manager-service: {error}");
    ExitCode::FAILURE
}
