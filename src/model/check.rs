//! What a connection string leads to, found out before it is added.

use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::fault::Fault;
use super::names::ConnectionId;
use super::snapshot::Reachability;

/// What the service finds out about a connection string without adding it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionCheck {
    /// The hybrid connection that it names.
    pub id: ConnectionId,
    /// Name of the authorization rule; no secret.
    pub key_name: String,
    /// A connection with this id is configured already.
    pub already_added: bool,
    /// Where its streams would go, if Azure says so.
    pub endpoint: Option<Endpoint>,
    /// The metadata had the missing quote of the published sample and was mended.
    #[serde(default)]
    pub mended: bool,
    /// Listeners of all machines, as Azure counts them.
    pub listener_count: Option<u32>,
    /// Why the endpoint could not be read.
    pub fault: Option<Fault>,
    /// Whether the endpoint answers this machine; nothing without an endpoint.
    pub reachability: Option<Reachability>,
}
