//! The ways to sign in, each an `azure_core` credential.

use std::error::Error as _;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use jiff::Timestamp;

use super::error::{AzureError, AzureErrorKind};

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

/// Why a credential gave no token.
pub(crate) fn error_of(error: &azure_core::Error) -> AzureError {
    let source = error.source().and_then(|source| source.downcast_ref::<AzureError>());
    source
        .cloned()
        .unwrap_or_else(|| AzureError::new(AzureErrorKind::SignInFailed, error.to_string()))
}
