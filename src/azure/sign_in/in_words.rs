//! A credential that needs no person: its errors say what to do, and come in time.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use tokio::time::timeout;

use super::refusal::into_core;
use super::{AzureError, AzureErrorKind, SILENT_LIMIT};

/// `inner` with its errors put into words by `words`.
pub(super) struct InWords<W> {
    pub(super) inner: Arc<dyn TokenCredential>,
    pub(super) words: W,
}

impl<W> fmt::Debug for InWords<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InWords").field(&self.inner).finish()
    }
}

#[async_trait]
impl<W> TokenCredential for InWords<W>
where
    W: Fn(&azure_core::Error) -> AzureError + Send + Sync,
{
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        match timeout(SILENT_LIMIT, self.inner.get_token(scopes, options)).await {
            Ok(token) => token.map_err(|error| into_core((self.words)(&error))),
            Err(_) => {
                let detail = format!("there was no token within {} s", SILENT_LIMIT.as_secs());
                Err(into_core(AzureError::new(AzureErrorKind::TimedOut, detail)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::refusal::error_of;
    use super::*;

    #[derive(Debug)]
    struct Silent;

    #[async_trait]
    impl TokenCredential for Silent {
        async fn get_token(
            &self,
            _: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AccessToken> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_says_nothing_is_not_waited_for_for_ever() {
        let credential = InWords { inner: Arc::new(Silent), words: error_of };
        let error = error_of(&credential.get_token(&["x"], None).await.unwrap_err());
        assert_eq!(error.kind, AzureErrorKind::TimedOut, "{error}");
    }
}
