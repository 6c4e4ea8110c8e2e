//! Azure Relay Hybrid Connections on loopback: the other side of the wire, for tests,
//! for the demo, and for trying things by hand.
//!
//! It is written from the protocol and shares no code with the product's own listener, so
//! that each is a check of the other. It speaks TLS with a
//! certificate authority of its own, checks tokens for real, hands out rendezvous
//! addresses, relays streams frame by frame, answers the management address, and lets
//! things go wrong on demand ([`InjectedFault`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use hybrid_connection_manager::emulator::{Emulator, EmulatorConfig};
//!
//! let config = EmulatorConfig::new().port(0).hybrid_connection("contoso", "sql", "127.0.0.1:1433");
//! let emulator = Emulator::start(config).await?;
//! let listen = emulator.connection_string("contoso", "sql", "defaultListener")?;
//! // … start a listener with it, and then:
//! emulator.wait_for_listeners("contoso", "sql", 1).await?;
//! emulator.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! Beside the relay it plays Microsoft Entra and Azure Resource Manager, at `localhost` on
//! the same port: people sign in ([`Emulator::authority`]) and choose from what they have
//! ([`Emulator::resource_manager`], [`AzureConfig`]), and that goes wrong on demand too
//! ([`AzureFault`]).
//!
//! Where it differs from the real service, on purpose: a removed hybrid connection keeps
//! its keys, so that they get "not found"; a GET with `api-version` is always a management
//! request; a rendezvous for an HTTP request serves that one request; nobody types a
//! password; a token is good because it was issued, its signature is made of chance.

mod announce;
mod answer;
mod authorize;
mod azure;
mod call;
mod check;
pub mod cli;
mod config;
mod connect;
mod control;
mod encoding;
mod entity;
mod entra;
mod error;
mod exchange;
mod faults;
pub mod feed;
mod frame;
mod hub;
mod listen;
mod management;
mod pump;
mod registry;
mod rendezvous;
mod request;
mod running;
mod sas;
pub mod sender;
mod server;
mod socket;
mod state;
mod status;
mod steer;
mod tls;
mod tracking;
mod wire;

pub use azure::{
    AzureConfig, AzureCounters, AzureFault, AzureState, DeniedConfig, ManagedIdentityConfig,
    ResourceGroupConfig, ServicePrincipalConfig, SignInStep, SubscriptionConfig, TenantConfig,
    UserConfig,
};
pub use config::{
    DEFAULT_DOMAIN, DEFAULT_PORT, EmulatorConfig, HybridConnectionConfig, NamespaceConfig, Right,
    RuleConfig,
};
pub use error::EmulatorError;
pub use faults::{InjectedFault, Scope, StandingFault};
pub use running::Emulator;
pub use status::{EmulatorState, HybridConnectionState, ListenerState, RuleState, StreamState};
