//! The service of the upgrader: the system account installs what the service may not. The service
//! may start it and tell it nothing; whoever disables it has switched upgrades by the service off.

use std::path::Path;
use std::time::Duration;

use windows_service::service::{
    Service, ServiceAccess, ServiceErrorControl, ServiceInfo, ServiceStartType, ServiceState,
    ServiceType,
};
use windows_sys::Win32::Foundation::ERROR_SERVICE_ALREADY_RUNNING;

use super::SetupError;
use super::known::{self, is, manager, system};
use super::setup::{if_known, restarts};
use crate::platform::product::{SERVICE_NAME, UPGRADER_NAME, UPGRADER_SERVICE_NAME, service_sid};
use crate::platform::upgrader::Managed;
use crate::platform::windows_security::set_service_access;

/// The verb under which the service manager starts the program.
pub(in crate::platform) const UPGRADE_VERB: &str = "upgrade";
const DESCRIPTION: &str = "Installs a newer version of Hybrid Connection Manager when its background service asks for \
     it, after it has checked who made it. Disabled, newer versions are installed by hand.";
/// What the service may do with it: ask for state and configuration, and start it.
const START_AND_ASK: &str = "0x15";
const EVERYTHING: &str = "0xf01ff";
/// Waits before it is started again after it was killed.
const RESTARTS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];

/// Registers it for `program` to be started on demand, and lets nobody but administrators
/// and the service start it. One that is disabled stays so, and one that has to finish an
/// installation is left alone.
pub(super) fn register(program: &Path) -> Result<(), SetupError> {
    let start = match known::open(UPGRADER_SERVICE_NAME, ServiceAccess::QUERY_CONFIG)? {
        Some(service) => start_type(&service)?,
        None => ServiceStartType::OnDemand,
    };
    if start == ServiceStartType::AutoStart {
        return Ok(());
    }
    let service = known::register(&info(program, start))?;
    for done in
        [service.set_description(DESCRIPTION), service.update_failure_actions(restarts(&RESTARTS))]
    {
        if_known(done.map_err(|error| manager("configuring the upgrader", error)))?;
    }
    let own = service_sid(SERVICE_NAME);
    let access =
        format!("D:P(A;;{EVERYTHING};;;SY)(A;;{EVERYTHING};;;BA)(A;;{START_AND_ASK};;;{own})");
    set_service_access(service.raw_handle(), &access)
        .map_err(|error| system("saying who may start the upgrader", error))
}

/// Whether there is one that may be started.
pub(in crate::platform) fn upgrader_is_on() -> bool {
    let known = known::open(UPGRADER_SERVICE_NAME, ServiceAccess::QUERY_CONFIG);
    let Ok(Some(service)) = known else { return false };
    start_type(&service).is_ok_and(|start| start != ServiceStartType::Disabled)
}

/// Starts it; one that runs is fine.
///
/// # Errors
/// Those of the service manager.
pub(in crate::platform) fn start_upgrader() -> Result<(), SetupError> {
    start(UPGRADER_SERVICE_NAME)
}

/// Has Windows start `program` as the upgrader when the machine starts, and run it instead of the
/// one that runs.
///
/// # Errors
/// [`SetupError`].
pub(in crate::platform) fn upgrader_with_the_machine(program: &Path) -> Result<(), SetupError> {
    change(program, ServiceStartType::AutoStart)?;
    stop(UPGRADER_SERVICE_NAME)?;
    start_upgrader()
}

/// Has Windows start `program` as the upgrader when the service asks for it.
///
/// # Errors
/// [`SetupError`].
pub(in crate::platform) fn upgrader_on_demand(program: &Path) -> Result<(), SetupError> {
    change(program, ServiceStartType::OnDemand)
}

/// How the service manager has the service of this machine.
pub(in crate::platform) fn service_now() -> Managed {
    let known = known::open(SERVICE_NAME, ServiceAccess::QUERY_STATUS).ok().flatten();
    let status = known.and_then(|service| service.query_status().ok());
    status.map_or_else(Managed::default, |status| Managed {
        is_wanted: status.current_state != ServiceState::Stopped,
        is_changing: matches!(
            status.current_state,
            ServiceState::StartPending | ServiceState::StopPending
        ),
        process: status.process_id,
    })
}

/// Stops the service of this machine, however long it waits for open streams: Windows Installer
/// would wait for half a minute alone.
///
/// # Errors
/// [`SetupError`].
pub(in crate::platform) fn stop_service() -> Result<(), SetupError> {
    stop(SERVICE_NAME)
}

/// Starts it, if it does not run.
///
/// # Errors
/// [`SetupError`].
pub(in crate::platform) fn start_service() -> Result<(), SetupError> {
    start(SERVICE_NAME)
}

fn stop(name: &str) -> Result<(), SetupError> {
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP;
    known::open(name, access)?.map_or(Ok(()), |service| known::stop(&service))
}

fn start(name: &str) -> Result<(), SetupError> {
    let known = known::open(name, ServiceAccess::START)?;
    let service = known.ok_or(SetupError::NotRegistered)?;
    match service.start::<&str>(&[]) {
        Err(windows_service::Error::Winapi(error)) if is(&error, ERROR_SERVICE_ALREADY_RUNNING) => {
            Ok(())
        }
        started => started.map_err(|error| manager("starting the service", error)),
    }
}

/// One that an administrator has disabled meanwhile stays so.
fn change(program: &Path, start: ServiceStartType) -> Result<(), SetupError> {
    let access = ServiceAccess::QUERY_CONFIG | ServiceAccess::CHANGE_CONFIG;
    let known = known::open(UPGRADER_SERVICE_NAME, access)?;
    let service = known.ok_or(SetupError::NotRegistered)?;
    let start = match start_type(&service)? {
        ServiceStartType::Disabled => ServiceStartType::Disabled,
        _ => start,
    };
    service
        .change_config(&info(program, start))
        .map_err(|error| manager("changing the start of the upgrader", error))
}

fn start_type(service: &Service) -> Result<ServiceStartType, SetupError> {
    let config = service.query_config().map_err(|error| manager("asking the upgrader", error))?;
    Ok(config.start_type)
}

fn info(program: &Path, start_type: ServiceStartType) -> ServiceInfo {
    ServiceInfo {
        name: UPGRADER_SERVICE_NAME.into(),
        display_name: UPGRADER_NAME.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type,
        error_control: ServiceErrorControl::Normal,
        executable_path: program.to_owned(),
        launch_arguments: vec![UPGRADE_VERB.into()],
        dependencies: Vec::new(),
        // The system itself.
        account_name: None,
        account_password: None,
    }
}
