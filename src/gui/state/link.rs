//! How it stands with the service.

use jiff::Timestamp;

use crate::ipc::protocol::Access;

/// The way to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The first call is under way.
    Connecting,
    /// The service was told to start and has not answered yet.
    Starting,
    /// Its news flow in.
    Up {
        /// Version of the service.
        version: String,
        /// What it lets this account do.
        access: Access,
    },
    /// It cannot be reached; the window keeps trying.
    Down {
        /// Since when.
        since: Timestamp,
        /// Why.
        problem: LinkProblem,
    },
}

impl Link {
    /// To a service of this `version` that this account manages.
    pub(crate) fn managed(version: impl Into<String>) -> Self {
        Self::Up { version: version.into(), access: Access::Manage }
    }
}

/// Why the service cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkProblem {
    /// No service runs here.
    NotRunning,
    /// It was there and has ended, or broke the connection.
    Lost(String),
    /// It does not answer any more.
    Hung,
    /// This account may not talk to it.
    NotAllowed(String),
    /// Its version does not understand this window's.
    OtherVersion(String),
    /// What answers is not our service, or not in its right mind.
    SomethingElse(String),
    /// It was started and ended at once.
    DidNotStart(String),
}
