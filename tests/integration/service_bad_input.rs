//! What is wrong around the service: files and folders that are not for it alone, and too few
//! open files. What only root can do to it is in `tests/linux/bad-input.sh`.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use hybrid_connection_manager::emulator::sender::SenderError;
use hybrid_connection_manager::ipc::Client;
use hybrid_connection_manager::model::ConnectionView;
use hybrid_connection_manager::platform::Paths;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::bed::{NAME, Watcher, sender, within};
use crate::service_processes::Machine;

/// A home with a name that a shell takes apart where it is not quoted.
struct Home {
    _folder: TempDir,
    path: PathBuf,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it's a $HOME");
        std::fs::create_dir(&path).unwrap();
        set_mode(&path, 0o700);
        Self { _folder: folder, path }
    }

    /// Runs the service, which does not start: what it says.
    async fn refused(&self) -> String {
        let output = within(service(&self.path).output()).await.unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", output.status);
        String::from_utf8(output.stderr).unwrap()
    }

    /// Runs the service, which answers.
    async fn starts(&self) {
        let mut service = service(&self.path).spawn().unwrap();
        let paths = Paths::in_home(&self.path).unwrap();
        let answers = async {
            while Client::connect(&paths.channel, "test").await.is_err() {
                assert_eq!(service.try_wait().unwrap(), None, "it has ended");
                tokio::task::yield_now().await;
            }
        };
        within(answers).await;
        service.kill().await.unwrap();
    }

    /// The service does not start, says so with `words`, and starts after the command that
    /// it ends with.
    async fn is_mended_after(&self, words: &str) {
        let said = self.refused().await;
        assert!(said.contains(words), "{said}");
        let (_, command) = said.trim_end().rsplit_once(": ").unwrap();
        let ran = Command::new("sh").args(["-c", command]).status().await.unwrap();
        assert!(ran.success(), "{command}");
        self.starts().await;
    }
}

fn service(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"));
    command.args(["run", "--quiet", "--home"]).arg(home).env_remove("HCM_HOME");
    command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_file_that_others_may_read_or_change_is_refused_until_the_command_has_run() {
    let home = Home::new();
    for name in ["connections.json", "settings.json"] {
        let file = home.path.join(name);
        for mode in [0o644, 0o620] {
            let text = r#"{"version":1,"connections":[]}"#;
            tokio::fs::write(&file, text).await.unwrap();
            set_mode(&file, mode);
            home.is_mended_after(&format!("(mode {mode:03o}) may read or change")).await;
            assert_eq!(tokio::fs::read_to_string(&file).await.unwrap(), text);
        }
    }
}

#[tokio::test]
async fn a_folder_in_which_others_may_write_is_refused_until_the_command_has_run() {
    let home = Home::new();
    set_mode(&home.path, 0o777);
    home.is_mended_after("which holds keys").await;
    // The folder of the socket holds nothing that others could have changed.
    set_mode(&home.path.join("run"), 0o777);
    home.starts().await;
    assert_eq!(home.path.join("run").metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_refused_until_the_file_is_there() {
    let home = Home::new();
    let (file, elsewhere) = (home.path.join("connections.json"), home.path.join("kept elsewhere"));
    tokio::fs::write(&elsewhere, r#"{"version":1,"connections":[]}"#).await.unwrap();
    set_mode(&elsewhere, 0o600);
    symlink(&elsewhere, &file).unwrap();
    home.is_mended_after("is a link to").await;
    assert!(file.symlink_metadata().unwrap().is_file() && !elsewhere.exists());
    std::fs::remove_file(&file).unwrap();
    symlink("nowhere", &file).unwrap();
    home.is_mended_after("is a link to nowhere").await;
}

#[tokio::test]
async fn what_is_in_the_place_of_a_folder_is_named() {
    let home = Home::new();
    tokio::fs::write(home.path.join("run"), "").await.unwrap();
    let said = home.refused().await;
    assert!(said.contains("/run is not a folder; move it away"), "{said}");
}

#[tokio::test]
async fn streams_beyond_the_open_files_are_refused_and_said_and_the_others_go_on() {
    let mut machine = Machine::connected().await;
    machine.signal();
    machine.service_ends().await;
    machine.service = Command::new("sh")
        .args(["-c", "ulimit -n 128 && exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_hybrid-connection-manager-service"))
        .args(["run", "--quiet", "--home"])
        .arg(machine.home.path())
        .env_remove("HCM_HOME")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    machine.hcm(&["status", "--wait", "30"], "").await.expect(0);
    let mut streams = Vec::new();
    for _ in 0..32 {
        streams.push(machine.stream().await);
    }
    let faults = |status: &serde_json::Value| status["Service"]["Faults"].to_string();
    let status = machine.hcm(&["status", "-o", "json"], "").await.json();
    assert_eq!(faults(&status), "[]");

    let apps = sender(&machine.emulator, NAME);
    let more = futures_util::future::join_all((0..64).map(|_| apps.connect()));
    for refused in within(more).await {
        let SenderError::Refused { status, reason } = refused.unwrap_err() else {
            panic!("another refusal");
        };
        assert!(status == 503 && reason.starts_with("The listener carries as many"), "{reason}");
    }
    let status = machine.hcm(&["status", "-o", "json"], "").await.expect(0).json();
    let said = faults(&status);
    assert!(said.contains("open-files-exhausted") && said.contains("32 streams"), "{said}");
    assert!(said.contains("LimitNOFILE="), "{said}");
    let mut watcher = Watcher::attach(&Paths::in_home(machine.home.path()).unwrap()).await;
    let told = |view: &ConnectionView| {
        view.events.iter().any(|event| event.text.contains("may not open more files"))
    };
    assert_eq!(watcher.until(NAME, told).await.traffic.active_streams, 32);
    for (app, endpoint) in &mut streams {
        app.write_all(&[7]).await.unwrap();
        app.flush().await.unwrap();
        assert_eq!(within(endpoint.read_u8()).await.unwrap(), 7);
    }

    // Some end, and there is place for others.
    drop(watcher);
    streams.truncate(20);
    let gone = async {
        loop {
            let status = machine.hcm(&["status", "-o", "json"], "").await.json();
            if faults(&status) == "[]" {
                return;
            }
        }
    };
    within(gone).await;
    machine.stream().await;
    drop(streams);
    machine.signal();
    machine.service_ends().await;
    machine.emulator.shutdown().await;
}
