//! The service as systemd runs it: what it hears of the service, and the folders and the
//! credential that it gives. The test is the service manager.

use std::ffi::{OsStr, OsString};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hybrid_connection_manager::ipc::Client;
use hybrid_connection_manager::ipc::protocol::{Request, Response};
use hybrid_connection_manager::model::{FaultCode, Secret, Snapshot};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::permissions::restrict_path;
use hybrid_connection_manager::platform::product::CREDENTIAL;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};

use crate::bed::Watcher;

/// Nothing listens there, so this connection never gets anywhere.
const CONNECTION: &str = "Endpoint=sb://127.0.0.1:1/;SharedAccessKeyName=listen;SharedAccessKey=bm90IGEga2V5;EntityPath=sql";

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("nothing came")
}

/// A service, and the service manager that has started it.
struct Unit {
    home: TempDir,
    socket: UnixDatagram,
    name: OsString,
    service: Option<Child>,
}

impl Unit {
    /// Listens at a path.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self { home, socket, name: path.into(), service: None }
    }

    /// Listens at a name that is no file, as systemd may.
    fn abstract_one() -> Self {
        let home = tempfile::tempdir().unwrap();
        let name = home.path().as_os_str().as_bytes();
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let socket = std::os::unix::net::UnixDatagram::bind_addr(&address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let name = [b"@", name].concat();
        let socket = UnixDatagram::from_std(socket).unwrap();
        Self { home, socket, name: OsStr::from_bytes(&name).to_owned(), service: None }
    }

    fn paths(&self) -> Paths {
        Paths::in_home(self.home.path()).unwrap()
    }

    fn command(&self) -> Command {
        let home = self.home.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"));
        let runtime = format!("{0}/run:{0}/status", home.display());
        command
            .arg("run")
            .env_remove("HCM_HOME")
            .env("NOTIFY_SOCKET", &self.name)
            .env("WATCHDOG_USEC", "1000000")
            .env("STATE_DIRECTORY", home)
            .env("RUNTIME_DIRECTORY", runtime)
            .env("LOGS_DIRECTORY", home.join("logs"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn start(&mut self) {
        self.start_as(|_| {}).await;
    }

    async fn start_as(&mut self, change: impl FnOnce(&mut Command)) {
        let mut command = self.command();
        change(&mut command);
        self.service = Some(command.spawn().unwrap());
        self.until("READY=1").await;
    }

    /// The next datagram.
    async fn told(&self) -> String {
        let mut bytes = vec![0; 4096];
        let length = within(self.socket.recv(&mut bytes)).await.unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    /// The next datagram in which a line is `line`.
    async fn until(&self, line: &str) -> String {
        loop {
            let told = self.told().await;
            if told.lines().any(|one| one == line) {
                return told;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = self.service.as_ref().unwrap().id().unwrap();
        kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
    }

    /// Reads the settings again, as `systemctl reload` does.
    async fn reload(&self) {
        self.signal(Signal::HUP);
        let told = self.until("RELOADING=1").await;
        assert!(told.contains("MONOTONIC_USEC="), "{told}");
        self.until("READY=1").await;
    }

    async fn write_settings(&self, settings: &Value) {
        self.put_settings(&settings.to_string()).await;
    }

    async fn put_settings(&self, text: &str) {
        let file = self.paths().settings_file;
        tokio::fs::write(&file, text).await.unwrap();
        restrict_path(&file).unwrap();
    }

    async fn client(&self) -> Client {
        Client::connect(&self.paths().channel, "test").await.unwrap()
    }

    async fn setting(&self, name: &str) -> String {
        match self.client().await.request(Request::GetSettings).await.unwrap() {
            Response::Settings { settings } => {
                settings.into_iter().find(|(known, _)| known == name).unwrap().1
            }
            other => panic!("{other:?}"),
        }
    }

    async fn snapshot(&self) -> Snapshot {
        match self.client().await.request(Request::Snapshot).await.unwrap() {
            Response::Snapshot { snapshot } => *snapshot,
            other => panic!("{other:?}"),
        }
    }

    async fn faults(&self) -> Vec<FaultCode> {
        self.snapshot().await.service.faults.iter().map(|fault| fault.code).collect()
    }

    /// What the first attempt of the connection ends with, which comes after the start.
    async fn first_fault(&self) -> FaultCode {
        let mut watcher = Watcher::attach(&self.paths()).await;
        watcher
            .until_all(|snapshot| snapshot.connections[0].status.fault().map(|fault| fault.code))
            .await
    }

    async fn add(&self) {
        let connection_string = Secret::new(CONNECTION.to_owned());
        let request = Request::AddConnection { connection_string, replace: false, resource: None };
        self.client().await.request(request).await.unwrap();
    }

    async fn stop(&mut self) {
        self.signal(Signal::TERM);
        let told = self.until("STOPPING=1").await;
        let limit = told.lines().find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC="));
        let seconds = limit.unwrap().parse::<u64>().unwrap() / 1_000_000;
        assert!((40..60).contains(&seconds), "the default of 30 s and what comes after it: {told}");
        let mut service = self.service.take().unwrap();
        assert!(within(service.wait()).await.unwrap().success());
    }
}

#[tokio::test]
async fn systemd_hears_that_the_service_is_ready_alive_and_ending() {
    for mut unit in [Unit::new(), Unit::abstract_one()] {
        unit.start().await;
        // At the first try.
        unit.client().await;
        unit.until("STATUS=No connection is enabled").await;
        unit.until("WATCHDOG=1").await;
        unit.add().await;
        unit.until("STATUS=0 of 1 connected").await;
        unit.until("WATCHDOG=1").await;
        unit.stop().await;
    }
}

#[tokio::test]
async fn the_folders_of_the_unit_are_used() {
    let mut unit = Unit::new();
    unit.start().await;
    unit.add().await;
    let paths = unit.paths();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&paths.connections_file), 0o600);
    assert_eq!(mode(paths.channel.as_path()) & 0o007, 0, "the channel is for no stranger");
    let status = paths.status_channel.unwrap();
    assert_eq!(mode(status.as_path()), 0o666);
    assert_eq!(mode(status.as_path().parent().unwrap()), 0o755);
    assert!(paths.log_dir.read_dir().unwrap().count() > 0);
    unit.stop().await;
}

#[tokio::test]
async fn the_settings_are_read_again_and_those_of_no_use_are_not() {
    let mut unit = Unit::new();
    unit.start().await;
    assert_eq!(unit.setting("log.level").await, "info");
    unit.write_settings(&json!({
        "version": 2,
        "log": {"level": "debug"},
        "network": {"proxy": "http://me:secret@127.0.0.1:1"},
        "service": {"status_for_all": false},
    }))
    .await;
    unit.reload().await;
    assert_eq!(unit.setting("log.level").await, "debug");
    assert_eq!(unit.setting("network.proxy").await, "http://me:***@127.0.0.1:1");
    let status = unit.paths().status_channel.unwrap();
    within(async {
        while status.as_path().exists() {
            tokio::task::yield_now().await
        }
    })
    .await;

    for wrong in [
        json!({"version": 2, "log": {"level": "loud"}}),
        json!({"version": 99}),
        json!({"version": 2, "network": {"extra_ca_certificates": "/nowhere/ca.pem"}}),
    ] {
        unit.write_settings(&wrong).await;
        unit.reload().await;
        assert_eq!(unit.faults().await, [FaultCode::SettingsNotReloaded], "{wrong}");
        assert_eq!(unit.setting("log.level").await, "debug", "the old ones stay in force");
        let kept = std::fs::read_to_string(unit.paths().settings_file).unwrap();
        assert_eq!(kept, wrong.to_string(), "what an administrator wrote is left alone");
    }
    unit.put_settings("{").await;
    unit.reload().await;
    let fault = unit.snapshot().await.service.faults.remove(0);
    assert!(fault.detail.contains("settings.json"), "{fault}");

    unit.write_settings(&json!({"version": 2, "log": {"level": "warn"}})).await;
    unit.reload().await;
    assert_eq!(unit.faults().await, []);
    assert_eq!(unit.setting("log.level").await, "warn");
    assert_eq!(unit.setting("network.proxy").await, "");
    std::fs::remove_file(unit.paths().settings_file).unwrap();
    unit.reload().await;
    assert_eq!(unit.setting("log.level").await, "info", "no file is that of the defaults");
    unit.stop().await;
}

#[tokio::test]
async fn keys_are_sealed_with_the_credential_and_with_no_other() {
    let mut unit = Unit::new();
    let credentials = tempfile::tempdir().unwrap();
    let credential = credentials.path().join(CREDENTIAL);
    let give = async |byte: u8| tokio::fs::write(&credential, [byte; 32]).await.unwrap();
    let with = |command: &mut Command| {
        command.env("CREDENTIALS_DIRECTORY", credentials.path());
    };
    let file = unit.paths().connections_file;
    let stored = || std::fs::read_to_string(&file).unwrap();
    unit.start().await;
    unit.add().await;
    unit.stop().await;
    assert!(stored().contains("bm90IGEga2V5"), "without a credential the mode protects it");

    give(1).await;
    unit.start_as(with).await;
    let kept: Value = serde_json::from_str(&stored()).unwrap();
    assert_eq!(kept["connections"][0]["key"]["protection"], "systemd-credential");
    assert!(!stored().contains("bm90IGEga2V5"), "sealed at the next start");
    assert_eq!(unit.first_fault().await, FaultCode::AzureUnreachable);
    unit.stop().await;
    give(2).await;
    unit.start_as(with).await;
    assert_eq!(unit.first_fault().await, FaultCode::KeySealed);
    unit.stop().await;
    unit.start().await;
    assert_eq!(unit.first_fault().await, FaultCode::KeySealed);
    unit.stop().await;
    give(1).await;
    unit.start_as(with).await;
    assert_eq!(unit.first_fault().await, FaultCode::AzureUnreachable);
    unit.stop().await;
}
