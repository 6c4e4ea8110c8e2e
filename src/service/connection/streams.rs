//! The streams of a connection, which outlive the channel that announced them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug, debug_span};

use super::Note;
use crate::model::{ConnectionId, Endpoint};
use crate::relay::control::Accept;
use crate::relay::rendezvous::{self, StreamEnd};
use crate::relay::splice::SpliceEnd;
use crate::relay::{Network, TrafficCounters};

/// How long streams that were cut get to reset their connections.
const CUT_LIMIT: Duration = Duration::from_secs(2);

/// All streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    id: ConnectionId,
    endpoint: watch::Sender<Option<Endpoint>>,
    network: watch::Receiver<Network>,
    notes: mpsc::Sender<Note>,
    tasks: TaskTracker,
    cut_all: CancellationToken,
    /// Cuts the streams that began since the last drain; a child of `cut_all`.
    cut_recent: Mutex<CancellationToken>,
    /// What they carry.
    pub(super) counters: Arc<TrafficCounters>,
}

impl Streams {
    pub(super) fn new(
        id: ConnectionId,
        endpoint: Option<Endpoint>,
        network: watch::Receiver<Network>,
        notes: mpsc::Sender<Note>,
    ) -> Self {
        let tasks = TaskTracker::new();
        tasks.close(); // waiting for it means waiting for the streams that are open
        let cut_all = CancellationToken::new();
        Self {
            id,
            endpoint: watch::Sender::new(endpoint),
            network,
            notes,
            tasks,
            cut_recent: Mutex::new(cut_all.child_token()),
            cut_all,
            counters: Arc::default(),
        }
    }

    /// Where streams go.
    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint.borrow().clone()
    }

    /// Sends new streams to `endpoint`; returns where they went before.
    pub(super) fn set_endpoint(&self, endpoint: Endpoint) -> Option<Endpoint> {
        self.endpoint.send_replace(Some(endpoint))
    }

    /// Ends all streams at once, with a reset on both sides.
    pub(super) fn cut(&self) {
        self.cut_all.cancel();
    }

    /// Lets the streams that are open end by themselves for as long as `limit`, cuts the
    /// rest, and then reports that this `drain` is over.
    pub(super) fn drain(self: Arc<Self>, drain: u64, limit: Duration, notes: mpsc::Sender<Note>) {
        let cut = {
            let mut recent = self.cut_recent.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *recent, self.cut_all.child_token())
        };
        tokio::spawn(async move {
            if timeout(limit, self.tasks.wait()).await.is_err() {
                cut.cancel();
                if timeout(CUT_LIMIT, self.tasks.wait()).await.is_err() {
                    debug!(connection = %self.id, "some streams did not end when they were cut");
                }
            }
            notes.send(Note::Drained { drain }).await.unwrap_or_default();
        });
    }

    /// Serves the stream that `accept` announces, in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, accept: Accept) {
        let streams = self.clone();
        let cut = self.cut_recent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let span = debug_span!("stream", connection = %self.id, id = %accept.id);
        self.tasks.spawn(async move { streams.carry(&accept, &cut).await }.instrument(span));
    }

    async fn carry(&self, accept: &Accept, cut: &CancellationToken) {
        let Some(endpoint) = self.endpoint() else { return };
        debug!(remote = accept.remote.as_deref().unwrap_or_default(), %endpoint, "stream");
        let network = self.network.borrow().clone();
        let notes = self.notes.clone();
        let on_dialled = move |dialled| {
            // A full inbox has news enough; the next dial tells again.
            notes.try_send(Note::Dialled(dialled)).unwrap_or_default();
        };
        let serving =
            rendezvous::serve(&network, accept, &endpoint, &self.counters, cut, on_dialled);
        match serving.await {
            StreamEnd::Carried(SpliceEnd::Finished) => debug!("finished"),
            StreamEnd::Carried(SpliceEnd::Cut) => debug!("cut"),
            StreamEnd::Carried(SpliceEnd::EndpointAborted(error)) => {
                debug!(%error, "the endpoint aborted");
            }
            StreamEnd::Carried(SpliceEnd::AzureAborted(error)) => debug!(%error, "Azure aborted"),
            StreamEnd::Refused(fault) => debug!(%fault, "refused"),
            StreamEnd::Failed(fault) => {
                debug!(%fault, "failed");
                self.notes.try_send(Note::StreamFailed(fault)).unwrap_or_default();
            }
        }
    }
}
