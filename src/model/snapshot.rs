//! What the service tells its clients. These types are the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::azure_resource::AzureResource;
use super::endpoint::Endpoint;
use super::event::ConnectionEvent;
use super::fault::Fault;
use super::names::ConnectionId;
use super::policy::PolicyInfo;
use super::proxies::ProxyUse;
use super::status::{ConnectionStatus, Desired};
use super::upgrade::UpgradeInfo;

/// Everything a client shows, at one revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows by one with every event.
    pub revision: u64,
    /// The service itself.
    pub service: ServiceInfo,
    /// All connections, ordered by id.
    pub connections: Vec<ConnectionView>,
}

/// The service itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceInfo {
    /// Version of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Since when it runs.
    pub started: Timestamp,
    /// Where its settings, connections and logs are.
    pub home: String,
    /// What is wrong with the service as a whole (a damaged file, an unusable CA).
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// It is stopping and waits for this many streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<u64>,
    /// The policy of this machine, where one is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyInfo>,
    /// The proxy on the way to Azure, where somebody says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Box<ProxyUse>>,
    /// What is known of newer versions; nothing while nobody has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Box<UpgradeInfo>>,
}

/// One connection. Three facts stay apart: this machine's listener (`status`),
/// Azure's listener count (`azure`), and the endpoint's reachability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionView {
    /// Which one.
    pub id: ConnectionId,
    /// Name of the authorization rule; no secret.
    pub key_name: String,
    /// What the user wants.
    pub desired: Desired,
    /// What this machine's listener does.
    pub status: ConnectionStatus,
    /// Where its streams go, as far as known.
    pub endpoint: Option<Endpoint>,
    /// What Azure says of the hybrid connection.
    pub azure: Option<AzureFacts>,
    /// Where it is in Azure, when it was selected with an Azure account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<AzureResource>,
    /// What the last dial of the endpoint showed.
    pub reachability: Option<Reachability>,
    /// Streams and bytes.
    pub traffic: Traffic,
    /// The last events, oldest first.
    pub events: Vec<ConnectionEvent>,
}

/// Azure's own view, from its management address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AzureFacts {
    /// Listeners of all machines; 25 at most.
    pub listener_count: Option<u32>,
    /// When the hybrid connection was created.
    pub created_at: Option<Timestamp>,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
    /// When this was read.
    pub read_at: Timestamp,
}

/// What the last dial of the endpoint showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reachability {
    /// When.
    pub checked_at: Timestamp,
    /// How long the TCP connect took, in microseconds.
    pub connect_micros: Option<u64>,
    /// Why it failed, if it did.
    pub fault: Option<Fault>,
}

/// Counters since the service started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Streams that are open now.
    pub active_streams: u64,
    /// Streams that were opened.
    pub total_streams: u64,
    /// Streams that were refused because the endpoint could not be dialled.
    pub refused_streams: u64,
    /// Bytes from Azure to the endpoint.
    pub bytes_to_endpoint: u64,
    /// Bytes from the endpoint to Azure.
    pub bytes_to_azure: u64,
}
