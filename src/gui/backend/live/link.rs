//! The channel to the service: called, kept, and called again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Outbox;
use super::known::Known;
use crate::gui::backend::News;
use crate::gui::state::{Link, LinkProblem};
use crate::ipc::protocol::Request;
use crate::ipc::{Address, Channels, Client, ClientError, ConnectError, Push, Pushes, Requester};

/// The name by which the window says hello.
const PROGRAM: &str = "hybrid-connection-manager-gui";
/// Pauses between calls; the last one again and again. A call on this machine costs nothing.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(400), Duration::from_millis(800)];
/// How often a quiet service is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(4);

/// Whose service is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    services: Vec<Channels>,
    is_demo: bool,
}

/// Steers the channel, and asks through it.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    own: Vec<Channels>,
    target: watch::Sender<Target>,
    now: Arc<Notify>,
    requester: watch::Receiver<Option<Requester>>,
}

impl Handle {
    /// The way to ask, while there is one.
    pub(super) fn requester(&self) -> Option<Requester> {
        self.requester.borrow().clone()
    }

    /// Cuts the pause between two calls short.
    pub(super) fn call_now(&self) {
        self.now.notify_one();
    }

    /// Shows the service of the demo, or that of this machine again.
    pub(super) fn turn_to_demo(&self, channel: Option<Address>) {
        let is_demo = channel.is_some();
        let services = channel.map_or_else(|| self.own.clone(), |channel| vec![channel.into()]);
        self.target.send_replace(Target { services, is_demo });
    }
}

/// Keeps a channel to the first of `services` that answers, and tells what flows over it.
pub(super) fn keep(services: Vec<Channels>, outbox: Outbox) -> Handle {
    let own = services.clone();
    let (target, targets) = watch::channel(Target { services, is_demo: false });
    let (slot, requester) = watch::channel(None);
    let now = Arc::new(Notify::new());
    let keeper = Keeper { targets, slot, now: now.clone(), outbox, told: None };
    tokio::spawn(keeper.run());
    Handle { own, target, now, requester }
}

struct Keeper {
    targets: watch::Receiver<Target>,
    slot: watch::Sender<Option<Requester>>,
    now: Arc<Notify>,
    outbox: Outbox,
    /// The last that was told of a channel that is not there.
    told: Option<LinkProblem>,
}

impl Keeper {
    async fn run(mut self) {
        let mut is_demo = false;
        let mut pauses = PAUSES.iter().copied();
        loop {
            let target = self.targets.borrow_and_update().clone();
            if target.is_demo != is_demo {
                is_demo = target.is_demo;
                let news = if is_demo { News::DemoStarted } else { News::DemoEnded };
                self.outbox.tell(news).await;
                self.told = None;
            }
            let connected = tokio::select! {
                connected = Client::connect_first(&target.services, PROGRAM) => connected,
                changed = self.targets.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            };
            match connected {
                Ok(client) => {
                    pauses = PAUSES.iter().copied();
                    match self.attend(client).await {
                        Attended::Lost(problem) => self.tell_down(problem).await,
                        Attended::Turned => continue,
                        Attended::Over => return,
                    }
                }
                Err(error) => self.tell_down(problem(error)).await,
            }
            let pause = pauses.next().unwrap_or(PAUSES[PAUSES.len() - 1]);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.now.notified() => {}
                changed = self.targets.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn tell_down(&mut self, problem: LinkProblem) {
        if self.told.as_ref() != Some(&problem) {
            self.told = Some(problem.clone());
            let link = Link::Down { since: Timestamp::now(), problem };
            self.outbox.tell(News::Link(link)).await;
        }
    }

    /// Tells what the service tells, for as long as it does.
    async fn attend(&mut self, client: Client) -> Attended {
        let (version, access) = (client.server().version.clone(), client.access());
        let (requester, pushes) = client.into_parts();
        self.told = None;
        self.slot.send_replace(Some(requester.clone()));
        self.outbox.tell(News::Link(Link::Up { version, access })).await;
        let attended = tokio::select! {
            problem = follow(&requester, pushes, &self.outbox) => Attended::Lost(problem),
            problem = watch_over(&requester, &self.outbox) => Attended::Lost(problem),
            changed = self.targets.changed() => match changed {
                Ok(()) => Attended::Turned,
                Err(_) => Attended::Over,
            },
        };
        self.slot.send_replace(None);
        attended
    }
}

/// Why a channel is left.
enum Attended {
    Lost(LinkProblem),
    /// Another service is to be shown.
    Turned,
    /// The window ends.
    Over,
}

/// Passes on what the service pushes, each change once and in its order.
async fn follow(requester: &Requester, mut pushes: Pushes, outbox: &Outbox) -> LinkProblem {
    subscribe(requester);
    let mut revision = None;
    let mut known = Known::default();
    loop {
        let push = match pushes.next().await {
            Ok(push) => push,
            Err(error) => return lost(&error),
        };
        match (&push, revision) {
            (Push::Snapshot(snapshot), _) => revision = Some(snapshot.revision),
            (Push::Event { revision: next, .. }, Some(have)) if *next == have + 1 => {
                revision = Some(*next);
            }
            // A fresh snapshot is on its way.
            (Push::Event { .. }, None) => continue,
            // The state has this change already.
            (Push::Event { revision: next, .. }, Some(have)) if *next <= have => continue,
            (Push::Event { .. }, _) => {
                // A change is missing: a fresh snapshot brings everything.
                revision = None;
                subscribe(requester);
                continue;
            }
            (Push::Diagnosis { .. }, _) => {}
            (Push::Log(_), _) => continue,
        }
        if known.is_traffic_alone(&push) {
            outbox.tell_in_passing(News::Push(push)).await;
        } else {
            outbox.tell(News::Push(push)).await;
        }
    }
}

/// Asks for a snapshot and what follows it. A refusal is seen by the channel's end.
fn subscribe(requester: &Requester) {
    let requester = requester.clone();
    tokio::spawn(async move {
        if let Err(error) = requester.request(Request::Subscribe).await {
            tracing::warn!(%error, "the service does not tell its state");
        }
    });
}

/// A service that hangs looks like a quiet one, unless it is asked.
async fn watch_over(requester: &Requester, outbox: &Outbox) -> LinkProblem {
    let mut ticks = interval(PING_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match requester.ping().await {
            // An older service does not know the question, and has answered all the same.
            Ok(()) | Err(ClientError::Refused(_)) => {}
            // A window that does not draw takes no news; that says nothing of the service.
            Err(ClientError::TimedOut(_)) if outbox.is_full() => {}
            Err(error) => return lost(&error),
        }
    }
}

fn lost(error: &ClientError) -> LinkProblem {
    match error {
        ClientError::TimedOut(_) => LinkProblem::Hung,
        ClientError::Lost(reason) => LinkProblem::Lost(reason.clone()),
        ClientError::Refused(error) => LinkProblem::Lost(error.message.clone()),
        ClientError::NotUnderstood(_) => LinkProblem::SomethingElse(error.to_string()),
    }
}

fn problem(error: ConnectError) -> LinkProblem {
    match error {
        ConnectError::NoService(_) => LinkProblem::NotRunning,
        ConnectError::NoAnswer { .. } => LinkProblem::Hung,
        ConnectError::VersionMismatch(text) => LinkProblem::OtherVersion(text),
        error @ ConnectError::NotAllowed { .. } => LinkProblem::NotAllowed(error.to_string()),
        error @ (ConnectError::NotOurs { .. }
        | ConnectError::SomethingElse { .. }
        | ConnectError::Io { .. }) => LinkProblem::SomethingElse(error.to_string()),
    }
}
