//! The Azure CLI's login, by `azure_identity`.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_identity::{AzureCliCredential, AzureCliCredentialOptions};

use super::kept::Make;
use super::refusal::{error_of, into_core};
use super::{AzureError, AzureErrorKind};

/// Makes credentials that ask the Azure CLI.
pub(super) struct Maker {
    /// The tenant that was asked for.
    pub(super) tenant: Option<String>,
}

#[async_trait]
impl Make for Maker {
    fn credential(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
        let tenant_id = tenant_id.or(self.tenant.as_deref()).map(str::to_owned);
        let options = AzureCliCredentialOptions { tenant_id, ..Default::default() };
        let inner = AzureCliCredential::new(Some(options)).map_err(|error| error_of(&error))?;
        Ok(Arc::new(InWords(inner)))
    }
}

/// The credential whose errors say what to do.
#[derive(Debug)]
struct InWords(Arc<AzureCliCredential>);

#[async_trait]
impl TokenCredential for InWords {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.0.get_token(scopes, options).await;
        token.map_err(|error| into_core(in_words(error_of(&error))))
    }
}

/// The error by what the Azure CLI prints.
fn in_words(mut error: AzureError) -> AzureError {
    let text = error.detail.to_ascii_lowercase();
    if text.contains("not found on path") {
        return AzureError::new(AzureErrorKind::NoAzureCli, "");
    }
    if error.kind == AzureErrorKind::SignInFailed && text.contains("az login") {
        return AzureError::new(AzureErrorKind::AzureCliSignedOut, "");
    }
    // "AzureCliCredential authentication failed. …: ERROR: what happened"
    if let Some((_, said)) = error.detail.rsplit_once("ERROR: ") {
        error.detail = said.to_owned();
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(detail: &str) -> AzureErrorKind {
        in_words(AzureError::new(AzureErrorKind::SignInFailed, detail)).kind
    }

    #[test]
    fn what_the_azure_cli_prints_is_understood() {
        assert_eq!(kind("az not found on PATH"), AzureErrorKind::NoAzureCli);
        let out = "ERROR: Please run 'az login' to setup account.";
        assert_eq!(kind(out), AzureErrorKind::AzureCliSignedOut);
        assert_eq!(kind("ERROR: something else"), AzureErrorKind::SignInFailed);
    }
}
