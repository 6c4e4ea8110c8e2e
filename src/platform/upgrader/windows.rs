//! With Windows Installer.
//!
//! The service may start the upgrader's service and do nothing else with it. That one puts a copy of
//! its program into the folder of the upgrader and hands on to it: what installs is not among the
//! files that are replaced. Until it is done, the copy is the upgrader's service too, and starts with
//! the machine: it finishes what a kill or a power cut has broken off.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use windows_registry::LOCAL_MACHINE;

use super::{Installation, Managed, PackageKind, Packages, RolledBack};
use crate::platform::files;
use crate::platform::paths::upgrader_folder;
use crate::platform::permissions::{Access, ensure_administrators_folder, ensure_closed_folder};
use crate::platform::product::{PRODUCT_NAME, SERVICE_NAME};
use crate::platform::windows_service::{self as service, UPGRADE_VERB};

#[path = "windows/msiexec.rs"]
mod msiexec;
#[path = "windows/take.rs"]
mod take;

pub(super) use take::{drop_taken, take};

/// The program that is a service, an upgrader, and the copy that does it.
const PROGRAM: &str = "hybrid-connection-manager-service.exe";
/// Held by the one upgrader that works.
const LOCK: &str = "upgrader.lock";
/// How long a file that is in use is waited for, and how often it is tried.
const IN_USE_LIMIT: Duration = Duration::from_secs(30);
const TRY_EVERY: Duration = Duration::from_millis(200);
/// What the copy says.
const LOG: &str = "upgrader.log";
/// Longest log in bytes to which something is added.
const LONGEST_LOG: u64 = 1 << 20;
/// `CREATE_NO_WINDOW`: no console appears.
const NO_WINDOW: u32 = 0x0800_0000;
/// Windows Installer undoes what was broken off before it begins anew.
pub(super) const MOST_TRIES: u32 = 3;

pub(super) fn of_this_service() -> Option<Installation> {
    let folder = upgrader_folder().ok()?;
    let (kind, window) = installed()?;
    let is_on = service::is_this_process(SERVICE_NAME) && service::upgrader_is_on();
    is_on.then_some(Installation { kind, window, folder })
}

pub(super) fn installed() -> Option<(PackageKind, bool)> {
    // The window is in the same package.
    installed_program().map(|_| (PackageKind::Msi, false))
}

pub(super) fn call_upgrader() -> io::Result<()> {
    service::start_upgrader().map_err(io::Error::other)
}

pub(super) fn folder() -> Result<PathBuf, String> {
    let folder = upgrader_folder().map_err(|error| error.to_string())?;
    ensure_administrators_folder(&folder).map_err(|error| error.to_string())?;
    Ok(folder)
}

pub(super) fn closed_folder(folder: &Path) -> Result<(), String> {
    ensure_closed_folder(folder).map_err(|error| error.to_string())
}

/// Windows Installer may still be about to close the package, and a scanner may look at it.
pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    let deadline = Instant::now() + IN_USE_LIMIT;
    loop {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound && Instant::now() < deadline => {
                sleep(TRY_EVERY);
            }
            removed => return removed,
        }
    }
}

/// Has a copy of this program do what is asked for, and waits for it to end; before, for one that
/// works already. One that was killed is started again: then it `has_work` left.
///
/// # Errors
/// Why it does not start, or how it ended again and again, in words.
pub fn hand_on(has_work: impl Fn() -> bool) -> Result<(), String> {
    let turn = wait_for_turn()?;
    let copy = copy_of_this_program(&folder()?)?;
    drop(turn);
    let mut starts = 0;
    loop {
        starts += 1;
        let ended =
            run(&copy).map_err(|error| format!("{} cannot run: {error}", copy.display()))?;
        if !has_work() {
            return Ok(());
        }
        if starts > MOST_TRIES {
            let log = copy.with_file_name(LOG);
            return Err(format!("it has ended with {ended}; {} says why", log.display()));
        }
    }
}

fn run(copy: &Path) -> io::Result<ExitStatus> {
    let mut command = Command::new(copy);
    command.args([UPGRADE_VERB, "--here"]).creation_flags(NO_WINDOW);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(open_log(copy)?);
    command.status()
}

/// The log beside the copy. One that has become long begins anew.
fn open_log(copy: &Path) -> io::Result<File> {
    let path = copy.with_file_name(LOG);
    let goes_on = path.metadata().is_ok_and(|log| log.len() < LONGEST_LOG);
    OpenOptions::new().create(true).append(goes_on).write(true).truncate(!goes_on).open(path)
}

/// Held by the one upgrader that works, to its end.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

/// Waits until no other upgrader works.
///
/// # Errors
/// There is no place for the lock.
pub fn wait_for_turn() -> Result<Turn, String> {
    let path = folder()?.join(LOCK);
    let wrong = |error: io::Error| format!("{} cannot be used: {error}", path.display());
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(wrong)?;
    file.lock().map_err(wrong)?;
    Ok(Turn { _lock: file })
}

/// Nothing is to be finished when the machine starts.
///
/// # Errors
/// Those of the service manager, in words.
pub fn stand_down() -> Result<(), String> {
    let program = installed_program().ok_or("the product is not installed")?;
    service::upgrader_on_demand(&program).map_err(|error| error.to_string())
}

/// Windows Installer keeps what it replaces; but what it has begun, somebody must begin again.
pub(super) fn prepare(_packages: &Packages) -> Result<(), String> {
    let copy = copy_of_this_program(&folder()?)?;
    service::upgrader_with_the_machine(&copy).map_err(|error| error.to_string())
}

pub(super) fn install(packages: &Packages) -> Result<(), String> {
    let package = packages.files.first().ok_or("there is no package")?;
    let installed = service::stop_service()
        .map_err(|error| format!("the service cannot be replaced: {error}"))
        .and_then(|()| msiexec::install(package, &packages.log));
    // Windows Installer has started the new version; nobody else starts the one before again.
    start_wanted(packages);
    installed
}

/// Starts what is there now, unless it runs or is not to run.
fn start_wanted(packages: &Packages) {
    if packages.service_is_wanted
        && let Err(error) = service::start_service()
    {
        tracing::warn!("the service does not start: {error}");
    }
}

/// Windows Installer knows, and has undone what it did.
pub(super) fn changed_nothing(_packages: &Packages) -> bool {
    false
}

/// Windows Installer does so by itself; an upgrader that was killed has started nothing after it.
#[expect(clippy::unnecessary_wraps, reason = "on Linux it can fail")]
pub(super) fn roll_back(packages: &Packages) -> Result<RolledBack, String> {
    start_wanted(packages);
    Ok(RolledBack::NoWay)
}

pub(super) fn service() -> Managed {
    service::service_now()
}

/// Where the installer has put the program.
fn installed_program() -> Option<PathBuf> {
    let product = LOCAL_MACHINE.open(format!(r"Software\{PRODUCT_NAME}")).ok()?;
    let program = PathBuf::from(product.get_string("Folder").ok()?).join(PROGRAM);
    program.is_absolute().then_some(program)
}

/// The copy in the folder of the upgrader; this program, where it is that copy.
fn copy_of_this_program(folder: &Path) -> Result<PathBuf, String> {
    let copy = folder.join(PROGRAM);
    let written = || -> io::Result<()> {
        let own = std::fs::read(std::env::current_exe()?)?;
        if std::fs::read(&copy).is_ok_and(|bytes| bytes == own) {
            return Ok(());
        }
        files::remove_unfinished(&copy)?;
        files::write_durably(&copy, &own, Access::Everyone)
    };
    match written() {
        Ok(()) => Ok(copy),
        Err(error) => Err(format!("{} cannot be written: {error}", copy.display())),
    }
}
