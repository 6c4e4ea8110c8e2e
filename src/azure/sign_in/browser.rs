//! Sign-in in the system's browser: authorization code with PKCE (RFC 7636), and a loopback
//! redirect.

use std::fmt;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;
use zeroize::Zeroizing;

use super::entra::{Entra, Tokens};
use super::loopback::Loopback;
use super::page::Page;
use super::user::Flow;
use super::{AzureError, AzureErrorKind};
use crate::model::Secret;

/// How long a person may take in the browser.
pub const BROWSER_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Opens `url` in the system's browser (on Linux `$BROWSER` names another one).
///
/// # Errors
/// There is none, or it does not start.
pub fn open_browser(url: &Url) -> io::Result<()> {
    webbrowser::open(url.as_str())
}

type Opener = dyn Fn(&Url) -> io::Result<()> + Send + Sync;

/// The sign-in in a browser of this machine.
pub struct BrowserFlow {
    open: std::sync::Arc<Opener>,
    limit: Duration,
}

impl BrowserFlow {
    /// A flow that shows its page with `open`, [`open_browser`] for example. `open` may
    /// block.
    pub fn new(open: impl Fn(&Url) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { open: std::sync::Arc::new(open), limit: BROWSER_LIMIT }
    }

    /// The same with another time for the person; 5 minutes unless said otherwise.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Shows the page. A text browser ends only after the sign-in: it is not waited for.
    async fn show(&self, url: Url) -> Result<(), AzureError> {
        const SHOW_LIMIT: Duration = Duration::from_secs(5);
        let open = self.open.clone();
        let opening = tokio::task::spawn_blocking(move || open(&url));
        let failed = |detail: String| AzureError::new(AzureErrorKind::NoBrowser, detail);
        match timeout(SHOW_LIMIT, opening).await {
            Ok(Ok(Ok(()))) | Err(_) => Ok(()),
            Ok(Ok(Err(error))) => Err(failed(error.to_string())),
            Ok(Err(error)) => Err(failed(error.to_string())),
        }
    }
}

impl fmt::Debug for BrowserFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserFlow").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[async_trait]
impl Flow for BrowserFlow {
    async fn sign_in(
        &self,
        entra: &Entra,
        tenant: Option<&str>,
        scope: &str,
    ) -> Result<Tokens, AzureError> {
        let once = Once::new()?;
        let mut loopback = Loopback::open(&once.state).await?;
        let redirect_uri = loopback.redirect_uri();
        let scope = Entra::person_scope(scope);
        let mut page = entra.page(tenant, "authorize")?;
        page.query_pairs_mut()
            .append_pair("client_id", &entra.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("response_mode", "query")
            .append_pair("scope", &scope)
            .append_pair("state", &once.state)
            .append_pair("code_challenge", &once.challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", "select_account");
        self.show(page).await?;
        let code = match timeout(self.limit, loopback.code()).await {
            Ok(code) => code,
            Err(_) => Err(too_late(&loopback, self.limit)),
        };
        let tokens = match code {
            Ok(code) => {
                let form = [
                    ("client_id", entra.client_id.as_str()),
                    ("grant_type", "authorization_code"),
                    ("code", code.expose()),
                    ("redirect_uri", &redirect_uri),
                    ("code_verifier", once.verifier.expose()),
                    ("scope", &scope),
                ];
                entra.redeem(tenant, &form).await.map_err(AzureError::from)
            }
            Err(error) => Err(error),
        };
        let page = match &tokens {
            Ok(_) => Page::SignedIn,
            Err(error) => Page::Failed(error.kind.summary().to_owned()),
        };
        loopback.close(page).await;
        tokens
    }
}

fn too_late(loopback: &Loopback, limit: Duration) -> AzureError {
    if loopback.saw_forged_answer() {
        return AzureError::new(AzureErrorKind::ForgedAnswer, "");
    }
    let detail = format!("the browser brought no answer within {} s", limit.as_secs());
    AzureError::new(AzureErrorKind::SignInTimedOut, detail)
}

/// What is used for one sign-in alone.
struct Once {
    state: String,
    verifier: Secret,
    challenge: String,
}

impl Once {
    fn new() -> Result<Self, AzureError> {
        let verifier = random()?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Ok(Self { state: random()?.to_string(), verifier: Secret::new(&**verifier), challenge })
    }
}

/// 32 random bytes as text.
fn random() -> Result<Zeroizing<String>, AzureError> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    random.fill(&mut *bytes).map_err(|_| {
        let detail = "this machine gives no random numbers";
        AzureError::new(AzureErrorKind::SignInFailed, detail)
    })?;
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_in_has_secrets_of_its_own() {
        let (one, two) = (Once::new().unwrap(), Once::new().unwrap());
        assert_eq!((one.state.len(), one.verifier.expose().len()), (43, 43));
        assert!(one.state != two.state && one.verifier != two.verifier);
        assert_ne!(one.state, one.verifier.expose());
        let again = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(one.verifier.expose()));
        assert_eq!(one.challenge, again);
    }
}
