//! The messages of the local channel. These types and those of `model` are the
//! wire; golden JSON files in `tests/golden` guard them.
//!
//! A client says [`ClientMessage::Hello`] first and the service answers with
//! [`ServerMessage::Hello`]; then each [`ClientMessage::Request`] is answered by the
//! [`ServerMessage::Response`] with its id; a slow one is overtaken by those behind
//! it. After [`Request::Subscribe`] the service
//! sends a snapshot and then events; a client that lags gets a fresh snapshot.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::codec::MAX_HELLO_BYTES;
use crate::model::snapshot::{ConnectionView, ServiceInfo, Snapshot};
use crate::model::upgrade::UpgradeInfo;
use crate::model::{
    AzureResource, ConnectionCheck, ConnectionId, ConnectionSelector, Desired, Diagnosis,
    DiagnosisStep, KeyState, Secret, VERSION,
};
use crate::platform::permissions;

/// Version of this protocol. It grows when an old peer would misunderstand.
pub const PROTOCOL_VERSION: u32 = 1;
/// Oldest version that this program still speaks.
pub const OLDEST_PROTOCOL_VERSION: u32 = 1;
/// Longest message of a client that manages in bytes, without its length prefix.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// Longest message of the service in bytes: a snapshot of two thousand connections
/// whose events are all faults.
pub const MAX_ANSWER_BYTES: usize = 32 << 20;

/// From a client to the service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ClientMessage {
    /// The first message.
    Hello(Hello),
    /// Asks for something.
    Request {
        /// Chosen by the client; comes back with the answer.
        id: u64,
        /// What is asked for.
        request: Request,
    },
}

/// From the service to a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerMessage {
    /// Answers the client's hello.
    Hello(Hello),
    /// The client cannot be served at all; the channel is closed after this.
    Refused {
        /// Why.
        error: RequestError,
    },
    /// Answers the request with this id.
    Response {
        /// The request's id.
        id: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// Everything, at one revision; for a subscriber.
    Snapshot {
        /// The state.
        snapshot: Box<Snapshot>,
    },
    /// One change, for a subscriber; revisions follow each other without a gap.
    Event {
        /// The revision after the change.
        revision: u64,
        /// The change.
        event: Event,
    },
    /// A line of the log, for one who follows it.
    Log {
        /// The line.
        line: LogLine,
    },
    /// How a look for what is wrong goes on, for one who has asked for it with
    /// [`Request::Diagnose`]; its answer comes after all of these.
    Diagnosis {
        /// The connection that is looked at; nothing where none is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<ConnectionId>,
        /// What is told.
        #[serde(flatten)]
        step: DiagnosisStep,
    },
    /// What a newer service says besides; none of this one.
    #[serde(other)]
    Other,
}

/// Who speaks, and which versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Newest protocol version that the speaker knows.
    pub protocol: u32,
    /// Oldest protocol version that the speaker knows.
    pub oldest_protocol: u32,
    /// Name of the program.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// What a service lets this client do; of no meaning in the hello of a client.
    #[serde(default, skip_serializing_if = "Access::is_full")]
    pub access: Access,
}

/// What a client may do. The service knows it from the channel that the client has called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Everything. What an older service says nothing of.
    #[default]
    Manage,
    /// Ask for the state and follow it. Also what a newer service calls otherwise.
    #[serde(other)]
    ReadStatus,
}

impl Access {
    /// Whether this is all that there is.
    pub fn is_full(&self) -> bool {
        *self == Self::Manage
    }

    /// Longest message of a client with this access in bytes. One that only reads has little to
    /// say, and stays a stranger.
    pub fn longest_request(self) -> usize {
        match self {
            Self::Manage => MAX_MESSAGE_BYTES,
            Self::ReadStatus => MAX_HELLO_BYTES,
        }
    }

    /// Whether a client with this access may ask for `request`.
    pub fn allows(self, request: &Request) -> bool {
        match self {
            Self::Manage => true,
            Self::ReadStatus => {
                matches!(request, Request::Snapshot | Request::Subscribe | Request::Ping)
            }
        }
    }
}

impl Hello {
    /// The hello of this build, spoken by `program`.
    pub fn of(program: &str) -> Self {
        Self {
            protocol: PROTOCOL_VERSION,
            oldest_protocol: OLDEST_PROTOCOL_VERSION,
            program: program.to_owned(),
            version: VERSION.to_owned(),
            access: Access::Manage,
        }
    }

    /// The same to a client that gets `access`.
    pub fn granting(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// The version that both sides speak, if there is one.
    pub fn common_version(&self, other: &Self) -> Option<u32> {
        let newest = self.protocol.min(other.protocol);
        (newest >= self.oldest_protocol.max(other.oldest_protocol)).then_some(newest)
    }
}

/// What a client may ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// The state, once.
    Snapshot,
    /// The state, and then every change of it.
    Subscribe,
    /// Adds a hybrid connection.
    AddConnection {
        /// The connection string. Secrets go over this channel in this direction alone, but
        /// for [`Request::ExportConnections`].
        #[serde(with = "crate::model::secret::exposed")]
        connection_string: Secret,
        /// Replace the key of one that is there instead of refusing.
        #[serde(default)]
        replace: bool,
        /// Where the hybrid connection is in Azure, as far as the client knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource: Option<AzureResource>,
    },
    /// Finds out what a connection string leads to, without adding anything. The
    /// answer takes up to 20 seconds and holds no other request up.
    CheckConnectionString {
        /// The connection string; a secret as in [`Request::AddConnection`].
        #[serde(with = "crate::model::secret::exposed")]
        connection_string: Secret,
    },
    /// Makes a hybrid connection what is declared: adds it, or gives it the key, or neither.
    /// What is so already is not touched: no channel is closed and no file is written.
    Declare {
        /// The connection string; a secret as in [`Request::AddConnection`].
        #[serde(with = "crate::model::secret::exposed")]
        connection_string: Secret,
        /// Whether it is to listen; without it, one that is here stays as it is.
        #[serde(default)]
        desired: Option<Desired>,
        /// Change nothing, and answer as if.
        #[serde(default)]
        dry_run: bool,
    },
    /// Gives out the connection strings, keys included.
    ExportConnections,
    /// Removes a hybrid connection.
    RemoveConnection {
        /// Which.
        connection: ConnectionSelector,
    },
    /// Closes the channel to Azure and opens it again.
    RestartConnection {
        /// Which.
        connection: ConnectionSelector,
    },
    /// Cuts short whatever wait is under way.
    TryNow {
        /// Which; all without.
        #[serde(default)]
        connection: Option<ConnectionSelector>,
    },
    /// Dials the endpoint now; its reachability then tells what came of it.
    CheckEndpoint {
        /// Which.
        connection: ConnectionSelector,
    },
    /// Looks for what is wrong. What each check shows is told as [`ServerMessage::Diagnosis`], the
    /// answer when all have ended: within 15 seconds, and it holds no other request up. The
    /// listener of a connection that waits is tried at once; an open channel is left alone.
    Diagnose {
        /// With which connection; without one, the service and this machine alone.
        #[serde(default)]
        connection: Option<ConnectionSelector>,
        /// Try all 256 gateways and not a few of them.
        #[serde(default)]
        all_gateways: bool,
    },
    /// Listens.
    EnableConnection {
        /// Which.
        connection: ConnectionSelector,
    },
    /// Stops listening and keeps the configuration.
    DisableConnection {
        /// Which.
        connection: ConnectionSelector,
    },
    /// The values of all settings.
    GetSettings,
    /// Changes a setting.
    SetSetting {
        /// Its dotted name.
        name: String,
        /// Its value; empty takes an optional one away.
        value: String,
    },
    /// Finds out what [`Request::SetSetting`] would change, without changing it.
    CheckSetting {
        /// Its dotted name.
        name: String,
        /// The value it would get.
        value: String,
    },
    /// The last lines of the log.
    Logs {
        /// How many at most.
        lines: usize,
        /// Go on sending lines as they come.
        follow: bool,
        /// Which lines; all to a service that does not know this.
        #[serde(default, skip_serializing_if = "LogFilter::takes_all")]
        filter: LogFilter,
    },
    /// Asks the feed of releases now. The answer takes up to a minute and holds no other
    /// request up.
    CheckUpgrade,
    /// Puts the release that the feed offers in the place of this version. The answer comes once
    /// that has begun; how it goes on is in [`ServiceInfo::upgrade`], until the service ends for it.
    Upgrade {
        /// Which version the user has been told of.
        version: Version,
    },
    /// Nothing; the answer shows that the service is alive.
    Ping,
    /// Ends the service after its streams have drained.
    Shutdown,
}

/// What came of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Ok {
        /// What was asked for.
        response: Response,
    },
    /// It was not done, and nothing has changed.
    Error {
        /// Why not.
        error: RequestError,
    },
}

/// The answer to a request that was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Response {
    /// Done; there is nothing more to say.
    Done,
    /// Done to this connection.
    Connection {
        /// Which.
        id: ConnectionId,
    },
    /// How the key of a declared connection compares with the one that was here.
    Declared {
        /// Which.
        id: ConnectionId,
        /// The comparison.
        key: KeyState,
    },
    /// The connection strings of all hybrid connections whose key can be read, ordered by id.
    Exported {
        /// Each of them.
        connections: Vec<ExportedConnection>,
    },
    /// Whether a setting would change.
    SettingChecked {
        /// Whether its value is another one.
        changes: bool,
    },
    /// What a connection string leads to.
    Checked {
        /// All that was found out.
        check: Box<ConnectionCheck>,
    },
    /// All that a look for what is wrong has shown.
    Diagnosed {
        /// The same reports that were told one by one.
        diagnosis: Box<Diagnosis>,
    },
    /// What the feed of releases says; nothing where the settings name none.
    Upgrade {
        /// What it says.
        upgrade: Option<Box<UpgradeInfo>>,
    },
    /// The state.
    Snapshot {
        /// The state.
        snapshot: Box<Snapshot>,
    },
    /// Names and values of the settings, ordered by name.
    Settings {
        /// Each setting.
        settings: Vec<(String, String)>,
    },
    /// Lines of the log, oldest first.
    Logs {
        /// The lines.
        lines: Vec<LogLine>,
    },
}

/// A hybrid connection with its key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportedConnection {
    /// Which.
    pub id: ConnectionId,
    /// Its connection string.
    #[serde(with = "crate::model::secret::exposed")]
    pub connection_string: Secret,
}

impl Response {
    /// The same for a client with this access.
    pub fn for_access(self, access: Access) -> Self {
        match (self, access) {
            (Self::Snapshot { snapshot }, Access::ReadStatus) => {
                Self::Snapshot { snapshot: Box::new(snapshot.for_reader()) }
            }
            (response, _) => response,
        }
    }
}

/// One change of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A connection is new, or something about it changed.
    Connection {
        /// All of it.
        connection: Box<ConnectionView>,
    },
    /// A connection is gone.
    Removed {
        /// Which.
        id: ConnectionId,
    },
    /// Something about the service changed.
    Service {
        /// All of it.
        service: ServiceInfo,
    },
    /// A change of what this version does not know; none of this one.
    #[serde(other)]
    Other,
}

impl Event {
    /// The same for a client with this access.
    pub fn for_access(self, access: Access) -> Self {
        match (self, access) {
            (Self::Connection { connection }, Access::ReadStatus) => {
                Self::Connection { connection: Box::new(connection.for_reader()) }
            }
            (Self::Service { service }, Access::ReadStatus) => {
                Self::Service { service: service.for_reader() }
            }
            (event, _) => event,
        }
    }

    /// Applies this event to `snapshot`, which has the revision before it.
    pub fn apply(self, snapshot: &mut Snapshot, revision: u64) {
        snapshot.revision = revision;
        let connections = &mut snapshot.connections;
        match self {
            Self::Service { service } => snapshot.service = service,
            Self::Connection { connection } => {
                match connections.binary_search_by(|view| view.id.cmp(&connection.id)) {
                    Ok(at) => connections[at] = *connection,
                    Err(at) => connections.insert(at, *connection),
                }
            }
            Self::Removed { id } => connections.retain(|view| view.id != id),
            Self::Other => {}
        }
    }
}

pub use super::log_line::{LogFilter, LogLine};

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The kind; exit codes and marked fields come from it.
    pub code: ErrorCode,
    /// In words, with what to do.
    pub message: String,
    /// The field of the request, or part of the connection string, that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl RequestError {
    /// An error without a field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// The answer to one who may read the status and asked for more.
    pub fn read_only() -> Self {
        Self::new(
            ErrorCode::ReadOnly,
            format!(
                "this account may read the status of the service and nothing else; {}",
                permissions::managers()
            ),
        )
    }

    /// The same, about `field`.
    pub fn about(mut self, field: Option<&str>) -> Self {
        self.field = field.map(str::to_owned);
        self
    }
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The message is not one of this protocol.
    BadMessage,
    /// No protocol version in common, or a request that the service of another version does not
    /// know.
    VersionMismatch,
    /// The caller may not do this.
    Denied,
    /// The caller may read the status and nothing else.
    ReadOnly,
    /// The connection string is wrong.
    InvalidConnectionString,
    /// There is no such setting, or the value does not fit.
    InvalidSetting,
    /// No such connection.
    NotFound,
    /// More than one connection has this name.
    Ambiguous,
    /// The connection is there already.
    AlreadyExists,
    /// The service is stopping.
    Stopping,
    /// The change could not be written to disk.
    NotSaved,
    /// There is no such version to upgrade to, an upgrade is under way, or this service cannot do
    /// it.
    NotUpgraded,
    /// A newer client or service knows more kinds.
    #[serde(other)]
    Other,
}
