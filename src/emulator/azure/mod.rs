//! Azure Resource Manager, and what it shares with Microsoft Entra ([`super::entra`]):
//! the directory of tenants, people and subscriptions, the faults and the counters.
//!
//! Both are at `localhost` on the emulator's port. Over TLS each is served; over plain
//! HTTP only Entra is, so that a browser shows the sign-in page without a warning.

mod check;
mod config;
mod counters;
mod directory;
mod error;
mod faults;
mod manager;
mod reply;
mod shapes;
mod target;

use std::sync::Arc;
use std::time::Duration;

use hyper::{Response, StatusCode};
use serde::{Deserialize, Serialize};

pub use self::config::{
    AzureConfig, DeniedConfig, ManagedIdentityConfig, ResourceGroupConfig, ServicePrincipalConfig,
    SubscriptionConfig, TenantConfig, UserConfig,
};
pub use self::counters::AzureCounters;
pub(crate) use self::counters::Counting;
pub(crate) use self::directory::{Directory, Principal, Tenant, User};
pub use self::faults::{AzureFault, SignInStep};
pub(crate) use self::faults::{AzureFaults, Refused, Upset};
pub(crate) use self::reply::{add, escape, form, html, json, redirect};
use super::answer::Body;
use super::call::Call;
use super::config::EmulatorConfig;
use super::entra::{self, Issuer};
use super::error::EmulatorError;
use super::hub::Hub;

/// What requests to Azure share.
pub(crate) struct Azure {
    pub(crate) directory: Directory,
    pub(crate) issuer: Issuer,
    pub(crate) faults: AzureFaults,
    pub(crate) counting: Arc<Counting>,
    pub(crate) page_size: usize,
    pub(crate) keys_with_entity_path: bool,
    latency: Duration,
}

/// What the emulator says of its Azure. It shows no token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AzureState {
    /// Where people sign in.
    pub authority: String,
    /// Where Azure Resource Manager is.
    pub resource_manager: String,
    /// What was asked.
    pub counters: AzureCounters,
    /// The faults that last.
    pub faults: Vec<AzureFault>,
}

impl Azure {
    pub(crate) fn new(config: &EmulatorConfig, port: u16) -> Self {
        let azure = &config.azure;
        let counting = Arc::<Counting>::default();
        Self {
            directory: Directory::new(config),
            issuer: Issuer::new(azure, port, Arc::clone(&counting)),
            faults: AzureFaults::default(),
            counting,
            page_size: azure.page_size,
            keys_with_entity_path: azure.keys_with_entity_path,
            latency: Duration::from_millis(azure.latency_millis),
        }
    }

    /// Lets `fault` happen now, or from now on. Says how many codes or tokens it met.
    pub(crate) fn inject(&self, fault: AzureFault) -> Result<usize, EmulatorError> {
        fault.check()?;
        Ok(match fault {
            AzureFault::ExpireCodes => self.issuer.expire_codes(),
            AzureFault::ExpireTokens => self.issuer.expire_tokens(),
            AzureFault::RevokeRefreshTokens => self.issuer.revoke_refresh_tokens(),
            lasting => {
                self.faults.add(lasting);
                0
            }
        })
    }

    pub(crate) fn state(&self, port: u16) -> AzureState {
        AzureState {
            authority: authority(port),
            resource_manager: resource_manager(port),
            counters: self.counting.told(),
            faults: self.faults.list(),
        }
    }
}

/// Where people sign in.
pub(crate) fn authority(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Where Azure Resource Manager is.
pub(crate) fn resource_manager(port: u16) -> String {
    format!("https://localhost:{port}")
}

/// Whether Azure answers `call`, and not the relay.
pub(crate) fn is_for(hub: &Hub, call: &Call) -> bool {
    let is_here = matches!(call.host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    is_here
        && !hub.registry.has_namespace(&call.host)
        && (entra::serves(&call.raw_path) || target::is_below(&call.raw_path))
}

/// Refuses what came over plain HTTP and is not Entra's.
pub(crate) fn over_tls_only(call: &Call) -> Response<Body> {
    let path = &call.raw_path;
    let text = format!("The emulator serves {path} over https only; http is for signing in.\n");
    reply::plain(StatusCode::FORBIDDEN, &text)
}

/// Answers a request to Entra or Resource Manager.
pub(crate) async fn answer(hub: &Arc<Hub>, call: Call) -> Response<Body> {
    let azure = &hub.azure;
    let is_entra = entra::serves(&call.raw_path);
    if !is_entra && !call.secure {
        return over_tls_only(&call);
    }
    let kind = if is_entra { entra::kind(&call.raw_path) } else { target::kind(&call.raw_path) };
    let in_flight = azure.counting.request(kind);
    let slowness = azure.faults.slowness(&call.raw_path);
    tokio::time::sleep(if is_entra { slowness } else { slowness.max(azure.latency) }).await;
    let upset = azure.faults.upset(&call.raw_path);
    let response = match upset {
        Some(Upset::Html) => reply::captive_portal(),
        Some(Upset::Refuse(refused)) if is_entra => entra::refuse(&refused),
        Some(Upset::Refuse(refused)) => error::ArmError::asked_for(&refused).answer(),
        ref other => {
            let is_cut = *other == Some(Upset::Cut);
            let response =
                if is_entra { entra::answer(hub, call).await } else { manager::answer(hub, &call) };
            if is_cut { reply::cut(response).await } else { response }
        }
    };
    drop(in_flight);
    response
}
