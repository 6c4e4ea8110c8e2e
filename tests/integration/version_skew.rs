//! Older and newer programs on the local channel with this one, and an older version's files.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use hybrid_connection_manager::ipc::codec::{MessageReader, MessageWriter, decode};
use hybrid_connection_manager::ipc::protocol::{
    ClientMessage, ErrorCode, MAX_ANSWER_BYTES, Request, Response, ServerMessage,
};
use hybrid_connection_manager::ipc::{Client, ClientError, Mirror};
use hybrid_connection_manager::model::status::Then;
use hybrid_connection_manager::model::upgrade::UpgradeStep;
use hybrid_connection_manager::model::{
    ConnectionStatus, EventKind, FaultCode, Snapshot, StatusLabel,
};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::files::write_durably;
use hybrid_connection_manager::platform::local_socket::{self, Callers, Stream};
use hybrid_connection_manager::platform::permissions::Access;
use hybrid_connection_manager::store::Store;
use hybrid_connection_manager::upgrade::TrustedKeys;
use serde_json::{Value, json};
use tokio::io::{ReadHalf, WriteHalf};

use crate::bed::{Host, within};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A message as version 0.1 has it.
fn of_0_1(name: &str) -> Value {
    let text = std::fs::read_to_string(golden().join(format!("v0.1/{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// All of them whose names begin with `prefix`.
fn all_of_0_1(prefix: &str) -> Vec<(String, Value)> {
    let entries = golden().join("v0.1").read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| name.starts_with(prefix));
    let all: Vec<_> = names.map(|name| name.replace(".json", "")).collect();
    assert!(!all.is_empty(), "{prefix}");
    all.into_iter().map(|name| (name.clone(), of_0_1(&name))).collect()
}

/// Where `new` lacks something of `old` or has it otherwise; what it has more does not count.
fn lacks(old: &Value, new: &Value, place: &str) -> Option<String> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old.iter().find_map(|(name, old)| {
            lacks(old, new.get(name).unwrap_or(&Value::Null), &format!("{place}/{name}"))
        }),
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            let pairs = old.iter().zip(new).enumerate();
            pairs.into_iter().find_map(|(at, (old, new))| lacks(old, new, &format!("{place}/{at}")))
        }
        _ => (old != new).then(|| format!("{place}: {old} has become {new}")),
    }
}

#[test]
fn what_version_0_1_says_is_understood_and_said_again() {
    for (name, old) in all_of_0_1("client-") {
        let read: ClientMessage = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(lacks(&old, &serde_json::to_value(read).unwrap(), &name), None);
    }
    for (name, old) in all_of_0_1("server-") {
        let read: ServerMessage = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(lacks(&old, &serde_json::to_value(read).unwrap(), &name), None);
    }
}

#[test]
fn what_version_0_1_reads_is_still_written() {
    for (name, old) in [all_of_0_1("client-"), all_of_0_1("server-")].concat() {
        let text = std::fs::read_to_string(golden().join(format!("{name}.json"))).unwrap();
        assert_eq!(lacks(&old, &serde_json::from_str(&text).unwrap(), &name), None);
    }
}

#[test]
fn the_files_of_version_0_1_are_taken_over() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    // It makes the folders.
    drop(Store::open(&paths, None).unwrap());
    for (name, path) in
        [("store-connections", &paths.connections_file), ("store-settings", &paths.settings_file)]
    {
        let text = of_0_1(name).to_string();
        write_durably(path, text.as_bytes(), Access::OwnerOnly).unwrap();
    }
    let opened = Store::open(&paths, None).unwrap();
    assert_eq!(opened.faults, []);
    let kept = of_0_1("store-connections");
    let kept: Vec<_> =
        kept["connections"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    let ids: Vec<_> = opened.connections.iter().map(|one| json!(one.id)).collect();
    assert_eq!(ids.iter().collect::<Vec<_>>(), kept);
    let value = |name| opened.settings.get(name).unwrap();
    assert_eq!(value("network.extra_ca_certificates"), "/etc/ssl/corp.pem");
    assert_eq!(
        (value("upgrade.feed"), value("upgrade.channel")),
        ("github".into(), "stable".into())
    );
}

/// A program that says exactly what it is told to.
struct Raw {
    reader: MessageReader<ReadHalf<Stream>>,
    writer: MessageWriter<WriteHalf<Stream>>,
    /// What came before something else that was waited for.
    kept: VecDeque<Value>,
}

impl Raw {
    fn over(stream: Stream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader: MessageReader::new(reader, MAX_ANSWER_BYTES),
            writer: MessageWriter::new(writer, MAX_ANSWER_BYTES),
            kept: VecDeque::new(),
        }
    }

    async fn call(host: &Host) -> Self {
        let address = Paths::in_home(host.home.path()).unwrap().channel;
        Self::over(Stream::connect(&address).await.unwrap())
    }

    async fn say(&mut self, message: &Value) {
        within(self.writer.send(message)).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let bytes = within(self.reader.next()).await.unwrap().expect("the channel is open");
        decode(&bytes).unwrap()
    }

    /// The first message of a type. What a subscriber hears may come before an answer or behind it.
    async fn hear_of(&mut self, kind: &str) -> Value {
        let is_it = |heard: &Value| heard["type"] == kind;
        if let Some(at) = self.kept.iter().position(is_it) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let heard = self.hear().await;
            if is_it(&heard) {
                return heard;
            }
            self.kept.push_back(heard);
        }
    }

    async fn ask(&mut self, message: &Value) -> Value {
        self.say(message).await;
        self.hear_of("response").await
    }
}

/// A service of this version, with nobody it knows.
async fn host() -> Host {
    let nobody = TrustedKeys::parse("").unwrap();
    let mut host = Host::start_trusting(tempfile::tempdir().unwrap(), nobody).await;
    host.set("upgrade.feed", "off").await;
    host
}

#[tokio::test]
async fn a_program_of_version_0_1_manages_this_service() {
    let host = host().await;
    let mut old = Raw::call(&host).await;
    let mut hello = of_0_1("client-hello");
    hello["version"] = json!("0.0.9");
    old.say(&hello).await;
    let answer = old.hear().await;
    for name in ["protocol", "oldest_protocol", "program", "version"] {
        assert!(answer.get(name).is_some(), "{name}: {answer}");
    }

    let done = of_0_1("server-response-done")["outcome"].clone();
    assert_eq!(old.ask(&of_0_1("client-subscribe")).await["outcome"], done);
    let snapshot = old.hear_of("snapshot").await["snapshot"].clone();
    for name in ["version", "pid", "started", "home", "faults"] {
        assert!(snapshot["service"].get(name).is_some(), "{name}: {snapshot}");
    }
    assert_eq!(snapshot["connections"], json!([]));

    // Disabled, so that nothing is dialled.
    let mut declare = of_0_1("client-declare");
    declare["request"]["dry_run"] = json!(false);
    let declared = old.ask(&declare).await["outcome"]["response"].clone();
    let id = "contoso.servicebus.windows.net/sql";
    assert_eq!(declared["kind"], "declared");
    assert_eq!(declared["id"], id);
    let event = old.hear_of("event").await;
    let told = &of_0_1("server-snapshot")["snapshot"]["connections"][0];
    for name in told.as_object().unwrap().keys().filter(|name| *name != "resource") {
        assert!(event["event"]["connection"].get(name).is_some(), "{name}: {event}");
    }
    let added = old.ask(&of_0_1("client-add-connection")).await["outcome"]["response"].clone();
    assert_eq!(added, json!({"kind": "connection", "id": id}));
    for (request, answer) in [
        ("set-setting", "done"),
        ("try-now", "connection"),
        ("disable-connection", "connection"),
        ("ping", "done"),
        ("remove-connection", "connection"),
    ] {
        let heard = old.ask(&of_0_1(&format!("client-{request}"))).await;
        let told = of_0_1(&format!("server-response-{answer}"));
        assert_eq!(lacks(&told["outcome"], &heard["outcome"], request), None);
    }
    let settings = old.ask(&of_0_1("client-get-settings")).await["outcome"]["response"].clone();
    assert!(settings["settings"].as_array().unwrap().contains(&json!(["log.level", "debug"])));
    let snapshot = old.ask(&of_0_1("client-snapshot")).await["outcome"]["response"].clone();
    assert_eq!(snapshot["snapshot"]["connections"], json!([]));
    host.stop().await;
}

#[tokio::test]
async fn a_newer_program_is_told_what_this_service_does_not_know_and_served_otherwise() {
    let host = host().await;
    let mut newer = Raw::call(&host).await;
    newer
        .say(&json!({
            "type": "hello", "protocol": 9, "oldest_protocol": 1, "program": "hcm",
            "version": "9.0.0", "languages": ["en"],
        }))
        .await;
    assert_eq!(newer.hear().await["type"], "hello");
    let unknown = json!({
        "type": "request", "id": 7, "request": {"do": "teleport", "where": {"to": "Mars"}},
    });
    let refused = newer.ask(&unknown).await;
    assert_eq!(refused["id"], 7);
    assert_eq!(refused["outcome"]["error"]["code"], "bad-message");
    let ping = json!({
        "type": "request", "id": 8, "urgent": true, "request": {"do": "ping", "hops": 3},
    });
    let answer = newer.ask(&ping).await;
    assert_eq!(
        answer,
        json!({"type": "response", "id": 8, "outcome": {
            "outcome": "ok", "response": {"kind": "done"},
        }})
    );
    host.stop().await;
}

/// The state of a service that knows more than this version.
fn newer_snapshot() -> Value {
    let mut snapshot = of_0_1("server-snapshot");
    let state = &mut snapshot["snapshot"];
    state["revision"] = json!(7);
    state["weather"] = json!("fair");
    let service = &mut state["service"];
    service["version"] = json!("9.0.0");
    service["moods"] = json!([{"now": "good"}]);
    service["faults"] = json!([
        {"code": "gateway-levitates", "detail": "3 cm above ground", "height": 3},
    ]);
    let connections = state["connections"].as_array_mut().unwrap();
    connections.truncate(3);
    connections[0]["status"] = json!({"state": "hibernating", "until": {"spring": 2027}});
    connections[1]["status"] = json!({"state": "stopping", "then": "hibernate"});
    connections[2]["status"] = json!({
        "state": "faulted", "fault": {"code": "gateway-levitates", "detail": "", "height": 3},
    });
    connections[0]["colour"] = json!("green");
    connections[0]["traffic"] = json!({"active_streams": 1, "total_streams": 2, "refused_streams": 0,
            "bytes_to_endpoint": 4, "bytes_to_azure": 5, "bytes_to_mars": 6});
    connections[0]["events"] = json!([{
        "at": "2026-09-21T14:13:23Z", "kind": {"type": "levitated", "by": {"cm": 3}},
        "text": "It floats", "loud": true,
    }]);
    snapshot
}

/// What such a service does with one client.
async fn serve_as_newer(mut raw: Raw) {
    assert_eq!(raw.hear().await["type"], "hello");
    raw.say(&json!({
        "type": "hello", "protocol": 9, "oldest_protocol": 1, "program": "service",
        "version": "9.0.0", "languages": ["en"],
    }))
    .await;
    let asked = raw.hear().await;
    raw.say(&json!({"type": "response", "id": asked["id"], "took": 3, "outcome": {
        "outcome": "ok", "response": {"kind": "done", "mood": "good"},
    }}))
    .await;
    raw.say(&newer_snapshot()).await;
    raw.say(&json!({"type": "fireworks", "colours": 7})).await;
    raw.say(&json!({"type": "event", "revision": 8, "event": {
        "event": "weather", "weather": "rain",
    }}))
    .await;
    let mut service = newer_snapshot()["snapshot"]["service"].clone();
    service["upgrade"] = json!({
        "by_service": true, "by_parcel": true,
        "progress": {"version": "9.1.0", "step": "gift-wrapping", "ribbons": 2},
    });
    raw.say(&json!({"type": "event", "revision": 9, "event": {
        "event": "service", "service": service,
    }}))
    .await;
    let asked = raw.hear().await;
    raw.say(&json!({"type": "response", "id": asked["id"], "outcome": {
        "outcome": "error", "error": {"code": "it-rains", "message": "Take an umbrella."},
    }}))
    .await;
    // Until the client goes.
    while let Ok(Some(_)) = raw.reader.next().await {}
}

#[tokio::test]
async fn this_program_shows_what_it_knows_of_a_newer_service() {
    let home = tempfile::tempdir().unwrap();
    let address = Paths::in_home(home.path()).unwrap().channel;
    let listener = local_socket::Listener::bind(&address, Callers::Managers).unwrap();
    let serving = tokio::spawn(async move {
        serve_as_newer(Raw::over(listener.accept().await.unwrap())).await;
    });

    let mut client = within(Client::connect(&address, "test")).await.unwrap();
    assert_eq!(client.server().version, "9.0.0");
    let subscribed = within(client.request(Request::Subscribe)).await.unwrap();
    assert!(matches!(subscribed, Response::Done));
    let mut mirror = Mirror::default();
    while mirror.snapshot().is_none_or(|state| state.revision < 9) {
        mirror.apply(within(client.next()).await.unwrap()).unwrap();
    }
    check_what_is_known(mirror.snapshot().unwrap());

    let refused = within(client.request(Request::Ping)).await.unwrap_err();
    let ClientError::Refused(error) = refused else { panic!("{refused}") };
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Other, "Take an umbrella."));
    drop(client);
    within(serving).await.unwrap();
}

fn check_what_is_known(state: &Snapshot) {
    let fault = &state.service.faults[0];
    assert_eq!((fault.code, fault.detail.as_str()), (FaultCode::Other, "3 cm above ground"));
    let progress = state.service.upgrade.as_ref().unwrap().progress.as_ref().unwrap();
    assert_eq!(progress.version.to_string(), "9.1.0");
    assert_eq!(progress.step, UpgradeStep::Other);
    let [one, two, three] = &state.connections[..] else { panic!("{:?}", state.connections) };
    assert_eq!(one.status, ConnectionStatus::Other);
    assert_eq!(one.status.label(), StatusLabel::NotConnected);
    assert_eq!(one.traffic.bytes_to_azure, 5);
    let event = &one.events[0];
    assert_eq!((&event.kind, event.text.as_str()), (&EventKind::Other, "It floats"));
    assert_eq!(two.status, ConnectionStatus::Stopping { then: Box::new(Then::Other) });
    assert_eq!(three.status.fault().unwrap().code, FaultCode::Other);
    assert_eq!(three.status.label(), StatusLabel::NotConnected);
}
