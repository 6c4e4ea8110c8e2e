//! What happened to a connection: the kind with its data, and the same in words.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::fault::Fault;

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionEvent {
    /// When.
    pub at: Timestamp,
    /// What; [`EventKind::Other`] from a service that knows more kinds, or none.
    #[serde(default)]
    pub kind: EventKind,
    /// The same in English. Of a kind that is not known, this is what is shown.
    pub text: String,
}

impl ConnectionEvent {
    /// An event with its English text.
    pub fn new(at: Timestamp, kind: EventKind) -> Self {
        Self { at, text: kind.to_string(), kind }
    }
}

/// The kinds of event. Their `Display` is the English text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EventKind {
    /// The listener is connected.
    Connected {
        /// The gateway that serves the channel (`G42`), where Azure tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway: Option<String>,
    },
    /// The channel could not be opened, or was lost.
    ChannelFailed {
        /// Why.
        fault: Fault,
        /// When it is tried again, unless that is at once or never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<NextAttempt>,
    },
    /// A person asked for a fresh channel.
    Restarted,
    /// A person gave it another key.
    KeyReplaced,
    /// A stream came to nothing on its way from Azure.
    StreamFailed {
        /// Why.
        fault: Fault,
    },
    /// Azure names another endpoint.
    EndpointChanged {
        /// Where streams went before.
        before: Endpoint,
        /// Where they go now.
        after: Endpoint,
    },
    /// Azure names no usable endpoint any more; the last known one stays in use.
    EndpointKept {
        /// What is wrong with the metadata.
        fault: Fault,
    },
    /// Azure did not say where streams go; what is known stays in use.
    EndpointNotRead {
        /// Why.
        fault: Fault,
    },
    /// The metadata has the mistake of the published sample and was mended here.
    MetadataMended,
    /// The endpoint cannot be reached.
    EndpointFailed {
        /// Why.
        fault: Fault,
    },
    /// The endpoint can be reached again.
    EndpointAnswers,
    /// A kind that this version does not know.
    #[default]
    #[serde(other)]
    Other,
}

/// When a channel is tried again, as it was known when the event happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAttempt {
    /// The number of the next attempt.
    pub attempt: u32,
    /// Seconds until then.
    pub seconds: u64,
}

impl EventKind {
    /// The fault that this event is about.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::ChannelFailed { fault, .. }
            | Self::StreamFailed { fault }
            | Self::EndpointKept { fault }
            | Self::EndpointNotRead { fault }
            | Self::EndpointFailed { fault } => Some(fault),
            Self::Connected { .. }
            | Self::Restarted
            | Self::KeyReplaced
            | Self::EndpointChanged { .. }
            | Self::MetadataMended
            | Self::EndpointAnswers
            | Self::Other => None,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { gateway: Some(gateway) } => write!(f, "Connected ({gateway})"),
            Self::Connected { gateway: None } => f.write_str("Connected"),
            Self::ChannelFailed { fault, next: None } => fault.fmt(f),
            Self::ChannelFailed { fault, next: Some(NextAttempt { attempt, seconds }) } => {
                write!(f, "{fault}; attempt {attempt} in {seconds} s")
            }
            Self::Restarted => f.write_str("Restarted"),
            Self::KeyReplaced => f.write_str("The key was replaced"),
            Self::StreamFailed { fault } => write!(f, "A stream failed: {fault}"),
            Self::EndpointChanged { before, after } => {
                write!(f, "The endpoint changed from {before} to {after}")
            }
            Self::EndpointKept { fault } => {
                write!(f, "The last known endpoint is kept: {}", fault.detail)
            }
            Self::EndpointNotRead { fault } => write!(f, "The endpoint was not read anew: {fault}"),
            Self::MetadataMended => f.write_str(
                "The metadata has the missing quote of the published Bicep sample (after \"value\"); it was mended here, and other programs may refuse it",
            ),
            Self::EndpointFailed { fault } => fault.fmt(f),
            Self::EndpointAnswers => f.write_str("The endpoint answers again"),
            Self::Other => f.write_str("Something that this version does not know"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultCode;

    #[test]
    fn an_event_of_a_newer_or_older_service_is_shown_by_its_text() {
        for json in [
            r#"{"at":"2026-01-01T00:00:00Z","kind":{"type":"levitated","by":{"cm":3}},"text":"It floats"}"#,
            r#"{"at":"2026-01-01T00:00:00Z","text":"It floats"}"#,
        ] {
            let event: ConnectionEvent = serde_json::from_str(json).unwrap();
            assert_eq!((event.kind, event.text.as_str()), (EventKind::Other, "It floats"));
        }
    }

    #[test]
    fn the_next_attempt_is_part_of_the_text() {
        let fault = Fault::new(FaultCode::AzureUnreachable, "no route");
        let kind = |next| EventKind::ChannelFailed { fault: fault.clone(), next };
        let next = NextAttempt { attempt: 3, seconds: 5 };
        assert_eq!(kind(None).to_string(), "Azure could not be reached: no route");
        assert_eq!(
            ConnectionEvent::new(Timestamp::UNIX_EPOCH, kind(Some(next))).text,
            "Azure could not be reached: no route; attempt 3 in 5 s"
        );
    }
}
