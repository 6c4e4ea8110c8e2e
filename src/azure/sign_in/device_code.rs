//! Sign-in in a browser on any device, with a code (RFC 8628).

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::entra::{Entra, NoTokens, Tokens};
use super::user::Flow;
use super::{AzureError, AzureErrorKind, DeviceCode};
use crate::model::Secret;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How much slower the token is asked for after `slow_down` (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Longest pause between two questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

type Show = dyn Fn(DeviceCode) + Send + Sync;

/// The sign-in with a code.
pub struct DeviceCodeFlow {
    show: Box<Show>,
}

#[derive(Deserialize)]
struct Begun {
    #[serde(with = "crate::model::secret::exposed")]
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    expires_in: u64,
    #[serde(default = "five")]
    interval: u64,
}

/// RFC 8628, section 3.2.
fn five() -> u64 {
    5
}

impl DeviceCodeFlow {
    /// A flow that shows address and code with `show`.
    pub fn new(show: impl Fn(DeviceCode) + Send + Sync + 'static) -> Self {
        Self { show: Box::new(show) }
    }
}

impl fmt::Debug for DeviceCodeFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCodeFlow")
    }
}

#[async_trait]
impl Flow for DeviceCodeFlow {
    async fn sign_in(
        &self,
        entra: &Entra,
        tenant: Option<&str>,
        scope: &str,
    ) -> Result<Tokens, AzureError> {
        let scope = Entra::person_scope(scope);
        let form = [("client_id", entra.client_id.as_str()), ("scope", &scope)];
        let begun: Begun = entra.post(tenant, "devicecode", &form).await?;
        let lasts = begun.expires_in.clamp(1, 24 * 3600);
        let ends = Instant::now() + Duration::from_secs(lasts);
        let lasts = SignedDuration::from_secs(i64::try_from(lasts).unwrap_or(i64::MAX));
        (self.show)(DeviceCode {
            address: begun.verification_uri,
            code: begun.user_code,
            expires_at: Timestamp::now() + lasts,
        });
        let form = [
            ("client_id", entra.client_id.as_str()),
            ("grant_type", GRANT),
            ("device_code", begun.device_code.expose()),
        ];
        let mut pause = Duration::from_secs(begun.interval.max(1)).min(LONGEST_PAUSE);
        loop {
            sleep(pause).await;
            if Instant::now() >= ends {
                let detail = "the code was not used in time";
                return Err(AzureError::new(AzureErrorKind::SignInTimedOut, detail));
            }
            match entra.redeem(tenant, &form).await {
                Ok(tokens) => return Ok(tokens),
                Err(NoTokens::Refused(refusal)) => match refusal.error.as_str() {
                    "authorization_pending" => {}
                    "slow_down" => pause = (pause + SLOWER).min(LONGEST_PAUSE),
                    _ => match refusal.into_error() {
                        error if is_short(error.kind) => {
                            tracing::debug!(%error, "asking for the token again");
                        }
                        error => return Err(error),
                    },
                },
                // The person is still typing: a short break of the network ends nothing.
                Err(NoTokens::Failed(error)) if is_short(error.kind) => {
                    tracing::debug!(%error, "asking for the token again");
                }
                Err(NoTokens::Failed(error)) => return Err(error),
            }
        }
    }
}

fn is_short(kind: AzureErrorKind) -> bool {
    matches!(
        kind,
        AzureErrorKind::Unreachable
            | AzureErrorKind::TimedOut
            | AzureErrorKind::Interrupted
            | AzureErrorKind::AzureFailed
            | AzureErrorKind::Throttled
    )
}
