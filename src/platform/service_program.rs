//! Starting the service for a person who has opened the window and has none.
//!
//! One that the service manager of the system knows (that of Windows, systemd) is started
//! through it: a second one beside it would have other connections. Any other is started as a
//! program of its own that stays when the window is closed.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::sync::watch;

use super::front::ACTIVATION_VARIABLES;

#[cfg(unix)]
#[path = "service_program/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "service_program/windows.rs"]
mod os;
#[cfg(unix)]
mod systemctl;

#[cfg(windows)]
pub(super) use os::MANAGED_START;

/// The program's name without what the system adds to it.
const NAME: &str = "hybrid-connection-manager-service";
/// What is looked at of the standard error of a service that has ended.
const LAST_BYTES: u64 = 16 << 10;

/// Why the service was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its program is not there.
    #[error(
        "the program {} is neither in {} nor on the PATH; install it there, or start the service yourself",
        os::file_name(NAME), beside.display()
    )]
    NotFound {
        /// Where it was looked for first.
        beside: PathBuf,
    },
    /// The service manager did not start the one that it knows.
    #[error("the service of this machine is stopped and cannot be started: {0}")]
    Managed(ManagedError),
    /// The system did not start it.
    #[error("{} cannot be started: {error}", program.display())]
    Io {
        /// What was to be started.
        program: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Why the service manager did not start the service of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; {remedy}")]
pub struct ManagedError {
    /// Why not.
    reason: String,
    /// What to do, with the command that does it.
    remedy: String,
}

/// How a person starts the service of this machine or of this account by hand: a command, and
/// what there is to know about it.
pub fn start_by_hand() -> String {
    os::managed_by_hand().unwrap_or_else(|| in_front(None))
}

/// The command that runs the service for `home`, or for this account, in a terminal.
pub fn in_front(home: Option<&Path>) -> String {
    match home {
        Some(home) => format!("{NAME} run --home \"{}\"", home.display()),
        None => format!("{NAME} run"),
    }
}

/// Starts the service for `home`, or that of this machine or this account. Whether it serves
/// is seen at its channel. Blocks: where the system asks the person for the right to do so,
/// until that is answered.
///
/// # Errors
/// [`StartError`].
pub fn start(home: Option<&Path>) -> Result<StartedService, StartError> {
    if home.is_none()
        && let Some(started) = os::start_managed()
    {
        return started.map_err(StartError::Managed);
    }
    ServiceProgram::find()?.start(home)
}

/// A service that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProgram {
    path: PathBuf,
}

impl ServiceProgram {
    /// The service's program beside the program that runs now, else on the PATH.
    ///
    /// # Errors
    /// [`StartError::NotFound`].
    pub fn find() -> Result<Self, StartError> {
        let own = std::env::current_exe().unwrap_or_default();
        let beside = own.parent().unwrap_or(Path::new(""));
        Self::find_in(beside, std::env::var_os("PATH").as_deref())
    }

    fn find_in(beside: &Path, search: Option<&OsStr>) -> Result<Self, StartError> {
        let search = search.map(|search| std::env::split_paths(search).collect());
        let folders: Vec<PathBuf> = search.unwrap_or_default();
        std::iter::once(beside)
            .chain(folders.iter().map(PathBuf::as_path))
            // Programs that lie wherever this one was started are nobody's service.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(os::file_name(NAME)))
            .find(|path| os::is_program(path))
            .map(|path| Self { path })
            .ok_or_else(|| StartError::NotFound { beside: beside.to_owned() })
    }

    /// The program that is there under this path.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts it for `home`, or for the places of this account. It belongs to no terminal
    /// and to no window, and goes on when this program ends. Whether it serves is seen at
    /// its channel.
    ///
    /// # Errors
    /// [`StartError::Io`].
    pub fn start(&self, home: Option<&Path>) -> Result<StartedService, StartError> {
        self.try_start(home).map_err(|error| StartError::Io { program: self.path.clone(), error })
    }

    fn try_start(&self, home: Option<&Path>) -> io::Result<StartedService> {
        // A pipe would break when this program ends, and the service with it.
        let said = tempfile::tempfile()?;
        let mut command = Command::new(&self.path);
        if let Some(home) = home {
            command.arg("--home").arg(std::path::absolute(home)?);
        }
        command.args(["run", "--quiet"]);
        for variable in ACTIVATION_VARIABLES {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.try_clone()?);
        os::detach(&mut command);
        let child = command.spawn()?;
        let pid = child.id();
        let (end, ended) = watch::channel(None);
        std::thread::Builder::new().name("service-end".to_owned()).spawn(move || {
            end.send_replace(Some(wait(child, said)));
        })?;
        Ok(StartedService { pid, ended })
    }
}

/// A service that this program has started.
#[derive(Clone, Debug)]
pub struct StartedService {
    pid: u32,
    ended: watch::Receiver<Option<ServiceEnd>>,
}

impl StartedService {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it has ended, if it has.
    pub fn try_ended(&self) -> Option<ServiceEnd> {
        self.ended.borrow().clone()
    }

    /// Waits until it ends: at once where it cannot serve; of a service manager's service
    /// only the end of its start is seen. May be called again; cancel-safe.
    pub async fn ended(&mut self) -> ServiceEnd {
        let end = self.ended.wait_for(Option::is_some).await.map(|end| end.clone());
        match end {
            Ok(end) => end.unwrap_or_default(),
            // Nobody looks at it any more: it is the service manager's.
            Err(_) => std::future::pending().await,
        }
    }
}

/// How a service has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceEnd {
    /// Whether it says that it ended well.
    pub success: bool,
    /// Its exit code or its signal, in the system's words.
    pub status: String,
    /// The last line that it said.
    pub last_line: Option<String>,
}

impl fmt::Display for ServiceEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.last_line {
            Some(line) => f.write_str(line),
            None if self.status.is_empty() => f.write_str("the service has ended"),
            None => write!(f, "the service has ended ({})", self.status),
        }
    }
}

fn wait(mut child: Child, said: File) -> ServiceEnd {
    let (success, status) = match child.wait() {
        Ok(status) => (status.success(), status.to_string()),
        Err(error) => (false, error.to_string()),
    };
    let last_line = last_bytes(said).ok().and_then(|bytes| last_line(&bytes));
    ServiceEnd { success, status, last_line }
}

fn last_bytes(mut said: File) -> io::Result<Vec<u8>> {
    let length = said.metadata()?.len();
    said.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
    let mut bytes = Vec::new();
    said.take(LAST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The last line that tells something, without the program's name.
fn last_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim);
    let line = lines.rev().find(|line| !line.is_empty() && !line.starts_with("note:"))?;
    let line = line.strip_prefix(NAME).and_then(|line| line.strip_prefix(": ")).unwrap_or(line);
    Some(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_one_that_tells_something() {
        let said = format!("old\n{NAME}: another service has this home\n\n");
        assert_eq!(last_line(said.as_bytes()).unwrap(), "another service has this home");
        let panic =
            b"thread 'main' panicked at x.rs:1:1:\nboom\nnote: run with `RUST_BACKTRACE=1`\n";
        assert_eq!(last_line(panic).unwrap(), "boom");
        assert_eq!(last_line(b" \n\n"), None);
    }

    #[test]
    fn only_the_end_of_a_long_text_is_read() {
        use std::io::Write as _;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![b'x'; 3 * LAST_BYTES as usize]).unwrap();
        file.write_all(b"\nlast\n").unwrap();
        let bytes = last_bytes(file).unwrap();
        assert_eq!(bytes.len() as u64, LAST_BYTES);
        assert_eq!(last_line(&bytes).unwrap(), "last");
    }

    #[test]
    fn an_end_is_told_in_words() {
        let end = ServiceEnd { success: false, status: "exit status: 1".into(), last_line: None };
        assert_eq!(end.to_string(), "the service has ended (exit status: 1)");
        assert_eq!(ServiceEnd { last_line: Some("why".into()), ..end }.to_string(), "why");
        assert_eq!(ServiceEnd::default().to_string(), "the service has ended");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = ServiceProgram::find_in(folder.path(), None).unwrap_err().to_string();
        assert!(error.contains(NAME) && error.contains("PATH"), "{error}");
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        let gone = ServiceProgram::at(folder.path().join("gone"));
        let error = gone.start(None).unwrap_err().to_string();
        assert!(error.contains("gone cannot be started"), "{error}");
    }
}
