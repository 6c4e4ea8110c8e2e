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
    #[cfg(windows)]
    #[command(flatten)]
    Windows(windows::Command),
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let Arguments { home, command } = Arguments::parse();
    let done = match command {
        Command::Run { quiet } => in_runtime(run(home, quiet)),
        #[cfg(windows)]
        Command::Windows(command) => windows::carry_out(command, home),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn in_runtime(task: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be started: {error}"))?;
    runtime.block_on(task)
}

fn places(home: Option<PathBuf>) -> Result<Paths, Failure> {
    Ok(match home {
        Some(home) => Paths::in_home(&home)?,
        None => Paths::default_for_service()?,
    })
}

async fn run(home: Option<PathBuf>, quiet: bool) -> Result<(), Failure> {
    let paths = places(home)?;
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

/// What only Windows has: its service manager.
#[cfg(windows)]
mod windows {
    use std::sync::Arc;
    use std::time::Duration;

    use hybrid_connection_manager::platform::event_log::{EventId, EventLog};
    use hybrid_connection_manager::platform::windows_service::{
        self, Control, Registration, Session,
    };

    use super::*;

    /// How often the service manager hears that the service is still stopping.
    const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

    #[derive(Subcommand)]
    pub(super) enum Command {
        /// Run under Windows' service manager, which alone can start this
        Service,
        /// Make what the service needs: its folder, the group of its operators, its name in
        /// the Event Log, and how Windows starts and restarts it; as administrator
        Setup {
            /// Register this program as the service first, where no installer has
            #[arg(long)]
            register: bool,
        },
        /// Stop and remove the service, and what setup has made; as administrator
        Teardown {
            /// Remove settings, connections, keys and logs too
            #[arg(long)]
            remove_data: bool,
        },
    }

    pub(super) fn carry_out(command: Command, home: Option<PathBuf>) -> Result<(), Failure> {
        match command {
            Command::Service => Ok(windows_service::dispatch(move |session| serve(session, home))?),
            Command::Setup { register } => {
                let own = if register { Registration::Own } else { Registration::Expected };
                told(windows_service::setup(own))
            }
            Command::Teardown { remove_data } => told(windows_service::teardown(remove_data)),
        }
    }

    /// Errors are seen by nobody while an installer runs this.
    fn told(done: Result<(), windows_service::SetupError>) -> Result<(), Failure> {
        done.map_err(|error| {
            if let Some(log) = EventLog::open() {
                log.report(EventId::Failed, &error.to_string());
            }
            error.into()
        })
    }

    fn serve(session: &mut Session, home: Option<PathBuf>) -> Result<(), String> {
        let log = EventLog::open().map(Arc::new);
        let served = in_runtime(managed(session, home, log.clone()));
        served.map_err(|error| {
            let text = format!("The service cannot run: {error}");
            if let Some(log) = log {
                log.report(EventId::Failed, &text);
            }
            text
        })
    }

    async fn managed(
        session: &mut Session,
        home: Option<PathBuf>,
        log: Option<Arc<EventLog>>,
    ) -> Result<(), Failure> {
        let service = Service::start(&places(home)?, LogTo::Files)?;
        session.running();
        let report = |id, text| {
            if let Some(log) = &log {
                log.report(id, text);
            }
        };
        report(EventId::Started, concat!("The service runs, version ", env!("CARGO_PKG_VERSION")));
        if let Some(log) = &log {
            service.keep_journal(log.clone());
        }
        loop {
            tokio::select! {
                control = session.next() => match control {
                    Control::Stop => break,
                    Control::Resumed => service.resumed().await,
                },
                () = service.shutdown_requested() => break,
            }
        }
        // Windows passes no second stop on, so nobody hurries.
        let stopping = service.stop(std::future::pending());
        tokio::pin!(stopping);
        let mut alive = tokio::time::interval(SIGN_OF_LIFE);
        loop {
            tokio::select! {
                () = &mut stopping => break,
                _ = alive.tick() => session.stopping(),
            }
        }
        report(EventId::Stopped, "The service has stopped.");
        Ok(())
    }
}
