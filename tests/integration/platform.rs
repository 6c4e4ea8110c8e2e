//! What only a process of its own can show: a writer that is killed, a full disk,
//! a lock and a socket whose holder dies, another account, signals.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use hybrid_connection_manager::ipc::protocol::{self, ErrorCode, Request};
use hybrid_connection_manager::ipc::{Client, ClientError, ConnectError, HandshakeError, Listener};
use hybrid_connection_manager::model::Settings;
use hybrid_connection_manager::platform::files::{self, LockError};
use hybrid_connection_manager::platform::local_socket::Address;
use hybrid_connection_manager::platform::permissions::Access;
use hybrid_connection_manager::platform::signals::StopSignals;
use hybrid_connection_manager::platform::{Paths, signals};
use hybrid_connection_manager::service::{LogTo, Service};
use hybrid_connection_manager::store::{SaveError, Store};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// Names the folder that a child works in.
const FOLDER: &str = "HCM_TEST_FOLDER";
/// Begins a line that a child says; the test harness talks too.
const SAYS: &str = "child says ";

/// A test of this binary that runs as a process of its own. Ends with its value.
pub(crate) struct Actor {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Actor {
    fn command(test: &str, folder: &Path) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(FOLDER, folder);
        command
    }

    pub(crate) fn start(test: &str, folder: &Path) -> Self {
        Self::of(Self::command(test, folder))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next thing that the child says.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the child is silent");
            if let Some((_, said)) = line.split_once(SAYS) {
                return said.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Stops it where it is, until SIGCONT.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        waitpid(Some(Pid::from_child(&self.child)), WaitOptions::UNTRACED).unwrap();
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn succeed(mut self) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// The folder of a child; `None` if this is a run of all ignored tests.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

pub(crate) fn say(text: &str) {
    println!("{SAYS}{text}");
}

fn megabytes(of: u8) -> Vec<u8> {
    vec![of; 4 << 20]
}

#[test]
fn a_writer_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    for round in 0..16 {
        let mut writer = Actor::start("platform::child_that_writes_for_ever", dir.path());
        writer.hear();
        // The next write is under way: each round ends it at another point.
        std::thread::sleep(Duration::from_micros(300 * round));
        writer.kill();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes == megabytes(b'a') || bytes == megabytes(b'b'));
    }
    files::remove_unfinished(&path).unwrap();
    assert_eq!(dir.path().read_dir().unwrap().count(), 1);
}

#[test]
#[ignore = "a process that another test starts"]
fn child_that_writes_for_ever() {
    let Some(folder) = folder() else { return };
    for byte in b"ab".iter().cycle() {
        files::write_durably(&folder.join("x"), &megabytes(*byte), Access::OwnerOnly).unwrap();
        say("written");
    }
}

#[test]
fn a_full_disk_refuses_the_change_and_keeps_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let child = Actor::command("platform::child_with_a_full_disk", dir.path());
    // A limit on file sizes fails a write in its middle, as a full disk does.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\""]);
    limited.arg(child.get_program()).args(child.get_args()).env(FOLDER, dir.path());
    let mut child = Actor::of(limited);
    assert_eq!(child.hear(), "refused and unchanged");
    child.succeed();
    let settings = Store::open(&Paths::in_home(dir.path()).unwrap(), None).unwrap().settings;
    assert_eq!(settings.get("log.level").unwrap(), "warn");
    assert_eq!(settings.get("log.keep_files").unwrap(), "5");
}

#[test]
#[ignore = "a process that another test starts"]
fn child_with_a_full_disk() {
    let Some(folder) = folder() else { return };
    let paths = Paths::in_home(&folder).unwrap();
    let mut store = Store::open(&paths, None).unwrap().store;
    store.update_settings(|settings| settings.set("log.level", "warn")).unwrap().unwrap();
    let before = (store.settings().clone(), std::fs::read(&paths.settings_file).unwrap());
    let too_much = format!("/{}", "x".repeat(64 << 10));
    let error = store
        .update_settings(|settings| settings.set("network.extra_ca_certificates", &too_much))
        .unwrap_err();
    assert!(matches!(error, SaveError::NotWritten { .. }), "{error}");
    assert_eq!(before, (store.settings().clone(), std::fs::read(&paths.settings_file).unwrap()));
    let names: Vec<_> = folder.read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the lock and the settings: {names:?}");
    store.update_settings(|settings| settings.set("log.keep_files", "5")).unwrap().unwrap();
    say("refused and unchanged");
}

#[tokio::test]
async fn a_service_that_is_killed_holds_neither_its_home_nor_its_socket() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(dir.path()).unwrap();
    let mut service = Actor::start("platform::child_that_serves_nobody", dir.path());
    let pid = service.hear();
    match files::lock(&paths.lock_file).unwrap_err() {
        LockError::Held { pid: held, .. } => assert_eq!(held.unwrap().to_string(), pid),
        error @ LockError::Io { .. } => panic!("{error}"),
    }
    let error = Listener::bind(&paths.channel).unwrap_err().to_string();
    assert!(error.contains(&format!("process id {pid}")), "{error}");
    service.kill();
    assert!(paths.channel.as_path().exists(), "a killed service leaves its socket behind");
    let opened = Store::open(&paths, None).unwrap();
    assert_eq!(opened.settings, Settings::default());
    let listener = Listener::bind(&paths.channel).unwrap();
    let (client, served) = tokio::join!(Client::connect(&paths.channel, "test"), async {
        listener.accept().await.unwrap().handshake("service").await
    });
    assert!(client.is_ok() && served.is_ok());
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn child_that_serves_nobody() {
    let Some(folder) = folder() else { return };
    let paths = Paths::in_home(&folder).unwrap();
    let _store = Store::open(&paths, None).unwrap();
    let _listener = Listener::bind(&paths.channel).unwrap();
    say(&std::process::id().to_string());
    std::future::pending::<()>().await;
}

#[test]
fn each_signal_to_stop_is_heard_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Actor::start("platform::child_that_waits_for_signals", dir.path());
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        assert_eq!(child.hear(), "ready");
        child.signal(signal);
        assert_eq!(child.hear(), name);
    }
    child.succeed();
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn child_that_waits_for_signals() {
    if folder().is_none() {
        return;
    }
    let mut stop = StopSignals::listen().unwrap();
    say("ready");
    say(stop.next().await);
    let mut second = std::pin::pin!(signals::stop_requested());
    assert!(futures_util::poll!(&mut second).is_pending());
    say("ready");
    say(second.await.unwrap());
}

/// Only root can become someone else, so only root can try this.
#[tokio::test]
async fn another_account_is_turned_away() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let address = Paths::in_home(dir.path()).unwrap().channel;
    let listener = Listener::bind(&address).unwrap();
    open_to_all(dir.path(), 0o755);
    let mut kept_out = stranger("platform::child_of_another_account", dir.path());
    assert_eq!(kept_out.hear(), "kept out by the folder");
    open_to_all(address.as_path().parent().unwrap(), 0o755);
    open_to_all(address.as_path(), 0o666);
    let error = listener.accept().await.unwrap().handshake("service").await.unwrap_err();
    match error {
        HandshakeError::Denied(peer) => assert_eq!(peer.uid, Some(65534)),
        other => panic!("{other}"),
    }
    assert_eq!(kept_out.hear(), "kept out by the service");
    kept_out.succeed();
}

/// Only root can become someone else, so only root can try this.
#[tokio::test]
async fn another_account_reads_the_status_and_manages_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(dir.path()).unwrap();
    let service = Service::start(&paths, LogTo::Nowhere).unwrap();
    open_to_all(dir.path(), 0o755);
    let mut stranger = stranger("platform::child_that_reads_the_status", dir.path());
    assert_eq!(
        tokio::task::spawn_blocking(move || {
            let said = [stranger.hear(), stranger.hear()];
            stranger.succeed();
            said
        })
        .await
        .unwrap(),
        ["reads the status", "is refused the rest"]
    );
    service.stop(std::future::ready(())).await;
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn child_that_reads_the_status() {
    let Some(folder) = folder() else { return };
    let services = [Paths::in_home(&folder).unwrap().channels()];
    let mut client = Client::connect_first(&services, "stranger").await.unwrap();
    assert_eq!(client.access(), protocol::Access::ReadStatus);
    client.request(Request::Snapshot).await.unwrap();
    say("reads the status");
    let error = client.request(Request::Shutdown).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused(error) if error.code == ErrorCode::ReadOnly));
    say("is refused the rest");
}

/// A child of this binary that runs as nobody.
fn stranger(test: &str, folder: &Path) -> Actor {
    let command = Actor::command(test, folder);
    // Its own copy: the account may not see the folder of this program. Made by another
    // process: a fork of this one would hold a file open for writing that is to be run.
    let program = folder.join("stranger");
    let copied = Command::new("cp").arg(command.get_program()).arg(&program).status().unwrap();
    assert!(copied.success());
    let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let mut stranger = Command::new(&program);
    stranger.args(args).env(FOLDER, folder).uid(65534).gid(65534).current_dir("/");
    Actor::of(stranger)
}

fn open_to_all(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
#[ignore = "a process that another test starts"]
async fn child_of_another_account() {
    let Some(folder) = folder() else { return };
    let address: Address = Paths::in_home(&folder).unwrap().channel;
    let error = Client::connect(&address, "stranger").await.unwrap_err();
    assert!(matches!(error, ConnectError::NotAllowed { .. }), "{error}");
    say("kept out by the folder");
    // The other side opens the folder when it has heard this.
    let error = loop {
        match Client::connect(&address, "stranger").await.unwrap_err() {
            ConnectError::NotAllowed { reason, .. } if reason.contains("runs as another") => {
                tokio::task::yield_now().await;
            }
            error => break error,
        }
    };
    // Root may serve anyone, but this service does not want the caller.
    assert!(
        matches!(&error, ConnectError::NotAllowed { reason, .. } if reason.contains("may not control")),
        "{error}"
    );
    say("kept out by the service");
}
