//! Owns the configuration and the tasks of all connections, and does what programs ask.

mod declare;
mod diagnose;
mod keeper;
mod proxies;
mod settings;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use semver::Version;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

pub(super) use self::declare::compare;
use self::keeper::{Keeper, LAST_WRITE};
use super::check;
use super::connection::{Command, Connection, Context};
use super::hub::Hub;
use super::logs::LogHub;
use super::metrics::Registry;
use super::places::Places;
use super::policy;
use super::remember::{self, EventKeeper};
use super::upgrades::Upgrades;
use crate::ipc::protocol::{ErrorCode, Request, RequestError, Response};
use crate::model::upgrade::UpgradeInfo;
use crate::model::{
    AzureResource, ConnectionId, ConnectionSelector, ConnectionString, Desired, Fault, FaultCode,
    HybridConnection, MetricsAddress, Policy, Secret, Settings,
};
use crate::network::Network;
use crate::platform::limits;
use crate::store::{EventsFile, Opened, SaveError, Store};

/// Endpoints that wait to be written to disk.
const LEARNED_BACKLOG: usize = 1024;
/// How long Azure gets to answer the Close of all channels, once no stream is open any more.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(3);
/// How often programs hear how many streams are waited for.
const DRAIN_NEWS: Duration = Duration::from_millis(250);

/// The one owner of the configuration.
#[derive(Debug)]
pub(super) struct Supervisor {
    hub: Arc<Hub>,
    logs: LogHub,
    store: Arc<StdMutex<Store>>,
    state: Mutex<State>,
    context: Context,
    network: watch::Sender<Network>,
    status_for_all: watch::Sender<bool>,
    metrics_at: watch::Sender<Option<MetricsAddress>>,
    policy: watch::Sender<Arc<Policy>>,
    keeper: Keeper,
    events: EventKeeper,
    upgrades: Arc<Upgrades>,
    shutdown: CancellationToken,
}

#[derive(Debug)]
struct State {
    connections: BTreeMap<ConnectionId, Connection>,
    settings: Settings,
    stopping: bool,
}

impl Supervisor {
    /// Starts every connection side by side, as far as `policy` allows.
    pub(super) fn start(
        opened: Opened,
        hub: Arc<Hub>,
        logs: LogHub,
        policy: Policy,
        upgrades: Upgrades,
        events: EventsFile,
    ) -> Self {
        let (network, receiver) = watch::channel(settings::initial_network(&opened.settings, &hub));
        let (policy, policy_receiver) = watch::channel(Arc::new(policy));
        let (learned, endpoints) = mpsc::channel(LEARNED_BACKLOG);
        let configured = opened.connections.iter().map(|known| known.id.clone()).collect();
        let (events, past) = EventKeeper::start(events, hub.clone(), configured);
        let context = Context {
            hub: hub.clone(),
            network: receiver,
            policy: policy_receiver,
            learned,
            meters: Arc::default(),
            past,
            places: Arc::new(Places::new(limits::open_files(), hub.clone())),
            channels: TaskTracker::new(),
        };
        logs.apply(&opened.settings.log);
        let connections = opened
            .connections
            .into_iter()
            .map(|configured| {
                let id = configured.id.clone();
                (id, Connection::start(configured, context.clone()))
            })
            .collect();
        let store = Arc::new(StdMutex::new(opened.store));
        Self {
            keeper: Keeper::start(store.clone(), hub.clone(), endpoints),
            events,
            hub,
            logs,
            store,
            status_for_all: watch::Sender::new(opened.settings.service.status_for_all),
            metrics_at: watch::Sender::new(opened.settings.metrics.listen),
            state: Mutex::new(State { connections, settings: opened.settings, stopping: false }),
            context,
            network,
            policy,
            upgrades: Arc::new(upgrades),
            shutdown: CancellationToken::new(),
        }
    }

    /// The state that programs see.
    pub(super) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Whether every account of this machine may read the status, now and as it changes.
    pub(super) fn status_for_all(&self) -> watch::Receiver<bool> {
        self.status_for_all.subscribe()
    }

    /// Where the metrics are to be read, now and as it changes.
    pub(super) fn metrics_at(&self) -> watch::Receiver<Option<MetricsAddress>> {
        self.metrics_at.subscribe()
    }

    /// What is counted of each connection.
    pub(super) fn meters(&self) -> &Registry {
        &self.context.meters
    }

    /// Waits until a program asks for the end.
    pub(super) async fn shutdown_requested(&self) {
        self.shutdown.cancelled().await;
    }

    /// Does what a program asks; when it fails, nothing has changed.
    pub(super) async fn handle(&self, request: Request) -> Result<Response, RequestError> {
        match request {
            Request::Snapshot | Request::Subscribe => {
                Ok(Response::Snapshot { snapshot: Box::new(self.hub.snapshot()) })
            }
            Request::AddConnection { connection_string, replace, resource } => {
                self.add(&connection_string, replace, resource).await
            }
            Request::CheckConnectionString { connection_string } => {
                self.check(&connection_string).await
            }
            Request::Declare { connection_string, desired, dry_run } => {
                self.declare(&connection_string, desired, dry_run).await
            }
            Request::ExportConnections => self.export().await,
            Request::CheckSetting { name, value } => self.check_setting(&name, &value).await,
            Request::RemoveConnection { connection } => self.remove(&connection).await,
            Request::RestartConnection { connection } => {
                self.command(&connection, Command::Restart).await
            }
            Request::TryNow { connection: Some(connection) } => {
                self.command(&connection, Command::TryNow).await
            }
            Request::TryNow { connection: None } => {
                self.reread_proxies().await;
                self.network.borrow().try_refused_password();
                self.tell_all(|| Command::TryNow).await;
                Ok(Response::Done)
            }
            Request::CheckEndpoint { connection } => self.check_endpoint(&connection).await,
            Request::Diagnose { connection, all_gateways } => {
                self.diagnose(connection, all_gateways, |_, _| {}).await
            }
            Request::EnableConnection { connection } => {
                self.set_desired(&connection, Desired::Enabled).await
            }
            Request::DisableConnection { connection } => {
                self.set_desired(&connection, Desired::Disabled).await
            }
            Request::GetSettings => Ok(self.state.lock().await.settings_response()),
            Request::SetSetting { name, value } => self.set_setting(&name, &value).await,
            Request::Logs { lines, filter, .. } => {
                Ok(Response::Logs { lines: self.logs.last(lines, &filter) })
            }
            Request::CheckUpgrade => {
                Ok(Response::Upgrade { upgrade: self.ask_for_upgrade().await })
            }
            Request::Upgrade { version } => self.upgrade(version).await,
            Request::Ping => Ok(Response::Done),
            Request::Shutdown => {
                info!("a program asks the service to end");
                self.shutdown.cancel();
                Ok(Response::Done)
            }
        }
    }

    /// The machine has slept, or its network has changed.
    pub(super) async fn system_changed(&self) {
        self.reread_proxies().await;
        self.tell_all(|| Command::SystemChanged).await;
    }

    /// Asks whether there is a newer version. Holds nobody up meanwhile.
    async fn ask_for_upgrade(&self) -> Option<Box<UpgradeInfo>> {
        let settings = self.state.lock().await.settings.clone();
        self.upgrades.ask(&settings).await.map(Box::new)
    }

    async fn upgrade(&self, version: Version) -> Result<Response, RequestError> {
        let state = self.state.lock().await;
        state.refuse_while_stopping()?;
        self.upgrades.begin(version, state.settings.clone()).map(|()| Response::Done)
    }

    /// Goes on with an upgrade that the service before has begun.
    pub(super) fn resume_upgrade(&self) {
        self.upgrades.resume();
    }

    /// Asks once a day, and soon after the feed is another one.
    pub(super) async fn follow_releases(&self) {
        loop {
            let wait = self.upgrades.wait(Timestamp::now(), fastrand::f64());
            tokio::select! {
                () = sleep(wait) => {}
                () = self.upgrades.changed() => {}
            }
            self.ask_for_upgrade().await;
        }
    }

    /// Another policy counts from now on.
    pub(super) fn apply_policy(&self, policy: Policy) {
        info!("the policy of this machine has changed");
        policy::log(&policy);
        policy::show(&policy, &self.hub);
        self.policy.send_replace(Arc::new(policy));
    }

    async fn tell_all(&self, command: fn() -> Command) {
        for connection in self.state.lock().await.connections.values() {
            connection.send(command()).await;
        }
    }

    async fn add(
        &self,
        text: &Secret,
        replace: bool,
        resource: Option<AzureResource>,
    ) -> Result<Response, RequestError> {
        let mut configured = configured_by(text)?;
        configured.resource = resource.filter(AzureResource::is_plausible);
        let id = configured.id.clone();
        let mut state = self.state.lock().await;
        state.refuse_while_stopping()?;
        if let Some(connection) = state.connections.get(&id) {
            if !replace {
                return Err(RequestError::new(
                    ErrorCode::AlreadyExists,
                    format!("{id} is there already; to give it another key, add it with --replace"),
                ));
            }
            let (credential, resource) =
                (configured.credential.clone(), configured.resource.clone());
            self.save(move |list| {
                if let Some(known) = list.iter_mut().find(|known| known.id == configured.id) {
                    known.credential = configured.credential.clone();
                    // A connection string does not say where it is.
                    known.resource = configured.resource.clone().or(known.resource.take());
                }
            })
            .await?;
            connection.send(Command::SetCredential(credential, resource.map(Box::new))).await;
            info!(connection = %id, "key replaced");
        } else {
            self.begin(&mut state, configured).await?;
            info!(connection = %id, "added");
        }
        Ok(Response::Connection { id })
    }

    /// Keeps a connection that is not there yet, and starts it.
    async fn begin(
        &self,
        state: &mut State,
        configured: HybridConnection,
    ) -> Result<(), RequestError> {
        let kept = configured.clone();
        self.save(move |list| list.push(kept)).await?;
        let id = configured.id.clone();
        let connection = Connection::start(configured, self.context.clone());
        state.connections.insert(id, connection);
        Ok(())
    }

    /// Finds out what a connection string leads to. Holds nobody up meanwhile.
    async fn check(&self, text: &Secret) -> Result<Response, RequestError> {
        let configured = configured_by(text)?;
        let already_added = {
            let state = self.state.lock().await;
            state.refuse_while_stopping()?;
            state.connections.contains_key(&configured.id)
        };
        let network = self.network.borrow().clone();
        let policy = self.policy.borrow().clone();
        let check = check::look(&network, &policy, &configured, already_added).await;
        Ok(Response::Checked { check: Box::new(check) })
    }

    async fn check_endpoint(
        &self,
        selector: &ConnectionSelector,
    ) -> Result<Response, RequestError> {
        let state = self.state.lock().await;
        state.refuse_while_stopping()?;
        let id = state.find(selector)?;
        let refused = |text: String| RequestError::new(ErrorCode::Other, text);
        let Some(endpoint) = self.hub.connection(&id).and_then(|view| view.endpoint) else {
            let text = format!("the endpoint of {id} is not known yet: Azure has not named it");
            return Err(refused(text));
        };
        self.policy.borrow().permits(&endpoint).map_err(|fault| refused(fault.to_string()))?;
        if let Some(connection) = state.connections.get(&id) {
            connection.send(Command::CheckEndpoint).await;
        }
        Ok(Response::Done)
    }

    async fn remove(&self, selector: &ConnectionSelector) -> Result<Response, RequestError> {
        let mut state = self.state.lock().await;
        state.refuse_while_stopping()?;
        let id = state.find(selector)?;
        let gone = id.clone();
        self.save(move |list| list.retain(|known| known.id != gone)).await?;
        if let Some(connection) = state.connections.remove(&id) {
            let (done, removed) = oneshot::channel();
            connection.send(Command::Remove(done)).await;
            // An error means that the task has ended already.
            removed.await.unwrap_or_default();
        }
        info!(connection = %id, "removed");
        Ok(Response::Connection { id })
    }

    async fn set_desired(
        &self,
        selector: &ConnectionSelector,
        desired: Desired,
    ) -> Result<Response, RequestError> {
        let state = self.state.lock().await;
        state.refuse_while_stopping()?;
        let id = state.find(selector)?;
        let which = id.clone();
        self.save(move |list| {
            if let Some(known) = list.iter_mut().find(|known| known.id == which) {
                known.desired = desired;
            }
        })
        .await?;
        if let Some(connection) = state.connections.get(&id) {
            connection.send(switch(desired, &state.settings)).await;
        }
        info!(connection = %id, ?desired, "switched");
        Ok(Response::Connection { id })
    }

    async fn command(
        &self,
        selector: &ConnectionSelector,
        command: Command,
    ) -> Result<Response, RequestError> {
        let state = self.state.lock().await;
        state.refuse_while_stopping()?;
        let id = state.find(selector)?;
        self.network.borrow().try_refused_password();
        if let Some(connection) = state.connections.get(&id) {
            connection.send(command).await;
        }
        Ok(Response::Connection { id })
    }

    async fn save(
        &self,
        change: impl FnOnce(&mut Vec<HybridConnection>) + Send + 'static,
    ) -> Result<(), RequestError> {
        on_disk(&self.hub, &self.store, move |store| store.update_connections(change)).await
    }

    /// Whether it takes requests: waits until the one before is done.
    pub(super) async fn responds(&self) {
        drop(self.state.lock().await);
    }

    /// The longest time that [`Self::stop`] takes if nobody hurries.
    pub(super) async fn stop_limit(&self) -> Duration {
        drain_limit(&self.state.lock().await.settings)
            + CLOSE_LIMIT
            + LAST_WRITE.max(remember::LAST_WRITE)
    }

    /// Ends all connections; see [`super::Service::stop`].
    pub(super) async fn stop(&self, hurry: impl Future<Output = ()>) {
        let mut state = self.state.lock().await;
        state.stopping = true;
        // Before the first channel closes: whoever asks whether it is ready hears no from now on.
        let open = self.hub.open_streams();
        self.hub.update_service(|service| service.draining = Some(open));
        let drain = drain_limit(&state.settings);
        let mut connections: Vec<_> =
            std::mem::take(&mut state.connections).into_values().collect();
        drop(state);
        for connection in &connections {
            connection.send(Command::Shutdown(drain)).await;
        }
        let all_ended = async {
            for connection in &mut connections {
                connection.ended().await;
            }
            connections.clear();
            self.context.channels.close();
            if timeout(CLOSE_LIMIT, self.context.channels.wait()).await.is_err() {
                warn!("Azure did not answer the end of every channel");
            }
        };
        tokio::select! {
            () = all_ended => {}
            () = self.tell_drain() => {}
            () = hurry => {
                warn!("not waiting for the open streams any longer");
                // Else a stream that is cut short would look complete to its endpoint.
                join_all(connections.into_iter().map(Connection::end_at_once)).await;
            }
        }
        self.upgrades.stop().await;
        tokio::join!(self.keeper.finish(), self.events.finish());
    }

    /// Tells programs and the log how many streams are waited for, until cancelled.
    async fn tell_drain(&self) {
        let mut news = interval(DRAIN_NEWS);
        let mut logged = None;
        loop {
            news.tick().await;
            let open = self.hub.open_streams();
            self.hub.update_service(|service| service.draining = Some(open));
            if open > 0 && logged != Some(open) {
                info!(streams = open, "waiting for open streams to end");
                logged = Some(open);
            }
        }
    }
}

impl State {
    fn refuse_while_stopping(&self) -> Result<(), RequestError> {
        if self.stopping {
            return Err(RequestError::new(ErrorCode::Stopping, "the service is stopping"));
        }
        Ok(())
    }

    fn find(&self, selector: &ConnectionSelector) -> Result<ConnectionId, RequestError> {
        let ids = || self.connections.keys();
        if let Some(exact) = ids().find(|id| selector.is_exactly(id)) {
            return Ok(exact.clone());
        }
        let matching: Vec<_> = ids().filter(|id| selector.matches(id)).collect();
        match matching.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let known: Vec<_> = ids().take(10).map(ConnectionId::short).collect();
                let known = match known.is_empty() {
                    true => "no connection is configured".to_owned(),
                    false => format!("there are: {}", known.join(", ")),
                };
                let message = format!("there is no connection {selector}; {known}");
                Err(RequestError::new(ErrorCode::NotFound, message))
            }
            several => {
                let full: Vec<_> = several.iter().map(|id| id.full()).collect();
                let message =
                    format!("{selector} may mean {}; name the whole host", full.join(" or "));
                Err(RequestError::new(ErrorCode::Ambiguous, message))
            }
        }
    }

    fn settings_response(&self) -> Response {
        let value = |name: &&str| Some(((*name).to_owned(), self.settings.get(name).ok()?));
        Response::Settings { settings: Settings::NAMES.iter().filter_map(value).collect() }
    }
}

fn configured_by(text: &Secret) -> Result<HybridConnection, RequestError> {
    let parsed = ConnectionString::parse(text.expose()).map_err(|error| {
        RequestError::new(ErrorCode::InvalidConnectionString, error.to_string()).about(error.part())
    })?;
    Ok(parsed.into_connection())
}

/// What makes a connection what is wanted of it.
fn switch(desired: Desired, settings: &Settings) -> Command {
    match desired {
        Desired::Enabled => Command::Enable,
        Desired::Disabled => Command::Disable(drain_limit(settings)),
    }
}

fn drain_limit(settings: &Settings) -> Duration {
    Duration::from_secs(settings.service.drain_seconds.into())
}

fn lock(store: &StdMutex<Store>) -> std::sync::MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs file work where it may block. Whether the disk takes what is written is a fault of
/// the service, until it does again.
async fn on_disk<T: Send + 'static>(
    hub: &Hub,
    store: &Arc<StdMutex<Store>>,
    work: impl FnOnce(&mut Store) -> Result<T, SaveError> + Send + 'static,
) -> Result<T, RequestError> {
    let not_saved = |error: &dyn Display| RequestError::new(ErrorCode::NotSaved, error.to_string());
    let store = store.clone();
    let work = move || {
        let mut store = lock(&store);
        let before = store.writes();
        let done = work(&mut store);
        (done, store.writes() > before)
    };
    let (done, has_written) = spawn_blocking(work).await.map_err(|error| not_saved(&error))?;
    let fault = match &done {
        // Where nothing had to be written, that says nothing about the disk.
        Ok(_) if !has_written => return done.map_err(|error| not_saved(&error)),
        Ok(_) => None,
        Err(error @ SaveError::NotWritten { .. }) => {
            Some(Fault::new(FaultCode::NotWritten, error.to_string()))
        }
        // Nor does this.
        Err(error) => return Err(not_saved(error)),
    };
    hub.update_service(|service| {
        service.faults.retain(|known| match known.code {
            FaultCode::NotWritten => false,
            FaultCode::HomeReadOnly => !has_written,
            _ => true,
        });
        service.faults.extend(fault);
    });
    done.map_err(|error| not_saved(&error))
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;
    use crate::model::sample;
    use crate::platform::Paths;
    use crate::upgrade::TrustedKeys;

    #[tokio::test]
    async fn one_that_is_stuck_in_a_request_does_not_respond() {
        let home = tempfile::tempdir().unwrap();
        let opened = Store::open(&Paths::in_home(home.path()).unwrap(), None).unwrap();
        let hub = Arc::new(Hub::new(sample::service()));
        let keys = TrustedKeys::built_in();
        let upgrades = Upgrades::new(Arc::clone(&hub), home.path(), &opened.settings, keys, None);
        let (logs, policy) = (LogHub::default(), Policy::default());
        let events = EventsFile::in_home(home.path());
        let supervisor = Supervisor::start(opened, hub, logs, policy, upgrades, events);
        supervisor.responds().await;
        let stuck = supervisor.state.lock().await;
        let mut responds = std::pin::pin!(supervisor.responds());
        assert!(poll!(&mut responds).is_pending());
        drop(stuck);
        responds.await;
    }
}
