//! Everything that takes part in the demo but the app.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::azure;
use super::endpoint::Endpoint;
use super::error::DemoError;
use super::sample::{NAMESPACE, Sample};
use crate::emulator::sender::{LocalForward, Sender, SenderConfig};
use crate::emulator::{Emulator, EmulatorConfig};
use crate::ipc::protocol::Request;
use crate::ipc::{Address, Client};
use crate::model::{ConnectionId, Secret};
use crate::platform::files::write_durably;
use crate::platform::paths::Paths;
use crate::platform::permissions::{Access, ensure_safe_folder};
use crate::service::{LogTo, Service};

/// The name that the demo calls itself on the local channel.
const PROGRAM: &str = "demo";
/// The folder in the home by which `relay-emulator --state` finds the emulator.
const EMULATOR_STATE: &str = "emulator";

/// A demo that runs: the emulator, a service in this process, and for every hybrid
/// connection an endpoint.
///
/// Faults are those of [`Self::emulator`]; from a terminal `relay-emulator --state
/// HOME/emulator` steers it. End it with [`Self::stop`]: when it is dropped, the service
/// goes on as long as its runtime does.
#[derive(Debug)]
pub struct Demo {
    actors: Vec<(Sample, Endpoint)>,
    /// Where everything leads that can be selected with an account.
    _selectable: Endpoint,
    emulator: Emulator,
    service: Service,
    paths: Paths,
    temporary: Option<TempDir>,
}

impl Demo {
    /// Starts the demo with all samples, for a program with a log of its own. Without a
    /// `home` it lives in a temporary folder, which goes when it ends.
    ///
    /// It comes back when the service has the hybrid connections; that they become
    /// connected is seen on its [`Self::channel`].
    ///
    /// # Errors
    /// [`DemoError`]; nothing runs then.
    pub async fn start(home: Option<&Path>) -> Result<Self, DemoError> {
        Self::start_with(home, &Sample::ALL, LogTo::Nowhere).await
    }

    /// The same with some samples only. A `log_to` other than nowhere takes the log of the
    /// whole process, and works once in a process.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(
        home: Option<&Path>,
        samples: &[Sample],
        log_to: LogTo,
    ) -> Result<Self, DemoError> {
        let (home, temporary) = match home {
            Some(home) => (home.to_owned(), None),
            None => {
                let temporary = tempfile::tempdir().map_err(DemoError::NoFolder)?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        ensure_safe_folder(&home)?;
        let paths = Paths::in_home(&home)?;
        let mut actors = Vec::new();
        let mut config =
            EmulatorConfig::new().port(0).state_folder(paths.home.join(EMULATOR_STATE));
        for &sample in samples {
            let endpoint = Endpoint::start().await.map_err(DemoError::Bind)?;
            let address = format!("127.0.0.1:{}", endpoint.port());
            config = config.hybrid_connection(NAMESPACE, sample.name(), &address);
            actors.push((sample, endpoint));
        }
        let selectable = Endpoint::start().await.map_err(DemoError::Bind)?;
        let address = format!("127.0.0.1:{}", selectable.port());
        let emulator = Emulator::start(azure::add_to(config, &address)).await?;
        let service = match Service::start(&paths, log_to) {
            Ok(service) => service,
            Err(error) => {
                emulator.shutdown().await;
                return Err(error.into());
            }
        };
        let demo = Self { actors, _selectable: selectable, emulator, service, paths, temporary };
        match demo.configure().await {
            Ok(()) => Ok(demo),
            Err(error) => {
                demo.stop().await;
                Err(error)
            }
        }
    }

    /// Where programs reach the demo's service.
    pub fn channel(&self) -> &Address {
        &self.paths.channel
    }

    /// The home of the demo's service.
    pub fn home(&self) -> &Path {
        &self.paths.home
    }

    /// The samples that take part.
    pub fn samples(&self) -> impl Iterator<Item = Sample> {
        self.actors.iter().map(|(sample, _)| *sample)
    }

    /// The id of a sample's hybrid connection.
    pub fn id(&self, sample: Sample) -> ConnectionId {
        self.emulator.connection_id(NAMESPACE, sample.name())
    }

    /// The connection string with which the demo's service, or another one that trusts
    /// [`Self::ca_file`], listens.
    ///
    /// # Errors
    /// [`DemoError::Emulator`] for a sample that takes no part, or was removed.
    pub fn connection_string(&self, sample: Sample) -> Result<Secret, DemoError> {
        Ok(self.emulator.connection_string(NAMESPACE, sample.name(), "defaultListener")?)
    }

    /// The certificate of the emulator's CA.
    pub fn ca_file(&self) -> PathBuf {
        self.paths.home.join("demo-ca.pem")
    }

    /// The emulator, in which something may go wrong on demand.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// An app in Azure that is allowed to use a sample's hybrid connection.
    ///
    /// # Errors
    /// [`DemoError::Emulator`] or [`DemoError::App`].
    pub fn app(&self, sample: Sample) -> Result<Sender, DemoError> {
        let rule = self.emulator.connection_string(NAMESPACE, sample.name(), "defaultSender")?;
        let app = SenderConfig::from_connection_string(rule.expose())?;
        Ok(app.trust(self.emulator.ca_pem()).build()?)
    }

    /// A port on this machine that leads to a sample's endpoint as an app's would.
    ///
    /// # Errors
    /// As [`Self::app`], or [`DemoError::Bind`].
    pub async fn forward(&self, sample: Sample) -> Result<LocalForward, DemoError> {
        LocalForward::bind(self.app(sample)?, 0).await.map_err(DemoError::Bind)
    }

    /// The port of a sample's endpoint on 127.0.0.1.
    ///
    /// # Errors
    /// [`DemoError::NotPlayed`].
    pub fn endpoint_port(&self, sample: Sample) -> Result<u16, DemoError> {
        Ok(self.endpoint(sample)?.port())
    }

    /// Waits for the next request at a sample's endpoint, and tells its path.
    ///
    /// # Errors
    /// [`DemoError::NotPlayed`].
    pub async fn next_request(&self, sample: Sample) -> Result<String, DemoError> {
        Ok(self.endpoint(sample)?.next_request().await)
    }

    /// Ends everything without waiting for open streams.
    pub async fn stop(self) {
        let Self { actors, emulator, service, temporary, .. } = self;
        service.stop(std::future::ready(())).await;
        emulator.shutdown().await;
        drop(actors);
        if let Some(Err(error)) = temporary.map(TempDir::close) {
            tracing::warn!(%error, "the demo's temporary folder stays");
        }
    }

    fn endpoint(&self, sample: Sample) -> Result<&Endpoint, DemoError> {
        let mut actors = self.actors.iter();
        let found = actors.find(|(there, _)| *there == sample);
        found.map(|(_, endpoint)| endpoint).ok_or(DemoError::NotPlayed(sample.name()))
    }

    /// Adds the hybrid connections as a user would: over the service's local channel.
    async fn configure(&self) -> Result<(), DemoError> {
        let path = self.ca_file();
        write_durably(&path, self.emulator.ca_pem().as_bytes(), Access::OwnerOnly)
            .map_err(|error| DemoError::Certificate { path: path.clone(), error })?;
        let mut client = Client::connect(self.channel(), PROGRAM).await?;
        let settings = [
            ("network.extra_ca_certificates", path.display().to_string()),
            ("upgrade.feed", "off".to_owned()),
            ("azure.cloud", "custom".to_owned()),
            ("azure.authority", self.emulator.authority()),
            ("azure.resource_manager", self.emulator.resource_manager()),
        ];
        for (name, value) in settings {
            client.request(Request::SetSetting { name: name.to_owned(), value }).await?;
        }
        for sample in self.samples() {
            let connection_string = self.connection_string(sample)?;
            let request =
                Request::AddConnection { connection_string, replace: true, resource: None };
            client.request(request).await?;
        }
        Ok(())
    }
}
