//! The whole way of a request, on this machine and without an Azure account: for
//! `hcm demo` and for the window.
//!
//! ```text
//! app ──► emulator (Azure Relay) ◄── service ──► HTTP endpoint
//! ```
//! Nothing is short-circuited: TLS, tokens, the local channel and the data path are those
//! of a real installation.

mod azure;
mod endpoint;
mod error;
pub(crate) mod http;
mod rhythm;
mod sample;
pub mod stage;
pub mod traffic;

pub(crate) use endpoint::answer;
pub use error::DemoError;
pub use sample::Sample;
pub use stage::Demo;
pub use traffic::Traffic;
