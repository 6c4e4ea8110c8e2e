//! What the service needs of Windows besides its files: its registration, its folder, the
//! group of those who may manage it, and its name in the Event Log.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::time::Duration;

use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceSidType,
    ServiceStartType, ServiceType,
};
use windows_sys::Win32::Foundation::{
    ERROR_ALIAS_EXISTS, ERROR_INVALID_LEVEL, ERROR_NO_SUCH_ALIAS,
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

use super::known::{self, SIGN_OF_LIFE_LIMIT, is, manager, system};
use super::run::SHUTDOWN_LIMIT;
use super::upgrader;
use crate::platform::event_log;
use crate::platform::paths::{Paths, PathsError, upgrader_folder};
use crate::platform::permissions::{self, FolderError};
use crate::platform::product::{
    OPERATORS_GROUP, SERVICE_DISPLAY_NAME, SERVICE_NAME, UPGRADER_SERVICE_NAME,
};
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
/// Event Log, how Windows starts and restarts it, and where an installer calls this, the upgrader.
/// May be called again. Blocks.
///
/// # Errors
/// [`SetupError`]; what was done before stays.
pub fn setup(registration: Registration) -> Result<(), SetupError> {
    let program = std::env::current_exe()
        .map_err(|error| SetupError::System { what: "finding this program", error })?;
    let service = match registration {
        Registration::Own => register(&program)?,
        Registration::Expected => known::open(SERVICE_NAME, ServiceAccess::ALL_ACCESS)?
            .ok_or(SetupError::NotRegistered)?,
    };
    add_group()?;
    let paths = Paths::default_for_service()?;
    permissions::prepare_machine_folder(&paths.home)?;
    event_log::register(&program.to_string_lossy())
        .map_err(|error| system("naming the source in the Event Log", error.into()))?;
    configure(&service)?;
    if registration == Registration::Expected {
        permissions::ensure_administrators_folder(&upgrader_folder()?)?;
        upgrader::register(&program)?;
    }
    Ok(())
}

/// Takes down what [`setup`] made: stops and removes the services that are registered, and
/// removes the folder of the upgrader, the group and the name in the Event Log; with `remove_data`
/// also the settings, the connections with their keys, and the logs. May be called again. Blocks.
///
/// # Errors
/// The first [`SetupError`]; the steps after it are done nevertheless, but for the folder of a
/// service that goes on.
pub fn teardown(remove_data: bool) -> Result<(), SetupError> {
    let upgrader = remove(UPGRADER_SERVICE_NAME, upgrader_folder().map(Some));
    let home = || Paths::default_for_service().map(|paths| paths.home);
    let service = remove(SERVICE_NAME, remove_data.then(home).transpose());
    let source = event_log::unregister()
        .map_err(|error| system("removing the source from the Event Log", error.into()));
    service.and(upgrader).and(remove_group()).and(source)
}

/// Removes a service, and after it its folder.
fn remove(service: &str, folder: Result<Option<PathBuf>, PathsError>) -> Result<(), SetupError> {
    known::remove(service)?;
    folder?.map_or(Ok(()), remove_folder)
}

fn remove_folder(folder: PathBuf) -> Result<(), SetupError> {
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
    known::register(&info)
}

fn configure(service: &Service) -> Result<(), SetupError> {
    for done in [
        service.set_description(DESCRIPTION),
        service.set_delayed_auto_start(true),
        service.update_failure_actions(restarts(&RESTARTS)),
        service.set_failure_actions_on_non_crash_failures(true),
        service.set_preshutdown_timeout(SHUTDOWN_LIMIT),
        service.set_config_service_sid_info(ServiceSidType::Unrestricted),
    ] {
        if_known(done.map_err(|error| manager("configuring the service", error)))?;
    }
    if_known(require_privileges(service))
}

/// Starts one that has failed again after each of these waits; the last one is for all that follow.
pub(super) fn restarts(waits: &[Duration]) -> ServiceFailureActions {
    let restart = |&delay| ServiceAction { action_type: ServiceActionType::Restart, delay };
    ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGET_FAILURES_AFTER),
        reboot_msg: None,
        command: None,
        actions: Some(waits.iter().map(restart).collect()),
    }
}

/// A service manager that does not know a setting (Wine's knows three of them) does without.
pub(super) fn if_known(done: Result<(), SetupError>) -> Result<(), SetupError> {
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

fn of_code(code: u32) -> io::Error {
    io::Error::from_raw_os_error(code.cast_signed())
}
