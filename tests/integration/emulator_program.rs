//! `relay-emulator` as people run it.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

use crate::emulator_client::within;

fn command(state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-emulator"));
    command.arg("--state").arg(state).args(arguments).kill_on_drop(true);
    command
}

/// Exit code, standard output and standard error.
async fn outcome(state: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = within(command(state, arguments).output()).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A program that runs on, and its lines.
fn start(state: &Path, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child =
        command(state, arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    within(lines.next_line()).await.unwrap().unwrap()
}

fn run(endpoint: &str) -> [&str; 5] {
    ["run", "--port", "0", "--hybrid-connection", endpoint]
}

#[tokio::test]
async fn it_runs_tells_where_and_is_steered() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let (mut emulator, mut lines) = start(state, &run("contoso/hc=127.0.0.1:9"));
    assert!(line(&mut lines).await.starts_with("The Relay emulator listens on 127.0.0.1:"));
    let ca = line(&mut lines).await;
    assert!(ca.ends_with("ca.pem") && ca.contains(state.to_str().unwrap()), "{ca}");
    assert!(line(&mut lines).await.starts_with("Azure sign-in: http://localhost:"));
    assert!(line(&mut lines).await.starts_with("Azure Resource Manager: https://localhost:"));
    assert_eq!(line(&mut lines).await, "");
    assert_eq!(line(&mut lines).await, "contoso/hc -> 127.0.0.1:9");
    let listen = line(&mut lines).await;
    assert!(listen.contains("Listen") && listen.contains(";EntityPath=hc"), "{listen}");

    let (code, out, _) = outcome(state, &["connection-string", "contoso/hc"]).await;
    assert!(code == 0 && listen.ends_with(out.trim()));
    let (code, out, _) = outcome(state, &["fault", "--on", "contoso/hc", "recycle"]).await;
    assert!(code == 0 && out.starts_with("There was no open channel"), "{out}");
    assert_eq!(outcome(state, &["fault", "delay", "1"]).await.0, 0);
    let (_, out, _) = outcome(state, &["state", "--json"]).await;
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["faults"][0]["millis"], 1);
    let throttle = ["fault", "azure", "throttle", "5", "--path", "listKeys", "--times", "2"];
    assert_eq!(outcome(state, &throttle).await.0, 0);
    let (_, out, _) = outcome(state, &["state", "--json"]).await;
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["azure"]["faults"][0]["retryAfter"], 5);
    assert!(outcome(state, &["state"]).await.1.contains("fault azure {"));
    let (code, out, _) = outcome(state, &["fault", "azure", "expire-tokens"]).await;
    assert!(code == 0 && out.starts_with("There was nothing"), "{out}");
    assert_eq!(outcome(state, &["fault", "black-hole"]).await.0, 0);
    assert_eq!(outcome(state, &["clear"]).await.0, 0, "a black hole can be ended");
    assert_eq!(outcome(state, &["create", "contoso/a/b", "--endpoint", "h:1"]).await.0, 0);
    assert_eq!(outcome(state, &["set", "contoso/a/b", "--endpoint", "h:2"]).await.0, 0);
    let (_, before, _) = outcome(state, &["connection-string", "contoso/a/b"]).await;
    assert_eq!(outcome(state, &["regenerate-keys", "contoso/a/b"]).await.0, 0);
    let (_, after, _) = outcome(state, &["connection-string", "contoso/a/b"]).await;
    assert!(before != after && after.contains("EntityPath=a/b"));
    let (_, out, _) = outcome(state, &["state"]).await;
    assert!(out.contains("contoso/a/b -> h:2") && !out.contains("SharedAccessKey="), "{out}");
    assert_eq!(outcome(state, &["remove", "contoso/a/b"]).await.0, 0);

    let (code, _, error) = outcome(state, &["remove", "contoso/a/b"]).await;
    assert!(code == 1 && error.contains("no hybrid connection"), "{error}");
    let (code, _, error) = outcome(state, &run("contoso/hc=h:1")).await;
    assert!(code == 1 && error.contains("another state folder"), "{error}");

    // Windows has no signal that asks a program to end.
    if cfg!(unix) {
        terminate(&emulator);
        assert!(within(emulator.wait()).await.unwrap().success());
    } else {
        emulator.kill().await.unwrap();
    }
    let (code, _, error) = outcome(state, &["state"]).await;
    assert!(code == 1 && !error.is_empty(), "{error}");
    assert!(cfg!(not(unix)) || error.contains("no emulator runs"), "{error}");
}

#[tokio::test]
async fn a_wrong_command_line_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    for arguments in [&["dance"][..], &run("contoso=h:1"), &run("contoso/hc=h"), &["fault"]] {
        let (code, _, error) = outcome(state, arguments).await;
        assert!(code == 2 && !error.is_empty(), "{arguments:?}: {code} {error}");
    }
    let config = state.join("config.json");
    std::fs::File::create(&config).unwrap();
    let file = config.to_str().unwrap();
    let (code, _, error) = outcome(state, &["run", "--config", file]).await;
    assert!(code == 1 && error.contains("line 1"), "{error}");
    let (code, out, _) = outcome(state, &["--help"]).await;
    assert!(code == 0 && out.contains("black-hole") || out.contains("fault"));
}

#[tokio::test]
async fn send_opens_a_local_port() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let (_emulator, mut lines) = start(state, &run("contoso/hc=127.0.0.1:9"));
    line(&mut lines).await;
    let (_send, mut lines) = start(state, &["send", "contoso/hc", "--local", "0"]);
    let told = line(&mut lines).await;
    let port = told.split([':', ' ']).nth(1).unwrap().parse::<u16>().unwrap();
    let mut local = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    local.write_all(b"hello").await.ok();
    assert!(within(local.read_u8()).await.is_err(), "there is no listener");
    let (code, _, error) = outcome(state, &["send", "contoso/nix", "--local", "0"]).await;
    assert!(code == 1 && error.contains("contoso/nix"), "{error}");
}

#[tokio::test]
async fn feed_serves_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    tokio::fs::write(state.join("manifest.json"), "0123456789").await.unwrap();
    let place = state.to_str().unwrap();
    let (_feed, mut lines) = start(state, &["feed", place, "--break-after", "4", "--slow", "1000"]);
    let told = line(&mut lines).await;
    let address = told.strip_prefix("The feed is http://").unwrap().to_owned();
    assert!(line(&mut lines).await.ends_with(&format!("upgrade.feed http://{address}")));
    for body in ["0123", "0123456789"] {
        let mut asked = TcpStream::connect(&address).await.unwrap();
        let request = "GET /manifest.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        asked.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        within(asked.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\r\n{body}")));
    }
    let (code, _, error) = outcome(state, &["feed", &format!("{place}/none")]).await;
    assert!(code == 1 && error.contains("cannot read") && error.contains("none"), "{error}");
    assert_eq!(outcome(state, &["feed", place, "--slow", "0"]).await.0, 2);
}

#[cfg(unix)]
fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_raw(child.id().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

#[cfg(not(unix))]
fn terminate(_: &Child) {}
