//! The service of this machine where systemd runs it: how its unit is, and its start.
//!
//! Whether this account may start it is decided by polkit, which asks the person in a window
//! of the desktop; no terminal is asked.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{ManagedError, os};
use crate::platform::product::SERVICE_NAME;

/// It is there where systemd runs the machine: sd_booted(3).
const RUNS_HERE: &str = "/run/systemd/system";
/// Where `systemctl` is when the PATH does not name it.
const USUAL_FOLDERS: [&str; 2] = ["/usr/bin", "/bin"];
/// The command that starts the service's unit.
pub(super) const START: &str = "sudo systemctl start hybrid-connection-manager";
/// How long systemd may take to say how the unit is, in seconds.
const ANSWER_LIMIT: &str = "5";
/// How long a person may take to answer polkit, in seconds; by itself `systemctl` waits for 25.
const PASSWORD_LIMIT: &str = "300";
/// Exit code of `systemctl` where this account lacks the right.
const NO_PERMISSION: i32 = 4;

/// The program that talks to systemd.
#[derive(Clone, Debug)]
pub(super) struct Systemctl {
    program: PathBuf,
}

/// The service's unit, which is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// Whether systemd can use it: `loaded`, `masked`, or what is wrong with its file.
    load: String,
    /// `active`, `inactive`, `failed`, …
    active: String,
    /// `enabled` where it starts with the machine, `disabled`, …
    file: String,
    /// How its last run ended: `success`, `exit-code`, …
    result: String,
    /// Process id of the service, 0 where it does not run.
    pub(super) pid: u32,
}

impl Systemctl {
    /// Where systemd runs this machine.
    pub(super) fn find() -> Option<Self> {
        Self::find_in(Path::new(RUNS_HERE), std::env::var_os("PATH").as_deref())
    }

    fn find_in(runs_here: &Path, search: Option<&OsStr>) -> Option<Self> {
        if !runs_here.is_dir() {
            return None;
        }
        let named = search.map(|search| std::env::split_paths(search).collect::<Vec<_>>());
        named
            .unwrap_or_default()
            .into_iter()
            .chain(USUAL_FOLDERS.map(PathBuf::from))
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join("systemctl"))
            .find(|path| os::is_program(path))
            .map(|program| Self { program })
    }

    /// The service's unit; `None` where it is not installed.
    ///
    /// # Errors
    /// systemd does not tell.
    pub(super) fn unit(&self) -> Result<Option<Unit>, ManagedError> {
        let properties = "--property=LoadState,ActiveState,UnitFileState,Result,MainPID";
        let told = self.run(ANSWER_LIMIT, &["show", properties]);
        let told = told.map_err(|error| no_answer(&error))?;
        if !told.status.success() {
            return Err(no_answer(&said(&told)));
        }
        let unit = parse(&String::from_utf8_lossy(&told.stdout));
        Ok((unit.load != "not-found").then_some(unit))
    }

    /// Starts the unit, which is `unit`, and waits until it is ready. A person may be asked
    /// for a password meanwhile.
    ///
    /// # Errors
    /// Why it does not run, and what to do.
    pub(super) fn start(&self, unit: &Unit) -> Result<(), ManagedError> {
        unit.check()?;
        let done = self.run(PASSWORD_LIMIT, &["start"]).map_err(|error| no_answer(&error))?;
        if done.status.success() {
            return Ok(());
        }
        if is_refusal(&done) {
            return Err(refused(&said(&done)));
        }
        let after = self.unit()?.unwrap_or_default();
        Err(if after.fails() { failed(&after.result) } else { no_answer(&said(&done)) })
    }

    fn run(&self, limit: &str, arguments: &[&str]) -> Result<Output, String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg(unit_name());
        // Its words are looked at, and a terminal that a window was started from is not asked.
        command.env("LC_ALL", "C").env("SYSTEMD_COLORS", "0").stdin(Stdio::null());
        command.env("SYSTEMD_BUS_TIMEOUT", limit);
        os::detach(&mut command);
        command.output().map_err(|error: io::Error| error.to_string())
    }
}

impl Unit {
    /// How a person starts it in a terminal, and what is in the way.
    pub(super) fn by_hand(&self) -> String {
        match self.check() {
            Err(ManagedError { reason, remedy }) => format!("{remedy} ({reason})"),
            Ok(()) if self.fails() => {
                format!("{START} (it has failed; {})", why())
            }
            Ok(()) if self.file == "disabled" => {
                format!("{START} (and at every start of the machine: {})", command("enable"))
            }
            Ok(()) => START.to_owned(),
        }
    }

    /// Whether its last run failed, also where systemd is about to try again.
    fn fails(&self) -> bool {
        match self.active.as_str() {
            "failed" => true,
            "activating" => !self.result.is_empty() && self.result != "success",
            _ => false,
        }
    }

    /// Whether there is any point in starting it.
    fn check(&self) -> Result<(), ManagedError> {
        match self.load.as_str() {
            "loaded" => Ok(()),
            "masked" => Err(ManagedError {
                reason: "an administrator has masked it".to_owned(),
                remedy: format!("{} && {START}", command("unmask")),
            }),
            other => Err(ManagedError {
                reason: format!("systemd cannot use its unit file ({other})"),
                remedy: why(),
            }),
        }
    }
}

fn parse(told: &str) -> Unit {
    let mut unit = Unit::default();
    for (name, value) in told.lines().filter_map(|line| line.split_once('=')) {
        match name {
            "LoadState" => unit.load = value.to_owned(),
            "ActiveState" => unit.active = value.to_owned(),
            "UnitFileState" => unit.file = value.to_owned(),
            "Result" => unit.result = value.to_owned(),
            "MainPID" => unit.pid = value.parse().unwrap_or_default(),
            _ => {}
        }
    }
    unit
}

/// polkit said no, the person has closed its window, or no window could ask.
fn is_refusal(done: &Output) -> bool {
    let said = String::from_utf8_lossy(&done.stderr);
    let words = ["Interactive authentication required", "Access denied", "Permission denied"];
    done.status.code() == Some(NO_PERMISSION) || words.iter().any(|word| said.contains(word))
}

fn refused(said: &str) -> ManagedError {
    ManagedError {
        reason: format!("this account was not allowed to start it ({said})"),
        remedy: format!("in a terminal: {START}"),
    }
}

fn failed(result: &str) -> ManagedError {
    let reason = format!("systemd has started it, and it has failed ({result})");
    ManagedError { reason, remedy: why() }
}

fn no_answer(said: &str) -> ManagedError {
    ManagedError {
        reason: format!("systemd did not start it: {said}"),
        remedy: format!("in a terminal: {START}"),
    }
}

/// The first line that it said: those behind it only name other commands.
fn said(done: &Output) -> String {
    let text = String::from_utf8_lossy(&done.stderr);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let Some(line) = line else { return done.status.to_string() };
    let begins = format!("Failed to start {}: ", unit_name());
    line.strip_prefix(&begins).unwrap_or(line).trim_end_matches('.').to_owned()
}

fn why() -> String {
    format!(
        "what says why: systemctl status {SERVICE_NAME}, and: sudo journalctl -u {SERVICE_NAME} -n 20"
    )
}

fn command(verb: &str) -> String {
    format!("sudo systemctl {verb} {SERVICE_NAME}")
}

fn unit_name() -> String {
    format!("{SERVICE_NAME}.service")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use tempfile::TempDir;

    use super::*;

    /// A machine whose `systemctl` says what its files say.
    struct Machine(TempDir);

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/systemctl");
            // A program that was just written may still be open elsewhere in this process.
            std::os::unix::fs::symlink(program, folder.path().join("systemctl")).unwrap();
            Self(folder)
        }

        fn systemctl(&self) -> Systemctl {
            Systemctl::find_in(self.0.path(), Some(self.0.path().as_os_str())).unwrap()
        }

        fn unit_is(&self, load: &str, active: &str, file: &str) {
            let text = format!(
                "LoadState={load}\nActiveState={active}\nUnitFileState={file}\nResult=exit-code\nMainPID=7\n"
            );
            self.write("show", &text);
        }

        /// The start ends with `code` and these words.
        fn start_says(&self, code: u8, words: &str) {
            self.write("start", words);
            self.write("start.code", &code.to_string());
        }

        fn write(&self, name: &str, text: &str) {
            let mut file = fs::File::create(self.0.path().join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        /// What `systemctl` was called with, a line for each call.
        fn calls(&self) -> Vec<String> {
            let calls = fs::read_to_string(self.0.path().join("calls")).unwrap_or_default();
            calls.lines().map(str::to_owned).collect()
        }

        fn start(&self) -> Result<(), String> {
            let systemctl = self.systemctl();
            let unit = systemctl.unit().unwrap().unwrap();
            systemctl.start(&unit).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn without_systemd_nobody_is_asked() {
        let machine = Machine::new();
        let folder = machine.0.path();
        assert!(Systemctl::find_in(&folder.join("not"), Some(folder.as_os_str())).is_none());
        let relative = std::env::join_paths(["", "here"]).unwrap();
        let found = Systemctl::find_in(folder, Some(&relative));
        assert!(found.is_none_or(|found| found.program.is_absolute()), "nobody's systemctl");
    }

    #[test]
    fn one_that_is_not_installed_is_none() {
        let machine = Machine::new();
        machine.unit_is("not-found", "inactive", "");
        assert_eq!(machine.systemctl().unit(), Ok(None));
        assert!(machine.calls()[0].ends_with("hybrid-connection-manager.service"));
    }

    #[test]
    fn a_stopped_one_is_started_enabled_or_not() {
        for file in ["enabled", "disabled"] {
            let machine = Machine::new();
            machine.unit_is("loaded", "inactive", file);
            machine.start_says(0, "");
            machine.start().unwrap();
            assert_eq!(machine.calls()[1], "start hybrid-connection-manager.service");
            assert_eq!(machine.systemctl().unit().unwrap().unwrap().pid, 7);
        }
    }

    #[test]
    fn who_may_not_start_it_hears_the_command_that_does() {
        for (code, words) in [
            (
                1,
                "Failed to start hybrid-connection-manager.service: Interactive authentication required.\nSee system logs",
            ),
            (4, "Failed to start hybrid-connection-manager.service: Access denied\n"),
        ] {
            let machine = Machine::new();
            machine.unit_is("loaded", "inactive", "enabled");
            machine.start_says(code, words);
            let error = machine.start().unwrap_err();
            assert!(error.contains("not allowed") && error.ends_with(START), "{error}");
            assert!(!error.contains("See system logs") && !error.contains("Failed"), "{error}");
        }
    }

    #[test]
    fn one_that_fails_names_what_says_why() {
        // systemd has given it up, or is about to start it again.
        for active in ["failed", "activating"] {
            let machine = Machine::new();
            machine.unit_is("loaded", active, "enabled");
            machine.start_says(1, "Job for x.service failed because …\n");
            let error = machine.start().unwrap_err();
            assert!(error.contains("it has failed (exit-code)"), "{error}");
            assert!(error.contains("systemctl status hybrid-connection-manager"), "{error}");
            assert!(error.contains("journalctl -u hybrid-connection-manager"), "{error}");
        }
    }

    #[test]
    fn one_that_cannot_start_is_not_started() {
        let machine = Machine::new();
        machine.unit_is("masked", "inactive", "masked");
        let error = machine.start().unwrap_err();
        assert!(error.contains("masked") && error.contains("sudo systemctl unmask"), "{error}");
        machine.unit_is("bad-setting", "inactive", "enabled");
        let error = machine.start().unwrap_err();
        assert!(error.contains("bad-setting") && error.contains("systemctl status"), "{error}");
        assert!(machine.calls().iter().all(|call| call.starts_with("show ")));
    }

    #[test]
    fn a_systemd_that_does_not_answer_is_no_reason_for_another_service() {
        let machine = Machine::new();
        machine.write("show.code", "1");
        machine.write("show", "Failed to connect to bus: No such file or directory");
        let error = machine.systemctl().unit().unwrap_err().to_string();
        assert!(error.contains("Failed to connect to bus: No such file"), "{error}");
        machine.unit_is("loaded", "inactive", "enabled");
        machine.write("show.code", "0");
        machine.start_says(1, "Failed to start x.service: Connection timed out");
        assert!(machine.start().unwrap_err().contains("Connection timed out"));
    }

    #[test]
    fn the_way_by_hand_fits_the_unit() {
        let unit = |load: &str, active: &str, file: &str| {
            let [load, active, file] = [load, active, file].map(str::to_owned);
            Unit { load, active, file, ..Unit::default() }.by_hand()
        };
        assert!(START.ends_with(SERVICE_NAME));
        assert_eq!(unit("loaded", "inactive", "enabled"), START);
        let disabled = unit("loaded", "inactive", "disabled");
        assert!(disabled.starts_with(START) && disabled.contains("systemctl enable"), "{disabled}");
        let failed = unit("loaded", "failed", "enabled");
        assert!(failed.starts_with(START) && failed.contains("journalctl -u"), "{failed}");
        let masked = unit("masked", "inactive", "masked");
        assert!(masked.contains("systemctl unmask") && masked.contains("masked it"), "{masked}");
        let broken = unit("error", "inactive", "enabled");
        assert!(broken.contains("systemctl status") && broken.contains("(error)"), "{broken}");
    }
}
