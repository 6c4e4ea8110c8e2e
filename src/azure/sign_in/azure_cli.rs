//! The Azure CLI's login, by `azure_identity`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Output;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_identity::{AzureCliCredential, AzureCliCredentialOptions, Executor};

use super::in_words::InWords;
use super::kept::Make;
use super::refusal::{error_of, texts_of};
use super::{AzureError, AzureErrorKind};
use crate::azure::setup::Setup;
use crate::http::surroundings;
use crate::model::Secret;
use crate::model::proxies::{ProxyDecision, ProxySource};
use crate::platform::child;

/// The Azure CLI's program.
const PROGRAM: &str = "az";

/// Makes credentials that ask the Azure CLI.
pub(super) struct Maker {
    tenant: Option<String>,
    executor: Arc<dyn Executor>,
}

impl Maker {
    pub(super) fn new(setup: &Setup) -> Result<Self, AzureError> {
        // What a shell says of a missing program depends on its language.
        if !child::is_in_path(PROGRAM) {
            return Err(AzureError::new(AzureErrorKind::NoAzureCli, ""));
        }
        let authority = &setup.cloud.authority;
        let (host, port) = (authority.host_str(), authority.port_or_known_default());
        let proxies = surroundings::proxies(&setup.proxy);
        let proxy = proxies.decide(host.unwrap_or_default(), port.unwrap_or_default());
        let executor = Arc::new(Quietly { proxy });
        Ok(Self { tenant: setup.tenant.clone(), executor })
    }
}

#[async_trait]
impl Make for Maker {
    fn credential(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
        let tenant_id = tenant_id.or(self.tenant.as_deref()).map(str::to_owned);
        let executor = Some(self.executor.clone());
        let options = AzureCliCredentialOptions { tenant_id, executor, ..Default::default() };
        let inner = AzureCliCredential::new(Some(options)).map_err(|error| error_of(&error))?;
        Ok(Arc::new(InWords { inner, words: in_words }))
    }
}

/// Runs the Azure CLI where nobody sees it, and through the proxy that the sign-in goes through.
#[derive(Debug)]
struct Quietly {
    proxy: ProxyDecision,
}

impl Quietly {
    fn environment(&self) -> Vec<(&'static str, OsString)> {
        let (proxy, exceptions) = match (self.proxy.source, &self.proxy.proxy) {
            // It reads the environment itself, and is not told of what names nothing.
            (ProxySource::Environment | ProxySource::Nobody, _) => return Vec::new(),
            (_, Some(proxy)) => (proxy.to_secret(), ""),
            (_, None) => (Secret::new(""), "*"),
        };
        let pairs = [
            ("HTTPS_PROXY", proxy.expose()),
            ("https_proxy", proxy.expose()),
            ("NO_PROXY", exceptions),
            ("no_proxy", exceptions),
        ];
        pairs.map(|(name, value)| (name, value.into())).into()
    }
}

#[async_trait]
impl Executor for Quietly {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        child::output(program, args, &self.environment()).await
    }
}

/// The error by what the Azure CLI prints.
fn in_words(error: &azure_core::Error) -> AzureError {
    let said = texts_of(error);
    let mut error = error_of(error);
    if said.contains("not found on PATH") {
        return AzureError::new(AzureErrorKind::NoAzureCli, "");
    }
    let is_over = error.kind == AzureErrorKind::CodeExpired;
    let is_out = error.kind == AzureErrorKind::SignInFailed && said.contains("az login");
    if is_over || is_out {
        error.kind = AzureErrorKind::AzureCliSignedOut;
    }
    if error.code.as_deref() == Some("AADSTS500011") {
        error.kind = AzureErrorKind::SignInFailed;
        error.detail =
            "the Azure CLI is perhaps set to another cloud than azure.cloud (az cloud show)"
                .to_owned();
    }
    // Whoever is signed out knows what that means.
    if is_out {
        error.detail.clear();
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Proxies, ProxyChoice};

    /// What the Azure CLI prints, as `azure_identity` wraps it.
    #[derive(Debug)]
    struct Prints(&'static str);

    #[async_trait]
    impl Executor for Prints {
        async fn run(&self, _: &OsStr, _: &[&OsStr]) -> io::Result<Output> {
            let script = [OsStr::new("-c"), OsStr::new("cat >&2 <<E\n$SAID\nE\nexit 1")];
            child::output(OsStr::new("/bin/sh"), &script, &[("SAID", self.0.into())]).await
        }
    }

    async fn error(said: &'static str) -> AzureError {
        let maker = Maker { tenant: None, executor: Arc::new(Prints(said)) };
        let credential = maker.credential(None).unwrap();
        error_of(&credential.get_token(&["https://x/.default"], None).await.unwrap_err())
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_the_azure_cli_prints_is_understood() {
        let out = error("ERROR: Please run 'az login' to setup account.").await;
        assert_eq!((out.kind, &*out.detail), (AzureErrorKind::AzureCliSignedOut, ""));
        let over = error(
            "ERROR: AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2025-08-11T05:42:31Z and was inactive for 90.00:00:00. Trace ID: 0c6c Correlation ID: 7a1b-22 Timestamp: 2026-11-25 03:00:00Z\nInteractive authentication is needed. Please run:\naz login --scope https://management.core.windows.net//.default",
        )
        .await;
        assert_eq!(over.kind, AzureErrorKind::AzureCliSignedOut, "{over}");
        assert_eq!(over.code.as_deref(), Some("AADSTS700082"));
        assert_eq!(over.correlation_id.as_deref(), Some("7a1b-22"));
        assert!(over.detail.starts_with("The refresh token has expired"), "{over}");
        let more = error("ERROR: AADSTS50076: You must use multi-factor authentication. Trace ID: x\nPlease run: az login").await;
        assert_eq!(more.kind, AzureErrorKind::InteractionRequired);
        let other = error("ERROR: AADSTS500011: The resource principal named https://x was not found in the tenant.").await;
        assert!(other.to_string().contains("az cloud show"), "{other}");
        let strange = error("ERROR: something else").await;
        assert_eq!(strange.kind, AzureErrorKind::SignInFailed);
        assert_eq!(strange.detail, "something else");
    }

    #[test]
    fn the_azure_cli_goes_through_the_proxy_too() {
        let set = |value: &str| {
            let choice = ProxyChoice::parse(value, &ProxyChoice::Automatic).unwrap();
            let proxies = Proxies::of(&choice)
                .or_environment(|name| (name == "HTTPS_PROXY").then(|| "http://env:1".to_owned()));
            Quietly { proxy: proxies.decide("login.microsoftonline.com", 443) }
        };
        let named = |quietly: &Quietly, name: &str| {
            let all = quietly.environment();
            let found = all.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone().into_string().unwrap())
        };
        let quietly = set("http://me:p%40ss@proxy:3128");
        for name in ["HTTPS_PROXY", "https_proxy"] {
            assert_eq!(named(&quietly, name).unwrap(), "http://me:p%40ss@proxy:3128");
        }
        assert_eq!(named(&quietly, "NO_PROXY").unwrap(), "");
        assert!(!format!("{quietly:?}").contains("ss@"));
        let straight = set("none");
        assert_eq!(named(&straight, "HTTPS_PROXY").unwrap(), "");
        assert_eq!(named(&straight, "no_proxy").unwrap(), "*");
        assert!(set("").environment().is_empty(), "it reads the environment itself");
    }
}
