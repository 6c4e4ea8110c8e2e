//! A service of another version, word by word on the channel: what can be understood is shown, and
//! the rest says which of the two is behind.

use hybrid_connection_manager::ipc::codec::{MessageReader, MessageWriter};
use hybrid_connection_manager::ipc::protocol::{ErrorCode, MAX_ANSWER_BYTES, Request};
use hybrid_connection_manager::ipc::{Client, ClientError};
use hybrid_connection_manager::model::VERSION;
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::local_socket::{self, Callers, Stream};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::cli_support::Home;

/// The state as it is on the wire, in the form that the golden file guards.
fn snapshot(version: &str) -> Value {
    let golden = include_str!("../golden/server-snapshot.json");
    let mut snapshot: Value = serde_json::from_str(golden).unwrap();
    snapshot["snapshot"]["service"]["version"] = version.into();
    snapshot["snapshot"].take()
}

/// As version 0.0.9 has it: it knows nothing of upgrades, policies and draining.
fn older() -> Value {
    let mut snapshot = snapshot("0.0.9");
    let service = snapshot["service"].as_object_mut().unwrap();
    for member in ["upgrade", "policy", "draining"] {
        service.remove(member).unwrap();
    }
    snapshot
}

/// As version 99.0.0 may have it: with more than this version knows.
fn newer() -> Value {
    let mut snapshot = snapshot("99.0.0");
    let service = &mut snapshot["service"];
    service["mood"] = "good".into();
    service["faults"] = json!([{ "code": "out-of-luck", "detail": "seven years", "since": 1 }]);
    service["upgrade"]["progress"] =
        json!({ "version": "99.1.0", "step": "rehearsing", "hall": 2 });
    snapshot["connections"][0]["colour"] = "green".into();
    snapshot
}

/// A service that answers what it knows with `snapshot`, and all else as services always have.
struct Other(JoinHandle<()>);

impl Drop for Other {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Other {
    fn serve(home: &Home, snapshot: Value) -> Self {
        let address = Paths::in_home(home.path()).unwrap().channel;
        let listener = local_socket::Listener::bind(&address, Callers::Managers).unwrap();
        Self(tokio::spawn(async move {
            loop {
                let stream = listener.accept().await.unwrap();
                tokio::spawn(speak(stream, snapshot.clone()));
            }
        }))
    }
}

async fn speak(stream: Stream, snapshot: Value) {
    let version = snapshot["service"]["version"].as_str().unwrap();
    let (reader, writer) = tokio::io::split(stream);
    let mut reader = MessageReader::new(reader, MAX_ANSWER_BYTES);
    let mut writer = MessageWriter::new(writer, MAX_ANSWER_BYTES);
    while let Ok(Some(bytes)) = reader.next().await {
        let said: Value = serde_json::from_slice(&bytes).unwrap();
        if said["type"] == "hello" {
            let hello = json!({
                "type": "hello", "protocol": 1, "oldest_protocol": 1,
                "program": "hybrid-connection-manager-service", "version": version,
            });
            writer.send(&hello).await.unwrap();
            continue;
        }
        let name = said["request"]["do"].as_str().unwrap();
        let outcome = match name {
            "snapshot" => {
                json!({ "outcome": "ok", "response": { "kind": "snapshot", "snapshot": snapshot } })
            }
            "subscribe" | "ping" => json!({ "outcome": "ok", "response": { "kind": "done" } }),
            _ => json!({ "outcome": "error", "error": {
                "code": "bad-message",
                "message": format!("the service (version {version}) does not know the request \"{name}\"; install the same version of both programs and restart the service"),
            } }),
        };
        let answer = json!({ "type": "response", "id": said["id"], "outcome": outcome });
        // One that has heard enough is gone.
        writer.send(&answer).await.ok();
        if name == "subscribe" {
            writer.send(&json!({ "type": "snapshot", "snapshot": snapshot })).await.ok();
        }
    }
}

#[tokio::test]
async fn the_status_of_another_version_is_shown() {
    for (snapshot, version) in [(older(), "0.0.9"), (newer(), "99.0.0")] {
        let home = Home::new();
        let _service = Other::serve(&home, snapshot);
        let ran = home.hcm(&["list"]).await;
        assert!(ran.expect(0).out.contains("team/a"), "{ran:?}");
        let ran = home.hcm(&["status", "-o", "json"]).await;
        assert_eq!(ran.json()["Service"]["Version"], version);
        let ran = home.hcm(&["version"]).await;
        assert!(ran.expect(0).out.contains(&format!("service  {version}")), "{ran:?}");
    }
}

#[tokio::test]
async fn what_an_older_service_does_not_know_needs_a_newer_one() {
    let home = Home::new();
    let _service = Other::serve(&home, older());
    let own = VERSION;
    for verb in [
        &["upgrade", "--check"][..],
        &["upgrade", "--yes"],
        &["export", "--with-keys", "-o", "json"],
        &["logs"],
        &["restart", "contoso/team/a"],
    ] {
        let ran = home.hcm(verb).await;
        let words = format!(
            "the service (version 0.0.9) does not know this yet; it needs a service of version {own} or newer: upgrade the service"
        );
        assert!(ran.expect(10).err.contains(&words), "{verb:?}: {ran:?}");
    }
    let ran = home.hcm(&["upgrade", "--check", "-o", "json"]).await;
    assert_eq!(ran.expect(10).errors()[0]["code"], "version-mismatch");
}

#[tokio::test]
async fn what_an_older_service_cannot_look_for_is_looked_for_here() {
    let home = Home::new();
    let _service = Other::serve(&home, older());
    let ran = home.hcm(&["doctor", "contoso/team/a"]).await;
    let first = ran.expect(17).out.lines().next().unwrap();
    assert!(
        first.contains("is too old to look") && first.ends_with("[service-too-old]"),
        "{first}"
    );
    assert!(ran.out.contains("skipped  Listener"), "{ran:?}");
}

#[tokio::test]
async fn what_a_newer_service_does_not_know_any_more_needs_a_newer_program() {
    let home = Home::new();
    let _service = Other::serve(&home, newer());
    let ran = home.hcm(&["settings", "get"]).await;
    assert!(ran.expect(10).err.contains("upgrade this program"), "{ran:?}");
    // The window asks in this way.
    let channel = Paths::in_home(home.path()).unwrap().channel;
    let client = Client::connect(&channel, "test").await.unwrap();
    let (requester, mut pushes) = client.into_parts();
    requester.request(Request::Subscribe).await.unwrap();
    pushes.next().await.unwrap();
    let version = "99.1.0".parse().unwrap();
    match requester.request(Request::Upgrade { version }).await {
        Err(ClientError::Refused(error)) => {
            assert_eq!(error.code, ErrorCode::VersionMismatch);
            assert!(error.message.contains("(version 99.0.0)"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    requester.ping().await.unwrap();
}
