//! Microsoft Entra's endpoints (Microsoft Learn, "Microsoft identity platform and OAuth 2.0
//! authorization code flow").

use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret as CoreSecret};
use azure_core::time::OffsetDateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::claims::Claims;
use super::refusal::Refusal;
use super::{AzureError, AzureErrorKind};
use crate::azure::http::{Answer, Http};
use crate::azure::setup::Setup;
use crate::model::Secret;

/// What a person's sign-in asks for besides access: their name, and to be asked only once.
const PERSON: &str = "openid profile offline_access";
/// Tenant of a sign-in that names none: any work or school account's own.
const ANY_TENANT: &str = "organizations";

/// Entra, as one application sees it.
#[derive(Clone, Debug)]
pub struct Entra {
    pub(super) http: Http,
    authority: Url,
    pub(super) client_id: String,
}

/// What a redeemed code or refresh token gives.
#[derive(Debug)]
pub struct Tokens {
    pub(super) access: AccessToken,
    pub(super) refresh: Option<Secret>,
    pub(super) claims: Claims,
}

/// Why there are no tokens.
#[derive(Debug)]
pub(super) enum NoTokens {
    /// Entra says no, or not yet.
    Refused(Refusal),
    /// Something else.
    Failed(AzureError),
}

impl From<NoTokens> for AzureError {
    fn from(none: NoTokens) -> Self {
        match none {
            NoTokens::Refused(refusal) => refusal.into_error(),
            NoTokens::Failed(error) => error,
        }
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u64,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
}

impl Entra {
    /// Entra of the setup's cloud, for the setup's application.
    pub(crate) fn new(http: Http, setup: &Setup) -> Self {
        let authority = setup.cloud.authority.clone();
        Self { http, authority, client_id: setup.client_id.clone() }
    }

    /// The address of `page` (`authorize`, `token`, `devicecode`) for a tenant.
    pub(super) fn page(&self, tenant: Option<&str>, page: &str) -> Result<Url, AzureError> {
        let tenant = tenant.unwrap_or(ANY_TENANT);
        if !crate::model::azure_settings::is_tenant(tenant) {
            let detail = format!("\"{tenant}\" is no tenant's id or domain");
            return Err(AzureError::new(AzureErrorKind::BadSetting, detail));
        }
        self.authority.join(&format!("{tenant}/oauth2/v2.0/{page}")).map_err(|error| {
            AzureError::new(AzureErrorKind::BadSetting, format!("azure.authority: {error}"))
        })
    }

    /// The scope of a person's sign-in for `scope`.
    pub(super) fn person_scope(scope: &str) -> String {
        format!("{scope} {PERSON}")
    }

    /// Redeems a code or a refresh token.
    pub(super) async fn redeem(
        &self,
        tenant: Option<&str>,
        form: &[(&str, &str)],
    ) -> Result<Tokens, NoTokens> {
        let answer: TokenAnswer = self.post(tenant, "token", form).await?;
        let claims = Claims::of(answer.id_token.as_deref().unwrap_or(&answer.access_token));
        let ends = OffsetDateTime::now_utc() + Duration::from_secs(answer.expires_in.min(1 << 20));
        Ok(Tokens {
            access: AccessToken::new(CoreSecret::new(answer.access_token), ends),
            refresh: answer.refresh_token.map(Secret::new),
            claims,
        })
    }

    /// Posts a form, and reads the JSON of the answer.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        tenant: Option<&str>,
        page: &str,
        form: &[(&str, &str)],
    ) -> Result<T, NoTokens> {
        let url = self.page(tenant, page).map_err(NoTokens::Failed)?;
        let request = self.http.client().post(url).form(form).build().map_err(|error| {
            NoTokens::Failed(AzureError::new(AzureErrorKind::BadSetting, error.to_string()))
        })?;
        let answer = self.http.send(request).await.map_err(NoTokens::Failed)?;
        if answer.is_success() {
            return answer.json().map_err(NoTokens::Failed);
        }
        Err(refused(&answer))
    }
}

fn refused(answer: &Answer) -> NoTokens {
    match answer.json::<Refusal>() {
        Ok(refusal) if !refusal.error.is_empty() => NoTokens::Refused(refusal),
        Err(error) if error.kind == AzureErrorKind::NotAzure => NoTokens::Failed(error),
        _ => {
            let kind = match answer.status {
                429 => AzureErrorKind::Throttled,
                500.. => AzureErrorKind::AzureFailed,
                _ => AzureErrorKind::BadAnswer,
            };
            let detail = format!("{} answers {} without a reason", answer.host, answer.status);
            let error = AzureError::new(kind, detail);
            NoTokens::Failed(error.with_azure(None, answer.correlation_id()))
        }
    }
}
