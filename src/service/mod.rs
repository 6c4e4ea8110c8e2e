//! The worker process: listens on every enabled hybrid connection and answers the
//! programs on this machine.

mod channels;
mod check;
mod connection;
pub mod declared;
mod hub;
mod journal;
pub mod logs;
mod metrics;
mod notify;
mod places;
mod policy;
mod readers;
mod remember;
mod session;
mod supervisor;
mod upgrades;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use self::channels::Sessions;
use self::declared::TakeUpError;
use self::hub::Hub;
use self::logs::{Console, LogFiles, LogHub};
use self::supervisor::Supervisor;
use self::upgrades::Upgrades;
use crate::declared::Declared;
use crate::ipc::{Address, BindError, Listener};
use crate::model::{Fault, FaultCode, ServiceInfo, VERSION};
use crate::platform::event_log::EventLog;
use crate::platform::paths::Paths;
use crate::platform::permissions::Group;
use crate::platform::policy::PolicyValues;
use crate::platform::seal::Sealer;
use crate::platform::system_events::{SystemChange, SystemChanges};
use crate::platform::systemd::{News, Notifier};
use crate::platform::upgrader::Installation;
use crate::platform::{self, limits, permissions};
use crate::store::{EventsFile, OpenError, Store};
use crate::upgrade::TrustedKeys;

/// What the log says after a sleep, whoever tells it.
const SLEPT: &str = "this machine has slept: looking at all connections";
/// How long a session may take to send what it still has when the service ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a machine under load may take longer for its end than it should.
const STOP_RESERVE: Duration = Duration::from_secs(10);

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its files cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Its local channel cannot be opened.
    #[error(transparent)]
    Channel(#[from] BindError),
    /// What is declared for its start is wrong, or cannot be kept.
    #[error(transparent)]
    Declared(#[from] TakeUpError),
    /// This process logs somewhere already.
    #[error("the log cannot be opened: {0}")]
    Logs(std::io::Error),
}

/// Where the log goes besides `hcm logs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// Nowhere.
    Nowhere,
    /// Files, one a day.
    Files,
    /// Files, and standard error.
    FilesAndConsole,
    /// Standard output alone, for a container: whoever runs it keeps what stands there.
    StandardOutput,
}

/// What a service is started with besides its files.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Seals the keys on the disk. Those that are not sealed yet are sealed at once.
    pub sealer: Option<Box<dyn Sealer>>,
    /// The policy, and each that it becomes; without it, that of this machine.
    pub policies: Option<watch::Receiver<PolicyValues>>,
    /// Taken up before the first connection begins; what is so already is not touched.
    pub declared: Declared,
    /// Who may sign releases; without it, whom this program trusts.
    pub release_keys: Option<TrustedKeys>,
    /// How this service was installed; without it, that is looked up.
    pub installation: Option<Installation>,
}

/// A service that runs.
#[derive(Debug)]
pub struct Service {
    supervisor: Arc<Supervisor>,
    channel: Address,
    notifier: Option<Arc<Notifier>>,
    stop_sessions: CancellationToken,
    sessions: TaskTracker,
}

impl Service {
    /// As [`Self::start_in`], with keys that are kept unsealed, under the policy of this
    /// machine, and with nothing declared.
    ///
    /// # Errors
    /// As [`Self::start_in`].
    pub fn start(paths: &Paths, log_to: LogTo) -> Result<Self, StartError> {
        Self::start_in(paths, log_to, Surroundings::default())
    }

    /// Opens the files of `paths`, begins to listen on every enabled connection that the
    /// policy allows, and answers programs on the local channel. Log to somewhere once in a
    /// process.
    ///
    /// # Errors
    /// [`StartError`] when another service uses the same home, the files or the local channel
    /// cannot be used at all, or what is declared is wrong or cannot be kept. A damaged file
    /// is no error: it is set aside and reported as a fault.
    pub fn start_in(
        paths: &Paths,
        log_to: LogTo,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let Surroundings { sealer, policies, declared, release_keys, installation } = surroundings;
        let mut policies = policies.unwrap_or_else(platform::policy::follow);
        limits::raise_open_files();
        let mut opened = Store::open(paths, sealer)?;
        let (logs, fault) = open_logs(paths, opened.settings.log.keep_files, log_to)?;
        logs.apply(&declared::log_settings(&opened.settings, &declared));
        opened.faults.extend(fault);
        let listener = listen(paths).inspect_err(|error| error!("{error}"))?;
        let changed =
            declared::take_up(&mut opened, &declared).inspect_err(|error| error!("{error}"))?;
        for fault in &opened.faults {
            warn!(code = %fault.code, "{fault}");
        }
        let hub = Arc::new(Hub::new(service_info(&paths.home, opened.faults.clone())));
        info!(
            version = VERSION,
            home = %paths.home.display(),
            connections = opened.connections.len(),
            "service started"
        );
        if changed > 0 {
            info!(count = changed, "taken up what is declared");
        }
        if opened.sealed > 0 {
            info!(count = opened.sealed, "secrets in the files sealed, which were not before");
        }
        let policy = policy::understood(&policies.borrow_and_update());
        policy::log(&policy);
        policy::show(&policy, &hub);
        let keys = release_keys.unwrap_or_else(TrustedKeys::built_in);
        let installation = installation.or_else(Installation::of_this_service);
        let settings = &opened.settings;
        let upgrades = Upgrades::new(hub.clone(), &paths.home, settings, keys, installation);
        let events = EventsFile::in_home(&paths.home);
        let supervisor = Supervisor::start(opened, hub, logs.clone(), policy, upgrades, events);
        let supervisor = Arc::new(supervisor);
        let (stop_sessions, sessions) = (CancellationToken::new(), TaskTracker::new());
        let channel = paths.channel.clone();
        let service = Self { supervisor, channel, notifier: None, stop_sessions, sessions };
        service.follow_logs(logs.trouble());
        // Before anybody can ask: who waits for the new version hears at once that this is not it.
        service.supervisor.resume_upgrade();
        let programs = service.programs(logs);
        programs.let_managers_in(listener);
        if let Some(address) = &paths.status_channel {
            programs.let_readers_in(address.clone());
        }
        service.follow_system();
        service.follow_policy(policies);
        service.follow_releases();
        service.serve_metrics();
        Ok(service)
    }

    /// Writes into the system's own log what an administrator has to know, from now on.
    pub fn keep_journal(&self, log: Arc<EventLog>) {
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        self.sessions.spawn(async move {
            stop.run_until_cancelled(journal::keep(&log, supervisor.hub())).await;
        });
    }

    /// Tells the service manager how the service does, from now on: that it is ready when a
    /// program that calls it is answered.
    pub fn keep_told(&mut self, notifier: Notifier) {
        let notifier = Arc::new(notifier);
        self.notifier = Some(notifier.clone());
        let (supervisor, channel) = (self.supervisor.clone(), self.channel.clone());
        let stop = self.stop_sessions.clone();
        self.sessions.spawn(async move {
            stop.run_until_cancelled(notify::keep(&notifier, supervisor, &channel)).await;
        });
    }

    /// Reads the settings file again and puts what has changed into force, as a program does that
    /// sets it. Where that cannot be done, the settings stay as they are, and the service has a
    /// fault that says why.
    pub async fn reload(&self) {
        self.tell(News::Reloading);
        self.supervisor.reload_settings().await;
        self.tell(News::Ready);
    }

    /// The machine has slept: connections that are waiting try again, and open channels
    /// prove within seconds that they still are.
    pub async fn resumed(&self) {
        info!("{SLEPT}");
        self.supervisor.system_changed().await;
    }

    /// Waits until a program asks the service to end.
    pub async fn shutdown_requested(&self) {
        self.supervisor.shutdown_requested().await;
    }

    /// Stops listening, gives open streams the time that the settings allow (or until
    /// `hurry` is ready), and ends. Programs hear how many streams are waited for.
    pub async fn stop(self, hurry: impl Future<Output = ()>) {
        let within = self.supervisor.stop_limit().await + FAREWELL + STOP_RESERVE;
        self.tell(News::Stopping { within });
        self.supervisor.stop(hurry).await;
        self.stop_sessions.cancel();
        self.sessions.close();
        if timeout(FAREWELL, self.sessions.wait()).await.is_err() {
            warn!("a program did not take the last news in time");
        }
        info!("service stopped");
    }

    /// The programs that this service serves.
    fn programs(&self, logs: LogHub) -> Sessions {
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        Sessions { supervisor, logs, stop, tasks: self.sessions.clone() }
    }

    fn tell(&self, news: News<'_>) {
        if let Some(notifier) = &self.notifier {
            notifier.tell(news);
        }
    }

    /// Says as long as lines are not written that they are not.
    fn follow_logs(&self, trouble: Option<watch::Receiver<Option<String>>>) {
        let Some(mut trouble) = trouble else { return };
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        self.sessions.spawn(async move {
            while let Some(Ok(())) = stop.run_until_cancelled(trouble.changed()).await {
                let fault = trouble.borrow_and_update().clone();
                let fault = fault.map(|text| Fault::new(FaultCode::LogsUnwritable, text));
                supervisor.hub().set_fault(FaultCode::LogsUnwritable, fault);
            }
        });
    }

    fn follow_system(&self) {
        let mut changes = SystemChanges::follow();
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        self.sessions.spawn(async move {
            while let Some(change) = stop.run_until_cancelled(changes.next()).await {
                match change {
                    SystemChange::Network => {
                        info!(
                            "the network of this machine has changed: looking at all connections"
                        );
                    }
                    SystemChange::Slept => info!("{SLEPT}"),
                }
                supervisor.system_changed().await;
            }
        });
    }

    /// Asks for newer versions when it is time, and when the settings say something new of it.
    fn follow_releases(&self) {
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        self.sessions.spawn(async move {
            stop.run_until_cancelled(supervisor.follow_releases()).await;
        });
    }

    /// Answers over HTTP for as long as the settings say where.
    fn serve_metrics(&self) {
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        self.sessions.spawn(async move {
            stop.run_until_cancelled(metrics::serve(supervisor)).await;
        });
    }

    fn follow_policy(&self, mut policies: watch::Receiver<PolicyValues>) {
        let (supervisor, stop) = (self.supervisor.clone(), self.stop_sessions.clone());
        self.sessions.spawn(async move {
            while let Some(Ok(())) = stop.run_until_cancelled(policies.changed()).await {
                let policy = policy::understood(&policies.borrow_and_update());
                supervisor.apply_policy(policy);
            }
        });
    }
}

/// Opens the local channel: that of the machine's service to the group of its managers too.
fn listen(paths: &Paths) -> Result<Listener, BindError> {
    let group = paths.of_the_machine.then(Group::of_managers).flatten();
    let closed = paths.of_the_machine && group.is_none();
    if closed {
        match permissions::managers_group() {
            Some(group) => warn!(
                "this account is not in the group {group}, so its members cannot manage the service"
            ),
            None => warn!("{}", permissions::NO_MANAGERS_GROUP),
        }
    }
    Listener::bind_for_group(&paths.channel, group)
}

/// The log, and what is wrong with its files: without them the service runs all the same.
fn open_logs(
    paths: &Paths,
    keep: u32,
    log_to: LogTo,
) -> Result<(LogHub, Option<Fault>), StartError> {
    let console = match log_to {
        LogTo::Nowhere => return Ok((LogHub::default(), None)),
        LogTo::Files => Console::None,
        LogTo::FilesAndConsole => Console::StandardError,
        LogTo::StandardOutput => {
            let hub = LogHub::install(None, Console::StandardOutput).map_err(StartError::Logs)?;
            return Ok((hub, None));
        }
    };
    let folder = &paths.log_dir;
    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
    let safe = permissions::ensure_safe_folder(folder).map_err(|error| error.to_string());
    let files = safe.and_then(|()| {
        LogFiles::open(folder, keep).map_err(|error| format!("{}: {error}", folder.display()))
    });
    let (files, fault) = match files {
        Ok(files) => (Some(files), None),
        Err(error) => (None, Some(Fault::new(FaultCode::LogsUnwritable, error))),
    };
    let hub = LogHub::install(files, console).map_err(StartError::Logs)?;
    Ok((hub, fault))
}

fn service_info(home: &Path, faults: Vec<Fault>) -> ServiceInfo {
    ServiceInfo {
        version: VERSION.to_owned(),
        pid: std::process::id(),
        started: Timestamp::now(),
        home: home.display().to_string(),
        faults,
        draining: None,
        policy: None,
        proxy: None,
        upgrade: None,
    }
}

#[cfg(test)]
mod tests;
