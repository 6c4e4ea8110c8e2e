//! What the service needs of Windows besides its files: its registration, its folder, the
//! group of those who may manage it, and its name in the Event Log.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::thread::sleep;
use std::time::{Duration, Instant};

use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceSidType,
    ServiceStartType, ServiceState, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{
    ERROR_ALIAS_EXISTS, ERROR_INVALID_LEVEL, ERROR_NO_SUCH_ALIAS, ERROR_SERVICE_DOES_NOT_EXIST,
    ERROR_SERVICE_MARKED_FOR_DELETE,
};
use windows_sys::Win32::NetworkManagement::NetManagement::{
    LOCALGROUP_INFO_1, NERR_GroupExists as NERR_GROUP_EXISTS,
    NERR_GroupNotFound as NERR_GROUP_NOT_FOUND, NERR_Success as NERR_SUCCESS, NetLocalGroupAdd,
    NetLocalGroupDel,
};
use windows_sys::Win32::System::Services::{
    ChangeServiceConfig2W, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
    SERVICE_REQUIRED_PRIVILEGES_INFOW,
};

use super::run::SHUTDOWN_LIMIT;
use crate::platform::event_log;
use crate::platform::paths::{Paths, PathsError};
use crate::platform::permissions::{self, FolderError};
use crate::platform::product::{OPERATORS_GROUP, SERVICE_DISPLAY_NAME, SERVICE_NAME};
use crate::platform::windows_security::wide;

const DESCRIPTION: &str = "Lets apps in Azure reach endpoints in this network over Azure Relay Hybrid Connections. \
     Without it they reach nothing through this machine.";
const GROUP_COMMENT: &str =
    "Members may add, change and remove the hybrid connections of this machine.";
/// The verb under which the service manager starts the program.
const SERVICE_VERB: &str = "service";
/// What the service has of the rights of its account: the one that every program needs.
/// Without the right to impersonate, nobody who calls it lends it more.
const PRIVILEGES: &[&str] = &["SeChangeNotifyPrivilege"];
/// Waits before the first, the second and all later restarts of one that has failed.
const RESTARTS: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(60)];
const FORGET_FAILURES_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How long a service that is removed may go on stopping without a sign of life.
const SIGN_OF_LIFE_LIMIT: Duration = Duration::from_secs(30);

/// Who registers the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// An installer has.
    Expected,
    /// This call does, for the program that runs.
    Own,
}

/// Why the service is not set up, or not taken down.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The account may not.
    #[error("{0}: access is denied; run this as administrator")]
    Denied(&'static str),
    /// The service is not known to Windows.
    #[error(
        "Windows knows no service {SERVICE_NAME}; register the program that runs with --register"
    )]
    NotRegistered,
    /// The folder of settings and connections cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There is no place for the folder.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// The folder of settings and connections cannot be removed.
    #[error("the folder {} cannot be removed: {error}", folder.display())]
    Remove {
        /// Which.
        folder: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The service goes on.
    #[error("the service does not stop and gave no sign of life for {} s; end it and try again", SIGN_OF_LIFE_LIMIT.as_secs())]
    StillRunning,
    /// Anything else.
    #[error("{what}: {error}")]
    System {
        /// What was being done.
        what: &'static str,
        /// What the system says.
        error: io::Error,
    },
}

/// Makes what the service needs: the group of its operators, its folder, its name in the
/// Event Log, and how Windows starts and restarts it. May be called again. Blocks.
///
/// # Errors
/// [`SetupError`]; what was done before stays.
pub fn setup(registration: Registration) -> Result<(), SetupError> {
    let program = std::env::current_exe()
        .map_err(|error| SetupError::System { what: "finding this program", error })?;
    let service = match registration {
        Registration::Own => register(&program)?,
        Registration::Expected => {
            open(ServiceAccess::ALL_ACCESS)?.ok_or(SetupError::NotRegistered)?
        }
    };
    add_group()?;
    let paths = Paths::default_for_service()?;
    permissions::prepare_machine_folder(&paths.home)?;
    event_log::register(&program.to_string_lossy())
        .map_err(|error| system("naming the source in the Event Log", error.into()))?;
    configure(&service)
}

/// Takes down what [`setup`] made: stops and removes the service if it is registered, and
/// removes the group and the name in the Event Log; with `remove_data` also the settings, the
/// connections with their keys, and the logs. May be called again. Blocks.
///
/// # Errors
/// The first [`SetupError`]; the steps after it are done nevertheless, but for the data of a
/// service that goes on.
pub fn teardown(remove_data: bool) -> Result<(), SetupError> {
    let service = remove_service();
    let data = if remove_data && service.is_ok() { remove_folder() } else { Ok(()) };
    let source = event_log::unregister()
        .map_err(|error| system("removing the source from the Event Log", error.into()));
    service.and(remove_group()).and(source).and(data)
}

fn remove_service() -> Result<(), SetupError> {
    let Some(service) = open(ServiceAccess::ALL_ACCESS)? else { return Ok(()) };
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

fn remove_folder() -> Result<(), SetupError> {
    let folder = Paths::default_for_service()?.home;
    permissions::remove_machine_folder(&folder)
        .map_err(|error| SetupError::Remove { folder, error })
}

fn register(program: &Path) -> Result<Service, SetupError> {
    let info = ServiceInfo {
        name: SERVICE_NAME.into(),
        display_name: SERVICE_DISPLAY_NAME.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program.to_owned(),
        launch_arguments: vec![SERVICE_VERB.into()],
        dependencies: Vec::new(),
        account_name: Some(OsString::from(format!(r"NT SERVICE\{SERVICE_NAME}"))),
        account_password: None,
    };
    let what = "registering the service";
    if let Some(service) = open(ServiceAccess::ALL_ACCESS)? {
        service.change_config(&info).map_err(|error| manager(what, error))?;
        return Ok(service);
    }
    ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CREATE_SERVICE)
        .and_then(|scm| scm.create_service(&info, ServiceAccess::ALL_ACCESS))
        .map_err(|error| manager(what, error))
}

/// The registered service, if there is one.
fn open(access: ServiceAccess) -> Result<Option<Service>, SetupError> {
    let opened = ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT)
        .and_then(|scm| scm.open_service(SERVICE_NAME, access));
    match opened {
        Ok(service) => Ok(Some(service)),
        Err(windows_service::Error::Winapi(error)) if is(&error, ERROR_SERVICE_DOES_NOT_EXIST) => {
            Ok(None)
        }
        Err(error) => Err(manager("opening the service", error)),
    }
}

fn configure(service: &Service) -> Result<(), SetupError> {
    let restart = |delay| ServiceAction { action_type: ServiceActionType::Restart, delay };
    let failure_actions = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGET_FAILURES_AFTER),
        reboot_msg: None,
        command: None,
        actions: Some(RESTARTS.map(restart).to_vec()),
    };
    for done in [
        service.set_description(DESCRIPTION),
        service.set_delayed_auto_start(true),
        service.update_failure_actions(failure_actions),
        service.set_failure_actions_on_non_crash_failures(true),
        service.set_preshutdown_timeout(SHUTDOWN_LIMIT),
        service.set_config_service_sid_info(ServiceSidType::Unrestricted),
    ] {
        if_known(done.map_err(|error| manager("configuring the service", error)))?;
    }
    if_known(require_privileges(service))
}

/// A service manager that does not know a setting (Wine's knows three of them) does without.
fn if_known(done: Result<(), SetupError>) -> Result<(), SetupError> {
    match done {
        Err(SetupError::System { error, .. }) if is(&error, ERROR_INVALID_LEVEL) => Ok(()),
        done => done,
    }
}

fn require_privileges(service: &Service) -> Result<(), SetupError> {
    // Each name ends with a zero, and the list with one more.
    let mut names: Vec<u16> =
        PRIVILEGES.iter().flat_map(|name| wide(name.as_ref())).chain([0]).collect();
    let info = SERVICE_REQUIRED_PRIVILEGES_INFOW { pmszRequiredPrivileges: names.as_mut_ptr() };
    // SAFETY: the handle is open, and the list lives through the call.
    #[expect(unsafe_code, reason = "the Windows API")]
    let done = unsafe {
        ChangeServiceConfig2W(
            service.raw_handle(),
            SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
            (&raw const info).cast(),
        )
    };
    if done == 0 {
        return Err(system("limiting the rights of the service", io::Error::last_os_error()));
    }
    Ok(())
}

/// Stops it, however long it waits for open streams.
fn stop(service: &Service) -> Result<(), SetupError> {
    let status = || service.query_status().map_err(|error| manager("asking the service", error));
    // One that is stopping already refuses this, and stops all the same.
    if status()?.current_state != ServiceState::Stopped
        && let Err(error) = service.stop()
    {
        tracing::debug!(%error, "the service does not take the stop");
    }
    let (mut checkpoint, mut alive) = (0, Instant::now());
    loop {
        let status = status()?;
        if status.current_state == ServiceState::Stopped {
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

fn add_group() -> Result<(), SetupError> {
    let (mut name, mut comment) = (wide(OPERATORS_GROUP.as_ref()), wide(GROUP_COMMENT.as_ref()));
    let info =
        LOCALGROUP_INFO_1 { lgrpi1_name: name.as_mut_ptr(), lgrpi1_comment: comment.as_mut_ptr() };
    // SAFETY: the structure of level 1 and its texts live through the call.
    #[expect(unsafe_code, reason = "the Windows API")]
    let answer = unsafe { NetLocalGroupAdd(null(), 1, (&raw const info).cast(), null_mut()) };
    match answer {
        NERR_SUCCESS | NERR_GROUP_EXISTS | ERROR_ALIAS_EXISTS => Ok(()),
        other => Err(system("adding the group of operators", of_code(other))),
    }
}

fn remove_group() -> Result<(), SetupError> {
    let name = wide(OPERATORS_GROUP.as_ref());
    // SAFETY: the name ends with a zero.
    #[expect(unsafe_code, reason = "the Windows API")]
    let answer = unsafe { NetLocalGroupDel(null(), name.as_ptr()) };
    match answer {
        NERR_SUCCESS | NERR_GROUP_NOT_FOUND | ERROR_NO_SUCH_ALIAS => Ok(()),
        other => Err(system("removing the group of operators", of_code(other))),
    }
}

fn manager(what: &'static str, error: windows_service::Error) -> SetupError {
    match error {
        windows_service::Error::Winapi(error) => system(what, error),
        error => system(what, io::Error::other(error)),
    }
}

fn system(what: &'static str, error: io::Error) -> SetupError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => SetupError::Denied(what),
        _ => SetupError::System { what, error },
    }
}

fn is(error: &io::Error, code: u32) -> bool {
    error.raw_os_error().map(i32::cast_unsigned) == Some(code)
}

fn of_code(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code.cast_signed())
}
