//! A service with just enough of a mind of its own for `hcm`, over the real local
//! channel, and the real `hcm` beside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hybrid_connection_manager::ipc::protocol::{
    ErrorCode, Event, LogLine, Request, RequestError, Response, ServerMessage,
};
use hybrid_connection_manager::ipc::{Listener, ServerChannel, ServerWriter};
use hybrid_connection_manager::model::{
    AzureResource, ConnectionId, ConnectionSelector, ConnectionStatus, ConnectionString,
    ConnectionView, Desired, Endpoint, Fault, FaultCode, ServiceInfo, Settings, Snapshot, Traffic,
};
use hybrid_connection_manager::platform::Paths;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, broadcast};
use tokio::task::{JoinHandle, JoinSet};

/// Nothing here takes as long, unless it hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// A key that must appear nowhere.
pub(crate) const KEY: &str = "dGVzdC1rZXktbm90LXJlYWwtYXQtYWxsLW5vdC1hLWtleQ==";

/// The connection string of `name` in the namespace contoso.
pub(crate) fn string(name: &str) -> String {
    format!(
        "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey={KEY};EntityPath={name}"
    )
}

/// The id of `name` in the namespace contoso.
pub(crate) fn id(name: &str) -> ConnectionId {
    ConnectionId::try_from(format!("contoso.servicebus.windows.net/{name}")).unwrap()
}

/// A connection of the namespace contoso.
pub(crate) fn view(name: &str, status: ConnectionStatus) -> ConnectionView {
    let disabled = status == ConnectionStatus::Disabled;
    ConnectionView {
        id: id(name),
        key_name: "listen".into(),
        desired: if disabled { Desired::Disabled } else { Desired::Enabled },
        status,
        endpoint: Some(Endpoint::new(format!("{name}.corp"), 1433)),
        azure: None,
        resource: None,
        reachability: None,
        traffic: Traffic::default(),
        events: vec![],
    }
}

pub(crate) fn connected() -> ConnectionStatus {
    ConnectionStatus::Connected { since: Timestamp::now(), gateway: None }
}

pub(crate) fn faulted() -> ConnectionStatus {
    ConnectionStatus::Faulted { fault: Fault::new(FaultCode::TokenSpent, "") }
}

/// A folder for one service.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A service in this home that has `connections`.
    pub(crate) fn serve(&self, connections: Vec<ConnectionView>) -> FakeService {
        FakeService::start(self.path(), connections)
    }

    /// `hcm` with `arguments`, for the service of this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        hcm_in(self.path(), arguments)
    }

    /// Runs `hcm` to its end.
    pub(crate) async fn hcm(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).spawn().unwrap()).await
    }

    /// The same with `input` on its standard input.
    pub(crate) async fn hcm_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        Ran::of(child).await
    }
}

/// `hcm` with `arguments`, for the service whose home is `home`.
pub(crate) fn hcm_in(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hcm"));
    command.arg("--home").arg(home).args(arguments).kill_on_drop(true);
    for name in ["HCM_HOME", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TZ", "UTC").env("TERM", "xterm-256color");
    // Nothing of this machine signs in to anything.
    for (name, _) in std::env::vars() {
        if name.starts_with("AZURE_") || name.ends_with("_ENDPOINT") {
            command.env_remove(name);
        }
    }
    for name in
        ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "HCM_PROXY_PASSWORD"]
    {
        command.env_remove(name);
    }
    command.env("AZURE_TOKEN_CREDENTIALS", "dev");
    if cfg!(unix) {
        command.env("PATH", "");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How `hcm` ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Waits for `child`, and makes sure that it showed no key.
    pub(crate) async fn of(mut child: Child) -> Self {
        let (mut out, mut err) = (String::new(), String::new());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let all = async {
            if let Some(mut stdout) = stdout {
                stdout.read_to_string(&mut out).await.unwrap();
            }
            if let Some(mut stderr) = stderr {
                stderr.read_to_string(&mut err).await.unwrap();
            }
            child.wait().await.unwrap()
        };
        let status: ExitStatus = tokio::time::timeout(LIMIT, all).await.expect("hcm hangs");
        assert!(!out.contains(&KEY[..12]), "a key on standard output: {out}");
        assert!(!err.contains(&KEY[..12]), "a key on standard error: {err}");
        Self { code: status.code(), out, err }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error objects on standard error, one a line.
    pub(crate) fn errors(&self) -> Vec<serde_json::Value> {
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        self.err.lines().map(parse).collect()
    }

    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

#[derive(Clone, Debug)]
enum Pushed {
    Event(u64, Event),
    Log(LogLine),
}

struct State {
    snapshot: Snapshot,
    settings: Settings,
    log: Vec<LogLine>,
    requests: Vec<Request>,
}

/// The service. It ends, with all its channels, when it is dropped.
pub(crate) struct FakeService {
    state: Arc<Mutex<State>>,
    pushed: broadcast::Sender<Pushed>,
    /// Told of every request.
    asked: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Drop for FakeService {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FakeService {
    fn start(home: &Path, connections: Vec<ConnectionView>) -> Self {
        let listener = Listener::bind(&Paths::in_home(home).unwrap().channel).unwrap();
        let service = ServiceInfo {
            version: "9.8.7".into(),
            pid: 4711,
            started: Timestamp::now(),
            home: home.display().to_string(),
            faults: vec![],
            draining: None,
            policy: None,
            proxy: None,
            upgrade: None,
        };
        let snapshot = Snapshot { revision: 1, service, connections };
        let state =
            State { snapshot, settings: Settings::default(), log: vec![], requests: vec![] };
        let state = Arc::new(Mutex::new(state));
        let (pushed, _) = broadcast::channel(64);
        let asked = Arc::new(Notify::new());
        let serving =
            tokio::spawn(serve(listener, Arc::clone(&state), pushed.clone(), Arc::clone(&asked)));
        Self { state, pushed, asked, serving }
    }

    /// Ends it and waits until its socket is free.
    pub(crate) async fn stop(mut self) {
        self.serving.abort();
        // It was told to.
        (&mut self.serving).await.unwrap_err();
    }

    /// Makes `event` happen.
    pub(crate) fn happen(&self, event: Event) {
        publish(&mut self.state(), &self.pushed, event);
    }

    pub(crate) fn change(&self, view: ConnectionView) {
        self.happen(Event::Connection { connection: Box::new(view) });
    }

    pub(crate) fn log(&self, message: &str) {
        let line = LogLine {
            at: Timestamp::now(),
            level: "INFO".into(),
            target: "fake".into(),
            message: message.into(),
            connection: None,
        };
        self.state().log.push(line.clone());
        // Nobody may follow.
        self.pushed.send(Pushed::Log(line)).ok();
    }

    /// Waits until somebody has subscribed.
    pub(crate) async fn subscribed(&self) {
        let has = |request: &Request| matches!(request, Request::Subscribe);
        while !self.state().requests.iter().any(has) {
            self.asked.notified().await;
        }
    }

    /// Requests that changed something, by what they were about.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.state().requests.iter().filter_map(describe).collect()
    }

    /// The connection strings that came, as they were sent.
    pub(crate) fn strings(&self) -> Vec<ConnectionString> {
        let state = self.state();
        let sent = state.requests.iter().filter_map(|request| match request {
            Request::AddConnection { connection_string, .. } => Some(connection_string),
            _ => None,
        });
        sent.map(|string| ConnectionString::parse(string.expose()).unwrap()).collect()
    }

    /// Waits until an upgrade was asked for.
    pub(crate) async fn asked_to_upgrade(&self) -> String {
        loop {
            match self.wanted_version() {
                Some(version) => return version,
                None => self.asked.notified().await,
            }
        }
    }

    /// The version to which an upgrade was asked for, if one was.
    pub(crate) fn wanted_version(&self) -> Option<String> {
        self.state().requests.iter().find_map(|request| match request {
            Request::Upgrade { version } => Some(version.to_string()),
            _ => None,
        })
    }

    /// Forgets what was asked for.
    pub(crate) fn forget(&self) {
        self.state().requests.clear();
    }

    /// Changes what the service tells of itself.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut ServiceInfo)) {
        let mut state = self.state();
        let mut service = state.snapshot.service.clone();
        change(&mut service);
        publish(&mut state, &self.pushed, Event::Service { service });
    }

    /// Changes a setting as if it had been so from the start.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.state().settings.set(name, value).unwrap();
    }

    /// Where the connections that came are in Azure, as it was sent.
    pub(crate) fn resources(&self) -> Vec<Option<AzureResource>> {
        let state = self.state();
        let sent = state.requests.iter().filter_map(|request| match request {
            Request::AddConnection { resource, .. } => Some(resource.clone()),
            _ => None,
        });
        sent.collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn describe(request: &Request) -> Option<String> {
    Some(match request {
        Request::RemoveConnection { connection } => format!("remove {connection}"),
        Request::RestartConnection { connection } => format!("restart {connection}"),
        Request::EnableConnection { connection } => format!("enable {connection}"),
        Request::DisableConnection { connection } => format!("disable {connection}"),
        Request::SetSetting { name, value } => format!("set {name} {value}"),
        _ => return None,
    })
}

async fn serve(
    listener: Listener,
    state: Arc<Mutex<State>>,
    pushed: broadcast::Sender<Pushed>,
    asked: Arc<Notify>,
) {
    let mut sessions = JoinSet::new();
    loop {
        let incoming = listener.accept().await.unwrap();
        let (state, pushed, asked) = (Arc::clone(&state), pushed.clone(), Arc::clone(&asked));
        sessions.spawn(async move {
            if let Ok(channel) = incoming.handshake("fake").await {
                session(channel, &state, &pushed, &asked).await;
            }
        });
    }
}

/// Answers one client until it is gone.
async fn session(
    channel: ServerChannel,
    state: &Mutex<State>,
    pushed: &broadcast::Sender<Pushed>,
    asked: &Notify,
) {
    let (mut reader, mut writer) = channel.split();
    let mut pushes = pushed.subscribe();
    let (mut subscribed, mut follows) = (false, false);
    loop {
        let sent = tokio::select! {
            received = reader.recv() => {
                let Ok(Some(received)) = received else { return };
                let request = received.request.unwrap();
                // What happened before is in the snapshot or the lines.
                match &request {
                    Request::Subscribe if !subscribed => pushes = pushed.subscribe(),
                    _ => {}
                }
                subscribed |= matches!(request, Request::Subscribe);
                follows |= matches!(request, Request::Logs { follow: true, .. });
                let is_subscription = matches!(request, Request::Subscribe);
                let (answer, snapshot) = {
                    let mut state = state.lock().unwrap();
                    state.requests.push(request.clone());
                    asked.notify_one();
                    (answer(&mut state, pushed, request), state.snapshot.clone())
                };
                match writer.respond(received.id, answer).await {
                    Ok(()) if is_subscription => {
                        let snapshot = Box::new(snapshot);
                        writer.send(&ServerMessage::Snapshot { snapshot }).await
                    }
                    sent => sent,
                }
            }
            push = pushes.recv() => pass_on(&mut writer, push.unwrap(), subscribed, follows).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn pass_on(
    writer: &mut ServerWriter,
    push: Pushed,
    subscribed: bool,
    follows: bool,
) -> Result<(), hybrid_connection_manager::ipc::codec::WriteError> {
    match push {
        Pushed::Event(revision, event) if subscribed => {
            writer.send(&ServerMessage::Event { revision, event }).await
        }
        Pushed::Log(line) if follows => writer.send(&ServerMessage::Log { line }).await,
        _ => Ok(()),
    }
}

fn publish(state: &mut State, pushed: &broadcast::Sender<Pushed>, event: Event) {
    let revision = state.snapshot.revision + 1;
    event.clone().apply(&mut state.snapshot, revision);
    // Nobody may have subscribed.
    pushed.send(Pushed::Event(revision, event)).ok();
}

fn answer(
    state: &mut State,
    pushed: &broadcast::Sender<Pushed>,
    request: Request,
) -> Result<Response, RequestError> {
    let desire = |state: &mut State, connection: &ConnectionSelector, status, desired| {
        let id = find(&state.snapshot, connection)?;
        let found = state.snapshot.connections.iter().find(|view| view.id == id).cloned();
        let connection = ConnectionView { status, desired, ..found.unwrap() };
        publish(state, pushed, Event::Connection { connection: Box::new(connection) });
        Ok(Response::Connection { id })
    };
    match request {
        Request::Snapshot => Ok(Response::Snapshot { snapshot: Box::new(state.snapshot.clone()) }),
        Request::CheckUpgrade => {
            let upgrade = state.snapshot.service.upgrade.clone();
            Ok(Response::Upgrade { upgrade })
        }
        // How it goes on, the test plays.
        Request::Upgrade { .. }
        | Request::Subscribe
        | Request::TryNow { .. }
        | Request::CheckEndpoint { .. }
        | Request::Ping
        | Request::Shutdown => Ok(Response::Done),
        Request::CheckConnectionString { .. }
        | Request::Diagnose { .. }
        | Request::Declare { .. }
        | Request::ExportConnections
        | Request::CheckSetting { .. } => {
            Err(RequestError::new(ErrorCode::Other, "not played here"))
        }
        Request::AddConnection { connection_string, replace, resource } => {
            let parsed = ConnectionString::parse(connection_string.expose()).unwrap();
            let name = parsed.id.name().to_owned();
            if !replace && state.snapshot.connections.iter().any(|view| view.id == parsed.id) {
                let text = format!("{} is there already", parsed.id);
                return Err(RequestError::new(ErrorCode::AlreadyExists, text));
            }
            let mut connection = Box::new(view(&name, ConnectionStatus::Starting));
            connection.id = parsed.id.clone();
            connection.resource = resource;
            publish(state, pushed, Event::Connection { connection });
            Ok(Response::Connection { id: parsed.id })
        }
        Request::RemoveConnection { connection } => {
            let id = find(&state.snapshot, &connection)?;
            publish(state, pushed, Event::Removed { id: id.clone() });
            Ok(Response::Connection { id })
        }
        Request::RestartConnection { connection } | Request::EnableConnection { connection } => {
            desire(state, &connection, ConnectionStatus::Starting, Desired::Enabled)
        }
        Request::DisableConnection { connection } => {
            desire(state, &connection, ConnectionStatus::Disabled, Desired::Disabled)
        }
        Request::GetSettings => {
            let value = |name: &&str| ((*name).to_owned(), state.settings.get(name).unwrap());
            Ok(Response::Settings { settings: Settings::NAMES.iter().map(value).collect() })
        }
        Request::SetSetting { name, value } => {
            let set = state.settings.set(&name, &value).map(|()| Response::Done);
            set.map_err(|error| {
                RequestError::new(ErrorCode::InvalidSetting, error.to_string()).about(Some(&name))
            })
        }
        Request::Logs { lines, .. } => {
            let first = state.log.len().saturating_sub(lines);
            Ok(Response::Logs { lines: state.log[first..].to_vec() })
        }
    }
}

fn find(snapshot: &Snapshot, selector: &ConnectionSelector) -> Result<ConnectionId, RequestError> {
    let names: BTreeMap<_, _> = snapshot.connections.iter().map(|view| (&view.id, view)).collect();
    let found = names.keys().find(|id| selector.matches(id)).map(|id| (*id).clone());
    found.ok_or_else(|| RequestError::new(ErrorCode::NotFound, format!("there is no {selector}")))
}
