//! Accounts that read the status of the service and manage nothing, over real sockets.

use std::time::Duration;

use hybrid_connection_manager::ipc::codec::{MESSAGE_TIME_LIMIT, MessageReader, MessageWriter};
use hybrid_connection_manager::ipc::protocol::{
    Access, ClientMessage, ErrorCode, Event, Hello, LogFilter, MAX_MESSAGE_BYTES, Request,
    RequestError, Response, ServerMessage,
};
use hybrid_connection_manager::ipc::{
    Channels, Client, ClientError, ConnectError, Listener, Push, ServerChannel,
};
use hybrid_connection_manager::model::{Fault, FaultCode, Secret, Snapshot};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::files::write_durably;
use hybrid_connection_manager::platform::local_socket::{self, Address, Callers};
use hybrid_connection_manager::platform::permissions::Access as FileAccess;
use hybrid_connection_manager::service::{LogTo, Service, Surroundings};
use hybrid_connection_manager::store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cli_support::{Home, Ran, string};
use crate::sealer::FakeSealer;

const SETTING: &str = "service.status_for_all";
/// Nothing listens there, so this connection never gets anywhere.
const UNREACHABLE: &str = "Endpoint=sb://127.0.0.1:1/;SharedAccessKeyName=listen;SharedAccessKey=bm90IGEga2V5;EntityPath=sql";

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("nothing came")
}

/// A service with one connection, and the places of its home.
struct Running {
    service: Service,
    paths: Paths,
    _home: TempDir,
}

impl Running {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(home.path()).unwrap();
        Self::at(paths, home)
    }

    fn at(paths: Paths, home: TempDir) -> Self {
        let service = Service::start(&paths, LogTo::Nowhere).unwrap();
        Self { service, paths, _home: home }
    }

    fn status(&self) -> &Address {
        self.paths.status_channel.as_ref().unwrap()
    }

    async fn manager(&self) -> Client {
        Client::connect(&self.paths.channel, "manager").await.unwrap()
    }

    async fn reader(&self) -> Client {
        Client::connect(self.status(), "reader").await.unwrap()
    }

    /// Waits until nobody listens for readers.
    async fn until_closed(&self) {
        within(async {
            while !matches!(
                Client::connect(self.status(), "reader").await,
                Err(ConnectError::NoService(_))
            ) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Waits until somebody listens for readers.
    async fn until_open(&self) -> Client {
        within(async {
            loop {
                if let Ok(reader) = Client::connect(self.status(), "reader").await {
                    return reader;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    async fn stop(self) {
        within(self.service.stop(std::future::ready(()))).await;
    }
}

async fn set(client: &mut Client, value: &str) {
    let request = Request::SetSetting { name: SETTING.to_owned(), value: value.to_owned() };
    client.request(request).await.unwrap();
}

async fn add(client: &mut Client) {
    let connection_string = Secret::new(UNREACHABLE.to_owned());
    let request = Request::AddConnection { connection_string, replace: false, resource: None };
    client.request(request).await.unwrap();
}

async fn snapshot(client: &mut Client) -> Snapshot {
    match client.request(Request::Snapshot).await.unwrap() {
        Response::Snapshot { snapshot } => *snapshot,
        other => panic!("{other:?}"),
    }
}

/// Every request that changes something or tells more than the status.
fn managing() -> Vec<Request> {
    let connection = || "127.0.0.1:1/sql".parse().unwrap();
    let connection_string = || Secret::new(UNREACHABLE.to_owned());
    vec![
        Request::AddConnection {
            connection_string: connection_string(),
            replace: true,
            resource: None,
        },
        Request::CheckConnectionString { connection_string: connection_string() },
        Request::Declare { connection_string: connection_string(), desired: None, dry_run: true },
        Request::ExportConnections,
        Request::CheckSetting { name: SETTING.to_owned(), value: "on".to_owned() },
        Request::RemoveConnection { connection: connection() },
        Request::RestartConnection { connection: connection() },
        Request::TryNow { connection: None },
        Request::TryNow { connection: Some(connection()) },
        Request::CheckEndpoint { connection: connection() },
        Request::EnableConnection { connection: connection() },
        Request::DisableConnection { connection: connection() },
        Request::GetSettings,
        Request::SetSetting { name: SETTING.to_owned(), value: "on".to_owned() },
        Request::Logs { lines: 10, follow: false, filter: LogFilter::default() },
        Request::Logs { lines: 10, follow: true, filter: LogFilter::default() },
        Request::Shutdown,
    ]
}

#[tokio::test]
async fn a_reader_is_refused_everything_but_the_status() {
    let running = Running::start();
    let mut manager = running.manager().await;
    assert_eq!(manager.access(), Access::Manage);
    add(&mut manager).await;
    let mut reader = running.reader().await;
    assert_eq!(reader.access(), Access::ReadStatus);
    for request in managing() {
        let what = format!("{request:?}");
        match reader.request(request).await {
            Err(ClientError::Refused(error)) => {
                assert_eq!(error.code, ErrorCode::ReadOnly, "{what}");
                let says_who = error.message.contains("may manage it");
                assert!(says_who && !error.message.contains("bm90"), "{}", error.message);
            }
            other => panic!("{what}: {other:?}"),
        }
    }
    reader.request(Request::Ping).await.unwrap();
    let after = snapshot(&mut manager).await;
    assert_eq!(after.connections.len(), 1, "nothing was removed or added");
    running.stop().await;
}

#[tokio::test]
async fn a_reader_gets_the_status_and_no_more() {
    let running = Running::start();
    let mut manager = running.manager().await;
    let mut reader = running.reader().await;
    reader.request(Request::Subscribe).await.unwrap();
    add(&mut manager).await;
    assert_ne!(snapshot(&mut manager).await.connections[0].key_name, "");
    let told = |text: &str, what: &str| {
        let home = running.paths.home.to_str().unwrap();
        for secret in ["listen\"", "bm90", home] {
            assert!(!text.contains(secret), "{secret} in {what}: {text}");
        }
    };
    let once = snapshot(&mut reader).await;
    assert_eq!(once.connections[0].id.name(), "sql");
    told(&serde_json::to_string(&once).unwrap(), "the snapshot");
    let mut events = 0;
    while events < 2 {
        match within(reader.next()).await.unwrap() {
            Push::Snapshot(snapshot) => told(&serde_json::to_string(&*snapshot).unwrap(), "push"),
            Push::Event { event, .. } => {
                told(&serde_json::to_string(&event).unwrap(), "an event");
                events += usize::from(matches!(event, Event::Connection { .. }));
            }
            push @ (Push::Log(_) | Push::Diagnosis { .. }) => panic!("{push:?}"),
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn a_reader_is_told_what_is_wrong_without_files_keys_and_proxies() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    let sealed_by = |machine| {
        let sealer = FakeSealer::of(machine).boxed();
        let surroundings = Surroundings { sealer, ..Surroundings::default() };
        Service::start_in(&paths, LogTo::Nowhere, surroundings).unwrap()
    };
    let connection = |name: &str| {
        let text = UNREACHABLE.replace("127.0.0.1:1", "contoso.example").replace("sql", name);
        let connection_string = Secret::new(text);
        Request::AddConnection { connection_string, replace: false, resource: None }
    };
    // The files were copied from another machine.
    let before = sealed_by("before");
    let mut manager = Client::connect(&paths.channel, "manager").await.unwrap();
    manager.request(connection("sql")).await.unwrap();
    let value = "http://me:wrench@squid.corp:3128".to_owned();
    let request = Request::SetSetting { name: "network.proxy".to_owned(), value };
    manager.request(request).await.unwrap();
    within(before.stop(std::future::ready(()))).await;
    let service = sealed_by("here");
    let running = Running { service, paths, _home: home };
    let mut manager = running.manager().await;
    let mut reader = running.reader().await;
    reader.request(Request::Subscribe).await.unwrap();
    manager.request(connection("web")).await.unwrap();
    let whole = within(async {
        loop {
            let whole = snapshot(&mut manager).await;
            if whole.connections.iter().all(|view| view.status.fault().is_some()) {
                break whole;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let faults_of = |snapshot: &Snapshot| {
        let faults = snapshot.connections.iter().filter_map(|view| view.status.fault());
        let faults: Vec<_> = faults.map(|fault| (fault.code, fault.detail.clone())).collect();
        <[_; 2]>::try_from(faults).unwrap()
    };
    let [sealed, proxy] = faults_of(&whole);
    assert!(sealed.0 == FaultCode::KeySealed && sealed.1.contains("the rule listen"), "{sealed:?}");
    assert!(proxy.0 == FaultCode::ProxyPasswordSealed && proxy.1.contains("squid"), "{proxy:?}");
    let read = snapshot(&mut reader).await;
    let codes = [FaultCode::KeySealed, FaultCode::ProxyPasswordSealed];
    assert_eq!(faults_of(&read), codes.map(|code| (code, String::new())));
    let told = |text: &str| {
        for hidden in ["rule listen", "squid", "me:"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    };
    told(&serde_json::to_string(&read).unwrap());
    let mut heard = 0;
    while heard < read.revision {
        let (revision, text) = match within(reader.next()).await.unwrap() {
            Push::Snapshot(snapshot) => (snapshot.revision, serde_json::to_string(&*snapshot)),
            Push::Event { event, revision } => (revision, serde_json::to_string(&event)),
            push @ (Push::Log(_) | Push::Diagnosis { .. }) => panic!("{push:?}"),
        };
        told(&text.unwrap());
        heard = revision;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_reader_of_a_service_with_damaged_files_does_not_learn_where_they_are() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    let settings = paths.home.join("settings.json");
    write_durably(&settings, b"{", FileAccess::OwnerOnly).unwrap();
    let running = Running::at(paths, home);
    let whole = snapshot(&mut running.manager().await).await.service.faults;
    let [fault] = &whole[..] else { panic!("{whole:?}") };
    assert_eq!(fault.code, FaultCode::SettingsDamaged);
    assert!(fault.detail.contains("settings.json"), "{fault}");
    let read = snapshot(&mut running.reader().await).await.service.faults;
    assert_eq!(read, [Fault::new(FaultCode::SettingsDamaged, "")]);
    running.stop().await;
}

#[tokio::test]
async fn what_a_client_says_of_itself_gives_it_no_right() {
    let running = Running::start();
    let stream = local_socket::Stream::connect(running.status()).await.unwrap();
    let (reader, writer) = tokio::io::split(stream);
    let mut reader = MessageReader::new(reader, 1 << 20);
    let mut writer = MessageWriter::new(writer, 1 << 20);
    let hello = serde_json::json!({
        "type": "hello", "protocol": 1, "oldest_protocol": 1, "program": "hcm",
        "version": "0.1.0", "access": "manage",
    });
    writer.send(&hello).await.unwrap();
    let request = serde_json::json!({"type": "request", "id": 7, "request": {"do": "shutdown"}});
    writer.send(&request).await.unwrap();
    let mut next = async || -> serde_json::Value {
        let bytes = within(reader.next()).await.unwrap().unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    assert_eq!(next().await["access"], "read-status");
    assert_eq!(next().await["outcome"]["error"]["code"], "read-only");
    running.stop().await;
}

/// The channel of a program of somebody's own that has said hello to `address` and was answered.
async fn stranger(address: &Address) -> local_socket::Stream {
    let mut stream = local_socket::Stream::connect(address).await.unwrap();
    let hello = ClientMessage::Hello(Hello::of("stranger"));
    MessageWriter::new(&mut stream, 1 << 20).send(&hello).await.unwrap();
    let answer = within(MessageReader::new(&mut stream, 1 << 20).next()).await.unwrap();
    assert!(String::from_utf8_lossy(&answer.unwrap()).contains("hello"));
    stream
}

#[tokio::test]
async fn a_reader_says_little_and_one_who_manages_much() {
    let running = Running::start();
    let longest = u32::try_from(MAX_MESSAGE_BYTES).unwrap().to_le_bytes();
    let mut reader = stranger(running.status()).await;
    reader.write_all(&longest).await.unwrap();
    let answer = within(MessageReader::new(&mut reader, 1 << 20).next()).await.unwrap().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        (&answer["type"], &answer["error"]["code"]),
        (&"refused".into(), &"bad-message".into())
    );
    let mut rest = Vec::new();
    within(reader.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());

    let mut manager = running.manager().await;
    let value = "x".repeat(1 << 20);
    let request = Request::SetSetting { name: SETTING.to_owned(), value };
    let error = manager.request(request).await.unwrap_err();
    assert!(matches!(error, ClientError::Refused(_)), "{error}");
    running.stop().await;
}

#[tokio::test]
async fn a_message_that_is_begun_and_not_ended_ends_the_session() {
    let running = Running::start();
    for address in [running.status(), &running.paths.channel] {
        let mut stream = stranger(address).await;
        stream.write_all(&[9, 0, 0, 0, b'{']).await.unwrap();
        tokio::time::pause();
        let (begun, mut rest) = (Instant::now(), Vec::new());
        within(stream.read_to_end(&mut rest)).await.unwrap();
        assert!(rest.is_empty() && begun.elapsed() >= MESSAGE_TIME_LIMIT / 2, "{begun:?}");
        tokio::time::resume();
    }
    running.stop().await;
}

#[tokio::test]
async fn the_setting_closes_the_channel_at_once_and_opens_it_again() {
    let running = Running::start();
    let mut manager = running.manager().await;
    let mut reader = running.reader().await;
    reader.request(Request::Subscribe).await.unwrap();
    set(&mut manager, "off").await;
    within(async { while reader.next().await.is_ok() {} }).await;
    running.until_closed().await;
    let services = [running.paths.channels()];
    let managing = Client::connect_first(&services, "test").await.unwrap();
    assert_eq!(managing.access(), Access::Manage, "those who manage are not concerned");
    set(&mut manager, "on").await;
    snapshot(&mut running.until_open().await).await;

    set(&mut manager, "off").await;
    let Running { service, paths, _home: home } = running;
    within(service.stop(std::future::ready(()))).await;
    let again = Running::at(paths, home);
    let closed = Client::connect(again.status(), "reader").await.unwrap_err();
    assert!(matches!(closed, ConnectError::NoService(_)), "{closed}");
    again.stop().await;
}

#[tokio::test]
async fn too_many_readers_are_told_so_and_keep_no_manager_out() {
    let running = Running::start();
    // Where the system tells whose they are, each account has its share.
    let (most, told) =
        if cfg!(unix) { (16, "16 programs of this account") } else { (64, "64 programs") };
    let mut readers = Vec::new();
    for _ in 0..most {
        readers.push(running.reader().await);
    }
    let error = Client::connect(running.status(), "reader").await.unwrap_err();
    assert!(matches!(error, ConnectError::NotAllowed { .. }), "{error}");
    assert!(error.to_string().contains(told), "{error}");
    snapshot(&mut running.manager().await).await;
    readers.pop();
    running.until_open().await;
    running.stop().await;
}

/// A service that has found another program in the place of its status channel.
#[cfg(unix)]
fn beside_a_squatter() -> (Running, std::os::unix::net::UnixListener) {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    let status = paths.status_channel.clone().unwrap();
    std::fs::create_dir_all(status.as_path().parent().unwrap()).unwrap();
    let squatter = std::os::unix::net::UnixListener::bind(status.as_path()).unwrap();
    (Running::at(paths, home), squatter)
}

#[cfg(unix)]
#[tokio::test]
async fn a_status_channel_that_was_taken_is_tried_again_every_minute() {
    let (running, squatter) = beside_a_squatter();
    let mut manager = running.manager().await;
    assert_eq!(snapshot(&mut manager).await.service.faults.len(), 1);
    drop(squatter);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    snapshot(&mut running.until_open().await).await;
    assert!(snapshot(&mut manager).await.service.faults.is_empty());
    running.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_status_channel_that_is_taken_is_a_fault_and_not_the_end() {
    let (running, squatter) = beside_a_squatter();
    let mut manager = running.manager().await;
    let faults = snapshot(&mut manager).await.service.faults;
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(fault.code, FaultCode::StatusChannelClosed);
    assert!(fault.detail.contains("another program already listens"), "{fault}");
    assert!(fault.detail.contains(&running.status().to_string()), "{fault}");

    set(&mut manager, "off").await;
    manager.request(Request::Subscribe).await.unwrap();
    within(until_faults(&mut manager, 0)).await;
    drop(squatter);
    set(&mut manager, "on").await;
    assert_eq!(running.until_open().await.access(), Access::ReadStatus);
    assert!(snapshot(&mut manager).await.service.faults.is_empty());
    running.stop().await;
}

async fn until_faults(subscriber: &mut Client, count: usize) {
    loop {
        let faults = match subscriber.next().await.unwrap() {
            Push::Snapshot(snapshot) => snapshot.service.faults.len(),
            Push::Event { event: Event::Service { service }, .. } => service.faults.len(),
            _ => continue,
        };
        if faults == count {
            return;
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_service_whose_channel_is_taken_does_not_start_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    let listener = local_socket::Listener::bind(&paths.channel, Callers::Managers).unwrap();
    let error = Service::start(&paths, LogTo::Nowhere).unwrap_err().to_string();
    for words in [
        "another program already listens at",
        paths.channel.as_path().to_str().unwrap(),
        &format!("process id {}", std::process::id()),
        "end it",
    ] {
        assert!(error.contains(words), "{words} in {error}");
    }
    assert!(!paths.status_channel.clone().unwrap().as_path().exists());
    drop(listener);
    assert!(Store::open(&paths, None).unwrap().faults.is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn every_account_may_call_the_one_socket_and_nobody_else_the_other() {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let running = Running::start();
    let (manage, status) = (running.paths.channel.as_path(), running.status().as_path());
    assert_eq!((mode(status), mode(status.parent().unwrap())), (0o666, 0o755));
    assert_eq!((mode(manage), mode(manage.parent().unwrap())), (0o600, 0o700));
    running.stop().await;
}

/// A service whose managing channel turns this account away, as it does others; it is behind
/// a door that refuses.
struct TurnedAway {
    running: Running,
    home: Home,
    refusing: JoinHandle<()>,
}

impl TurnedAway {
    fn start() -> Self {
        let (home, behind) = (Home::new(), tempfile::tempdir().unwrap());
        let front = Paths::in_home(home.path()).unwrap();
        let listener = local_socket::Listener::bind(&front.channel, Callers::Managers).unwrap();
        let refusing = tokio::spawn(async move {
            while let Ok(stream) = listener.accept().await {
                let error = RequestError::new(ErrorCode::Denied, "not you");
                let mut writer = MessageWriter::new(stream, 4096);
                writer.send(&ServerMessage::Refused { error }).await.unwrap();
            }
        });
        let inner = Paths::in_home(behind.path()).unwrap();
        let paths = Paths { status_channel: front.status_channel, ..inner };
        Self { running: Running::at(paths, behind), home, refusing }
    }

    async fn stop(self) {
        self.refusing.abort();
        self.running.stop().await;
    }
}

#[tokio::test]
async fn hcm_shows_the_status_to_one_who_may_not_manage() {
    let turned_away = TurnedAway::start();
    let mut manager = turned_away.running.manager().await;
    add(&mut manager).await;
    let sql = snapshot(&mut manager).await.connections[0].id.to_string();
    let sql = sql.as_str();
    let home = &turned_away.home;
    let listed = home.hcm(&["list", "-o", "json"]).await;
    assert_eq!(listed.expect(0).json()[0]["Name"], "sql");
    assert!(home.hcm(&["show", sql]).await.expect(0).out.contains("sql"));
    assert!(home.hcm(&["status"]).await.expect(7).out.contains("0 of 1"));
    home.hcm(&["version"]).await.expect(0);

    for arguments in [
        &["restart", sql][..],
        &["disable", "--all"],
        &["remove", sql, "--yes"],
        &["settings", "get"],
        &["settings", "set", "log.level", "debug"],
        &["logs"],
        &["add", &string("other")],
    ] {
        let ran = home.hcm(&[arguments, &["-o", "json"]].concat()).await;
        let errors = ran.expect(9).errors();
        assert_eq!(errors[0]["code"], "read-only", "{ran:?}");
        let text = errors[0]["message"].as_str().unwrap();
        assert!(text.contains("may read the status") && text.contains("may manage it"), "{text}");
    }
    turned_away.stop().await;
}

#[tokio::test]
async fn hcm_says_why_when_it_may_not_even_read() {
    let turned_away = TurnedAway::start();
    set(&mut turned_away.running.manager().await, "off").await;
    turned_away.running.until_closed().await;
    let ran: Ran = turned_away.home.hcm(&["list"]).await;
    assert!(ran.expect(9).err.contains("not you"), "{ran:?}");
    assert!(ran.err.contains(SETTING), "{ran:?}");
    turned_away.stop().await;
}

#[tokio::test]
async fn a_service_that_may_be_managed_is_not_only_read() {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path()).unwrap();
    let manage = Listener::bind(&paths.channel).unwrap();
    let status = Listener::bind_for_status(paths.status_channel.as_ref().unwrap()).unwrap();
    let serving = tokio::spawn(async move {
        let channel: ServerChannel = manage.accept().await.unwrap().handshake("x").await.unwrap();
        assert_eq!((channel.access(), channel.client()), (Access::Manage, &Hello::of("test")));
    });
    let nowhere = Channels::from(Address::new(home.path().join("nowhere")));
    let services = [nowhere, paths.channels()];
    let client = within(Client::connect_first(&services, "test")).await.unwrap();
    assert_eq!(client.access(), Access::Manage);
    serving.await.unwrap();
    drop(status);
}
