//! What a connection finds out: Azure's description, and whether the endpoint answers.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info, warn};

use super::super::check::reachability;
use super::channel::Report;
use super::machine::Effect;
use super::{Actor, Learned, Note};
use crate::model::metadata::MetadataError;
use crate::model::{AzureFacts, Desired, Endpoint, EventKind, Fault, FaultCode, one_line};
use crate::relay::management::{self, Description};
use crate::relay::rendezvous::{DIAL_LIMIT, Dialled, dial_endpoint};

/// How often Azure is asked again for the endpoint and the listener count.
const DESCRIBE_EVERY: Duration = Duration::from_secs(5 * 60);
/// The same where it has counted no listener, although the channel is open.
const COUNT_AGAIN: Duration = Duration::from_secs(60);
/// How often in a row it may count none before the channel is as good as lost.
const COUNTS: u32 = 2;
/// How often an endpoint that did not answer is dialled again.
const CHECK_AGAIN: Duration = Duration::from_secs(60);

impl Actor {
    /// Asks Azure for the description, now and then every few minutes.
    pub(super) fn describe(&mut self) {
        self.describe_later();
        let network = self.context.network.borrow().clone();
        let (id, credential, notes) =
            (self.id.clone(), self.credential.clone(), self.notes.clone());
        self.describing = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let described = management::describe(&network, &id, &credential).await;
            notes.send(Note::Described(Box::new(described))).await.unwrap_or_default();
        })));
    }

    /// Asks Azure in a few minutes, and then every few minutes.
    pub(super) fn describe_later(&mut self) {
        let wait = DESCRIBE_EVERY.mul_f64(1.0 + 0.1 * fastrand::f64());
        self.describe_at = Some(Instant::now() + wait);
    }

    pub(super) fn on_described(&mut self, described: Result<Description, Fault>) {
        match described {
            Ok(description) => {
                self.azure = Some(AzureFacts {
                    listener_count: description.listener_count,
                    created_at: description.created_at,
                    updated_at: description.updated_at,
                    read_at: Timestamp::now(),
                });
                match description.endpoint {
                    Ok(read) => self.on_endpoint(read.endpoint, read.mended),
                    Err(error) => self.on_no_endpoint(&error),
                }
                self.on_count(description.listener_count);
            }
            Err(fault) => {
                let tracking = fault.tracking_id.as_deref();
                debug!(connection = %self.id, code = %fault.code, tracking, %fault, "the description could not be read");
                if self.machine.status().fault().is_none() {
                    self.history.note_once(EventKind::EndpointNotRead { fault });
                }
            }
        }
    }

    /// A channel may stay open and answer pings, and Azure have forgotten its listener all the
    /// same: no stream would ever come.
    fn on_count(&mut self, listeners: Option<u32>) {
        match self.machine.on_count(listeners, Timestamp::now()) {
            0 => {}
            COUNTS.. => {
                self.machine.give_up_uncounted();
                let fault = Fault::new(FaultCode::ChannelLost, "Azure knows no listener");
                self.carry_out(Effect::Close);
                self.on_report(Report::Lost(fault));
            }
            _ => self.describe_at = Some(Instant::now() + COUNT_AGAIN),
        }
    }

    fn on_endpoint(&mut self, endpoint: Endpoint, mended: bool) {
        if mended {
            self.history.note_once(EventKind::MetadataMended);
        }
        let Some(before) = self.streams.set_endpoint(endpoint.clone()) else {
            self.obey_policy();
            self.check_endpoint();
            return self.remember(endpoint);
        };
        if before == endpoint {
            if self.reachability.is_none() {
                self.check_endpoint();
            }
            return;
        }
        info!(connection = %self.id, %before, %endpoint, "Azure names another endpoint");
        self.history.note(EventKind::EndpointChanged { before, after: endpoint.clone() });
        self.reachability = None;
        self.obey_policy();
        self.check_endpoint();
        self.remember(endpoint);
    }

    fn on_no_endpoint(&mut self, error: &MetadataError) {
        let error = one_line(&error.to_string());
        warn!(connection = %self.id, error, "the metadata names no endpoint");
        let fault = Fault::new(FaultCode::EndpointMissing, error);
        self.history.note_once(EventKind::EndpointKept { fault });
    }

    fn remember(&self, endpoint: Endpoint) {
        let learned = Learned { id: self.id.clone(), endpoint };
        if let Err(error) = self.context.learned.try_send(learned) {
            debug!(connection = %self.id, %error, "the endpoint is not kept on disk this time");
        }
    }

    /// Dials the endpoint once, if that is allowed, so that its state is known without a
    /// stream.
    pub(super) fn check_endpoint(&mut self) {
        self.check_at = None;
        let Some(endpoint) = self.streams.endpoint().filter(|_| self.denied().is_none()) else {
            return;
        };
        let notes = self.notes.clone();
        self.checking = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let dialled = dial_endpoint(&endpoint, DIAL_LIMIT).await.map(|(_, took)| took);
            let note = Note::Dialled { endpoint, dialled, for_stream: false };
            notes.send(note).await.unwrap_or_default();
        })));
    }

    /// The same, if the endpoint did not answer last time and somebody wants it.
    pub(super) fn check_failed_endpoint(&mut self) {
        self.check_at = None;
        if self.endpoint_failed() && self.machine.desired() == Desired::Enabled {
            self.check_endpoint();
        }
    }

    fn endpoint_failed(&self) -> bool {
        self.reachability.as_ref().is_some_and(|last| last.fault.is_some())
    }

    pub(super) fn on_dialled(&mut self, dialled: Dialled) {
        if let Err(fault) = &dialled {
            let known = self.reachability.as_ref().and_then(|last| last.fault.as_ref());
            if known.map(|known| known.code) != Some(fault.code) {
                warn!(connection = %self.id, code = %fault.code, "{fault}");
                self.history.note(EventKind::EndpointFailed { fault: fault.clone() });
            }
        } else if self.endpoint_failed() {
            self.history.note(EventKind::EndpointAnswers);
        }
        self.reachability = Some(reachability(dialled));
        let again = self.endpoint_failed() && self.machine.desired() == Desired::Enabled;
        self.check_at =
            again.then(|| Instant::now() + CHECK_AGAIN.mul_f64(1.0 + 0.2 * fastrand::f64()));
    }
}
