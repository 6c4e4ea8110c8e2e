//! A person's sign-in: once by a [`Flow`], and from then on by its refresh token, which is
//! redeemed for each tenant. Both stay in memory.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use tokio::sync::Mutex;

use super::claims::Claims;
use super::entra::{Entra, Tokens};
use super::kept::Make;
use super::refusal::into_core;
use super::{AzureError, AzureErrorKind};
use crate::model::Secret;

/// A way for a person to sign in.
#[async_trait]
pub trait Flow: Send + Sync {
    /// Signs in to the tenant (without one, to the account's own) for `scope`.
    ///
    /// # Errors
    /// [`AzureError`] in words. Dropping the future cancels the sign-in.
    async fn sign_in(
        &self,
        entra: &Entra,
        tenant: Option<&str>,
        scope: &str,
    ) -> Result<Tokens, AzureError>;
}

/// One person's sign-in.
pub(super) struct Session {
    entra: Entra,
    tenant: Option<String>,
    flow: Box<dyn Flow>,
    /// Held while somebody signs in: nobody is asked twice at once.
    signed_in: Mutex<Option<Person>>,
}

struct Person {
    refresh: Option<Secret>,
    claims: Claims,
}

impl Session {
    pub(super) fn new(entra: Entra, tenant: Option<String>, flow: impl Flow + 'static) -> Self {
        Self { entra, tenant, flow: Box::new(flow), signed_in: Mutex::new(None) }
    }

    /// An access token for `scope` in the tenant; without one, where the person signed in.
    async fn token(&self, tenant: Option<&str>, scope: &str) -> Result<AccessToken, AzureError> {
        let refresh = {
            let mut signed_in = self.signed_in.lock().await;
            match &*signed_in {
                Some(person) => person.refresh.clone(),
                None => {
                    let tokens = self.flow.sign_in(&self.entra, self.tenant.as_deref(), scope);
                    let tokens = tokens.await?;
                    let refresh = tokens.refresh;
                    *signed_in = Some(Person { refresh: refresh.clone(), claims: tokens.claims });
                    if tenant.is_none() {
                        return Ok(tokens.access);
                    }
                    refresh
                }
            }
        };
        // Of several tenants the tokens are redeemed side by side.
        let refresh = refresh.ok_or_else(|| {
            let detail = "Azure gave no refresh token".to_owned();
            AzureError::new(AzureErrorKind::TokenRefused, detail)
        })?;
        let scope = Entra::person_scope(scope);
        let form = [
            ("client_id", self.entra.client_id.as_str()),
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose()),
            ("scope", &scope),
        ];
        let tenant = tenant.or(self.tenant.as_deref());
        let tokens = self.entra.redeem(tenant, &form).await.map_err(|none| ended(none.into()))?;
        if let (Some(newer), Some(person)) = (tokens.refresh, &mut *self.signed_in.lock().await) {
            person.refresh = Some(newer);
        }
        Ok(tokens.access)
    }
}

/// What is no longer valid here is the sign-in.
fn ended(error: AzureError) -> AzureError {
    match error.kind {
        AzureErrorKind::CodeExpired => AzureError { kind: AzureErrorKind::TokenRefused, ..error },
        _ => error,
    }
}

#[async_trait]
impl Make for Arc<Session> {
    fn credential(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
        let tenant = tenant_id.map(str::to_owned);
        Ok(Arc::new(UserCredential { session: self.clone(), tenant }))
    }

    async fn claims(&self) -> Option<Claims> {
        self.signed_in.lock().await.as_ref().map(|person| person.claims.clone())
    }
}

/// The credential of a person for one tenant. Its first token asks the person to sign in.
pub struct UserCredential {
    session: Arc<Session>,
    tenant: Option<String>,
}

impl UserCredential {
    /// The credential of a person who signs in by `flow`, in `tenant` or in the account's own.
    pub fn new(entra: Entra, tenant: Option<String>, flow: impl Flow + 'static) -> Arc<Self> {
        let session = Arc::new(Session::new(entra, tenant, flow));
        Arc::new(Self { session, tenant: None })
    }
}

impl fmt::Debug for UserCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserCredential").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenCredential for UserCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let token = self.session.token(self.tenant.as_deref(), &scopes.join(" ")).await;
        token.map_err(into_core)
    }
}
