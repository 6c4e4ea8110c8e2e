//! The machine that is upgraded.

use std::future::Future;

use semver::Version;
use tokio::task::spawn_blocking;

use crate::ipc::Client;
use crate::platform::Paths;
use crate::platform::upgrader::{self, Managed, PackageKind, Packages, RolledBack};

/// The name by which the upgrader says hello to the service.
const PROGRAM: &str = "hybrid-connection-manager-upgrade";

/// What an upgrade does to a machine; each as [`crate::platform::upgrader`] says.
#[expect(missing_docs, reason = "they are said there")]
pub trait Machine {
    /// The kind of package that the product came from, and whether the window is there.
    fn installed(&self) -> Option<(PackageKind, bool)>;
    fn service(&self) -> Managed;
    fn prepare(&self, packages: &Packages) -> impl Future<Output = Result<(), String>>;
    fn install(&self, packages: &Packages) -> impl Future<Output = Result<(), String>>;
    fn changed_nothing(&self, packages: &Packages) -> impl Future<Output = bool>;
    fn roll_back(&self, packages: &Packages) -> impl Future<Output = Result<RolledBack, String>>;
    /// The version of the service that answers, if one does.
    fn running(&self) -> impl Future<Output = Option<Version>>;
}

/// The one that this program runs on.
#[derive(Debug)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn installed(&self) -> Option<(PackageKind, bool)> {
        upgrader::installed()
    }

    fn service(&self) -> Managed {
        upgrader::service()
    }

    async fn prepare(&self, packages: &Packages) -> Result<(), String> {
        blocking(packages, Packages::prepare).await
    }

    async fn install(&self, packages: &Packages) -> Result<(), String> {
        blocking(packages, Packages::install).await
    }

    async fn changed_nothing(&self, packages: &Packages) -> bool {
        blocking(packages, |packages| Ok(packages.changed_nothing())).await.unwrap_or_default()
    }

    async fn roll_back(&self, packages: &Packages) -> Result<RolledBack, String> {
        blocking(packages, Packages::roll_back).await
    }

    async fn running(&self) -> Option<Version> {
        let services = Paths::for_client().ok()?;
        let client = Client::connect_first(&services, PROGRAM).await.ok()?;
        Version::parse(&client.server().version).ok()
    }
}

async fn blocking<T: Send + 'static>(
    packages: &Packages,
    step: fn(&Packages) -> Result<T, String>,
) -> Result<T, String> {
    let packages = packages.clone();
    spawn_blocking(move || step(&packages)).await.unwrap_or_else(|error| Err(error.to_string()))
}
