//! Plain values that every layer shares: what the user configured, what it is
//! doing now, and what went wrong. Nothing here does I/O.

mod address;
pub mod azure_resource;
pub mod azure_settings;
pub mod by_itself;
pub mod check;
pub(crate) mod coded;
pub mod connection;
pub mod connection_string;
pub mod diagnosis;
pub mod endpoint;
pub mod event;
pub mod fault;
pub mod gateways;
pub mod log_settings;
pub mod metadata;
pub mod metrics;
pub mod names;
pub mod part_problem;
pub(crate) mod percent;
pub mod policy;
pub mod proxies;
pub mod proxy;
#[cfg(test)]
pub(crate) mod sample;
pub mod secret;
pub mod settings;
pub mod snapshot;
pub mod status;
mod text;
pub mod upgrade;
pub mod version;

pub use address::{LOCALHOST, is_localhost, is_safe};
pub use azure_resource::AzureResource;
pub use azure_settings::{AzureSettings, CloudName};
pub use by_itself::ByItself;
pub use check::ConnectionCheck;
pub use connection::{Credential, HybridConnection, KeyState};
pub use connection_string::{ConnectionString, ConnectionStringError};
pub use diagnosis::{CheckName, CheckReport, Diagnosis, DiagnosisStep};
pub use endpoint::{Endpoint, EndpointError};
pub use event::{ConnectionEvent, EventKind, NextAttempt};
pub use fault::{Fault, FaultCode, Retry};
pub use gateways::Stamp;
pub use metrics::{MetricsAddress, MetricsSettings};
pub use names::{ConnectionId, ConnectionSelector, NamespaceAddress};
pub use part_problem::PartProblem;
pub use policy::{Policy, PolicyInfo};
pub use proxies::{Proxies, ProxyChoice, ProxyDecision, ProxyUse};
pub use proxy::Proxy;
pub use secret::Secret;
pub use settings::Settings;
pub use snapshot::{AzureFacts, ConnectionView, Reachability, ServiceInfo, Snapshot, Traffic};
pub use status::{ConnectionStatus, Desired, StatusLabel};
pub use text::one_line;
pub use version::{USER_AGENT_PRODUCT, VERSION};
