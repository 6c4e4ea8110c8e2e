//! What happened to a connection, in words.

use super::{Language, Texts};
use crate::model::{ConnectionEvent, EventKind};

impl Texts {
    /// `event` in one line.
    pub(crate) fn event(&self, event: &ConnectionEvent) -> String {
        if self.language == Language::English {
            return event.text.clone();
        }
        match &event.kind {
            EventKind::Connected { gateway: None } => self.get("event-connected").to_string(),
            EventKind::Connected { gateway: Some(gateway) } => {
                self.with("event-connected-gateway", &[("gateway", gateway.as_str().into())])
            }
            EventKind::ChannelFailed { fault, next: None }
            | EventKind::EndpointFailed { fault } => self.fault_line(fault),
            EventKind::ChannelFailed { fault, next: Some(next) } => self.with(
                "event-next-attempt",
                &[
                    ("fault", self.fault_line(fault).into()),
                    ("attempt", next.attempt.into()),
                    ("seconds", next.seconds.into()),
                ],
            ),
            EventKind::Restarted => self.get("event-restarted").to_string(),
            EventKind::KeyReplaced => self.get("event-key-replaced").to_string(),
            EventKind::StreamFailed { fault } => {
                self.with("event-stream-failed", &[("fault", self.fault_line(fault).into())])
            }
            EventKind::EndpointChanged { before, after } => self.with(
                "event-endpoint-changed",
                &[("before", before.to_string().into()), ("after", after.to_string().into())],
            ),
            EventKind::EndpointKept { fault } => {
                self.with("event-endpoint-kept", &[("detail", fault.detail.as_str().into())])
            }
            EventKind::EndpointNotRead { fault } => {
                self.with("event-endpoint-not-read", &[("fault", self.fault_line(fault).into())])
            }
            EventKind::MetadataMended => self.get("event-metadata-mended").to_string(),
            EventKind::EndpointAnswers => self.get("event-endpoint-answers").to_string(),
            EventKind::Other => event.text.clone(),
        }
    }
}
