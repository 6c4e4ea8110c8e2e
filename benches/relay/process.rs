//! The service as a process of its own, so that its memory and wake-ups are its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hybrid_connection_manager::emulator::Emulator;
use hybrid_connection_manager::ipc::protocol::Request;
use hybrid_connection_manager::ipc::{Client, Mirror};
use hybrid_connection_manager::model::StatusLabel;
use hybrid_connection_manager::platform::paths::Paths;
use tempfile::TempDir;

/// A service that trusts an emulator.
pub(crate) struct Process {
    child: Child,
    client: Client,
    _home: TempDir,
}

impl Process {
    /// Starts the service and waits until it answers.
    pub(crate) async fn start(emulator: &Emulator) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let ca = home.path().join("ca.pem");
        let mut file = fs::File::create(&ca).expect("a file");
        file.write_all(emulator.ca_pem().as_bytes()).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"))
            .arg("run")
            .arg("--home")
            .arg(home.path())
            .stderr(Stdio::null())
            .spawn()
            .expect("the service starts");
        let channel = Paths::in_home(home.path()).expect("a short path").channel;
        let mut client = loop {
            match Client::connect(&channel, "bench").await {
                Ok(client) => break client,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let value = ca.display().to_string();
        let name = "network.extra_ca_certificates".to_owned();
        client.request(Request::SetSetting { name, value }).await.expect("the CA is taken");
        Self { child, client, _home: home }
    }

    /// Adds a connection of `emulator`.
    pub(crate) async fn add(&mut self, emulator: &Emulator, namespace: &str, name: &str) {
        let connection_string = emulator
            .connection_string(namespace, name, "defaultListener")
            .expect("the emulator has it");
        let request = Request::AddConnection { connection_string, replace: false, resource: None };
        self.client.request(request).await.expect("it is added");
    }

    /// Waits until `count` connections are Connected.
    pub(crate) async fn wait_connected(&mut self, count: usize) {
        self.client.request(Request::Subscribe).await.expect("a subscription");
        let mut mirror = Mirror::default();
        loop {
            mirror.apply(self.client.next().await.expect("news")).expect("no gap");
            let Some(snapshot) = mirror.snapshot() else { continue };
            let connected = snapshot.connections.iter();
            let connected = connected.filter(|v| v.status.label() == StatusLabel::Connected);
            if connected.count() == count {
                return;
            }
        }
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        number_after(&status.expect("the service runs"), "VmRSS:")
    }

    /// How often each of its threads has been woken since it started.
    pub(crate) fn wake_ups(&self) -> BTreeMap<String, u64> {
        fs::read_dir(format!("/proc/{}/task", self.child.id()))
            .expect("the service runs")
            .filter_map(|task| {
                let task = task.ok()?;
                let status = fs::read_to_string(task.path().join("status")).ok()?;
                let count = number_after(&status, "voluntary_ctxt_switches:");
                Some((task.file_name().to_string_lossy().into_owned(), count))
            })
            .collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }
}

fn number_after(text: &str, label: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(label)).expect("the line is there");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
