//! Changes of the settings, one by one or by the file.

use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::{State, Supervisor, lock, on_disk, proxies};
use crate::http::surroundings;
use crate::ipc::protocol::{ErrorCode, RequestError, Response};
use crate::model::{Fault, FaultCode, Settings};
use crate::network::Network;
use crate::service::hub::Hub;
use crate::store::{SaveError, Store};
use crate::tls;

impl Supervisor {
    /// Gives the setting `name` a value.
    pub(super) async fn set_setting(
        &self,
        name: &str,
        value: &str,
    ) -> Result<Response, RequestError> {
        let mut state = self.state.lock().await;
        let settings = with(&state.settings, name, value)?;
        let kept = settings.clone();
        let write = move |store: &mut Store| store.update_settings(|settings| *settings = kept);
        self.put(&mut state, settings, write).await.map_err(|error| about(name, error))?;
        // Not its value: what a setting holds may be meant for nobody else.
        info!(name, "setting changed");
        Ok(Response::Done)
    }

    /// What setting `name` to `value` would change.
    pub(super) async fn check_setting(
        &self,
        name: &str,
        value: &str,
    ) -> Result<Response, RequestError> {
        let before = self.state.lock().await.settings.clone();
        let after = with(&before, name, value)?;
        if let Some(extra_ca) = new_extra_ca(&before, &after) {
            trusting(extra_ca).await.map_err(|error| about(name, error))?;
        }
        Ok(Response::SettingChecked { changes: after != before })
    }

    /// Reads the settings file again. What cannot be used of it is a fault of the service, and
    /// leaves the settings as they are.
    pub(in crate::service) async fn reload_settings(&self) {
        let fault = match self.try_reload().await {
            Ok(()) => {
                info!("settings read again");
                None
            }
            Err(words) => {
                let fault = Fault::new(FaultCode::SettingsNotReloaded, words);
                warn!(code = %fault.code, "{fault}");
                Some(fault)
            }
        };
        self.hub.update_service(|service| {
            let read = fault.is_none();
            service.faults.retain(|known| match known.code {
                FaultCode::SettingsNotReloaded => false,
                FaultCode::SettingsDamaged | FaultCode::SettingsUnusable => !read,
                _ => true,
            });
            service.faults.extend(fault);
        });
    }

    async fn try_reload(&self) -> Result<(), String> {
        let mut state = self.state.lock().await;
        let store = self.store.clone();
        let read = spawn_blocking(move || lock(&store).read_settings()).await;
        let mut read = read.map_err(|error| error.to_string())??;
        let (settings, faults) = (read.settings().clone(), read.take_faults());
        let adopt = move |store: &mut Store| store.adopt_settings(read);
        self.put(&mut state, settings, adopt).await.map_err(|error| error.message)?;
        self.hub.update_service(|service| {
            let new = |fault: &Fault| !service.faults.contains(fault);
            let new: Vec<_> = faults.into_iter().filter(new).collect();
            service.faults.extend(new);
        });
        Ok(())
    }

    /// Puts `settings` into force once `write` has kept them; when it fails, nothing has changed.
    async fn put(
        &self,
        state: &mut State,
        settings: Settings,
        write: impl FnOnce(&mut Store) -> Result<(), SaveError> + Send + 'static,
    ) -> Result<(), RequestError> {
        let new_ca = new_extra_ca(&state.settings, &settings);
        let new_proxy = settings.network.proxy != state.settings.network.proxy;
        let is_new_ca = new_ca.is_some();
        let network = match new_ca {
            Some(extra_ca) => Some(trusting(extra_ca).await?),
            // A CA file that has gone meanwhile is no reason to refuse a proxy.
            None => new_proxy.then(|| self.network.borrow().clone()),
        };
        let network = match network {
            Some(network) => Some(network.through(proxies::all(&settings.network.proxy).await)),
            None => None,
        };
        on_disk(&self.hub, &self.store, write).await?;
        if let Some(network) = network {
            self.hub.update_service(|service| {
                service.faults.retain(|fault| match fault.code {
                    FaultCode::CaUnusable | FaultCode::NoCaCertificates => !is_new_ca,
                    FaultCode::ProxyPasswordSealed => !new_proxy,
                    _ => true,
                });
            });
            if *network.proxies() != *self.network.borrow().proxies() {
                proxies::show(network.proxies(), &self.hub);
            }
            self.network.send_replace(network);
        }
        self.logs.apply(&settings.log);
        self.status_for_all.send_replace(settings.service.status_for_all);
        self.metrics_at.send_replace(settings.metrics.listen);
        let is_other_feed = settings.upgrade != state.settings.upgrade;
        state.settings = settings;
        if is_other_feed {
            self.upgrades.forget();
        }
        Ok(())
    }
}

fn invalid(error: &dyn std::fmt::Display) -> RequestError {
    RequestError::new(ErrorCode::InvalidSetting, error.to_string())
}

/// An error about a value is about that of `name`.
fn about(name: &str, error: RequestError) -> RequestError {
    match error.code {
        ErrorCode::InvalidSetting => error.about(Some(name)),
        _ => error,
    }
}

/// `settings` with another value of `name`.
fn with(settings: &Settings, name: &str, value: &str) -> Result<Settings, RequestError> {
    let mut settings = settings.clone();
    settings.set(name, value).map_err(|error| invalid(&error).about(Some(name)))?;
    Ok(settings)
}

/// The extra CA file of `new`, or that there is none, where `old` says something else.
fn new_extra_ca(old: &Settings, new: &Settings) -> Option<Option<String>> {
    let of = |settings: &Settings| settings.network.extra_ca_certificates.clone();
    (of(old) != of(new)).then(|| of(new))
}

/// The same as [`network_trusting`], where it may block.
async fn trusting(extra_ca: Option<String>) -> Result<Network, RequestError> {
    let made = spawn_blocking(move || network_trusting(extra_ca.as_deref())).await;
    made.map_err(|error| invalid(&error))?.map_err(|fault| invalid(&fault))
}

/// The way to Azure that trusts the certificates in the PEM file `extra_ca` too.
fn network_trusting(extra_ca: Option<&str>) -> Result<Network, Fault> {
    tls::client_config_with(extra_ca).map(Network::new)
}

/// The network of the settings; without the extra CA when that is unusable, which is
/// then a fault of the service and not the end of it.
pub(super) fn initial_network(settings: &Settings, hub: &Hub) -> Network {
    let told = |fault: Fault| {
        warn!(code = %fault.code, "{fault}");
        hub.update_service(|service| service.faults.push(fault));
    };
    let extra_ca = settings.network.extra_ca_certificates.as_deref();
    let network = network_trusting(extra_ca).or_else(|fault| {
        told(fault);
        // Asked again without the file, the system's own CAs may have a fault of their own.
        extra_ca.map_or(Err(None), |_| network_trusting(None).map_err(Some))
    });
    let network = network.unwrap_or_else(|fault| {
        fault.into_iter().for_each(told);
        Network::new(tls::trusting_nobody())
    });
    let proxies = surroundings::proxies(&settings.network.proxy);
    proxies::show(&proxies, hub);
    network.through(proxies)
}
