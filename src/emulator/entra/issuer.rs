//! The tokens and codes that are out. A token is good because it is known here; its
//! signature is made of chance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::scope::{self, Scope};
use crate::emulator::azure::{AzureConfig, Counting, Principal, authority};

/// How long an authorization code is valid (Entra: about 10 minutes).
const CODE_LIFETIME: Duration = Duration::from_secs(600);
/// How long a refresh token is valid (Entra: 24 hours for single-page applications, 90 days
/// for others). Each use brings the next one, so that all of them must end some time.
const REFRESH_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Everything that was issued, behind one lock that is never held across an await.
pub(crate) struct Issuer {
    port: u16,
    token_lifetime: Duration,
    pub(super) device_interval: Duration,
    pub(super) device_lifetime: Duration,
    counting: Arc<Counting>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    access: HashMap<String, (Access, Instant)>,
    refresh: HashMap<String, (Refresh, Instant)>,
    codes: HashMap<String, OpenCode>,
    devices: HashMap<String, Device>,
}

/// Who calls, by an access token.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) principal: Principal,
    /// The tenant that the token is for.
    pub(crate) tenant: String,
    audience: String,
}

/// Why an access token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    Unknown,
    Expired,
    Audience,
}

/// Whom a refresh token is for.
#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub(super) user: String,
    pub(super) client_id: String,
    pub(super) scope: Scope,
}

/// What an authorization code stands for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) user: String,
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scope: Scope,
    pub(super) nonce: Option<String>,
}

/// An authorization code that is out.
struct OpenCode {
    code: Code,
    is_spent: bool,
    expires: Instant,
}

/// Whether a code may still be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeState {
    Good,
    Spent,
    Expired,
}

/// What came of a device code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Pending,
    Approved(String),
    Declined,
}

/// A device that waits for a person.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) user_code: String,
    pub(super) client_id: String,
    /// The tenant as it was asked for.
    pub(super) tenant: String,
    pub(super) scope: Scope,
    pub(super) decision: Decision,
    pub(super) asked: Option<Instant>,
    pub(super) expires: Instant,
}

impl Device {
    pub(super) fn is_expired(&self) -> bool {
        self.expires <= Instant::now()
    }
}

/// A token to be issued.
pub(super) struct Grant<'a> {
    pub(super) principal: &'a Principal,
    pub(super) tenant: &'a str,
    pub(super) client_id: &'a str,
    pub(super) scope: &'a Scope,
    pub(super) nonce: Option<&'a str>,
    /// Whether a refresh token may come with it.
    pub(super) is_delegated: bool,
}

impl Issuer {
    pub(crate) fn new(config: &AzureConfig, port: u16, counting: Arc<Counting>) -> Self {
        Self {
            port,
            token_lifetime: Duration::from_secs(config.token_seconds),
            device_interval: Duration::from_secs(config.device_code_interval_seconds),
            device_lifetime: Duration::from_secs(config.device_code_seconds),
            counting,
            inner: Mutex::default(),
        }
    }

    /// Who calls with `token`, which must be for Resource Manager.
    pub(crate) fn access(&self, token: &str) -> Result<Access, Rejected> {
        let inner = self.lock();
        let (access, expires) = inner.access.get(token).ok_or(Rejected::Unknown)?;
        if *expires <= Instant::now() {
            return Err(Rejected::Expired);
        }
        if !scope::is_resource_manager(&access.audience, self.port) {
            return Err(Rejected::Audience);
        }
        Ok(access.clone())
    }

    /// Issues tokens; gives the answer of the token endpoint.
    pub(super) fn issue(&self, grant: &Grant<'_>) -> Value {
        let seconds = self.token_lifetime.as_secs();
        let access_token = self.access_token(grant);
        let mut answer = json!({
            "token_type": "Bearer",
            "scope": grant.scope.text,
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": access_token,
        });
        if grant.is_delegated && grant.scope.offline {
            let token = format!("1.{}", chance());
            let refresh = Refresh {
                user: grant.principal.name.clone(),
                client_id: grant.client_id.to_owned(),
                scope: grant.scope.clone(),
            };
            let now = Instant::now();
            let mut inner = self.lock();
            inner.refresh.retain(|_, (_, expires)| *expires > now);
            inner.refresh.insert(token.clone(), (refresh, now + REFRESH_LIFETIME));
            drop(inner);
            answer["refresh_token"] = json!(token);
        }
        if grant.is_delegated && grant.scope.openid {
            answer["id_token"] = json!(jwt(&self.claims(grant, grant.client_id)));
        }
        answer
    }

    /// Issues an access token alone.
    pub(super) fn access_token(&self, grant: &Grant<'_>) -> String {
        let token = jwt(&self.claims(grant, &grant.scope.audience));
        let access = Access {
            principal: grant.principal.clone(),
            tenant: grant.tenant.to_owned(),
            audience: grant.scope.audience.clone(),
        };
        let now = Instant::now();
        let mut inner = self.lock();
        // One that ended long ago is unknown; until then it is told that it has ended.
        inner.access.retain(|_, (_, expires)| *expires + self.token_lifetime * 4 > now);
        inner.access.insert(token.clone(), (access, now + self.token_lifetime));
        drop(inner);
        self.counting.token();
        token
    }

    /// When a token that is issued now ends, in seconds since 1970.
    pub(super) fn expires_on(&self) -> i64 {
        let lifetime = i64::try_from(self.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        Timestamp::now().as_second().saturating_add(lifetime)
    }

    fn claims(&self, grant: &Grant<'_>, audience: &str) -> Value {
        let now = Timestamp::now().as_second();
        let Grant { principal, tenant, .. } = grant;
        let mut claims = json!({
            "aud": audience,
            "iss": format!("{}/{tenant}/v2.0", authority(self.port)),
            "iat": now,
            "nbf": now,
            "exp": self.expires_on(),
            "tid": tenant,
            "oid": principal.object_id,
            "sub": principal.object_id,
            "name": principal.display_name,
            "ver": "2.0",
            "uti": Uuid::new_v4().simple().to_string(),
        });
        if grant.is_delegated {
            claims["preferred_username"] = json!(principal.name);
            claims["upn"] = json!(principal.name);
        } else {
            claims["appid"] = json!(principal.name);
            claims["idtyp"] = json!("app");
        }
        if let Some(nonce) = grant.nonce {
            claims["nonce"] = json!(nonce);
        }
        claims
    }

    /// A new authorization code for `code`, whose time begins now.
    pub(super) fn add_code(&self, code: Code) -> String {
        let (text, now) = (format!("1.{}", chance()), Instant::now());
        let mut inner = self.lock();
        inner.codes.retain(|_, open| open.expires + CODE_LIFETIME > now);
        let open = OpenCode { code, is_spent: false, expires: now + CODE_LIFETIME };
        inner.codes.insert(text.clone(), open);
        text
    }

    /// What `text` stands for, and whether it was good; it is spent from now on.
    pub(super) fn spend_code(&self, text: &str) -> Option<(Code, CodeState)> {
        let mut inner = self.lock();
        let open = inner.codes.get_mut(text)?;
        let state = match std::mem::replace(&mut open.is_spent, true) {
            true => CodeState::Spent,
            false if open.expires <= Instant::now() => CodeState::Expired,
            false => CodeState::Good,
        };
        Some((open.code.clone(), state))
    }

    pub(super) fn refresh(&self, token: &str) -> Option<Refresh> {
        let inner = self.lock();
        let (refresh, expires) = inner.refresh.get(token)?;
        (*expires > Instant::now()).then(|| refresh.clone())
    }

    /// Adds a device by its device code.
    pub(super) fn add_device(&self, device_code: &str, device: Device) {
        let mut inner = self.lock();
        inner.devices.retain(|_, device| device.expires + self.device_lifetime > Instant::now());
        inner.devices.insert(device_code.to_owned(), device);
    }

    /// Looks at the device with this device code, and changes it.
    pub(super) fn with_device<T>(
        &self,
        device_code: &str,
        act: impl FnOnce(&mut Device) -> T,
    ) -> Option<T> {
        self.lock().devices.get_mut(device_code).map(act)
    }

    pub(super) fn remove_device(&self, device_code: &str) {
        self.lock().devices.remove(device_code);
    }

    /// The device that waits with this user code, in any case and with any dashes.
    pub(super) fn with_user_code<T>(
        &self,
        user_code: &str,
        act: impl FnOnce(&mut Device) -> T,
    ) -> Option<T> {
        let plain: String = user_code.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut inner = self.lock();
        let device = inner.devices.values_mut().find(|device| {
            device.user_code.eq_ignore_ascii_case(&plain)
                && !device.is_expired()
                && device.decision == Decision::Pending
        });
        device.map(act)
    }

    /// Ends all codes; says how many.
    pub(crate) fn expire_codes(&self) -> usize {
        let now = Instant::now();
        let mut inner = self.lock();
        let mut met = 0;
        let codes = inner.codes.values_mut().filter(|code| !code.is_spent);
        codes.for_each(|code| {
            code.expires = now;
            met += 1;
        });
        inner.devices.values_mut().for_each(|device| {
            device.expires = now;
            met += 1;
        });
        met
    }

    /// Ends all access tokens; says how many.
    pub(crate) fn expire_tokens(&self) -> usize {
        let now = Instant::now();
        let mut inner = self.lock();
        let alive = inner.access.values_mut().filter(|(_, expires)| *expires > now);
        alive.map(|(_, expires)| *expires = now).count()
    }

    /// Ends all refresh tokens; says how many.
    pub(crate) fn revoke_refresh_tokens(&self) -> usize {
        std::mem::take(&mut self.lock().refresh).len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A text that nobody guesses.
pub(super) fn chance() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Three parts like a JSON Web Token's.
fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": "relay-emulator" });
    let chance = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    format!("{}.{}.{}", part(&header), part(claims), URL_SAFE_NO_PAD.encode(chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn refresh_tokens_end_and_are_forgotten() {
        let issuer = Issuer::new(&AzureConfig::new(), 1, Arc::default());
        let principal = Principal {
            name: "you@contoso.com".to_owned(),
            display_name: "You".to_owned(),
            object_id: "o".to_owned(),
            tenants: vec!["t".to_owned()],
        };
        let scope = scope::read("https://management.azure.com/.default offline_access", 1).unwrap();
        let issue = || {
            let answer = issuer.issue(&Grant {
                principal: &principal,
                tenant: "t",
                client_id: "c",
                scope: &scope,
                nonce: None,
                is_delegated: true,
            });
            answer["refresh_token"].as_str().unwrap().to_owned()
        };
        let first = issue();
        assert!(issuer.refresh(&first).is_some());
        tokio::time::advance(REFRESH_LIFETIME).await;
        assert!(issuer.refresh(&first).is_none());
        issue();
        assert_eq!(issuer.revoke_refresh_tokens(), 1);
    }
}
