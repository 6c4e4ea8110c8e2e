//! The ways to sign in, each an `azure_core` credential.
//!
//! | module | way |
//! |---|---|
//! | [`browser`] | the system's browser: authorization code, PKCE, loopback redirect |
//! | [`device_code`] | a browser on any device |
//! | [`azure_cli`] | what the Azure CLI is signed in to |
//! | [`environment`] | a service principal, workload identity or managed identity |
//!
//! [`in_words`] is what those without a person share: a time limit, and errors in words.
//! [`kept`] keeps their access tokens in memory until they end. [`user`] is what the first
//! two share: a refresh token in memory, redeemed for each tenant. [`entra`] speaks the token
//! endpoint, [`refusal`] reads its errors.

mod azure_cli;
mod browser;
mod claims;
mod device_code;
mod entra;
mod environment;
mod in_words;
mod kept;
mod loopback;
mod page;
mod refusal;
mod user;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use jiff::Timestamp;

pub use browser::{BROWSER_LIMIT, BrowserFlow, open_browser};
pub use device_code::DeviceCodeFlow;
pub use entra::{Entra, Tokens};
pub(crate) use refusal::error_of;
pub use user::{Flow, UserCredential};

use super::error::{AzureError, AzureErrorKind};
use super::http::Http;
use super::setup::Setup;
use claims::Claims;
use kept::Kept;
use user::Session;

/// How long the Azure CLI, or an identity of the environment, may take.
const SILENT_LIMIT: Duration = Duration::from_secs(45);

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The login of the Azure CLI.
    AzureCli,
    /// A service principal or managed identity that the environment names.
    Environment,
    /// The browser of this machine.
    Browser,
    /// A browser on any device, with a code.
    DeviceCode,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AzureCli, Self::Environment, Self::Browser, Self::DeviceCode];

    /// The stable text form, `device-code` for example.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AzureCli => "azure-cli",
            Self::Environment => "environment",
            Self::Browser => "browser",
            Self::DeviceCode => "device-code",
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's sign-in name, or the name or id of an application.
    pub name: String,
    /// Id of the tenant that was signed in to, where the token tells.
    pub tenant_id: Option<String>,
    /// How.
    pub method: Method,
}

/// What a person has to do elsewhere to sign in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// The page to open, on any device.
    pub address: String,
    /// The code to type there.
    pub code: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// One account's credentials, tenant by tenant.
#[async_trait]
pub(crate) trait Tenants: Send + Sync {
    /// The credential for a tenant; without one, that which was signed in to.
    fn for_tenant(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError>;

    /// Drops the access token for a tenant, which Azure has refused: the next one is new.
    async fn forget(&self, tenant_id: Option<&str>);
}

/// A sign-in that has succeeded.
#[derive(Clone)]
pub(crate) struct SignedIn {
    /// Who.
    pub(crate) account: Account,
    /// Its credentials.
    pub(crate) tenants: Arc<dyn Tenants>,
    /// When its first access token ends.
    pub(crate) ends_at: Option<Timestamp>,
}

/// Signs in with the Azure CLI's login.
pub(crate) async fn with_azure_cli(setup: &Setup) -> Result<SignedIn, AzureError> {
    let make = azure_cli::Maker::new(setup)?;
    begin(setup, Method::AzureCli, Kept::new(make)).await
}

/// Signs in with what the environment names.
pub(crate) async fn with_environment(setup: &Setup, http: &Http) -> Result<SignedIn, AzureError> {
    let make = environment::Maker::find(setup, http).await?;
    begin(setup, Method::Environment, Kept::new(make)).await
}

/// Signs a person in with `flow`.
pub(crate) async fn with_person(
    setup: &Setup,
    http: &Http,
    method: Method,
    flow: impl Flow + 'static,
) -> Result<SignedIn, AzureError> {
    let entra = Entra::new(http.clone(), setup);
    let session = Session::new(entra, setup.tenant.clone(), flow);
    begin(setup, method, Kept::new(Arc::new(session))).await
}

/// Gets the first token, which is where a sign-in succeeds or fails.
async fn begin<M: kept::Make + 'static>(
    setup: &Setup,
    method: Method,
    kept: Kept<M>,
) -> Result<SignedIn, AzureError> {
    let scope = setup.cloud.scope();
    let credential = kept.for_tenant(None)?;
    let token = credential.get_token(&[&scope], None).await;
    let token = token.map_err(|error| error_of(&error))?;
    let claims = kept.claims().await.unwrap_or_else(|| Claims::of(token.token.secret()));
    let name = claims.name().unwrap_or_else(|| method.as_str().to_owned());
    let ends_at = Timestamp::from_second(token.expires_on.unix_timestamp()).ok();
    let account = Account { name, tenant_id: claims.tenant_id, method };
    Ok(SignedIn { account, tenants: Arc::new(kept), ends_at })
}
