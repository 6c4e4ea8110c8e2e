//! One connection: a task that owns its state and makes it so.

mod channel;
mod events;
mod facts;
mod machine;
mod policy;
mod publish;
mod streams;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::{debug, info, warn};

use self::channel::{Channel, Report};
use self::events::History;
use self::machine::{Effect, Event, Machine};
use self::streams::Streams;
use super::hub::Hub;
use super::metrics::Registry;
use super::places::Places;
use super::remember::Past;
use crate::ipc::protocol;
use crate::model::{
    AzureFacts, AzureResource, ConnectionEvent, ConnectionId, ConnectionStatus, ConnectionView,
    Credential, Desired, Endpoint, EventKind, Fault, FaultCode, HybridConnection, Policy, Proxy,
    Reachability,
};
use crate::network::Network;
use crate::relay::TrackingId;
use crate::relay::management::Description;
use crate::relay::rendezvous::Dialled;

/// Messages that wait for the task.
const BACKLOG: usize = 256;

/// What is asked of a connection.
#[derive(Debug)]
pub(super) enum Command {
    /// The user wants it to listen.
    Enable,
    /// The user wants it to stop listening, and its streams to end within the time given.
    Disable(Duration),
    /// A fresh channel.
    Restart,
    /// No more waiting.
    TryNow,
    /// The machine has slept, or its network has changed: no more waiting, and an open
    /// channel has to prove that it is alive.
    SystemChanged,
    /// A dial of the endpoint now.
    CheckEndpoint,
    /// Another key, which a fresh channel proves; and where it is in Azure, if that is
    /// known now.
    SetCredential(Credential, Option<Box<AzureResource>>),
    /// Stop listening, and let the streams end within the time given.
    Shutdown(Duration),
    /// End everything at once.
    Remove(oneshot::Sender<()>),
}

/// What a connection tells the supervisor, which keeps it on disk.
#[derive(Debug)]
pub(super) struct Learned {
    /// Which connection.
    pub(super) id: ConnectionId,
    /// The endpoint that Azure names.
    pub(super) endpoint: Endpoint,
}

/// What every connection needs of the service.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Where views are published.
    pub(super) hub: Arc<Hub>,
    /// The way to Azure; a change makes waiting connections try again.
    pub(super) network: watch::Receiver<Network>,
    /// What this machine allows; a change counts at once.
    pub(super) policy: watch::Receiver<Arc<Policy>>,
    /// Where endpoints are kept.
    pub(super) learned: mpsc::Sender<Learned>,
    /// What is counted of each, for the metrics.
    pub(super) meters: Arc<Registry>,
    /// What happened before this service began.
    pub(super) past: Past,
    /// What there is place for.
    pub(super) places: Arc<Places>,
    /// The tasks of all channels, which take a moment to close.
    pub(super) channels: TaskTracker,
}

/// A running connection. Dropping it ends the task without ceremony.
#[derive(Debug)]
pub(super) struct Connection {
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Starts `configured`.
    pub(super) fn start(configured: HybridConnection, context: Context) -> Self {
        let (commands, receiver) = mpsc::channel(BACKLOG);
        let task = tokio::spawn(Actor::new(configured, context).run(receiver));
        Self { commands, task }
    }

    /// Asks for something; false when the connection is gone.
    pub(super) async fn send(&self, command: Command) -> bool {
        self.commands.send(command).await.is_ok()
    }

    /// Waits until the task has ended. Cancel-safe.
    pub(super) async fn ended(&mut self) {
        // Its commands stay open meanwhile: to close them would end it at once.
        if let Err(error) = (&mut self.task).await {
            warn!(%error, "a connection's task failed");
        }
    }

    /// Ends it and its streams at once, and waits for that.
    pub(super) async fn end_at_once(self) {
        let Self { commands, mut task } = self;
        drop(commands);
        // It may have ended before, and said so.
        if !task.is_finished() {
            (&mut task).await.unwrap_or_default();
        }
    }
}

/// What reaches the task from its own helpers.
#[derive(Debug)]
enum Note {
    Channel {
        generation: u64,
        report: Report,
    },
    Described(Box<Result<Description, Fault>>),
    /// How the endpoint answered a stream, or a check of its own.
    Dialled {
        endpoint: Endpoint,
        dialled: Dialled,
        for_stream: bool,
    },
    StreamFailed(Fault),
    /// What happened before this service began.
    Past(Vec<ConnectionEvent>),
    Drained {
        drain: u64,
    },
}

struct Actor {
    id: ConnectionId,
    credential: Credential,
    tracking: TrackingId,
    context: Context,
    machine: Machine,
    drain: Duration,
    streams: Arc<Streams>,
    azure: Option<AzureFacts>,
    resource: Option<AzureResource>,
    reachability: Option<Reachability>,
    history: History,
    channel: Option<Channel>,
    /// The proxy that it goes through.
    through: Option<Proxy>,
    /// Its channels, those that are being closed too.
    channels: TaskTracker,
    generation: u64,
    /// Helpers that end with what they are for; a new one takes the place of the last.
    draining: Option<AbortOnDropHandle<()>>,
    describing: Option<AbortOnDropHandle<()>>,
    checking: Option<AbortOnDropHandle<()>>,
    /// The fault that the log knows of.
    logged: Option<FaultCode>,
    wake_at: Option<Instant>,
    describe_at: Option<Instant>,
    check_at: Option<Instant>,
    publish_at: Option<Instant>,
    notes: mpsc::Sender<Note>,
    inbox: mpsc::Receiver<Note>,
    shown: Option<ConnectionView>,
    /// Something besides the traffic waits to be published.
    dirty: bool,
    stopping: bool,
}

impl Actor {
    fn new(configured: HybridConnection, mut context: Context) -> Self {
        context.network.mark_unchanged(); // an earlier change is no news to this one
        context.policy.mark_unchanged();
        let (notes, inbox) = mpsc::channel(BACKLOG);
        let channels = TaskTracker::new();
        channels.close(); // waiting for it means waiting for those that there are
        let streams = Streams::new(
            configured.id.clone(),
            configured.last_endpoint.clone(),
            context.network.clone(),
            context.policy.clone(),
            notes.clone(),
            context.places.clone(),
        );
        context.meters.register(&configured.id, &streams.counters);
        Self {
            id: configured.id,
            credential: configured.credential,
            tracking: TrackingId::random(),
            context,
            machine: Machine::new(),
            drain: Duration::ZERO,
            streams: Arc::new(streams),
            azure: None,
            resource: configured.resource,
            reachability: None,
            history: History::default(),
            channel: None,
            through: None,
            channels,
            generation: 0,
            draining: None,
            describing: None,
            checking: None,
            logged: None,
            wake_at: None,
            describe_at: None,
            check_at: None,
            publish_at: None,
            notes,
            inbox,
            shown: None,
            dirty: false,
            stopping: false,
        }
        .begin(configured.desired)
    }

    fn begin(mut self, desired: Desired) -> Self {
        self.hear_of_past();
        if desired == Desired::Enabled {
            self.step(Event::Enable);
        }
        self.publish();
        self
    }

    /// Hears of what was before as soon as that has been read.
    fn hear_of_past(&self) {
        let (past, id) = (self.context.past.clone(), self.id.clone());
        let notes = self.notes.clone();
        tokio::spawn(async move {
            let events = past.take(&id).await;
            if !events.is_empty() {
                notes.send(Note::Past(events)).await.unwrap_or_default();
            }
        });
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut network = self.context.network.clone();
        let mut policy = self.context.policy.clone();
        loop {
            let next = [self.wake_at, self.describe_at, self.check_at, self.publish_at]
                .into_iter()
                .flatten()
                .min();
            let streams = self.streams.clone();
            let flow = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command).await,
                    None => {
                        self.end_at_once().await;
                        ControlFlow::Break(())
                    }
                },
                Some(note) = self.inbox.recv() => self.on_note(note),
                Ok(()) = network.changed() => {
                    self.step(self.change_of_network());
                    self.publish();
                    ControlFlow::Continue(())
                }
                Ok(()) = policy.changed() => {
                    self.obey_policy();
                    self.publish();
                    ControlFlow::Continue(())
                }
                () = streams.counters.streams_changed() => {
                    self.publish_soon();
                    ControlFlow::Continue(())
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    self.on_time();
                    ControlFlow::Continue(())
                }
            };
            if flow.is_break() {
                return;
            }
        }
    }

    async fn on_command(&mut self, command: Command) -> ControlFlow<()> {
        match command {
            Command::Enable => {
                self.step(Event::Enable);
                self.check_failed_endpoint();
            }
            Command::Disable(drain) => {
                self.drain = drain;
                self.check_at = None;
                self.step(Event::Disable);
            }
            Command::Restart => {
                self.history.note(EventKind::Restarted);
                self.step(Event::Restart);
            }
            Command::TryNow => {
                self.step(Event::TryNow);
                self.check_failed_endpoint();
            }
            Command::SystemChanged => {
                self.step(Event::SystemChanged);
                self.check_failed_endpoint();
                if let (ConnectionStatus::Connected { .. }, Some(channel)) =
                    (self.machine.status(), &self.channel)
                {
                    channel.doubt();
                }
            }
            Command::CheckEndpoint => self.check_endpoint(),
            Command::SetCredential(credential, resource) => {
                self.credential = credential;
                self.resource = resource.map(|it| *it).or(self.resource.take());
                self.history.note(EventKind::KeyReplaced);
                self.step(Event::Restart);
            }
            Command::Shutdown(drain) => {
                self.drain = drain;
                self.stopping = true;
                self.step(Event::Shutdown);
                if *self.machine.status() == ConnectionStatus::Disabled {
                    return ControlFlow::Break(());
                }
            }
            Command::Remove(done) => {
                self.context.hub.publish(protocol::Event::Removed { id: self.id.clone() });
                done.send(()).unwrap_or_default();
                self.end_at_once().await;
                return ControlFlow::Break(());
            }
        }
        self.publish();
        ControlFlow::Continue(())
    }

    fn on_note(&mut self, note: Note) -> ControlFlow<()> {
        match note {
            // What an earlier attempt or drain had to say is void.
            Note::Channel { generation: of, .. } | Note::Drained { drain: of }
                if of != self.generation => {}
            Note::Channel { report, .. } => self.on_report(report),
            Note::Described(described) => self.on_described(*described),
            Note::Dialled { endpoint, dialled, for_stream } => {
                // What was found out about an earlier endpoint is void.
                if self.streams.endpoint() == Some(endpoint) {
                    self.on_dialled(dialled);
                    self.publish_soon();
                }
                // Streams may come by the thousand, checks do not.
                if for_stream {
                    return ControlFlow::Continue(());
                }
            }
            Note::StreamFailed(fault) => {
                self.history.note_failed_stream(&fault);
                self.publish_soon();
                return ControlFlow::Continue(());
            }
            Note::Past(events) => self.history.put_before(events),
            Note::Drained { .. } => {
                self.step(Event::Drained);
                if self.stopping {
                    return ControlFlow::Break(());
                }
            }
        }
        self.publish();
        ControlFlow::Continue(())
    }

    fn on_report(&mut self, report: Report) {
        let meters = self.streams.counters.meters();
        match report {
            Report::Opened { gateway } => {
                meters.opened.add();
                self.history.note(EventKind::Connected { gateway: gateway.clone() });
                self.step(Event::Opened { gateway });
                self.logged = None;
                self.describe();
            }
            Report::Failed(fault) => {
                meters.not_opened.add(fault.code);
                self.step(Event::Failed(fault));
                self.obey_policy();
            }
            Report::Lost(fault) => {
                meters.lost.add(fault.code);
                // The count had this listener in it.
                if let Some(azure) = &mut self.azure {
                    azure.listener_count = None;
                }
                self.step(Event::Lost(fault));
            }
        }
    }

    /// Takes an event through the machine and carries its effects out.
    fn step(&mut self, event: Event) {
        let before = self.machine.status().label();
        let retrying = matches!(event, Event::TimeUp);
        let fault = match &event {
            Event::Failed(fault) | Event::Lost(fault) | Event::Denied(fault) => Some(fault.clone()),
            _ => None,
        };
        let effects = self.machine.on(event, Timestamp::now(), fastrand::f64());
        if let Some(fault) = fault {
            self.history.note_fault(&fault, self.machine.status());
            self.log_fault(&fault);
        } else if before != self.machine.status().label() && !retrying {
            info!(connection = %self.id, status = %self.machine.status().label(), "status");
        }
        for effect in effects {
            self.carry_out(effect);
        }
    }

    /// One line for each new kind of fault, the rest for those who look closely.
    fn log_fault(&mut self, fault: &Fault) {
        let is_new = self.logged.replace(fault.code) != Some(fault.code);
        let advice = fault.code.advice();
        let tracking = fault.tracking_id.as_deref();
        if fault.code == FaultCode::Recycled {
            info!(connection = %self.id, tracking, "{fault}");
        } else if is_new {
            warn!(connection = %self.id, code = %fault.code, tracking, advice, "{fault}");
        } else {
            debug!(connection = %self.id, code = %fault.code, tracking, "{fault}");
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Open => self.open(),
            Effect::Close => {
                self.generation += 1;
                self.wake_at = None;
                self.describe_at = None;
                self.describing = None;
                self.channel = None;
            }
            Effect::Drain => {
                let channels = self.channels.clone();
                let closed = async move { channels.wait().await };
                let drained = self.streams.clone().drain(closed, self.drain);
                let (drain, notes) = (self.generation, self.notes.clone());
                self.draining = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                    drained.await;
                    notes.send(Note::Drained { drain }).await.unwrap_or_default();
                })));
            }
            Effect::WakeAt(at) => {
                let wait = at.duration_since(Timestamp::now());
                let wait = if wait.is_negative() { Duration::ZERO } else { wait.unsigned_abs() };
                self.wake_at = Some(Instant::now() + wait);
            }
        }
    }

    /// What another way to Azure means: a channel that goes through another proxy than it would now
    /// is opened anew.
    fn change_of_network(&self) -> Event {
        let is_connected = matches!(self.machine.status(), ConnectionStatus::Connected { .. });
        if is_connected && self.proxy() != self.through {
            info!(connection = %self.id, "the proxy is another one: opening the channel anew");
            return Event::Restart;
        }
        Event::NetworkChanged
    }

    /// The proxy on the way to the namespace.
    fn proxy(&self) -> Option<Proxy> {
        let namespace = self.id.namespace();
        self.context.network.borrow().proxies().decide(namespace.host(), namespace.port()).proxy
    }

    /// Begins to listen, if that is allowed.
    fn open(&mut self) {
        self.draining = None;
        self.wake_at = None;
        self.generation += 1;
        if let Some(fault) = self.denied() {
            return self.deny_and_look_again(fault);
        }
        self.streams.admit();
        self.through = self.proxy();
        self.channel = Some(Channel::open(
            self.generation,
            &self.id,
            &self.credential,
            &self.tracking,
            self.context.network.borrow().clone(),
            self.context.policy.clone(),
            self.streams.clone(),
            self.notes.clone(),
            [&self.channels, &self.context.channels],
        ));
    }

    fn on_time(&mut self) {
        let now = Instant::now();
        if self.wake_at.is_some_and(|at| at <= now) {
            self.wake_at = None;
            self.step(Event::TimeUp);
            self.publish();
        }
        if self.describe_at.is_some_and(|at| at <= now) {
            self.describe();
        }
        if self.check_at.is_some_and(|at| at <= now) {
            self.check_failed_endpoint();
        }
        if self.publish_at.is_some_and(|at| at <= now) {
            self.publish_traffic();
        }
    }

    async fn end_at_once(&mut self) {
        self.channel = None;
        self.draining = None;
        self.streams.cut().await;
    }
}

#[cfg(test)]
mod tests;
