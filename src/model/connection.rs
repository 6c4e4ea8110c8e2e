//! A hybrid connection as the user configured it.

use serde::{Deserialize, Serialize};

use super::azure_resource::AzureResource;
use super::endpoint::Endpoint;
use super::names::ConnectionId;
use super::secret::Secret;
use super::status::Desired;

/// What survives a restart of one hybrid connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HybridConnection {
    /// Which one.
    pub id: ConnectionId,
    /// How this listener proves its right to listen.
    pub credential: Credential,
    /// Whether the user wants it to listen.
    pub desired: Desired,
    /// The endpoint that Azure named last; used while Azure cannot be asked.
    pub last_endpoint: Option<Endpoint>,
    /// Where it is in Azure, when it was selected with an Azure account.
    pub resource: Option<AzureResource>,
}

/// The right to listen, as the connection string carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A shared access key: tokens are made from it.
    Key {
        /// The name of the authorization rule, `defaultListener` for example.
        name: String,
        /// The key's text; used as it stands, not base64-decoded.
        key: Secret,
    },
    /// A ready-made shared access signature, which cannot be renewed.
    Signature {
        /// The name of the rule in it (`skn`).
        name: String,
        /// The whole `SharedAccessSignature …` text.
        token: Secret,
    },
    /// A secret that is kept and cannot be read: it was sealed on another machine or for
    /// another account, or was damaged since. Another connection string mends it.
    Sealed {
        /// The name of the authorization rule.
        name: String,
        /// Which secret, and what keeps it from being read; no part of it.
        why: String,
    },
}

/// How the key that is here compares with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// There is no such hybrid connection here.
    New,
    /// It has this key.
    Same,
    /// It has another one, or one that cannot be read.
    Other,
}

impl Credential {
    /// The name of the authorization rule; no secret.
    pub fn key_name(&self) -> &str {
        match self {
            Self::Key { name, .. } | Self::Signature { name, .. } | Self::Sealed { name, .. } => {
                name
            }
        }
    }
}
