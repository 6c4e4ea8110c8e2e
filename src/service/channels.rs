//! The channels at which programs are let in: one for those who manage the service, and one
//! at which every account of this machine reads the status, for as long as the setting
//! `service.status_for_all` says so.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::logs::LogHub;
use super::readers::{Full, Readers};
use super::session;
use super::supervisor::Supervisor;
use crate::ipc::protocol::{ErrorCode, RequestError};
use crate::ipc::{Address, Incoming, Listener};
use crate::model::{Fault, FaultCode};

/// The wait before programs are let in again after that has failed: file descriptors
/// may have run out for a while.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// The wait before the name of the status channel is tried again that another program has.
const TAKEN_PAUSE: Duration = Duration::from_secs(60);

/// The programs that are attached, and what they are served with.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) logs: LogHub,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Sessions {
    /// Lets in those who manage the service.
    pub(super) fn let_managers_in(&self, listener: Listener) {
        let sessions = self.clone();
        self.tasks.spawn(async move {
            sessions.accept(&listener, |incoming| sessions.serve(incoming, ())).await;
        });
    }

    /// Lets in those who read the status, at once and whenever the setting allows it.
    pub(super) fn let_readers_in(&self, address: Address) {
        let wanted = self.supervisor.status_for_all();
        let mut status = StatusChannel { address, wanted, sessions: self.clone() };
        let listener = status.is_wanted().then(|| status.open()).flatten();
        self.tasks.spawn(async move { status.run(listener).await });
    }

    /// Lets programs in until the service ends.
    async fn accept(&self, listener: &Listener, let_in: impl Fn(Incoming)) {
        while let Some(accepted) = self.while_running(listener.accept()).await {
            match accepted {
                Ok(incoming) => let_in(incoming),
                Err(error) => {
                    warn!(%error, "the local channel takes no programs for now");
                    if self.while_running(sleep(ACCEPT_PAUSE)).await.is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// Serves a program, which holds `place` as long as it is attached.
    fn serve(&self, incoming: Incoming, place: impl Send + 'static) {
        let Self { supervisor, logs, stop, tasks } = self.clone();
        tasks.spawn(async move {
            session::run(incoming, supervisor, logs, stop).await;
            drop(place);
        });
    }

    /// What comes of `doing`; nothing once these sessions are to end.
    async fn while_running<T>(&self, doing: impl Future<Output = T>) -> Option<T> {
        self.stop.run_until_cancelled(doing).await
    }
}

/// The channel for those who read the status.
struct StatusChannel {
    address: Address,
    wanted: watch::Receiver<bool>,
    sessions: Sessions,
}

impl StatusChannel {
    fn is_wanted(&mut self) -> bool {
        *self.wanted.borrow_and_update()
    }

    /// Goes on until the service ends. Has `listener` open already, where it could be opened.
    async fn run(mut self, mut listener: Option<Listener>) {
        loop {
            if let Some(open) = listener.take() {
                self.serve_while_wanted(open).await;
            } else if self.is_wanted() {
                // Whoever has the name may go, and the setting may change.
                let pause = timeout(TAKEN_PAUSE, self.wanted.changed());
                if self.sessions.stop.run_until_cancelled(pause).await.is_none() {
                    return;
                }
            }
            if !self.is_wanted() {
                self.tell(None);
            }
            if !self.until_wanted().await {
                return;
            }
            listener = self.open();
        }
    }

    /// Waits until the setting wants this channel; false when the service ends instead.
    async fn until_wanted(&mut self) -> bool {
        let wanted = self.wanted.wait_for(|wanted| *wanted);
        matches!(self.sessions.stop.run_until_cancelled(wanted).await, Some(Ok(_)))
    }

    /// Lets readers in until the setting takes that away or the service ends; then all go.
    async fn serve_while_wanted(&mut self, listener: Listener) {
        let stop = self.sessions.stop.child_token();
        let readers = Sessions { stop: stop.clone(), ..self.sessions.clone() };
        let places = Readers::default();
        let let_in = |incoming: Incoming| match places.take(incoming.peer().uid) {
            Ok(place) => readers.serve(incoming, place),
            Err(full) => turn_away(&readers, incoming, full),
        };
        tokio::select! {
            () = readers.accept(&listener, let_in) => {}
            switched = self.wanted.wait_for(|wanted| !wanted) => if switched.is_ok() {
                info!("other accounts do not read the status any more");
            },
        }
        // No new one comes while those that are there go.
        drop(listener);
        stop.cancel();
    }

    /// Opens the channel; without it the service goes on and says so.
    fn open(&self) -> Option<Listener> {
        match Listener::bind_for_status(&self.address) {
            Ok(listener) => {
                self.tell(None);
                Some(listener)
            }
            Err(error) => {
                self.tell(Some(Fault::new(FaultCode::StatusChannelClosed, error.to_string())));
                None
            }
        }
    }

    /// Tells whether something keeps the channel from being open.
    fn tell(&self, fault: Option<Fault>) {
        self.sessions.supervisor.hub().set_fault(FaultCode::StatusChannelClosed, fault);
    }
}

fn turn_away(readers: &Sessions, incoming: Incoming, full: Full) {
    debug!(peer = %incoming.peer(), %full, "too many programs read the status");
    let error = RequestError::new(ErrorCode::Denied, full.to_string());
    readers.tasks.spawn(incoming.turn_away(error));
}
