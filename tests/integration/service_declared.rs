//! A service that takes up what is declared when it starts, as in a container.

use std::path::Path;
use std::process::{Output, Stdio};

use hybrid_connection_manager::emulator::{Emulator, EmulatorConfig};
use hybrid_connection_manager::model::Secret;
use hybrid_connection_manager::platform::Paths;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::bed::{NAME, NAMESPACE, Watcher, listener_string, within};
use crate::cli_support::{Ran, hcm_in};

/// The second hybrid connection.
const WEB: &str = "web";

/// Azure, and a folder with a declared file.
struct Stage {
    emulator: Emulator,
    home: TempDir,
    files: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let config = EmulatorConfig::new()
            .port(0)
            .hybrid_connection(NAMESPACE, NAME, "127.0.0.1:1")
            .hybrid_connection(NAMESPACE, WEB, "127.0.0.1:1");
        let emulator = Emulator::start(config).await.unwrap();
        let (home, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        tokio::fs::write(files.path().join("ca.pem"), emulator.ca_pem()).await.unwrap();
        Self { emulator, home, files }
    }

    fn string(&self, name: &str) -> Secret {
        listener_string(&self.emulator, name)
    }

    async fn put(&self, name: &str, text: &str) {
        tokio::fs::write(self.files.path().join(name), text).await.unwrap();
    }

    /// A service whose declared file has `connections`, with these variables.
    async fn service(&self, connections: &str, variables: &[(&str, &str)]) -> Child {
        let text = format!(
            "version: 1\nsettings:\n  network.extra_ca_certificates: ca.pem\nconnections: {connections}\n"
        );
        self.put("declared.yaml", &text).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"));
        command.args(["run", "--home"]).arg(self.home.path());
        command.env("HCM_DECLARED", self.files.path().join("declared.yaml"));
        command.arg("--secrets").arg(self.files.path());
        command.env_remove("HCM_HOME").envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().unwrap()
    }

    async fn hcm(&self, arguments: &[&str]) -> Ran {
        Ran::of(hcm_in(self.home.path(), arguments).spawn().unwrap()).await
    }

    async fn watcher(&self) -> Watcher {
        Watcher::attach(&Paths::in_home(self.home.path()).unwrap()).await
    }
}

async fn end(service: Child) -> Output {
    let pid = Pid::from_raw(service.id().unwrap().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    within(service.wait_with_output()).await.unwrap()
}

fn has(path: &Path, text: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|found| found.contains(text))
}

#[tokio::test]
async fn what_is_declared_is_taken_up_once_and_kept() {
    let stage = Stage::set().await;
    stage.put("web", stage.string(WEB).expose()).await;
    let sql = stage.string(NAME);
    let variables = [("HCM_CONNECTION_STRING", sql.expose())];
    let service = stage.service("[{connectionString: {secret: web}}]", &variables).await;
    stage.hcm(&["status", "--wait", "30"]).await.expect(0);
    let mut watcher = stage.watcher().await;
    watcher.until_connected(NAME).await;
    watcher.until_connected(WEB).await;
    let ran = stage.hcm(&["export", "--with-keys"]).await;
    assert_eq!(ran.expect(0).out.matches("connectionString: \"").count(), 2);
    let ran = stage.hcm(&["logs"]).await;
    assert!(ran.expect(0).out.contains("was given the keys of all connections"), "{ran:?}");
    assert!(ran.out.contains("taken up what is declared"), "{ran:?}");
    drop(watcher);
    let said = end(service).await;
    assert!(said.status.success(), "{said:?}");
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(!said.contains(sql.expose()), "a key in the log");

    // What is kept is declared again and is the same; what is no longer declared stays.
    let kept = stage.home.path().join("connections.json");
    let written = kept.metadata().unwrap().modified().unwrap();
    let service = stage.service("[]", &variables).await;
    stage.hcm(&["status", "--wait", "30"]).await.expect(0);
    let ran = stage.hcm(&["logs"]).await;
    assert!(!ran.out.contains("taken up what is declared"), "{ran:?}");
    assert_eq!(kept.metadata().unwrap().modified().unwrap(), written);
    assert_eq!(stage.watcher().await.snapshot().await.connections.len(), 2);
    assert!(end(service).await.status.success());
    stage.emulator.shutdown().await;
}

#[tokio::test]
async fn a_container_needs_the_environment_alone_and_keeps_no_log() {
    let stage = Stage::set().await;
    let (sql, ca) = (stage.string(NAME), stage.files.path().join("ca.pem"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"));
    command.arg("run").env("HCM_HOME", stage.home.path()).env("HCM_LOG_TO", "stdout");
    command.env("HCM_CONNECTION_STRING", sql.expose());
    command.env("HCM_SETTING_NETWORK_EXTRA_CA_CERTIFICATES", ca);
    command.env("HCM_SETTING_SERVICE_DRAIN_SECONDS", "7");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let service = command.kill_on_drop(true).spawn().unwrap();
    stage.hcm(&["status", "--wait", "30"]).await.expect(0);
    stage.watcher().await.until_connected(NAME).await;
    let ran = stage.hcm(&["settings", "get", "service.drain_seconds"]).await;
    assert!(ran.expect(0).out.contains('7'), "{ran:?}");
    assert!(stage.hcm(&["logs"]).await.expect(0).out.contains("service started"));
    let said = end(service).await;
    assert!(said.status.success(), "{said:?}");
    let (out, err) =
        (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
    assert!(out.contains("service started") && out.contains("service stopped"), "{out}");
    assert_eq!(err, "");
    assert!(!stage.home.path().join("logs").exists(), "a log on the disk");
    stage.emulator.shutdown().await;
}

#[tokio::test]
async fn a_mistake_ends_the_start_and_names_its_place() {
    let stage = Stage::set().await;
    let cut = stage.string(NAME).expose().replace(&format!(";EntityPath={NAME}"), "");
    let whole = stage.string(NAME);
    let cases = [
        (
            "[]",
            cut.as_str(),
            "the environment variable HCM_CONNECTION_STRING_1: the connection string has no EntityPath",
        ),
        (
            "[{connectionString: {env: NO}}]",
            whole.expose(),
            "declared.yaml, line 4, column 40: the environment variable NO is not set",
        ),
        (
            "[{namespace: contoso, name: web}]",
            whole.expose(),
            "declared.yaml, line 4, column 15: contoso/web is not here",
        ),
        (
            "[{connectionString: {env: HCM_CONNECTION_STRING_1}}]",
            whole.expose(),
            "the environment variable HCM_CONNECTION_STRING_1: contoso/hc is declared twice; first in",
        ),
    ];
    for (connections, variable, words) in cases {
        let service = stage.service(connections, &[("HCM_CONNECTION_STRING_1", variable)]).await;
        let ended = within(service.wait_with_output()).await.unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{said}");
        let key = variable.split("SharedAccessKey=").nth(1).unwrap();
        assert!(!said.contains(&key[..12]), "{said}");
    }
    assert!(!has(&stage.home.path().join("connections.json"), NAME), "something was applied");
    stage.emulator.shutdown().await;
}
