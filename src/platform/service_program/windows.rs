//! A process group of its own, without a console; or the service manager's service.

use std::ffi::OsStr;
use std::io;
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use windows_service::service::{Service, ServiceAccess, ServiceExitCode, ServiceState};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::{ManagedError, ServiceEnd, StartedService, in_front};
use crate::platform::product::SERVICE_NAME;

/// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C in the window's console is not for the service.
const NEW_PROCESS_GROUP: u32 = 0x0000_0200;
/// `CREATE_NO_WINDOW`: no console appears.
const NO_WINDOW: u32 = 0x0800_0000;

pub(super) fn file_name(name: &str) -> String {
    format!("{name}.exe")
}

pub(super) fn is_program(path: &Path) -> bool {
    path.is_file()
}

pub(super) fn detach(command: &mut Command) {
    command.creation_flags(NEW_PROCESS_GROUP | NO_WINDOW);
}

/// How long the start of the service manager's service is looked at, and how often.
const START_LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The command that starts the service of this machine, in every shell.
pub(in crate::platform) const MANAGED_START: &str = "net start hybrid-connection-manager";

/// Starts the service that the service manager knows; `None` where it knows none.
pub(super) fn start_managed() -> Option<Result<StartedService, ManagedError>> {
    // Whoever may not start it may still ask whether it is there.
    let known = open(ServiceAccess::QUERY_STATUS).ok()?;
    let started = start(&known).map_err(|error| reason(&error)).and_then(watch_start);
    let remedy = || format!("as administrator: {MANAGED_START}");
    Some(started.map_err(|reason| ManagedError { reason, remedy: remedy() }))
}

/// How a person starts it in a terminal.
pub(super) fn managed_by_hand() -> Option<String> {
    let alone = in_front(None);
    Some(format!("{MANAGED_START} (as administrator); or in the foreground: {alone}"))
}

fn open(access: ServiceAccess) -> windows_service::Result<Service> {
    ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT)?
        .open_service(SERVICE_NAME, access)
}

/// Starts it unless it runs, and returns its process id.
fn start(known: &Service) -> windows_service::Result<u32> {
    if known.query_status()?.current_state == ServiceState::Stopped {
        open(ServiceAccess::START)?.start::<&OsStr>(&[])?;
    }
    Ok(known.query_status()?.process_id.unwrap_or_default())
}

/// Follows the start until the service runs or has ended.
fn watch_start(pid: u32) -> Result<StartedService, String> {
    let (end, ended) = watch::channel(None);
    let follow = move || {
        let Ok(service) = open(ServiceAccess::QUERY_STATUS) else { return };
        let deadline = Instant::now() + START_LIMIT;
        while let Ok(status) = service.query_status()
            && Instant::now() < deadline
        {
            match status.current_state {
                ServiceState::Running => return,
                ServiceState::Stopped => {
                    end.send_replace(Some(end_of(&status.exit_code)));
                    return;
                }
                _ => sleep(LOOK_EVERY),
            }
        }
    };
    let thread = std::thread::Builder::new().name("service-start".to_owned());
    thread.spawn(follow).map_err(|error| error.to_string())?;
    Ok(StartedService { pid, ended })
}

fn end_of(code: &ServiceExitCode) -> ServiceEnd {
    let status = match code {
        ServiceExitCode::Win32(0) => return ServiceEnd { success: true, ..ServiceEnd::default() },
        ServiceExitCode::Win32(code) => {
            io::Error::from_raw_os_error(code.cast_signed()).to_string()
        }
        ServiceExitCode::ServiceSpecific(_) => {
            "the Application log of the Event Viewer says why".to_owned()
        }
    };
    ServiceEnd { success: false, status, last_line: None }
}

fn reason(error: &windows_service::Error) -> String {
    match error {
        windows_service::Error::Winapi(error) => error.to_string(),
        error => error.to_string(),
    }
}
