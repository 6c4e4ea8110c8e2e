//! The forms on the local channel and on the disk, held by files in `tests/golden`.
//! A changed file means that other versions see something else: decide whether that
//! needs a new protocol version or a migration, then run with `HCM_BLESS=1`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hybrid_connection_manager::ipc::codec::encode;
use hybrid_connection_manager::ipc::protocol::{
    Access, ClientMessage, ErrorCode, Event, ExportedConnection, Hello, LogFilter, LogLine,
    MAX_ANSWER_BYTES, Outcome, Request, RequestError, Response, ServerMessage,
};
use hybrid_connection_manager::model::diagnosis::{FactName, NoteCode};
use hybrid_connection_manager::model::proxies::ProxySource;
use hybrid_connection_manager::model::status::Then;
use hybrid_connection_manager::model::upgrade::{
    Release, UpgradeInfo, UpgradeProgress, UpgradeStep,
};
use hybrid_connection_manager::model::{
    AzureFacts, AzureResource, CheckName, CheckReport, ConnectionCheck, ConnectionEvent,
    ConnectionId, ConnectionSelector, ConnectionStatus, ConnectionView, Credential, Desired,
    Diagnosis, DiagnosisStep, Endpoint, EventKind, Fault, FaultCode, HybridConnection, KeyState,
    NamespaceAddress, NextAttempt, PolicyInfo, ProxyUse, Reachability, Secret, ServiceInfo,
    Snapshot, Traffic,
};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::store::Store;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Name of the golden file, without its ending, and the value in it.
type Samples<T> = BTreeMap<String, T>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn compare(name: &str, text: &str) {
    let path = folder().join(format!("{name}.json"));
    if std::env::var_os("HCM_BLESS").is_some() {
        use std::io::Write as _;
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; HCM_BLESS=1 makes it", path.display()));
    assert_eq!(text, golden.replace("\r\n", "\n"), "{name}.json is not what is written now");
}

/// Writes each sample as its golden file says, reads the file and writes it again.
fn hold<T: Serialize + DeserializeOwned>(prefix: &str, samples: &Samples<T>) {
    for (name, sample) in samples {
        let text = format!("{}\n", serde_json::to_string_pretty(sample).unwrap());
        compare(name, &text);
        let read: T = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{}\n", serde_json::to_string_pretty(&read).unwrap()), text);
    }
    let files = folder().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let files = files.map(|file| file.into_string().unwrap().replace(".json", ""));
    let files: Vec<_> = files.filter(|file| file.starts_with(prefix)).collect();
    for file in files {
        assert!(samples.contains_key(&file), "no message makes {file}.json any longer");
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn id(name: &str) -> ConnectionId {
    ConnectionId::new(NamespaceAddress::new("contoso.servicebus.windows.net", 443), name)
}

fn fault() -> Fault {
    Fault::new(FaultCode::Unauthorized, "401 as Azure says it")
        .with_tracking_id(Some("c0ffee_G1".into()))
}

fn view(name: &str, status: ConnectionStatus) -> ConnectionView {
    ConnectionView {
        id: id(name),
        key_name: "defaultListener".into(),
        desired: Desired::Enabled,
        status,
        endpoint: Some(Endpoint::new("sql01.corp", 1433)),
        azure: Some(AzureFacts {
            listener_count: Some(2),
            created_at: Some(at(-100)),
            updated_at: None,
            read_at: at(1),
        }),
        resource: resource(),
        reachability: Some(Reachability {
            checked_at: at(2),
            connect_micros: None,
            fault: Some(Fault::new(FaultCode::EndpointRefused, "")),
        }),
        traffic: Traffic {
            active_streams: 1,
            total_streams: 2,
            refused_streams: 3,
            bytes_to_endpoint: 4,
            bytes_to_azure: 5,
        },
        events: vec![ConnectionEvent::new(at(3), EventKind::Connected { gateway: None })],
    }
}

fn resource() -> Option<AzureResource> {
    Some(AzureResource {
        id: "/subscriptions/1-2/resourceGroups/rg/providers/Microsoft.Relay/namespaces/contoso/hybridConnections/sql".into(),
        subscription_id: "1-2".into(),
        subscription: "Production".into(),
        resource_group: "rg".into(),
        region: "West Europe".into(),
        tenant_id: Some("t-1".into()),
        portal: Some("https://portal.azure.com".into()),
    })
}

fn check() -> ConnectionCheck {
    let view = view("sql", ConnectionStatus::Starting);
    ConnectionCheck {
        id: view.id,
        key_name: view.key_name,
        already_added: true,
        endpoint: view.endpoint,
        mended: true,
        listener_count: Some(1),
        fault: Some(fault()),
        reachability: view.reachability,
    }
}

fn every_event() -> Vec<ConnectionEvent> {
    let seen = || Fault::new(FaultCode::EndpointRefused, "10.0.0.5:80 refused the connection");
    let endpoint = Endpoint::new("sql01.corp", 1433);
    let after = Endpoint::new("sql02.corp", 1433);
    let all = [
        EventKind::Connected { gateway: Some("G1".into()) },
        EventKind::ChannelFailed { fault: fault(), next: None },
        EventKind::ChannelFailed {
            fault: fault(),
            next: Some(NextAttempt { attempt: 2, seconds: 60 }),
        },
        EventKind::Restarted,
        EventKind::KeyReplaced,
        EventKind::StreamFailed { fault: seen() },
        EventKind::EndpointChanged { before: endpoint, after },
        EventKind::EndpointKept { fault: seen() },
        EventKind::EndpointNotRead { fault: seen() },
        EventKind::MetadataMended,
        EventKind::EndpointFailed { fault: seen() },
        EventKind::EndpointAnswers,
    ];
    let events = all.into_iter().map(|kind| {
        // A new kind needs a line here, and a sample above.
        match kind {
            EventKind::Connected { .. }
            | EventKind::ChannelFailed { .. }
            | EventKind::Restarted
            | EventKind::KeyReplaced
            | EventKind::StreamFailed { .. }
            | EventKind::EndpointChanged { .. }
            | EventKind::EndpointKept { .. }
            | EventKind::EndpointNotRead { .. }
            | EventKind::MetadataMended
            | EventKind::EndpointFailed { .. }
            | EventKind::EndpointAnswers
            | EventKind::Other => ConnectionEvent::new(at(3), kind),
        }
    });
    events.collect()
}

fn every_status() -> Vec<ConnectionView> {
    let all = [
        ConnectionStatus::Disabled,
        ConnectionStatus::Starting,
        ConnectionStatus::Connecting { attempt: 1, last: None },
        ConnectionStatus::Connecting { attempt: 2, last: Some(fault()) },
        ConnectionStatus::Connected { since: at(0), gateway: Some("G1".into()) },
        ConnectionStatus::Waiting { until: at(9), attempt: 3, fault: fault() },
        ConnectionStatus::Faulted { fault: fault() },
        ConnectionStatus::Stopping { then: Box::new(Then::Restart) },
    ];
    let named = all.into_iter().zip('a'..).map(|(status, letter)| {
        // A new state needs a line here, and a sample above.
        match status {
            ConnectionStatus::Disabled
            | ConnectionStatus::Starting
            | ConnectionStatus::Connecting { .. }
            | ConnectionStatus::Connected { .. }
            | ConnectionStatus::Waiting { .. }
            | ConnectionStatus::Faulted { .. }
            | ConnectionStatus::Stopping { .. } => view(&format!("team/{letter}"), status),
            ConnectionStatus::Other => panic!("no service says this"),
        }
    });
    let bare = ConnectionView {
        desired: Desired::Disabled,
        endpoint: None,
        azure: None,
        reachability: None,
        traffic: Traffic::default(),
        events: vec![],
        ..view("bare", ConnectionStatus::Disabled)
    };
    std::iter::once(bare).chain(named).collect()
}

fn service() -> ServiceInfo {
    ServiceInfo {
        version: "0.1.0".into(),
        pid: 42,
        started: at(0),
        home: "/var/lib/hybrid-connection-manager".into(),
        faults: vec![Fault::new(FaultCode::StoreDamaged, "connections.json is empty")],
        draining: Some(1),
        policy: Some(PolicyInfo {
            place: "/etc/hybrid-connection-manager/policy.json".into(),
            allowed: true,
            endpoints: Some(3),
        }),
        proxy: Some(Box::new(ProxyUse {
            proxy: Some("http://me:***@proxy.corp:3128".into()),
            source: ProxySource::Environment,
            place: "HTTPS_PROXY".into(),
            exceptions: vec![".corp".into(), "10.0.0.0/8".into()],
        })),
        upgrade: Some(Box::new(upgrade())),
    }
}

fn snapshot() -> Box<Snapshot> {
    Box::new(Snapshot { revision: 7, service: service(), connections: every_status() })
}

fn log_line() -> LogLine {
    LogLine {
        at: at(4),
        level: "INFO".into(),
        target: "service".into(),
        message: "connected gateway=G1".into(),
        connection: Some("contoso/sql".into()),
    }
}

fn hello() -> Hello {
    Hello {
        protocol: 1,
        oldest_protocol: 1,
        program: "hcm".into(),
        version: "0.1.0".into(),
        access: Access::Manage,
    }
}

fn upgrade() -> UpgradeInfo {
    UpgradeInfo {
        asked: Some("2026-11-29T12:00:00Z".parse().unwrap()),
        release: Some(Release {
            version: "1.1.0".parse().unwrap(),
            released: "2026-11-18T09:00:00Z".parse().unwrap(),
            notes: "- Reconnect at once after the machine wakes up.".into(),
        }),
        fault: Some(Fault::new(FaultCode::FeedUnreachable, "updates.corp: it cannot be reached")),
        by_service: true,
        progress: Some(UpgradeProgress {
            version: "1.1.0".parse().unwrap(),
            step: UpgradeStep::Downloading { done: 1_000_000, size: 9_000_000 },
        }),
    }
}

fn diagnosis() -> Diagnosis {
    let reports = vec![
        CheckReport::skipped(CheckName::Listen, CheckName::NamespaceTls),
        CheckReport {
            took_micros: 12_345,
            ..CheckReport::failed(CheckName::Management, fault())
                .noting(NoteCode::SqlNamedInstance, "sql01")
                .with(FactName::TrackingId, "c0ffee_G1")
        },
        CheckReport::ok(CheckName::EndpointName).warning(NoteCode::EndpointIsAddress, "10.0.0.5"),
    ];
    Diagnosis { connection: Some(id("sql")), began: at(5), took_micros: 1_234_567, reports }
}

fn request_name(request: &Request) -> &'static str {
    match request {
        Request::Snapshot => "snapshot",
        Request::Subscribe => "subscribe",
        Request::AddConnection { .. } => "add-connection",
        Request::CheckConnectionString { .. } => "check-connection-string",
        Request::Declare { .. } => "declare",
        Request::ExportConnections => "export-connections",
        Request::CheckSetting { .. } => "check-setting",
        Request::RemoveConnection { .. } => "remove-connection",
        Request::RestartConnection { .. } => "restart-connection",
        Request::TryNow { connection: None } => "try-now-all",
        Request::TryNow { connection: Some(_) } => "try-now",
        Request::CheckEndpoint { .. } => "check-endpoint",
        Request::Diagnose { .. } => "diagnose",
        Request::EnableConnection { .. } => "enable-connection",
        Request::DisableConnection { .. } => "disable-connection",
        Request::GetSettings => "get-settings",
        Request::SetSetting { .. } => "set-setting",
        Request::Logs { .. } => "logs",
        Request::CheckUpgrade => "check-upgrade",
        Request::Upgrade { .. } => "upgrade",
        Request::Ping => "ping",
        Request::Shutdown => "shutdown",
    }
}

fn client_name(message: &ClientMessage) -> String {
    match message {
        ClientMessage::Hello(_) => "client-hello".to_owned(),
        ClientMessage::Request { request, .. } => format!("client-{}", request_name(request)),
    }
}

fn client_messages() -> Samples<ClientMessage> {
    let connection = ConnectionSelector::from(&id("sql"));
    let by_label: ConnectionSelector = "contoso/sql".parse().unwrap();
    let connection_string = Secret::new(
        "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=bm90IGEga2V5;EntityPath=sql",
    );
    let requests = [
        Request::Snapshot,
        Request::Subscribe,
        Request::AddConnection {
            connection_string: connection_string.clone(),
            replace: true,
            resource: resource(),
        },
        Request::Declare {
            connection_string: connection_string.clone(),
            desired: Some(Desired::Disabled),
            dry_run: true,
        },
        Request::ExportConnections,
        Request::CheckSetting { name: "log.level".into(), value: "debug".into() },
        Request::CheckConnectionString { connection_string },
        Request::RemoveConnection { connection: connection.clone() },
        Request::RestartConnection { connection: by_label },
        Request::TryNow { connection: None },
        Request::TryNow { connection: Some(connection.clone()) },
        Request::CheckEndpoint { connection: connection.clone() },
        Request::Diagnose { connection: Some(connection.clone()), all_gateways: true },
        Request::EnableConnection { connection: connection.clone() },
        Request::DisableConnection { connection },
        Request::GetSettings,
        Request::SetSetting { name: "log.level".into(), value: "debug".into() },
        Request::Logs { lines: 100, follow: true, filter: LogFilter::default() },
        Request::CheckUpgrade,
        Request::Upgrade { version: "1.1.0".parse().unwrap() },
        Request::Ping,
        Request::Shutdown,
    ];
    let requests = requests.map(|request| ClientMessage::Request { id: 3, request });
    let all = std::iter::once(ClientMessage::Hello(hello())).chain(requests);
    all.map(|message| (client_name(&message), message)).collect()
}

fn server_name(message: &ServerMessage) -> &'static str {
    match message {
        ServerMessage::Hello(Hello { access: Access::Manage, .. }) => "server-hello",
        ServerMessage::Hello(Hello { access: Access::ReadStatus, .. }) => {
            "server-hello-read-status"
        }
        ServerMessage::Refused { .. } => "server-refused",
        ServerMessage::Response { outcome: Outcome::Error { .. }, .. } => "server-response-error",
        ServerMessage::Response { outcome: Outcome::Ok { response }, .. } => match response {
            Response::Done => "server-response-done",
            Response::Connection { .. } => "server-response-connection",
            Response::Declared { .. } => "server-response-declared",
            Response::Exported { .. } => "server-response-exported",
            Response::SettingChecked { .. } => "server-response-setting-checked",
            Response::Checked { .. } => "server-response-checked",
            Response::Snapshot { .. } => "server-response-snapshot",
            Response::Settings { .. } => "server-response-settings",
            Response::Logs { .. } => "server-response-logs",
            Response::Upgrade { .. } => "server-response-upgrade",
            Response::Diagnosed { .. } => "server-response-diagnosed",
        },
        ServerMessage::Snapshot { .. } => "server-snapshot",
        ServerMessage::Event { event, .. } => match event {
            Event::Connection { .. } => "server-event-connection",
            Event::Removed { .. } => "server-event-removed",
            Event::Service { .. } => "server-event-service",
            Event::Other => panic!("no service says this"),
        },
        ServerMessage::Log { .. } => "server-log",
        ServerMessage::Diagnosis { step, .. } => match step {
            DiagnosisStep::Begun { .. } => "server-diagnosis-begun",
            DiagnosisStep::Checked { .. } => "server-diagnosis-checked",
            DiagnosisStep::Other => panic!("no service says this"),
        },
        ServerMessage::Other => panic!("no service says this"),
    }
}

fn server_messages() -> Samples<ServerMessage> {
    let done = [
        Response::Done,
        Response::Connection { id: id("sql") },
        Response::Declared { id: id("sql"), key: KeyState::Other },
        Response::Exported {
            connections: vec![ExportedConnection {
                id: id("sql"),
                connection_string: Secret::new("Endpoint=sb://…;SharedAccessKey=bm90IGEga2V5"),
            }],
        },
        Response::SettingChecked { changes: true },
        Response::Checked { check: Box::new(check()) },
        Response::Snapshot { snapshot: snapshot() },
        Response::Settings { settings: vec![("log.level".into(), "info".into())] },
        Response::Logs { lines: vec![log_line()] },
        Response::Upgrade { upgrade: Some(Box::new(upgrade())) },
        Response::Diagnosed { diagnosis: Box::new(diagnosis()) },
    ];
    let done =
        done.map(|response| ServerMessage::Response { id: 3, outcome: Outcome::Ok { response } });
    let error = RequestError::new(ErrorCode::InvalidConnectionString, "EntityPath has no value");
    let connected = ConnectionStatus::Connected { since: at(0), gateway: None };
    let events = [
        Event::Connection {
            connection: Box::new(ConnectionView {
                events: every_event(),
                ..view("sql", connected)
            }),
        },
        Event::Removed { id: id("sql") },
        Event::Service { service: service() },
    ];
    let events = events.map(|event| ServerMessage::Event { revision: 8, event });
    let others = [
        ServerMessage::Hello(Hello { program: "hcm-service".into(), ..hello() }),
        ServerMessage::Hello(hello().granting(Access::ReadStatus)),
        ServerMessage::Refused {
            error: RequestError::new(ErrorCode::VersionMismatch, "this program is too old"),
        },
        ServerMessage::Response {
            id: 3,
            outcome: Outcome::Error { error: error.about(Some("EntityPath")) },
        },
        ServerMessage::Snapshot { snapshot: snapshot() },
        ServerMessage::Log { line: log_line() },
        ServerMessage::Diagnosis {
            connection: Some(id("sql")),
            step: DiagnosisStep::Begun { checks: CheckName::ALL[..15].to_vec() },
        },
        ServerMessage::Diagnosis {
            connection: Some(id("sql")),
            step: DiagnosisStep::Checked { report: Box::new(diagnosis().reports.remove(1)) },
        },
    ];
    let all = done.into_iter().chain(events).chain(others);
    all.map(|message| (server_name(&message).to_owned(), message)).collect()
}

#[test]
fn what_a_client_says_keeps_its_form() {
    hold("client-", &client_messages());
}

#[test]
fn what_a_service_says_keeps_its_form() {
    hold("server-", &server_messages());
}

#[test]
fn a_thousand_connections_with_long_stories_fit_into_a_message() {
    let words = "contoso.servicebus.windows.net:443 did not answer ".repeat(4);
    let kind = EventKind::ChannelFailed {
        fault: Fault::new(FaultCode::AzureTimedOut, words)
            .with_tracking_id(Some("0d6c9e54-5d1c-4a3e-9f4f-2b1c7f6f0f0f_G42".into())),
        next: Some(NextAttempt { attempt: 100, seconds: 30 }),
    };
    let events = vec![ConnectionEvent::new(at(3), kind); 20];
    let story = |number: usize| ConnectionView {
        events: events.clone(),
        ..view(&format!("hybrid-connection-{number}"), ConnectionStatus::Starting)
    };
    let connections = (0..1000).map(story).collect();
    let snapshot = Box::new(Snapshot { connections, ..*snapshot() });
    let message = ServerMessage::Snapshot { snapshot };
    encode(&message, MAX_ANSWER_BYTES).unwrap();
}

#[test]
fn the_store_keeps_its_form() {
    let connections = vec![
        HybridConnection {
            id: id("sql"),
            credential: Credential::Key {
                name: "defaultListener".into(),
                key: Secret::new("bm90IGEga2V5"),
            },
            desired: Desired::Enabled,
            last_endpoint: Some(Endpoint::new("fd00::1", 1433)),
            resource: resource(),
        },
        HybridConnection {
            id: ConnectionId::new(NamespaceAddress::new("localhost", 10443), "Team/Web"),
            credential: Credential::Signature {
                name: "r".into(),
                token: Secret::new("SharedAccessSignature sr=x&sig=y&se=1&skn=r"),
            },
            desired: Desired::Disabled,
            last_endpoint: None,
            resource: None,
        },
    ];
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(dir.path()).unwrap();
    let mut store = Store::open(&paths, None).unwrap().store;
    store.update_connections(|list| list.clone_from(&connections)).unwrap();
    store
        .update_settings(|settings| {
            settings.set("network.extra_ca_certificates", "/etc/ssl/corp.pem").unwrap();
            settings.set("network.proxy", "http://me:not%20a%20key@proxy.corp:8080").unwrap();
            settings.log.unknown.insert("of a newer version".into(), 1.into());
        })
        .unwrap();
    drop(store);
    for (name, path) in
        [("store-connections", &paths.connections_file), ("store-settings", &paths.settings_file)]
    {
        compare(name, &std::fs::read_to_string(path).unwrap());
    }
    let opened = Store::open(&paths, None).unwrap();
    assert_eq!(opened.connections, connections);
    assert!(opened.faults.is_empty());
}
