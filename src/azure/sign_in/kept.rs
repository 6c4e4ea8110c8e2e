//! Access tokens in memory, so that a list of a thousand calls asks for one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use tokio::sync::Mutex;

use super::claims::Claims;
use super::{AzureError, Tenants};

/// A token that ends sooner than this is not used any more.
const SPARE: Duration = Duration::from_secs(5 * 60);

/// Makes the credential for a tenant.
#[async_trait]
pub(super) trait Make: Send + Sync {
    /// A credential for the tenant; without one, for that which was signed in to.
    fn credential(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError>;

    /// Who is signed in, where that is known better than from an access token.
    async fn claims(&self) -> Option<Claims> {
        None
    }
}

/// The credentials of one account, each of which keeps its token until it ends.
pub(super) struct Kept<M> {
    make: M,
    tenants: std::sync::Mutex<HashMap<Option<String>, Arc<Keeping>>>,
}

impl<M: Make> Kept<M> {
    pub(super) fn new(make: M) -> Self {
        Self { make, tenants: std::sync::Mutex::default() }
    }

    pub(super) async fn claims(&self) -> Option<Claims> {
        self.make.claims().await
    }

    fn keeping(&self, tenant_id: Option<&str>) -> Result<Arc<Keeping>, AzureError> {
        let mut tenants = self.tenants.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let tenant = tenant_id.map(str::to_owned);
        if let Some(keeping) = tenants.get(&tenant) {
            return Ok(keeping.clone());
        }
        let inner = self.make.credential(tenant_id)?;
        let keeping = Arc::new(Keeping { inner, tokens: Mutex::default() });
        tenants.insert(tenant, keeping.clone());
        Ok(keeping)
    }
}

#[async_trait]
impl<M: Make> Tenants for Kept<M> {
    fn for_tenant(&self, tenant_id: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
        Ok(self.keeping(tenant_id)?)
    }

    async fn forget(&self, tenant_id: Option<&str>) {
        if let Ok(keeping) = self.keeping(tenant_id) {
            keeping.tokens.lock().await.clear();
        }
    }
}

/// A credential that keeps its tokens, scope by scope.
struct Keeping {
    inner: Arc<dyn TokenCredential>,
    tokens: Mutex<HashMap<String, AccessToken>>,
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeping")
    }
}

#[async_trait]
impl TokenCredential for Keeping {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        // Held while a token is asked for: whoever comes meanwhile wants the same one.
        let mut tokens = self.tokens.lock().await;
        let scope = scopes.join(" ");
        if let Some(token) = tokens.get(&scope)
            && token.expires_on > OffsetDateTime::now_utc() + SPARE
        {
            return Ok(token.clone());
        }
        let token = self.inner.get_token(scopes, options).await?;
        tokens.insert(scope, token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use azure_core::credentials::Secret;

    use super::*;

    #[derive(Debug)]
    struct Counting(AtomicU64, Duration);

    #[async_trait]
    impl TokenCredential for Counting {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let ends = OffsetDateTime::now_utc() + self.1;
            Ok(AccessToken::new(Secret::new(number.to_string()), ends))
        }
    }

    struct Lasting(Duration);

    #[async_trait]
    impl Make for Lasting {
        fn credential(&self, _: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
            Ok(Arc::new(Counting(AtomicU64::new(0), self.0)))
        }
    }

    async fn token(kept: &Kept<Lasting>, tenant: Option<&str>, scope: &str) -> String {
        let credential = kept.for_tenant(tenant).unwrap();
        credential.get_token(&[scope], None).await.unwrap().token.secret().to_owned()
    }

    #[tokio::test]
    async fn a_token_is_kept_for_its_tenant_and_scope() {
        let kept = Kept::new(Lasting(Duration::from_secs(3600)));
        assert_eq!(token(&kept, None, "a").await, "0");
        assert_eq!(token(&kept, None, "a").await, "0");
        assert_eq!(token(&kept, None, "b").await, "1");
        assert_eq!(token(&kept, Some("t"), "a").await, "0");
        kept.forget(None).await;
        assert_eq!(token(&kept, None, "a").await, "2");
    }

    #[tokio::test]
    async fn a_token_that_soon_ends_is_not_used() {
        let kept = Kept::new(Lasting(Duration::from_secs(60)));
        assert_eq!(token(&kept, None, "a").await, "0");
        assert_eq!(token(&kept, None, "a").await, "1");
    }
}
