//! The ways into an account.

use std::io;

use url::Url;

use super::client::Azure;
use super::error::AzureError;
use super::http::Http;
use super::setup::Setup;
use super::sign_in::{self, BrowserFlow, DeviceCode, DeviceCodeFlow, Method};

/// Each comes back with the first token for Resource Manager in hand. Dropping the future
/// cancels the sign-in.
impl Azure {
    /// The account that the Azure CLI is signed in to.
    ///
    /// # Errors
    /// [`AzureErrorKind::NoAzureCli`](super::AzureErrorKind::NoAzureCli),
    /// [`AzureErrorKind::AzureCliSignedOut`](super::AzureErrorKind::AzureCliSignedOut), and
    /// what Azure says.
    pub async fn with_azure_cli(setup: &Setup) -> Result<Self, AzureError> {
        let http = Http::new(setup)?;
        let signed_in = sign_in::with_azure_cli(setup).await?;
        Ok(Self::new(setup, http, signed_in))
    }

    /// The service principal, workload identity or managed identity that the environment
    /// names.
    ///
    /// # Errors
    /// [`AzureErrorKind::NoEnvironment`](super::AzureErrorKind::NoEnvironment), and what Azure
    /// says.
    pub async fn with_environment(setup: &Setup) -> Result<Self, AzureError> {
        let http = Http::new(setup)?;
        let signed_in = sign_in::with_environment(setup, &http).await?;
        Ok(Self::new(setup, http, signed_in))
    }

    /// A person who signs in in a browser of this machine, where the account can be chosen.
    /// `open` shows the page ([`super::open_browser`]); it may block. Waits five minutes.
    ///
    /// # Errors
    /// [`AzureErrorKind::NoBrowser`](super::AzureErrorKind::NoBrowser),
    /// [`AzureErrorKind::SignInDenied`](super::AzureErrorKind::SignInDenied),
    /// [`AzureErrorKind::SignInTimedOut`](super::AzureErrorKind::SignInTimedOut), and what
    /// Azure says.
    pub async fn with_browser(
        setup: &Setup,
        open: impl Fn(&Url) -> io::Result<()> + Send + Sync + 'static,
    ) -> Result<Self, AzureError> {
        Self::with_person(setup, Method::Browser, BrowserFlow::new(open)).await
    }

    /// A person who signs in on any device with the code that `show` shows.
    ///
    /// # Errors
    /// [`AzureErrorKind::SignInTimedOut`](super::AzureErrorKind::SignInTimedOut), and what
    /// Azure says.
    pub async fn with_device_code(
        setup: &Setup,
        show: impl Fn(DeviceCode) + Send + Sync + 'static,
    ) -> Result<Self, AzureError> {
        Self::with_person(setup, Method::DeviceCode, DeviceCodeFlow::new(show)).await
    }

    /// A person who signs in by `flow`.
    ///
    /// # Errors
    /// Those of the flow.
    pub async fn with_person(
        setup: &Setup,
        method: Method,
        flow: impl sign_in::Flow + 'static,
    ) -> Result<Self, AzureError> {
        let http = Http::new(setup)?;
        let signed_in = sign_in::with_person(setup, &http, method, flow).await?;
        Ok(Self::new(setup, http, signed_in))
    }
}
