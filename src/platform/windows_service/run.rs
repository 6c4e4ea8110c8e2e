//! The conversation with the service manager while the service runs.

use std::ffi::OsString;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use windows_service::service::{
    PowerEventParam, ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState,
    ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    self, ServiceControlHandlerResult, ServiceStatusHandle,
};
use windows_service::{define_windows_service, service_dispatcher};

use crate::platform::service_program::MANAGED_START;

/// Things that the service manager has said and the service has not taken yet.
const BACKLOG: usize = 16;
/// How long the service manager waits for the next sign of life while the service starts
/// or stops.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a shutdown of Windows waits for the service: the usual drain and as much again.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_secs(60);
/// `ERROR_FAILED_SERVICE_CONTROLLER_CONNECT`: not started by the service manager.
const NOT_STARTED_BY_MANAGER: i32 = 1063;
/// What the service manager shows as "service-specific error code" of one that failed.
const FAILED: u32 = 1;

/// What the service manager says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// End, because somebody stops the service.
    Stop,
    /// End, because the machine shuts down. Windows waits for [`SHUTDOWN_LIMIT`].
    Shutdown,
    /// The machine has slept and is awake again.
    Resumed,
}

/// Why this program cannot talk to the service manager.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// A person or a script has started it.
    #[error(
        "this is for Windows' service manager alone; start the service with \"{MANAGED_START}\", or run it in the foreground with \"run\""
    )]
    NotAService,
    /// Anything else.
    #[error("Windows' service manager cannot be reached: {0}")]
    Manager(windows_service::Error),
}

/// One run of the service.
#[derive(Debug)]
pub struct Session {
    controls: mpsc::Receiver<Control>,
    status: ServiceStatusHandle,
    checkpoint: u32,
}

type Body = Box<dyn FnOnce(&mut Session) -> Result<(), String> + Send>;

/// What [`dispatch`] was given, for the function that Windows calls without arguments.
static BODY: Mutex<Option<(&'static str, Body)>> = Mutex::new(None);

/// The service that this process is.
static RUNS_AS: OnceLock<&str> = OnceLock::new();

/// Whether this process is the service of this name, started by the service manager.
pub(in crate::platform) fn is_this_process(name: &str) -> bool {
    RUNS_AS.get() == Some(&name)
}

/// Runs `body` as the service of this name: it is called on a thread of its own, tells when it runs and
/// stops, and its error makes the service manager restart the service. Returns when
/// the service has ended.
///
/// # Errors
/// [`DispatchError`] where this program was not started by the service manager.
pub fn dispatch(
    name: &'static str,
    body: impl FnOnce(&mut Session) -> Result<(), String> + Send + 'static,
) -> Result<(), DispatchError> {
    *BODY.lock().unwrap_or_else(PoisonError::into_inner) = Some((name, Box::new(body)));
    service_dispatcher::start(name, service_main_of_windows).map_err(|error| match error {
        windows_service::Error::Winapi(inner)
            if inner.raw_os_error() == Some(NOT_STARTED_BY_MANAGER) =>
        {
            DispatchError::NotAService
        }
        error => DispatchError::Manager(error),
    })
}

define_windows_service!(service_main_of_windows, service_main);

fn service_main(_arguments: Vec<OsString>) {
    let body = BODY.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((name, body)) = body else { return };
    let Ok(mut session) = Session::open(name) else { return };
    // A process is one service: nobody has set it before.
    let _unset = RUNS_AS.set(name);
    let ended = body(&mut session);
    session.stopped(ended.is_ok());
}

impl Session {
    fn open(name: &str) -> windows_service::Result<Self> {
        let (sender, controls) = mpsc::channel(BACKLOG);
        let status = service_control_handler::register(name, move |control| {
            let told = match control {
                ServiceControl::Stop => Control::Stop,
                ServiceControl::Shutdown | ServiceControl::Preshutdown => Control::Shutdown,
                ServiceControl::PowerEvent(
                    PowerEventParam::ResumeAutomatic | PowerEventParam::ResumeCritical,
                ) => Control::Resumed,
                ServiceControl::Interrogate | ServiceControl::PowerEvent(_) => {
                    return ServiceControlHandlerResult::NoError;
                }
                _ => return ServiceControlHandlerResult::NotImplemented,
            };
            // Windows must not wait; when so much is waiting, this is among it.
            sender.try_send(told).unwrap_or_default();
            ServiceControlHandlerResult::NoError
        })?;
        let mut session = Self { controls, status, checkpoint: 0 };
        session.tell(ServiceState::StartPending, PATIENCE);
        Ok(session)
    }

    /// The service serves.
    pub fn running(&mut self) {
        self.checkpoint = 0;
        self.tell(ServiceState::Running, Duration::ZERO);
    }

    /// The service is ending and still alive. To be called once a second or so.
    pub fn stopping(&mut self) {
        self.tell(ServiceState::StopPending, PATIENCE);
    }

    /// What the service manager says next. Cancel-safe.
    pub async fn next(&mut self) -> Control {
        match self.controls.recv().await {
            Some(control) => control,
            // The handler lives as long as the process.
            None => std::future::pending().await,
        }
    }

    fn stopped(&mut self, well: bool) {
        let exit_code =
            if well { ServiceExitCode::NO_ERROR } else { ServiceExitCode::ServiceSpecific(FAILED) };
        self.tell_with(ServiceState::Stopped, Duration::ZERO, exit_code);
    }

    fn tell(&mut self, state: ServiceState, wait_hint: Duration) {
        self.tell_with(state, wait_hint, ServiceExitCode::NO_ERROR);
    }

    fn tell_with(&mut self, state: ServiceState, wait_hint: Duration, exit_code: ServiceExitCode) {
        let controls_accepted = match state {
            ServiceState::Running => {
                ServiceControlAccept::STOP
                    | ServiceControlAccept::PRESHUTDOWN
                    | ServiceControlAccept::POWER_EVENT
            }
            _ => ServiceControlAccept::empty(),
        };
        let checkpoint = match state {
            ServiceState::StartPending | ServiceState::StopPending => {
                self.checkpoint += 1;
                self.checkpoint
            }
            _ => 0,
        };
        let told = self.status.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted,
            exit_code,
            checkpoint,
            wait_hint,
            process_id: None,
        });
        if let Err(error) = told {
            tracing::warn!(%error, ?state, "the service manager does not take the state");
        }
    }
}
