//! The programs as people run them: `hybrid-connection-manager-service` and `hcm`.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use hybrid_connection_manager::emulator::{Emulator, EmulatorConfig};
use hybrid_connection_manager::ipc::protocol::{LogFilter, Request, Response};
use hybrid_connection_manager::model::{ConnectionString, Credential};
use hybrid_connection_manager::platform::Paths;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::bed::{Endpoint, NAME, NAMESPACE, Watcher, listener_string, sender, within};
use hybrid_connection_manager::emulator::sender::RelayStream;

/// What a process said and how it ended.
pub(crate) struct Ran {
    status: ExitStatus,
    pub(crate) out: String,
    err: String,
}

/// Azure, an endpoint, and a machine with programs on it.
pub(crate) struct Machine {
    pub(crate) emulator: Emulator,
    endpoint: Endpoint,
    pub(crate) home: TempDir,
    pub(crate) service: Child,
    /// Everything that any program has said.
    said: String,
}

impl Machine {
    /// A machine on which the service runs, without connections.
    async fn start() -> Self {
        let endpoint = Endpoint::bind().await;
        let config =
            EmulatorConfig::new().port(0).hybrid_connection(NAMESPACE, NAME, &endpoint.address());
        let emulator = Emulator::start(config).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let service = spawn_service(home.path());
        let mut machine = Self { emulator, endpoint, home, service, said: String::new() };
        machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
        let ca = machine.home.path().join("ca.pem");
        tokio::fs::write(&ca, machine.emulator.ca_pem()).await.unwrap();
        let ca = ca.to_str().unwrap();
        machine.hcm(&["settings", "set", "network.extra_ca_certificates", ca], "").await.expect(0);
        machine
    }

    /// The same with its connection connected.
    pub(crate) async fn connected() -> Self {
        let mut machine = Self::start().await;
        let string = listener_string(&machine.emulator, NAME);
        machine.hcm(&["add", "-"], string.expose()).await.expect(0);
        machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
        machine
    }

    /// Runs `hcm` with `input` on its standard input.
    pub(crate) async fn hcm(&mut self, arguments: &[&str], input: &str) -> Ran {
        let mut hcm = Command::new(env!("CARGO_BIN_EXE_hcm"))
            .arg("--home")
            .arg(self.home.path())
            .args(arguments)
            .env_remove("HCM_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        hcm.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = within(hcm.wait_with_output()).await.unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        self.said += &format!("{out}{err}");
        Ran { status: output.status, out, err }
    }

    pub(crate) async fn stream(&self) -> (RelayStream, TcpStream) {
        let mut app = within(sender(&self.emulator, NAME).connect()).await.unwrap();
        let name = fastrand::u64(..).to_be_bytes();
        app.write_all(&name).await.unwrap();
        app.flush().await.unwrap();
        (app, self.endpoint.accept(name).await)
    }

    pub(crate) fn signal(&self) {
        let pid = Pid::from_raw(self.service.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits until the service has ended by itself.
    pub(crate) async fn service_ends(&mut self) {
        let status = within(self.service.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{status}");
        let mut err = String::new();
        self.service.stderr.take().unwrap().read_to_string(&mut err).await.unwrap();
        self.said += &err;
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{}{}", self.out, self.err);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

fn spawn_service(home: &Path) -> Child {
    service_command(home).spawn().unwrap()
}

fn service_command(home: &Path) -> Command {
    let mut service = Command::new(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"));
    service
        .args(["run", "--home"])
        .arg(home)
        .env_remove("HCM_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    service
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_connection_from_add_to_remove_shows_its_key_nowhere() {
    let mut machine = Machine::start().await;
    machine.hcm(&["settings", "set", "log.level", "trace"], "").await.expect(0);
    let string = listener_string(&machine.emulator, NAME);
    let Credential::Key { key, .. } = ConnectionString::parse(string.expose()).unwrap().credential
    else {
        panic!("the emulator gives keys");
    };
    // Also one that is wrong and has to be talked about.
    let wrong = string.expose().replace("EntityPath", "Path");
    machine.hcm(&["add", "-"], &wrong).await.expect(6);
    machine.hcm(&["add", "-"], string.expose()).await.expect(0);
    machine.hcm(&["add", "-"], string.expose()).await.expect(5);
    machine.hcm(&["add", "--replace", "-"], string.expose()).await.expect(0);
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    let (mut app, mut endpoint) = machine.stream().await;
    app.write_all(&[1]).await.unwrap();
    app.flush().await.unwrap();
    assert_eq!(within(endpoint.read_u8()).await.unwrap(), 1);

    let list = machine.hcm(&["list", "-o", "json"], "").await.expect(0).json();
    assert_eq!(list[0]["Status"], "Connected");
    assert_eq!(list[0]["Name"], NAME);
    assert_eq!(list[0]["Endpoint"], machine.endpoint.address());
    let shown = machine.hcm(&["show", "contoso/hc", "-o", "json"], "").await.expect(0).json();
    assert_eq!(shown["KeyName"], "defaultListener");
    for more in [&["list"][..], &["show", "contoso/hc"], &["status"], &["settings", "get"]] {
        machine.hcm(more, "").await.expect(0);
    }
    assert!(machine.hcm(&["logs", "-n", "10000"], "").await.expect(0).out.contains("added"));
    let mut watcher = Watcher::attach(&Paths::in_home(machine.home.path()).unwrap()).await;
    machine.said += &serde_json::to_string(&watcher.snapshot().await).unwrap();
    for request in [
        Request::GetSettings,
        Request::Logs { lines: 10_000, follow: false, filter: LogFilter::default() },
    ] {
        let response: Response = watcher.request(request).await.unwrap();
        machine.said += &serde_json::to_string(&response).unwrap();
    }
    if cfg!(target_os = "linux") {
        for public in ["cmdline", "environ"] {
            let path = format!("/proc/{}/{public}", machine.service.id().unwrap());
            machine.said += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }

    drop((app, endpoint));
    machine.hcm(&["remove", "contoso/hc"], "").await.expect(0);
    within(machine.emulator.wait_for_listeners(NAMESPACE, NAME, 0)).await.unwrap();
    assert_eq!(
        machine.hcm(&["list", "-o", "json"], "").await.expect(0).json(),
        Value::Array(vec![])
    );
    machine.signal();
    machine.service_ends().await;

    for log in files_in(&machine.home.path().join("logs")) {
        machine.said += &std::fs::read_to_string(log).unwrap();
    }
    assert!(machine.said.contains("contoso"), "something was said");
    for secret in [key.expose(), "SharedAccessSignature sr", "sig="] {
        let shown = machine.said.split(secret).next().unwrap();
        if shown.len() < machine.said.len() {
            let before = shown.chars().rev().take(200).collect::<Vec<_>>();
            panic!("shown after: {}", before.into_iter().rev().collect::<String>());
        }
    }
    let kept = std::fs::read_to_string(machine.home.path().join("connections.json")).unwrap();
    assert!(!kept.contains(key.expose()), "a removed key is still on the disk");
    machine.emulator.shutdown().await;
}

#[tokio::test]
async fn a_signal_lets_streams_end_and_a_second_one_breaks_them() {
    let mut machine = Machine::connected().await;
    let (mut app, mut endpoint) = machine.stream().await;
    machine.signal();
    within(machine.emulator.wait_for_listeners(NAMESPACE, NAME, 0)).await.unwrap();
    let listed = machine.hcm(&["list"], "").await.expect(0);
    assert!((listed.out + &listed.err).contains("Stopping"));
    app.write_all(b"still here").await.unwrap();
    app.shutdown().await.unwrap();
    let mut heard = Vec::new();
    within(endpoint.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"still here");
    drop(endpoint);
    within(app.read_to_end(&mut heard)).await.unwrap();
    machine.service_ends().await;

    machine.service = spawn_service(machine.home.path());
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    let (mut app, mut endpoint) = machine.stream().await;
    machine.signal();
    within(machine.emulator.wait_for_listeners(NAMESPACE, NAME, 0)).await.unwrap();
    machine.signal();
    let mut byte = [0];
    within(endpoint.read(&mut byte)).await.expect_err("the endpoint takes the break for an end");
    within(app.read(&mut byte)).await.expect_err("the app takes the break for an end");
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}

#[tokio::test]
async fn a_killed_service_finds_its_connections_again() {
    let mut machine = Machine::connected().await;
    let (mut app, mut endpoint) = machine.stream().await;
    machine.service.kill().await.unwrap();
    let mut byte = [0];
    within(app.read(&mut byte)).await.expect_err("the app takes the break for an end");
    // Only the system speaks for a killed program: it may end the connection in order.
    assert_eq!(within(endpoint.read(&mut byte)).await.unwrap_or(0), 0);
    machine.hcm(&["list"], "").await.expect(3);
    machine.service = spawn_service(machine.home.path());
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    machine.stream().await;
    machine.signal();
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_said() {
    let mut machine = Machine::connected().await;
    machine.signal();
    machine.service_ends().await;
    let file = machine.home.path().join("connections.json");
    let damaged = "{\"version\": 1, \"connections\": [";
    tokio::fs::write(&file, damaged).await.unwrap();
    machine.service = spawn_service(machine.home.path());
    machine.hcm(&["status", "--wait", "30"], "").await;
    let listed = machine.hcm(&["list"], "").await.expect(0);
    let said = listed.out + &listed.err;
    assert!(said.contains("damaged") && said.contains("set aside"), "{said}");
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(status["Service"]["Faults"][0]["Code"], "store-damaged", "{status}");
    let aside = files_in(machine.home.path()).into_iter().any(|path| {
        path != file && std::fs::read_to_string(path).is_ok_and(|text| text == damaged)
    });
    assert!(aside, "the damaged file is gone: {:?}", files_in(machine.home.path()));

    // And the service is as good as new.
    let string = listener_string(&machine.emulator, NAME);
    machine.hcm(&["add", "-"], string.expose()).await.expect(0);
    machine.hcm(&["status", "--wait", "30"], "").await;
    machine.stream().await;
    machine.signal();
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}

/// As in an empty root: `rustls-native-certs` reads these variables instead of the system's places.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_system_without_cas_is_said_and_a_file_of_them_is_enough() {
    let mut machine = Machine::connected().await;
    let mut without_cas = service_command(machine.home.path());
    without_cas.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    let codes = |status: Value| {
        let faults = status["Service"]["Faults"].as_array().cloned().unwrap_or_default();
        faults.iter().map(|fault| fault["Code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    machine.signal();
    machine.service_ends().await;
    machine.service = without_cas.spawn().unwrap();
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    machine.stream().await;

    let ca = machine.home.path().join("ca.pem");
    std::fs::rename(&ca, machine.home.path().join("away.pem")).unwrap();
    machine.signal();
    machine.service_ends().await;
    machine.service = without_cas.spawn().unwrap();
    machine.hcm(&["status", "--wait", "1"], "").await;
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(codes(status), ["ca-unusable", "no-ca-certificates"]);
    let said = machine.hcm(&["status"], "").await;
    assert!((said.out + &said.err).contains("Install the package ca-certificates"));

    let mended = machine.home.path().join("away.pem");
    let mended = mended.to_str().unwrap();
    machine.hcm(&["settings", "set", "network.extra_ca_certificates", mended], "").await.expect(0);
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(codes(status), [""; 0]);
    machine.signal();
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}

/// A service that outlives a write beyond its limit, as it outlives one to a full disk.
#[cfg(target_os = "linux")]
fn spawn_service_that_may_be_limited(home: &Path) -> Child {
    Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"))
        .args(["run", "--quiet", "--home"])
        .arg(home)
        .env_remove("HCM_HOME")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_and_the_old_file_stays() {
    use rustix::process::{Resource, Rlimit, prlimit};

    let mut machine = Machine::connected().await;
    machine.signal();
    machine.service_ends().await;
    machine.service = spawn_service_that_may_be_limited(machine.home.path());
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    let pid = Pid::from_raw(machine.service.id().unwrap().cast_signed());
    let may_write = |most| {
        let limit = Rlimit { current: most, maximum: None };
        prlimit(pid, Resource::Fsize, limit).unwrap();
    };
    let file = machine.home.path().join("connections.json");
    let before = std::fs::read(&file).unwrap();

    may_write(Some(8));
    let refused = machine.hcm(&["disable", "contoso/hc"], "").await.expect(1);
    assert!(refused.err.contains("connections.json could not be written"), "{}", refused.err);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(status["Service"]["Faults"][0]["Code"], "not-written", "{status}");
    assert_eq!(machine.hcm(&["list", "-o", "json"], "").await.json()[0]["Status"], "Connected");
    machine.stream().await;

    may_write(None);
    machine.hcm(&["disable", "contoso/hc"], "").await.expect(0);
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(status["Service"]["Faults"], Value::Array(vec![]), "{status}");
    machine.signal();
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}

#[tokio::test]
async fn a_service_without_log_files_serves_and_says_so() {
    let mut machine = Machine::connected().await;
    machine.signal();
    machine.service_ends().await;
    let logs = machine.home.path().join("logs");
    std::fs::remove_dir_all(&logs).unwrap();
    std::fs::File::create_new(&logs).unwrap();
    machine.service = spawn_service(machine.home.path());
    machine.hcm(&["status", "--wait", "30"], "").await;
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(status["Service"]["Faults"][0]["Code"], "logs-unwritable", "{status}");
    machine.stream().await;
    assert!(machine.hcm(&["logs"], "").await.expect(0).out.contains("service started"));
}

#[tokio::test]
async fn a_file_of_another_machine_is_said_and_mended_with_its_connection_string() {
    let mut machine = Machine::connected().await;
    machine.signal();
    machine.service_ends().await;
    let file = machine.home.path().join("connections.json");
    let mut stored: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let key = &mut stored["connections"][0]["key"];
    key["protection"] = "dpapi-machine".into();
    key["value"] = "AQAAANCMnd8BFdERjHoAwE/Cl+s=".into();
    let sealed = key.clone();
    tokio::fs::write(&file, stored.to_string()).await.unwrap();

    machine.service = spawn_service(machine.home.path());
    machine.hcm(&["status", "--wait", "30"], "").await.expect(7);
    let listed = machine.hcm(&["list", "-o", "json"], "").await.expect(0).json();
    assert_eq!(listed[0]["Status"], "Not connected", "{listed}");
    let shown = machine.hcm(&["show", "contoso/hc"], "").await.expect(0).out;
    for words in [
        "The stored key cannot be unsealed here",
        "the key of the rule defaultListener is sealed (dpapi-machine)",
        "sealed on another machine or for another account",
        "hcm add --replace -",
    ] {
        let on_one_line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(on_one_line.contains(words), "{shown}");
    }
    assert!(
        machine.hcm(&["show", "contoso/hc", "-o", "json"], "").await.out.contains("key-sealed")
    );
    machine.hcm(&["disable", "contoso/hc"], "").await.expect(0);
    machine.hcm(&["enable", "contoso/hc"], "").await.expect(0);
    let stored: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(stored["connections"][0]["key"], sealed);

    let string = listener_string(&machine.emulator, NAME);
    machine.hcm(&["add", "--replace", "-"], string.expose()).await.expect(0);
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    machine.stream().await;
    machine.signal();
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}
