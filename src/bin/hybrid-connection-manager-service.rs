//! `hybrid-connection-manager-service`: the worker process.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hybrid_connection_manager::declared::{
    Declared, Places, SECRETS, Source, environment, folder_of, read,
};
use hybrid_connection_manager::model::VERSION;
use hybrid_connection_manager::platform::event_log::{EventId, EventLog};
use hybrid_connection_manager::platform::paths::Paths;
use hybrid_connection_manager::platform::seal::{self, Scope};
use hybrid_connection_manager::platform::signals::{ReloadSignals, StopSignals};
use hybrid_connection_manager::platform::systemd::Notifier;
use hybrid_connection_manager::platform::upgrader;
use hybrid_connection_manager::service::logs::{Console, LogHub};
use hybrid_connection_manager::service::{LogTo, Service, Surroundings, declared};
use hybrid_connection_manager::store::HandOver;
use hybrid_connection_manager::upgrade::TrustedKeys;
use hybrid_connection_manager::upgrader::{ThisMachine, Upgrader};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

/// Listens on the configured hybrid connections and carries their streams.
#[derive(Parser)]
#[command(version = VERSION, about, arg_required_else_help = true)]
struct Arguments {
    /// Folder for settings, connections, local channel and logs
    #[arg(long, global = true, value_name = "DIR", env = "HCM_HOME")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run in the foreground until Ctrl-C or SIGTERM; a second one does not wait for open streams.
    /// SIGHUP without a terminal: read the settings again
    Run {
        /// Write the log to its files alone, and to standard error only why the service cannot run
        #[arg(long)]
        quiet: bool,
        /// Where the log goes: files-and-stderr, files, or stdout (nothing is written to the disk)
        #[arg(
            long,
            value_name = "WHERE",
            env = "HCM_LOG_TO",
            value_enum,
            default_value_t,
            hide_possible_values = true
        )]
        log_to: Destination,
        #[command(flatten)]
        declared: DeclaredAt,
    },
    /// Install the newer version that the service has left for it; a service manager starts this
    #[cfg(not(windows))]
    Upgrade,
    #[cfg(windows)]
    #[command(flatten)]
    Windows(windows::Command),
}

/// Where the log goes.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Destination {
    #[default]
    FilesAndStderr,
    Files,
    Stdout,
}

impl From<Destination> for LogTo {
    fn from(destination: Destination) -> Self {
        match destination {
            Destination::FilesAndStderr => Self::FilesAndConsole,
            Destination::Files => Self::Files,
            Destination::Stdout => Self::StandardOutput,
        }
    }
}

/// Where the service finds what is declared for it.
#[derive(Args)]
struct DeclaredAt {
    /// File with connections and settings to take up first, as hcm apply reads it; the environment
    /// variables HCM_CONNECTION_STRING, HCM_CONNECTION_STRING_1 and so on are taken up too, and
    /// settings from those like HCM_SETTING_SERVICE_DRAIN_SECONDS
    #[arg(long, value_name = "FILE", env = "HCM_DECLARED")]
    declared: Option<PathBuf>,
    /// Folder of the secrets that the file refers to
    #[arg(long, value_name = "DIR", default_value = SECRETS)]
    secrets: PathBuf,
}

impl DeclaredAt {
    /// All that is declared.
    ///
    /// # Errors
    /// Each mistake on a line of its own, without any key.
    fn read(&self) -> Result<Declared, String> {
        let wrong = |errors: Vec<_>| declared::lines(&errors);
        let more = environment::declared(std::env::vars_os()).map_err(wrong)?;
        let places = Places::of_process(&self.secrets);
        // Where a variable is handed on that is not set, it comes empty.
        let path = self.declared.as_ref().filter(|path| !path.as_os_str().is_empty());
        let Some(path) = path else {
            return read(&[], more, &places).map_err(wrong);
        };
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text =
            text.map_err(|error| format!("the file {} cannot be read: {error}", path.display()))?;
        let (name, folder) = (path.display().to_string(), folder_of(path));
        let source = Source { name: &name, folder: &folder, text: &text };
        read(&[source], more, &places).map_err(wrong)
    }
}

/// How long work that cannot be interrupted may go on after the end: a name that is looked
/// up, or a file on a disk that does not answer.
const LAST_WORK: Duration = Duration::from_millis(500);

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let Arguments { home, command } = Arguments::parse();
    let done = match command {
        Command::Run { quiet, log_to, declared } => {
            let log_to = if quiet { LogTo::Files } else { log_to.into() };
            in_runtime(run(home, log_to, declared))
        }
        #[cfg(not(windows))]
        Command::Upgrade => in_runtime(upgrade(home)),
        #[cfg(windows)]
        Command::Windows(command) => windows::carry_out(command, home),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

fn in_runtime(task: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    end_on_panic();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot be started: {error}"))?;
    let done = runtime.block_on(task);
    runtime.shutdown_timeout(LAST_WORK);
    done
}

/// A task that panics would leave its connection with a status that is no longer true: the
/// whole service ends instead, and a service manager starts it again.
fn end_on_panic() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        let text = format!("the service has a bug and ends: {panic}");
        tracing::error!("{text}");
        report_failed(&text);
        std::process::abort();
    }));
}

/// Tells administrators, where the system has a log of its own for them.
fn report_failed(text: &str) {
    if let Some(log) = EventLog::open() {
        log.report(EventId::Failed, text);
    }
}

fn places(home: Option<PathBuf>) -> Result<Paths, Failure> {
    Ok(match home {
        Some(home) => Paths::in_home(&home)?,
        None => Paths::default_for_service()?,
    })
}

async fn run(home: Option<PathBuf>, log_to: LogTo, declared: DeclaredAt) -> Result<(), Failure> {
    // First: to the first process of a container a signal without a handler does nothing.
    let mut signals = StopSignals::listen()?;
    let mut reloads = ReloadSignals::listen()?;
    let paths = places(home)?;
    let declared = tokio::select! {
        declared = spawn_blocking(move || declared.read()) => declared??,
        // A file on a disk that does not answer holds nobody up.
        _ = signals.next() => return Ok(()),
    };
    // Who runs the machine's service in the foreground does so for the machine.
    let scope = if paths.of_the_machine { Scope::Machine } else { Scope::User };
    let sealer = seal::sealer(scope);
    let surroundings = Surroundings { sealer, declared, ..Surroundings::default() };
    let mut service = Service::start_in(&paths, log_to, surroundings)?;
    if let Some(notifier) = Notifier::of_this_process() {
        service.keep_told(notifier);
    }
    loop {
        tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "asked to end");
                break;
            }
            () = reloads.next() => service.reload().await,
            () = service.shutdown_requested() => break,
        }
    }
    service
        .stop(async {
            signals.next().await;
        })
        .await;
    Ok(())
}

/// The privileged part, for the service that uses `home`.
fn upgrader(home: Option<PathBuf>) -> Result<Upgrader<ThisMachine>, Failure> {
    Ok(Upgrader {
        machine: ThisMachine,
        hand_over: HandOver::in_home(&places(home)?.home),
        folder: upgrader::folder()?,
        keys: TrustedKeys::built_in(),
        own: VERSION.parse()?,
    })
}

/// What is said on the way goes to standard error, and from there to the journal.
async fn upgrade(home: Option<PathBuf>) -> Result<(), Failure> {
    let upgrader = upgrader(home)?;
    let _logs = LogHub::install(None, Console::StandardError)?;
    upgrader.run().await?;
    if upgrader.hand_over.waits() {
        // That was one that had been broken off.
        upgrader.run().await?;
    }
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

    use hybrid_connection_manager::platform::product::{SERVICE_NAME, UPGRADER_SERVICE_NAME};
    use hybrid_connection_manager::platform::windows_service::{
        self, Control, DispatchError, Registration, SHUTDOWN_LIMIT, Session, SetupError,
    };
    use tokio::time::{interval, sleep};

    use super::*;

    /// Where a person has called what the service manager calls.
    const UPGRADE_BY_HAND: &str = "this is for Windows' service manager alone; to install here what the service has left, run it as administrator with --here";
    /// How often the service manager hears that the service is still stopping.
    const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
    /// What of a shutdown is left for the end of the channels when streams are cut.
    const SHUTDOWN_RESERVE: Duration = Duration::from_secs(10);

    #[derive(Subcommand)]
    pub(super) enum Command {
        /// Run under Windows' service manager, which alone can start this
        Service,
        /// Install the newer version that the service has left for it; the service manager starts
        /// this, and a program of its own does it
        Upgrade {
            /// Be that program
            #[arg(long)]
            here: bool,
        },
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
            Command::Service => {
                Ok(windows_service::dispatch(SERVICE_NAME, move |session| serve(session, home))?)
            }
            Command::Upgrade { here: false } => {
                let body = move |session: &mut Session| hand_on(session, home);
                windows_service::dispatch(UPGRADER_SERVICE_NAME, body).map_err(
                    |error| match error {
                        DispatchError::NotAService => UPGRADE_BY_HAND.into(),
                        error => Failure::from(error),
                    },
                )
            }
            Command::Upgrade { here: true } => in_runtime(upgrade_here(home)),
            Command::Setup { register } => {
                let own = if register { Registration::Own } else { Registration::Expected };
                told(windows_service::setup(own), "The service is set up.")
            }
            Command::Teardown { remove_data: false } => {
                told(windows_service::teardown(false), "The service is removed; its data is kept.")
            }
            Command::Teardown { remove_data: true } => {
                told(windows_service::teardown(true), "The service and its data are removed.")
            }
        }
    }

    /// Errors are seen by nobody while an installer runs this.
    #[expect(clippy::print_stdout, reason = "a person may have called this")]
    fn told(done: Result<(), SetupError>, well: &str) -> Result<(), Failure> {
        match done {
            Ok(()) => {
                println!("{well}");
                Ok(())
            }
            Err(error) => {
                report_failed(&error.to_string());
                Err(error.into())
            }
        }
    }

    /// Windows Installer ends whatever runs of the product, so a copy of this program does the work.
    fn hand_on(session: &mut Session, home: Option<PathBuf>) -> Result<(), String> {
        session.running();
        let handed = in_runtime(async {
            let upgrader = upgrader(home)?;
            let mut handing = spawn_blocking(move || upgrader::hand_on(|| upgrader.has_work()));
            loop {
                tokio::select! {
                    handed = &mut handing => return Ok(handed??),
                    control = session.next() => match control {
                        Control::Resumed => {}
                        // The copy is at work, and goes on.
                        Control::Stop | Control::Shutdown => return Ok(()),
                    },
                }
            }
        });
        handed.map_err(|error| {
            let text = format!("The upgrader cannot run: {error}");
            report_failed(&text);
            text
        })
    }

    /// One at a time. What was begun is done when this ends, or given up.
    async fn upgrade_here(home: Option<PathBuf>) -> Result<(), Failure> {
        let _turn = spawn_blocking(upgrader::wait_for_turn).await??;
        let done = upgrade(home).await;
        spawn_blocking(upgrader::stand_down).await??;
        done
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
        let sealer = seal::sealer(Scope::Machine);
        let surroundings = Surroundings { sealer, ..Surroundings::default() };
        let service = Service::start_in(&places(home)?, LogTo::Files, surroundings)?;
        session.running();
        let report = |id, text: &str| {
            if let Some(log) = &log {
                log.report(id, text);
            }
        };
        report(EventId::Started, &format!("The service runs, version {VERSION}"));
        if let Some(log) = &log {
            service.keep_journal(log.clone());
        }
        let shuts_down = loop {
            tokio::select! {
                control = session.next() => match control {
                    Control::Stop => break false,
                    Control::Shutdown => break true,
                    Control::Resumed => service.resumed().await,
                },
                () = service.shutdown_requested() => break false,
            }
        };
        let stopping = service.stop(async move {
            match shuts_down {
                true => sleep(SHUTDOWN_LIMIT - SHUTDOWN_RESERVE).await,
                // Windows passes no second stop on, so nobody hurries.
                false => std::future::pending().await,
            }
        });
        tokio::pin!(stopping);
        let mut alive = interval(SIGN_OF_LIFE);
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
