//! A connection is desired × actual.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultCode, Retry};

/// What the user wants; kept on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desired {
    /// Listen.
    #[default]
    Enabled,
    /// Keep the configuration, do not listen.
    Disabled,
}

/// What this machine's listener does right now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ConnectionStatus {
    /// Not listening, because it is disabled.
    Disabled,
    /// About to connect for the first time.
    Starting,
    /// Opening the channel to Azure.
    Connecting {
        /// 1 for the first attempt after being connected or started.
        attempt: u32,
        /// Why the last attempt or channel ended, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<Fault>,
    },
    /// Azure hands streams to this listener.
    Connected {
        /// Since when.
        since: Timestamp,
        /// The gateway that serves the channel (`G42`), where Azure tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway: Option<String>,
    },
    /// Waiting before the next attempt.
    Waiting {
        /// When the next attempt starts.
        until: Timestamp,
        /// The number of the next attempt.
        attempt: u32,
        /// Why the last one failed.
        fault: Fault,
    },
    /// Not trying again by itself.
    Faulted {
        /// Why.
        fault: Fault,
    },
    /// No new streams; those that are open run to their end.
    Stopping {
        /// What follows.
        then: Box<Then>,
    },
    /// One that this version does not know; none of this one.
    #[serde(other)]
    Other,
}

/// What follows a [`ConnectionStatus::Stopping`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It stays, not listening.
    Disabled,
    /// It starts again.
    Restart,
    /// It goes.
    Removed,
    /// The service ends.
    Shutdown,
    /// Something that this version does not know; none of this one.
    #[serde(other)]
    Other,
}

/// The one word for a status that the table, the command line and the log show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusLabel {
    /// Azure hands streams to this listener.
    Connected,
    /// On its way, nothing known to be wrong.
    Connecting,
    /// Something keeps it from listening.
    NotConnected,
    /// Switched off by the user.
    Disabled,
    /// Ending.
    Stopping,
}

impl fmt::Display for StatusLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connected => "Connected",
            Self::Connecting => "Connecting",
            Self::NotConnected => "Not connected",
            Self::Disabled => "Disabled",
            Self::Stopping => "Stopping",
        })
    }
}

impl ConnectionStatus {
    /// The word for this status. Everything that shows a status calls this.
    ///
    /// A listener that knows it needs a person stays "Not connected" through its
    /// slow attempts, so that the word does not flicker once a minute.
    pub fn label(&self) -> StatusLabel {
        match self {
            Self::Disabled => StatusLabel::Disabled,
            Self::Starting | Self::Connecting { last: None, .. } => StatusLabel::Connecting,
            Self::Connecting { last: Some(fault), .. } => match fault.code.retry() {
                Retry::Soon => StatusLabel::Connecting,
                Retry::Slowly | Retry::Never => StatusLabel::NotConnected,
            },
            Self::Connected { .. } => StatusLabel::Connected,
            Self::Waiting { .. } | Self::Faulted { .. } | Self::Other => StatusLabel::NotConnected,
            Self::Stopping { .. } => StatusLabel::Stopping,
        }
    }

    /// The fault that this status carries. The daily recycle is none.
    pub fn fault(&self) -> Option<&Fault> {
        let fault = match self {
            Self::Connecting { last, .. } => last.as_ref(),
            Self::Waiting { fault, .. } | Self::Faulted { fault } => Some(fault),
            Self::Disabled
            | Self::Starting
            | Self::Connected { .. }
            | Self::Stopping { .. }
            | Self::Other => None,
        };
        fault.filter(|fault| fault.code != FaultCode::Recycled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hopeless_attempt_is_not_called_connecting() {
        let after =
            |code| ConnectionStatus::Connecting { attempt: 3, last: Some(Fault::new(code, "")) };
        assert_eq!(after(FaultCode::ChannelLost).label(), StatusLabel::Connecting);
        assert_eq!(after(FaultCode::Unauthorized).label(), StatusLabel::NotConnected);
    }

    #[test]
    fn a_status_of_a_newer_service_is_not_taken_for_connected() {
        let read = |json| serde_json::from_str::<ConnectionStatus>(json).unwrap();
        let status = read(r#"{"state":"hibernating","until":{"spring":2027}}"#);
        assert_eq!(status, ConnectionStatus::Other);
        assert_eq!((status.label(), status.fault()), (StatusLabel::NotConnected, None));
        let status = read(r#"{"state":"stopping","then":"hibernate"}"#);
        assert_eq!(status, ConnectionStatus::Stopping { then: Box::new(Then::Other) });
    }

    #[test]
    fn the_daily_recycle_is_no_fault() {
        let status = ConnectionStatus::Connecting {
            attempt: 1,
            last: Some(Fault::new(FaultCode::Recycled, "")),
        };
        assert_eq!(status.fault(), None);
        assert_eq!(status.label(), StatusLabel::Connecting);
    }
}
