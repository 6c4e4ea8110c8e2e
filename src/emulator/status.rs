//! What the emulator says of itself.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::azure::AzureState;
use super::config::{Right, RuleConfig};
use super::faults::StandingFault;
use crate::model::ConnectionId;

/// The whole state, without keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmulatorState {
    /// The TCP port.
    pub port: u16,
    /// Every hybrid connection that exists.
    pub hybrid_connections: Vec<HybridConnectionState>,
    /// The faults that last.
    pub faults: Vec<StandingFault>,
    /// Microsoft Entra and Azure Resource Manager.
    #[serde(default)]
    pub azure: AzureState,
}

impl EmulatorState {
    /// The hybrid connection `name` of the namespace, by its label or host.
    pub fn hybrid_connection(&self, namespace: &str, name: &str) -> Option<&HybridConnectionState> {
        let host = super::config::host_of(namespace);
        self.hybrid_connections.iter().find(|there| {
            there.id.namespace().host() == host && there.id.name().eq_ignore_ascii_case(name)
        })
    }
}

/// One hybrid connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HybridConnectionState {
    /// Which one.
    pub id: ConnectionId,
    /// Its metadata.
    pub user_metadata: Option<String>,
    /// Whether senders have to show a token.
    pub requires_client_authorization: bool,
    /// Its own authorization rules.
    pub rules: Vec<RuleState>,
    /// The control channels that are open.
    pub listeners: Vec<ListenerState>,
    /// The streams that are open.
    pub streams: Vec<StreamState>,
    /// Control channels since the start.
    pub total_listeners: u64,
    /// Streams since the start.
    pub total_streams: u64,
    /// Senders that were refused because no listener accepted.
    pub refused_streams: u64,
    /// HTTP requests that were given to a listener.
    pub total_requests: u64,
    /// Payload bytes from senders.
    pub bytes_to_listener: u64,
    /// Payload bytes from listeners.
    pub bytes_to_sender: u64,
}

/// An authorization rule, without its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleState {
    /// Its name.
    pub name: String,
    /// What its keys may be used for.
    pub rights: Vec<Right>,
}

impl RuleState {
    pub(crate) fn of(rule: &RuleConfig) -> Self {
        Self { name: rule.name.clone(), rights: rule.rights.iter().copied().collect() }
    }
}

/// A control channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerState {
    /// Its tracking id with the gateway's suffix.
    pub tracking_id: String,
    /// Where it comes from.
    pub remote: SocketAddr,
    /// Since when.
    pub since: Timestamp,
    /// When its token ends.
    pub token_expires: Option<Timestamp>,
}

/// A relayed stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamState {
    /// Its tracking id.
    pub tracking_id: String,
    /// Since when.
    pub since: Timestamp,
    /// Payload bytes from the sender.
    pub bytes_to_listener: u64,
    /// Payload bytes from the listener.
    pub bytes_to_sender: u64,
}
