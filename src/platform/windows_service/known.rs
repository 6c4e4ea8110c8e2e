//! A service that the service manager knows, whichever of ours it is.

use std::ffi::OsStr;
use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::thread::sleep;
use std::time::{Duration, Instant};

use windows_service::service::{Service, ServiceAccess, ServiceInfo, ServiceState};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{
    ERROR_SERVICE_DOES_NOT_EXIST, ERROR_SERVICE_MARKED_FOR_DELETE, WAIT_OBJECT_0,
};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};

use super::SetupError;

/// How long a service that is removed may go on stopping without a sign of life.
pub(super) const SIGN_OF_LIFE_LIMIT: Duration = Duration::from_secs(30);

/// How long a process may go on after its service has stopped, in milliseconds.
const END_LIMIT_MS: u32 = 15_000;

/// The service of this name, if it is registered.
pub(super) fn open(name: &str, access: ServiceAccess) -> Result<Option<Service>, SetupError> {
    let opened = ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT)
        .and_then(|scm| scm.open_service(name, access));
    match opened {
        Ok(service) => Ok(Some(service)),
        Err(windows_service::Error::Winapi(error)) if is(&error, ERROR_SERVICE_DOES_NOT_EXIST) => {
            Ok(None)
        }
        Err(error) => Err(manager("opening the service", error)),
    }
}

/// Registers a service, or changes the one that is there.
pub(super) fn register(info: &ServiceInfo) -> Result<Service, SetupError> {
    let what = "registering the service";
    if let Some(service) = open(&info.name.to_string_lossy(), ServiceAccess::ALL_ACCESS)? {
        service.change_config(info).map_err(|error| manager(what, error))?;
        return Ok(service);
    }
    ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CREATE_SERVICE)
        .and_then(|scm| scm.create_service(info, ServiceAccess::ALL_ACCESS))
        .map_err(|error| manager(what, error))
}

/// Stops and removes it, if it is registered.
pub(super) fn remove(name: &str) -> Result<(), SetupError> {
    let Some(service) = open(name, ServiceAccess::ALL_ACCESS)? else { return Ok(()) };
    stop(&service)?;
    match service.delete() {
        // It goes with the last program that looks at it.
        Err(windows_service::Error::Winapi(error))
            if is(&error, ERROR_SERVICE_MARKED_FOR_DELETE) =>
        {
            Ok(())
        }
        done => done.map_err(|error| manager("removing the service", error)),
    }
}

/// Stops it, however long it waits for open streams. Its process has ended then, too: as long as it
/// has not, its program cannot be replaced.
pub(super) fn stop(service: &Service) -> Result<(), SetupError> {
    let status = || service.query_status().map_err(|error| manager("asking the service", error));
    let before = status()?;
    let process = before.process_id.and_then(Process::open);
    // One that is stopping already refuses this, and stops all the same.
    if before.current_state != ServiceState::Stopped
        && let Err(error) = service.stop()
    {
        tracing::debug!(%error, "the service does not take the stop");
    }
    let (mut checkpoint, mut alive) = (0, Instant::now());
    loop {
        let status = status()?;
        if status.current_state == ServiceState::Stopped {
            if let Some(process) = process {
                process.wait();
            }
            return Ok(());
        }
        if status.checkpoint != checkpoint {
            (checkpoint, alive) = (status.checkpoint, Instant::now());
        }
        if alive.elapsed() >= SIGN_OF_LIFE_LIMIT {
            return Err(SetupError::StillRunning);
        }
        sleep(Duration::from_millis(100));
    }
}

/// A process whose end is waited for.
struct Process(OwnedHandle);

impl Process {
    /// None where it has ended already, or may not be looked at.
    fn open(pid: u32) -> Option<Self> {
        // SAFETY: the call takes no pointers.
        #[expect(unsafe_code, reason = "the Windows API")]
        let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, pid) };
        // SAFETY: the handle is open and ours alone.
        #[expect(unsafe_code, reason = "the Windows API")]
        (!handle.is_null()).then(|| Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    /// Waits until it has ended, at most for a while.
    fn wait(&self) {
        // SAFETY: the handle is open.
        #[expect(unsafe_code, reason = "the Windows API")]
        let waited = unsafe { WaitForSingleObject(self.0.as_raw_handle(), END_LIMIT_MS) };
        if waited != WAIT_OBJECT_0 {
            tracing::warn!("the service has stopped, and its process goes on");
        }
    }
}

pub(super) fn manager(what: &'static str, error: windows_service::Error) -> SetupError {
    match error {
        windows_service::Error::Winapi(error) => system(what, error),
        error => system(what, io::Error::other(error)),
    }
}

pub(super) fn system(what: &'static str, error: io::Error) -> SetupError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => SetupError::Denied(what),
        _ => SetupError::System { what, error },
    }
}

pub(super) fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error().map(i32::cast_unsigned) == Some(code)
}
