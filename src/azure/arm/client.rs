//! Calls of Resource Manager: the token, the tries and the pauses.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use reqwest::{Method, Request};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;
use url::Url;
use zeroize::Zeroizing;

use super::patience::{Patience, Pause};
use super::refusal;
use crate::azure::cloud::Cloud;
use crate::azure::error::{AzureError, AzureErrorKind};
use crate::azure::http::{Answer, Http};
use crate::azure::sign_in::{Tenants, error_of};
use crate::model::{one_line, percent};

/// Is told for how many seconds Azure wants a pause.
type OnPause = Box<dyn Fn(u64) + Send + Sync>;

/// What one piece of work needs to call Resource Manager. All work of an account shares its
/// pauses and its limit of calls at once.
pub(in crate::azure) struct Arm {
    shared: Arc<Shared>,
    /// A long list has no more calls than this wait for a slot: what is asked for meanwhile
    /// does not have to wait for all of it.
    turns: Semaphore,
    told: Pause,
    on_pause: OnPause,
}

struct Shared {
    http: Http,
    base: Url,
    scope: String,
    tenants: Arc<dyn Tenants>,
    at_once: usize,
    slots: Semaphore,
    pause: Pause,
    renewal: Mutex<()>,
}

/// A call.
#[derive(Clone, Debug)]
pub(in crate::azure) struct Call<'a> {
    /// The tenant whose token goes with it; without one, that which was signed in to.
    pub(in crate::azure) tenant: Option<&'a str>,
    /// GET or POST.
    pub(in crate::azure) method: Method,
    /// Its address.
    pub(in crate::azure) address: Url,
    /// The permission it needs, `Microsoft.Relay/namespaces/read` for example.
    pub(in crate::azure) action: &'static str,
}

impl Call<'_> {
    /// The resource that the permission is needed for, as Azure writes it.
    pub(super) fn scope(&self) -> String {
        let path = percent::decode(self.address.path());
        let path = String::from_utf8_lossy(&path);
        one_line(path.strip_suffix("/listKeys").unwrap_or(&path))
    }
}

/// What comes after an answer without success.
enum Next {
    /// The same call once more, with this token or the one it has.
    Again(Option<AccessToken>),
    /// The end.
    Fail,
}

impl Arm {
    /// For an account with at most `at_once` calls at a time.
    pub(in crate::azure) fn new(
        http: Http,
        cloud: &Cloud,
        tenants: Arc<dyn Tenants>,
        at_once: usize,
    ) -> Self {
        let shared = Shared {
            http,
            base: cloud.resource_manager.clone(),
            scope: cloud.scope(),
            tenants,
            at_once,
            slots: Semaphore::new(at_once),
            pause: Pause::default(),
            renewal: Mutex::default(),
        };
        Self::of(Arc::new(shared), Box::new(|_| ()))
    }

    /// The same for another piece of work, which tells `on_pause` for how many seconds Azure
    /// wants a pause.
    pub(in crate::azure) fn telling_pauses(
        &self,
        on_pause: impl Fn(u64) + Send + Sync + 'static,
    ) -> Self {
        Self::of(self.shared.clone(), Box::new(on_pause))
    }

    fn of(shared: Arc<Shared>, on_pause: OnPause) -> Self {
        Self { turns: Semaphore::new(shared.at_once), shared, told: Pause::default(), on_pause }
    }

    /// Where Resource Manager is.
    pub(in crate::azure) fn base(&self) -> &Url {
        &self.shared.base
    }

    /// Calls until there is an answer with success, or none is to be expected.
    pub(in crate::azure) async fn send(&self, call: &Call<'_>) -> Result<Answer, AzureError> {
        let credential = self.shared.tenants.for_tenant(call.tenant)?;
        let mut token = self.token(&*credential).await?;
        let mut patience = Patience::default();
        let mut is_renewed = false;
        loop {
            let error = match self.once(call, &token).await {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(answer) => {
                    let next = match answer.status {
                        401 if !is_renewed => {
                            is_renewed = true;
                            self.after_401(call, &*credential, &token).await?
                        }
                        429 | 503 => self.after_throttling(&mut patience, &answer),
                        500 | 502 | 504 => wait(patience.after_failure()).await,
                        _ => Next::Fail,
                    };
                    if let Next::Again(renewed) = next {
                        token = renewed.unwrap_or(token);
                        continue;
                    }
                    refusal::of(&answer, call)
                }
                Err(error) => error,
            };
            let is_cut =
                matches!(error.kind, AzureErrorKind::Interrupted | AzureErrorKind::Unreachable);
            if !is_cut || !matches!(wait(patience.after_failure()).await, Next::Again(_)) {
                return Err(error);
            }
        }
    }

    /// One try, when it is its turn.
    async fn once(&self, call: &Call<'_>, token: &AccessToken) -> Result<Answer, AzureError> {
        // Never closed, so there always is one of both.
        let _turn = self.turns.acquire().await;
        let _slot = loop {
            self.pause_is_over().await;
            let slot = self.shared.slots.acquire().await;
            if self.shared.pause.left().is_none() {
                break slot;
            }
        };
        let mut request = Request::new(call.method.clone(), call.address.clone());
        let bearer = Zeroizing::new(format!("Bearer {}", token.token.secret()));
        let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| {
            AzureError::new(AzureErrorKind::SignInFailed, "the token has characters of no token")
        })?;
        bearer.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if call.method == Method::POST {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        self.shared.http.send(request).await
    }

    /// Waits until no pause is on, whoever's call began it.
    async fn pause_is_over(&self) {
        while let Some(left) = self.shared.pause.left() {
            if self.told.begin(left) {
                (self.on_pause)(left.as_secs_f64().ceil() as u64);
            }
            sleep(left).await;
        }
    }

    async fn token(&self, credential: &dyn TokenCredential) -> Result<AccessToken, AzureError> {
        let token = credential.get_token(&[&self.shared.scope], None).await;
        token.map_err(|error| error_of(&error))
    }

    /// The token was refused: another one, if a new one can help.
    async fn after_401(
        &self,
        call: &Call<'_>,
        credential: &dyn TokenCredential,
        refused: &AccessToken,
    ) -> Result<Next, AzureError> {
        // Calls that are refused together renew the token once.
        let _renewing = self.shared.renewal.lock().await;
        let mut token = self.token(credential).await?;
        if token.token == refused.token {
            self.shared.tenants.forget(call.tenant).await;
            token = self.token(credential).await?;
        }
        Ok(Next::Again(Some(token)))
    }

    fn after_throttling(&self, patience: &mut Patience, answer: &Answer) -> Next {
        let asked = answer.retry_after(Timestamp::now());
        let Some(pause) = patience.after_throttling(asked) else { return Next::Fail };
        self.shared.pause.begin(pause);
        Next::Again(None)
    }
}

async fn wait(pause: Option<Duration>) -> Next {
    let Some(pause) = pause else { return Next::Fail };
    sleep(pause).await;
    Next::Again(None)
}
