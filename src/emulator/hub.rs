//! What every request of the emulator shares.

use std::path::PathBuf;
use std::sync::Arc;

use hyper::StatusCode;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::Refusal;
use super::azure::Azure;
use super::config::Limits;
use super::exchange::Exchanges;
use super::faults::Faults;
use super::registry::Registry;
use super::rendezvous::Rendezvous;

/// What every request shares.
pub(crate) struct Hub {
    pub(crate) port: u16,
    /// The state folder.
    pub(crate) folder: Option<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) registry: Arc<Registry>,
    pub(crate) rendezvous: Rendezvous,
    pub(crate) exchanges: Exchanges,
    pub(crate) faults: Faults,
    pub(crate) azure: Azure,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Hub {
    /// A namespace that does not exist has no name in Azure's DNS; here every name
    /// below `localhost` leads to the emulator.
    pub(crate) fn check_namespace(&self, host: &str) -> Result<(), Refusal> {
        if self.registry.has_namespace(host) {
            return Ok(());
        }
        let text = format!("The emulator has no namespace {host}.");
        Err(Refusal::new(StatusCode::NOT_FOUND, text))
    }
}
