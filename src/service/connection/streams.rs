//! The streams of a connection, which outlive the channel that announced them.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, Span, debug, error_span};

use super::super::places::{Places, Refusal};
use super::Note;
use crate::model::{ConnectionId, Endpoint, Fault, FaultCode, Policy};
use crate::network::Network;
use crate::relay::TrafficCounters;
use crate::relay::control::Accept;
use crate::relay::rendezvous::{self, StreamEnd};
use crate::relay::splice::SpliceEnd;

/// How long streams that were cut get to reset their connections.
const CUT_LIMIT: Duration = Duration::from_secs(2);
/// How long streams are taken after this listener has left, if Azure does not say which is
/// the last.
const LAST_ANNOUNCED: Duration = Duration::from_secs(3);

/// All streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    id: ConnectionId,
    endpoint: watch::Sender<Option<Endpoint>>,
    network: watch::Receiver<Network>,
    policy: watch::Receiver<Arc<Policy>>,
    notes: mpsc::Sender<Note>,
    places: Arc<Places>,
    tasks: TaskTracker,
    /// Whether new streams are taken, and what cuts those that are open.
    gate: Mutex<Gate>,
    /// What they carry.
    pub(super) counters: Arc<TrafficCounters>,
}

#[derive(Debug, Default)]
struct Gate {
    open: bool,
    cut: CancellationToken,
    /// How often it was opened. A drain that was called off may still run on another thread for a
    /// moment, and must not shut what was opened behind it.
    epoch: u64,
}

impl Gate {
    /// Shuts it, unless it was opened anew since `epoch`; returns whether it did.
    fn shut(&mut self, epoch: u64) -> bool {
        if self.epoch == epoch {
            self.open = false;
        }
        self.epoch == epoch
    }
}

impl Streams {
    pub(super) fn new(
        id: ConnectionId,
        endpoint: Option<Endpoint>,
        network: watch::Receiver<Network>,
        policy: watch::Receiver<Arc<Policy>>,
        notes: mpsc::Sender<Note>,
        places: Arc<Places>,
    ) -> Self {
        let tasks = TaskTracker::new();
        tasks.close(); // waiting for it means waiting for the streams that are open
        Self {
            id,
            endpoint: watch::Sender::new(endpoint),
            network,
            policy,
            notes,
            places,
            tasks,
            gate: Mutex::default(),
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

    /// Takes new streams from now on, whatever a drain that has begun still does.
    pub(super) fn admit(&self) {
        let mut gate = self.gate();
        gate.open = true;
        gate.epoch += 1;
    }

    /// Takes the streams that Azure announces before `last_announced` is ready, and none after
    /// that; lets all end by themselves for as long as `limit`, and cuts the rest. Ready when
    /// all have ended; drop it, or admit again, to call the drain off.
    pub(super) fn drain(
        self: Arc<Self>,
        last_announced: impl Future<Output = ()>,
        limit: Duration,
    ) -> impl Future<Output = ()> {
        // Of this moment, and not of the first poll.
        let epoch = self.gate().epoch;
        let deadline = Instant::now() + limit;
        async move {
            // The app of one that is not taken waits until Azure gives it up.
            if timeout(LAST_ANNOUNCED.min(limit), last_announced).await.is_err() {
                debug!(connection = %self.id, "Azure may still announce streams that are not taken");
            }
            if self.gate().shut(epoch) && timeout_at(deadline, self.tasks.wait()).await.is_err() {
                self.cut_of(epoch).await;
            }
        }
    }

    /// Takes no new streams and ends the open ones at once, with a reset on both sides.
    pub(super) async fn cut(&self) {
        let epoch = self.gate().epoch;
        self.cut_of(epoch).await;
    }

    async fn cut_of(&self, epoch: u64) {
        {
            let mut gate = self.gate();
            if !gate.shut(epoch) {
                return;
            }
            std::mem::take(&mut gate.cut).cancel();
        }
        if timeout(CUT_LIMIT, self.tasks.wait()).await.is_err() {
            debug!(connection = %self.id, "some streams did not end when they were cut");
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What cuts a stream that begins now; `None` when none is taken.
    fn taken(&self) -> Option<CancellationToken> {
        let gate = self.gate();
        gate.open.then(|| gate.cut.clone())
    }

    /// Serves the stream that `accept` announces, in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, accept: Accept) {
        let Some(cut) = self.taken() else {
            return debug!(connection = %self.id, id = %accept.id, "a stream came too late");
        };
        let streams = self.clone();
        let span = self.span(&accept);
        let place = match self.places.take() {
            Ok(place) => Ok(place),
            Err(fault) => match self.places.refuse() {
                Some(refusal) => Err((fault, refusal)),
                None => return span.in_scope(|| self.not_told(&fault)),
            },
        };
        let deadline = Instant::now() + rendezvous::LIMIT;
        let served = async move {
            match place {
                Ok(_place) => streams.carry(&accept, &cut).await,
                Err((fault, refusal)) => {
                    let refusing = streams.refuse(&accept, fault, &refusal, deadline);
                    if cut.run_until_cancelled(refusing).await.is_none() {
                        streams.ended(StreamEnd::Carried(SpliceEnd::Cut));
                    }
                }
            }
        };
        self.tasks.spawn(served.instrument(span));
    }

    /// What each line of a stream carries. It lives as long as the stream, and is made whatever is
    /// logged then: the levels may change meanwhile.
    fn span(&self, accept: &Accept) -> Span {
        error_span!("stream", connection = %self.id, id = %accept.id)
    }

    /// Tells the app of a stream for which there is no place.
    async fn refuse(&self, accept: &Accept, fault: Fault, refusal: &Refusal, deadline: Instant) {
        let Some(_turn) = refusal.turn(deadline).await else {
            return self.not_told(&fault);
        };
        self.notes.try_send(Note::StreamFailed(fault.clone())).unwrap_or_default();
        let network = self.network.borrow().clone();
        self.ended(rendezvous::reject(&network, accept, fault, &self.counters, deadline).await);
    }

    /// One was refused, and there was no time to say so.
    fn not_told(&self, fault: &Fault) {
        self.counters.stream_refused(fault.code);
        debug!(code = %fault.code, %fault, "refused, and the app is not told: too many at once");
    }

    /// Answers the HTTP request that waits at `address`, in a task of its own.
    pub(super) fn refuse_http(self: &Arc<Self>, address: String) {
        let deadline = Instant::now() + rendezvous::LIMIT;
        let Some((cut, refusal)) = self.taken().zip(self.places.refuse()) else {
            return debug!(connection = %self.id, "an HTTP request came too late, or too many did");
        };
        let streams = self.clone();
        self.tasks.spawn(async move {
            let network = streams.network.borrow().clone();
            let refusing = async {
                match refusal.turn(deadline).await {
                    Some(_turn) => rendezvous::refuse_http(&network, &address, deadline).await,
                    None => Err(Fault::new(FaultCode::AzureTimedOut, "too many came at once")),
                }
            };
            if let Some(Err(fault)) = cut.run_until_cancelled(refusing).await {
                debug!(connection = %streams.id, %fault, "an HTTP request was not answered");
            }
        });
    }

    async fn carry(&self, accept: &Accept, cut: &CancellationToken) {
        let Some(endpoint) = self.endpoint() else { return };
        debug!(remote = accept.remote.as_deref().unwrap_or_default(), %endpoint, "stream");
        let network = self.network.borrow().clone();
        let permitted = self.policy.borrow().permits(&endpoint);
        if let Err(fault) = permitted {
            let deadline = Instant::now() + rendezvous::LIMIT;
            let rejecting = rendezvous::reject(&network, accept, fault, &self.counters, deadline);
            return self.ended(rejecting.await);
        }
        let (notes, of) = (self.notes.clone(), endpoint.clone());
        let on_dialled = move |dialled| {
            // A full inbox has news enough; the next dial tells again.
            notes
                .try_send(Note::Dialled { endpoint: of, dialled, for_stream: true })
                .unwrap_or_default();
        };
        let cut = cut.child_token();
        let serving =
            rendezvous::serve(&network, accept, &endpoint, &self.counters, &cut, on_dialled);
        let mut serving = pin!(serving);
        let end = tokio::select! {
            end = &mut serving => end,
            () = self.denied(&endpoint) => {
                cut.cancel();
                serving.await
            }
        };
        self.ended(end);
    }

    /// Waits until the policy does not allow `endpoint`.
    async fn denied(&self, endpoint: &Endpoint) {
        let mut policy = self.policy.clone();
        if policy.wait_for(|policy| policy.permits(endpoint).is_err()).await.is_err() {
            // There is no other policy any more.
            std::future::pending::<()>().await;
        }
    }

    fn ended(&self, end: StreamEnd) {
        match end {
            StreamEnd::Carried(SpliceEnd::Finished) => debug!("finished"),
            StreamEnd::Carried(SpliceEnd::Cut) => debug!("cut"),
            StreamEnd::Carried(SpliceEnd::EndpointAborted(error)) => {
                debug!(%error, "the endpoint aborted");
            }
            StreamEnd::Carried(SpliceEnd::AzureAborted(error)) => debug!(%error, "Azure aborted"),
            StreamEnd::Refused(fault) => {
                let tracking = fault.tracking_id.as_deref();
                debug!(code = %fault.code, tracking, %fault, "refused");
            }
            StreamEnd::Failed(fault) => {
                let tracking = fault.tracking_id.as_deref();
                debug!(code = %fault.code, tracking, %fault, "failed");
                self.counters.meters().failed.add(fault.code);
                self.notes.try_send(Note::StreamFailed(fault)).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests;
