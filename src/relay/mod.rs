//! The listener side of Azure Relay Hybrid Connections.
//!
//! A [`control`] channel waits for `accept` commands; each is answered by a
//! [`rendezvous`], whose [`splice`] carries one stream. [`management`] reads the
//! endpoint from Azure. Nothing here reads a file, the environment or settings.

pub mod backoff;
pub mod control;
pub mod management;
pub mod meters;
pub mod rendezvous;
pub mod sas;
pub mod splice;
#[cfg(test)]
pub(crate) mod testing;
pub mod tick;
pub mod traffic;
pub mod websocket;

pub use control::{ControlChannel, TrackingId};
pub use meters::Meters;
pub use traffic::TrafficCounters;
