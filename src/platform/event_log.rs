//! What an administrator reads of the service in the system's own log: on Windows the
//! Application log, under the name of the product. Elsewhere a service manager keeps what
//! the service writes to standard error, and there is no such log.

#[cfg(windows)]
#[path = "event_log/windows.rs"]
mod os;

#[cfg(windows)]
pub(in crate::platform) use os::{register, unregister};

/// What happened. The numbers are for good: filters and alerts of administrators name them.
/// `installer/windows/resources.rs` puts a text for each of them into the service's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventId {
    /// The service runs.
    Started = 1,
    /// The service has ended as it was asked to.
    Stopped = 2,
    /// The service could not start, or has ended by itself.
    Failed = 3,
    /// Something is wrong with the service as a whole: a damaged file, for example.
    ServiceFault = 4,
    /// A hybrid connection does not listen, and why.
    ConnectionFault = 10,
    /// A hybrid connection that had a fault is connected again.
    ConnectionRecovered = 11,
}

impl EventId {
    /// Every event there is.
    pub const ALL: [Self; 6] = [
        Self::Started,
        Self::Stopped,
        Self::Failed,
        Self::ServiceFault,
        Self::ConnectionFault,
        Self::ConnectionRecovered,
    ];

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Started | Self::Stopped | Self::ConnectionRecovered => Severity::Information,
            Self::ServiceFault | Self::ConnectionFault => Severity::Warning,
            Self::Failed => Severity::Error,
        }
    }
}

/// How bad an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// All is well.
    Information,
    /// Something does not work.
    Warning,
    /// Nothing works.
    Error,
}

/// The log, open for writing.
#[cfg(windows)]
#[derive(Debug)]
pub struct EventLog(os::Source);

/// The log, of which this system has none.
#[cfg(not(windows))]
#[derive(Debug)]
pub struct EventLog(std::convert::Infallible);

impl EventLog {
    /// Opens the log. `None` where the system has none or does not let this account write.
    pub fn open() -> Option<Self> {
        #[cfg(windows)]
        return os::Source::open().map(Self);
        #[cfg(not(windows))]
        None
    }

    /// Writes an entry. `text` is for people and holds no secret. What cannot be written is
    /// lost: the service's own log has it too.
    pub fn report(&self, id: EventId, text: &str) {
        #[cfg(windows)]
        self.0.report(id, text);
        #[cfg(not(windows))]
        match (self.0, id, text) {}
    }
}
