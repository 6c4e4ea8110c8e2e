//! What a connection finds out: Azure's description, and whether the endpoint answers.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info, warn};

use super::{Actor, Learned, Note};
use crate::model::metadata::MetadataError;
use crate::model::{AzureFacts, Endpoint, EventKind, Fault, FaultCode, Reachability};
use crate::relay::control::one_line;
use crate::relay::management::{self, Description};
use crate::relay::rendezvous::{Dialled, dial_endpoint};

/// How often Azure is asked again for the endpoint and the listener count.
const DESCRIBE_EVERY: Duration = Duration::from_secs(5 * 60);

impl Actor {
    /// Asks Azure for the description, now and then every few minutes.
    pub(super) fn describe(&mut self) {
        self.describe_at =
            Some(Instant::now() + DESCRIBE_EVERY.mul_f64(1.0 + 0.1 * fastrand::f64()));
        let network = self.context.network.borrow().clone();
        let (id, credential, notes) =
            (self.id.clone(), self.credential.clone(), self.notes.clone());
        self.describing = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let described = management::describe(&network, &id, &credential).await;
            notes.send(Note::Described(Box::new(described))).await.unwrap_or_default();
        })));
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
            }
            Err(fault) => {
                debug!(connection = %self.id, %fault, "the description could not be read");
                if self.machine.status().fault().is_none() {
                    self.history.note_once(EventKind::EndpointNotRead { fault });
                }
            }
        }
    }

    fn on_endpoint(&mut self, endpoint: Endpoint, mended: bool) {
        if mended {
            self.history.note_once(EventKind::MetadataMended);
        }
        let Some(before) = self.streams.set_endpoint(endpoint.clone()) else {
            self.check_endpoint(endpoint.clone());
            return self.remember(endpoint);
        };
        if before == endpoint {
            if self.reachability.is_none() {
                self.check_endpoint(endpoint);
            }
            return;
        }
        info!(connection = %self.id, %before, %endpoint, "Azure names another endpoint");
        self.history.note(EventKind::EndpointChanged { before, after: endpoint.clone() });
        self.reachability = None;
        self.check_endpoint(endpoint.clone());
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

    /// Dials the endpoint once, so that its state is known before the first stream.
    fn check_endpoint(&mut self, endpoint: Endpoint) {
        let notes = self.notes.clone();
        self.checking = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let dialled = dial_endpoint(&endpoint).await.map(|(_, took)| took);
            notes.send(Note::Dialled { endpoint, dialled }).await.unwrap_or_default();
        })));
    }

    pub(super) fn on_dialled(&mut self, dialled: Dialled) {
        if let Err(fault) = &dialled {
            let known = self.reachability.as_ref().and_then(|last| last.fault.as_ref());
            if known.map(|known| known.code) != Some(fault.code) {
                warn!(connection = %self.id, code = %fault.code, "{fault}");
                self.history.note(EventKind::EndpointFailed { fault: fault.clone() });
            }
        } else if self.reachability.as_ref().is_some_and(|last| last.fault.is_some()) {
            self.history.note(EventKind::EndpointAnswers);
        }
        self.reachability = Some(Reachability {
            checked_at: Timestamp::now(),
            connect_micros: dialled
                .as_ref()
                .ok()
                .map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
            fault: dialled.err(),
        });
    }
}
