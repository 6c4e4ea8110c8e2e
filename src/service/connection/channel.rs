//! One attempt to listen: reads the endpoint if it is unknown, opens the control
//! channel, and hands its streams over.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::Note;
use super::streams::Streams;
use crate::model::{ConnectionId, Credential, Endpoint, Fault, FaultCode, Policy, one_line};
use crate::network::Network;
use crate::relay::control::End;
use crate::relay::{ControlChannel, TrackingId, management};

/// How a channel fares.
#[derive(Debug)]
pub(super) enum Report {
    Opened { gateway: Option<String> },
    Failed(Fault),
    Lost(Fault),
}

/// A channel that is being opened or open. Dropping it closes it in the background: its task
/// ends when Azure has answered that, and announces no stream any more.
pub(super) struct Channel {
    _stop: DropGuard,
    doubt: Arc<Notify>,
}

impl Channel {
    #[expect(clippy::too_many_arguments, reason = "each is another thing, used once")]
    pub(super) fn open(
        generation: u64,
        id: &ConnectionId,
        credential: &Credential,
        tracking: &TrackingId,
        network: Network,
        policy: watch::Receiver<Arc<Policy>>,
        streams: Arc<Streams>,
        notes: mpsc::Sender<Note>,
        tasks: [&TaskTracker; 2],
    ) -> Self {
        let stop = CancellationToken::new();
        let doubt = Arc::new(Notify::new());
        let attempt = Attempt {
            id: id.clone(),
            credential: credential.clone(),
            tracking: tracking.clone(),
            network,
            policy,
            streams,
            notes,
            generation,
            stop: stop.clone(),
            doubt: doubt.clone(),
        };
        let [own, all] = tasks;
        all.spawn(own.track_future(attempt.run()));
        Self { _stop: stop.drop_guard(), doubt }
    }

    /// Has an open channel prove that it is alive.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }
}

struct Attempt {
    id: ConnectionId,
    credential: Credential,
    tracking: TrackingId,
    network: Network,
    policy: watch::Receiver<Arc<Policy>>,
    streams: Arc<Streams>,
    notes: mpsc::Sender<Note>,
    generation: u64,
    stop: CancellationToken,
    doubt: Arc<Notify>,
}

impl Attempt {
    async fn run(self) {
        let Some(opened) = self.stop.run_until_cancelled(self.open()).await else { return };
        let channel = match opened {
            Ok(channel) => channel,
            Err(fault) => return self.report(Report::Failed(fault)).await,
        };
        let gateway = channel.gateway().map(str::to_owned);
        self.report(Report::Opened { gateway }).await;
        let streams = &self.streams;
        let end = channel
            .run(
                self.stop.clone(),
                self.doubt.clone(),
                |accept| streams.serve(accept),
                |address| streams.refuse_http(address),
            )
            .await;
        if let End::Lost(fault) = end {
            self.report(Report::Lost(fault)).await;
        }
    }

    async fn open(&self) -> Result<ControlChannel, Fault> {
        if self.streams.endpoint().is_none() {
            // What was known before has been looked at before.
            let endpoint = self.learn_endpoint().await?;
            self.policy.borrow().permits(&endpoint)?;
        }
        let Self { network, id, credential, tracking, .. } = self;
        let channel = ControlChannel::open(network, id, credential, tracking).await?;
        Ok(channel.counted_by(self.streams.counters.meters().clone()))
    }

    /// Without an endpoint a listener would take streams away from others that have one.
    async fn learn_endpoint(&self) -> Result<Endpoint, Fault> {
        let description = management::describe(&self.network, &self.id, &self.credential).await?;
        let endpoint = match &description.endpoint {
            Ok(read) => read.endpoint.clone(),
            Err(error) => {
                return Err(Fault::new(FaultCode::EndpointMissing, one_line(&error.to_string())));
            }
        };
        let described = Note::Described(Box::new(Ok(description)));
        self.notes.send(described).await.unwrap_or_default();
        Ok(endpoint)
    }

    async fn report(&self, report: Report) {
        let note = Note::Channel { generation: self.generation, report };
        // The connection may have been removed meanwhile.
        self.notes.send(note).await.unwrap_or_default();
    }
}
