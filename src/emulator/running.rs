//! A running emulator.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::azure::{self, Azure, AzureCounters, AzureFault};
use super::config::{EmulatorConfig, HybridConnectionConfig};
use super::error::EmulatorError;
use super::exchange::Exchanges;
use super::faults::{Faults, InjectedFault, Scope, StandingFault};
use super::hub::Hub;
use super::registry::Registry;
use super::rendezvous::Rendezvous;
use super::state::{self, Keys};
use super::status::EmulatorState;
use super::tls::Authority;
use super::{announce, entra, server, steer};
use crate::model::{ConnectionId, NamespaceAddress, Secret};

/// A running emulator. It ends when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    hub: Arc<Hub>,
    ca_pem: String,
}

impl Emulator {
    /// Starts it on 127.0.0.1, inside the current tokio runtime.
    ///
    /// # Errors
    /// [`EmulatorError`] says what is wrong with the configuration, the state folder or
    /// the port.
    pub async fn start(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        config.check()?;
        let (authority, keys) = match &config.state {
            None => (Authority::generate()?, Keys::default()),
            Some(folder) => {
                state::create_folder(folder)?;
                announce::check_free(folder)?;
                (Authority::kept_in(folder)?, Keys::kept_in(folder)?)
            }
        };
        let hosts: Vec<String> = config.namespaces.iter().map(|ns| ns.host()).collect();
        let tls = authority.server(&hosts)?;
        let bind_error = |source| EmulatorError::Bind { port: config.port, source };
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await.map_err(bind_error)?;
        let port = listener.local_addr().map_err(bind_error)?.port();
        let hub = Arc::new(Hub {
            port,
            folder: config.state.clone(),
            limits: config.limits,
            registry: Arc::new(Registry::new(&config, port, keys)?),
            rendezvous: Rendezvous::default(),
            exchanges: Exchanges::default(),
            faults: Faults::new(),
            azure: Azure::new(&config, port),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        announce::announce(&hub)?;
        hub.tasks.spawn(server::run(Arc::clone(&hub), listener, tls));
        Ok(Self { hub, ca_pem: authority.pem().to_owned() })
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.hub.port
    }

    /// The certificate of its CA, for clients to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The id of a hybrid connection; `namespace` is its label or host.
    pub fn connection_id(&self, namespace: &str, name: &str) -> ConnectionId {
        let host = super::config::host_of(namespace);
        ConnectionId::new(NamespaceAddress::new(&host, self.port()), name)
    }

    /// The connection string with the primary key of a rule (`defaultListener`,
    /// `defaultSender`, or one of the namespace).
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`].
    pub fn connection_string(
        &self,
        namespace: &str,
        name: &str,
        rule: &str,
    ) -> Result<Secret, EmulatorError> {
        self.hub.registry.connection_string(namespace, name, rule)
    }

    /// Everything that is open, and the counters.
    pub fn state(&self) -> EmulatorState {
        steer::state(&self.hub)
    }

    /// Waits until the state is as `wanted`, which is asked again after every change of
    /// listeners and streams.
    pub async fn wait_until(&self, wanted: impl Fn(&EmulatorState) -> bool) {
        let mut changed = self.hub.registry.watch();
        while !wanted(&self.state()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until a hybrid connection has exactly so many listeners.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`].
    pub async fn wait_for_listeners(
        &self,
        namespace: &str,
        name: &str,
        count: usize,
    ) -> Result<(), EmulatorError> {
        let of = |state: &EmulatorState| {
            state.hybrid_connection(namespace, name).map(|found| found.listeners.len())
        };
        if of(&self.state()).is_none() {
            return Err(EmulatorError::NotFound(format!("{namespace}/{name}")));
        }
        self.wait_until(|state| of(state) == Some(count)).await;
        Ok(())
    }

    /// Lets something go wrong. Says how many channels and streams it met now; a fault
    /// that lasts meets those to come.
    ///
    /// # Errors
    /// [`EmulatorError::Fault`] for one that makes no sense.
    pub fn inject(&self, on: Scope, fault: InjectedFault) -> Result<usize, EmulatorError> {
        steer::inject(&self.hub, StandingFault { on, fault })
    }

    /// Ends all faults that last, those of Azure too.
    pub fn clear_faults(&self) {
        steer::clear(&self.hub);
    }

    /// Where people sign in: Microsoft Entra over plain HTTP, so that a browser shows its
    /// page without a warning. The same is served at [`Self::resource_manager`].
    pub fn authority(&self) -> String {
        azure::authority(self.port())
    }

    /// Where Azure Resource Manager is; it is the audience of its tokens too.
    pub fn resource_manager(&self) -> String {
        azure::resource_manager(self.port())
    }

    /// Lets something go wrong in Entra or Resource Manager. Says how many codes or tokens
    /// it met now; a fault that lasts meets the requests to come.
    ///
    /// # Errors
    /// [`EmulatorError::Fault`] for one that makes no sense.
    pub fn inject_azure(&self, fault: AzureFault) -> Result<usize, EmulatorError> {
        self.hub.azure.inject(fault)
    }

    /// What Entra and Resource Manager were asked since the start.
    pub fn azure_counters(&self) -> AzureCounters {
        self.hub.azure.counting.told()
    }

    /// Waits until Entra and Resource Manager were asked as `wanted`: until a sign-in has
    /// begun or keys were read, for example.
    pub async fn wait_for_azure(&self, wanted: impl Fn(&AzureCounters) -> bool) {
        self.hub.azure.counting.wait_until(wanted).await;
    }

    /// Signs a person in on the device that shows `user_code`, as the page does.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`] when no device waits with this code, or for a person
    /// who is not there.
    pub fn approve_device_code(&self, user_code: &str, user: &str) -> Result<(), EmulatorError> {
        entra::approve_device_code(&self.hub, user_code, user)
    }

    /// Refuses the device that shows `user_code`.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`] when no device waits with this code.
    pub fn decline_device_code(&self, user_code: &str) -> Result<(), EmulatorError> {
        entra::decline_device_code(&self.hub, user_code)
    }

    /// Where App Service's managed identity is (`IDENTITY_ENDPOINT`) and what its header
    /// has to say (`IDENTITY_HEADER`), if the configuration has one.
    pub fn managed_identity(&self) -> Option<(String, Secret)> {
        let identity = self.hub.azure.directory.managed_identity.as_ref()?;
        Some((format!("{}/msi/token", self.authority()), identity.header.clone()))
    }

    /// Changes the metadata; `None` takes it away.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`].
    pub fn set_user_metadata(
        &self,
        namespace: &str,
        name: &str,
        metadata: Option<String>,
    ) -> Result<(), EmulatorError> {
        self.hub.registry.change(namespace, name, |there, _| *there = metadata)
    }

    /// Makes `host:port` the endpoint that the metadata names.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`].
    pub fn set_endpoint(
        &self,
        namespace: &str,
        name: &str,
        endpoint: &str,
    ) -> Result<(), EmulatorError> {
        let metadata = super::config::metadata_of(endpoint);
        self.set_user_metadata(namespace, name, Some(metadata))
    }

    /// Adds a hybrid connection, or brings a removed one back with its keys.
    ///
    /// # Errors
    /// [`EmulatorError`] when there is one already, or no such namespace.
    pub fn create_hybrid_connection(
        &self,
        namespace: &str,
        config: &HybridConnectionConfig,
    ) -> Result<(), EmulatorError> {
        steer::create(&self.hub, namespace, config)
    }

    /// Removes a hybrid connection; its control channels are closed with 1001.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`].
    pub fn remove_hybrid_connection(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<(), EmulatorError> {
        steer::remove(&self.hub, namespace, name)
    }

    /// Gives a rule of a hybrid connection (without `name`, of the namespace) new keys.
    /// Open channels stay open until their token ends.
    ///
    /// # Errors
    /// [`EmulatorError::NotFound`].
    pub fn regenerate_keys(
        &self,
        namespace: &str,
        name: Option<&str>,
        rule: &str,
    ) -> Result<(), EmulatorError> {
        steer::regenerate_keys(&self.hub, namespace, name, rule)
    }

    /// Ends everything, and comes back when the port is free again.
    pub async fn shutdown(self) {
        self.hub.shutdown.cancel();
        self.hub.tasks.close();
        self.hub.tasks.wait().await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.hub.shutdown.cancel();
        announce::withdraw(&self.hub);
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("port", &self.port).finish_non_exhaustive()
    }
}
