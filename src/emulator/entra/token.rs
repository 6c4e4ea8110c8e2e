//! The token endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::authorize::{check_client_id, tenant_of};
use super::error::{About, EntraError};
use super::issuer::{CodeState, Decision, Device, Grant};
use super::pkce;
use super::scope::{self, Scope};
use crate::emulator::answer::Body;
use crate::emulator::azure::{self, Principal, SignInStep};
use crate::emulator::call::Call;
use crate::emulator::encoding::Query;
use crate::emulator::hub::Hub;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

type Outcome<T> = Result<T, EntraError>;

pub(super) async fn answer(hub: &Hub, call: &mut Call, tenant: &str) -> Response<Body> {
    let outcome = match azure::form(call).await {
        Some(form) => Request { hub, form: &form, tenant }.act(),
        None => Err(EntraError::missing("grant_type")),
    };
    match outcome {
        Ok(value) => {
            let mut response = azure::json(StatusCode::OK, &value);
            azure::add(&mut response, hyper::header::CACHE_CONTROL, "no-store");
            response
        }
        Err(error) => {
            tracing::info!(error.error, error.number, "Entra issued no token");
            error.answer()
        }
    }
}

struct Request<'a> {
    hub: &'a Hub,
    form: &'a Query,
    tenant: &'a str,
}

impl<'a> Request<'a> {
    fn act(&self) -> Outcome<Value> {
        let grant_type = self.get("grant_type")?;
        let client_id = self.get("client_id")?;
        check_client_id(&self.hub.azure.directory, client_id, self.tenant)?;
        tenant_of(&self.hub.azure.directory, self.tenant)?;
        match grant_type {
            "authorization_code" => self.code(client_id),
            "refresh_token" => self.refresh(client_id),
            DEVICE_CODE => self.device(client_id),
            "client_credentials" => self.secret(client_id),
            _ => {
                let text = format!("The app requested an unsupported grant type '{grant_type}'.");
                Err(EntraError::new("unsupported_grant_type", 70003, text))
            }
        }
    }

    fn get(&self, name: &str) -> Outcome<&'a str> {
        let value = self.form.get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| EntraError::missing(name))
    }

    fn code(&self, client_id: &str) -> Outcome<Value> {
        let (text, redirect_uri) = (self.get("code")?, self.get("redirect_uri")?);
        let verifier = self.get("code_verifier")?;
        let (code, state) = self.hub.azure.issuer.spend_code(text).ok_or_else(|| {
            let text = "Invalid request. Request is malformed or invalid.";
            EntraError::new("invalid_grant", 9002313, text)
        })?;
        if state == CodeState::Spent {
            let text = "OAuth2 Authorization code was already redeemed, please retry with a new \
                        valid code or use an existing refresh token.";
            return Err(EntraError::new("invalid_grant", 54005, text));
        }
        if state == CodeState::Expired {
            let text = "The provided authorization code or refresh token has expired due to \
                        inactivity. Send a new interactive authorization request for this user \
                        and resource.";
            return Err(EntraError::new("invalid_grant", 70008, text));
        }
        if !code.client_id.eq_ignore_ascii_case(client_id) {
            let text = "The provided authorization code was issued to another application.";
            return Err(EntraError::new("invalid_grant", 70000, text));
        }
        if code.redirect_uri != redirect_uri {
            let text = format!(
                "The reply address '{redirect_uri}' does not match the reply address '{}' \
                 provided when requesting Authorization code.",
                code.redirect_uri
            );
            return Err(EntraError::new("invalid_client", 500112, text));
        }
        if !pkce::fits(verifier, &code.challenge) {
            let text = "The Code_Verifier does not match the code_challenge supplied in the \
                        authorization request.";
            return Err(EntraError::new("invalid_grant", 501481, text));
        }
        self.check_fault(&code.user, client_id)?;
        self.issue(&code.user, Some(&code.tenant), client_id, &code.scope, code.nonce.as_deref())
    }

    fn refresh(&self, client_id: &str) -> Outcome<Value> {
        let refresh = self.hub.azure.issuer.refresh(self.get("refresh_token")?);
        let refresh = refresh.ok_or_else(|| {
            let text = "The refresh token has expired or is invalid due to sign-in frequency \
                        checks by conditional access.";
            EntraError::new("invalid_grant", 70043, text)
        })?;
        if !refresh.client_id.eq_ignore_ascii_case(client_id) {
            let text = "Provided grant is invalid or malformed.";
            return Err(EntraError::new("invalid_grant", 70000, text));
        }
        let scope = match self.form.get("scope").filter(|scope| !scope.is_empty()) {
            // A refresh token always brings the next one along.
            Some(text) => Scope { offline: true, ..scope::read(text, self.hub.port)? },
            None => refresh.scope,
        };
        self.check_fault(&refresh.user, client_id)?;
        self.issue(&refresh.user, None, client_id, &scope, None)
    }

    fn device(&self, client_id: &str) -> Outcome<Value> {
        let device_code = self.get("device_code")?;
        let issuer = &self.hub.azure.issuer;
        let interval = issuer.device_interval;
        let look = |device: &mut Device| {
            let now = Instant::now();
            let is_early = device.asked.is_some_and(|asked| now < asked + interval / 2);
            device.asked = Some(now);
            (device.clone(), is_early)
        };
        let device = issuer
            .with_device(device_code, look)
            .filter(|(device, _)| device.client_id.eq_ignore_ascii_case(client_id));
        let (device, is_early) = device.ok_or_else(|| {
            let text = "The provided value for the input parameter 'device_code' is not valid.";
            EntraError::new("bad_verification_code", 70018, text)
        })?;
        if device.is_expired() {
            issuer.remove_device(device_code);
            let text = "The provided value for the input parameter 'device_code' is not valid. \
                        This device code has expired.";
            return Err(EntraError::new("expired_token", 70020, text));
        }
        match device.decision {
            Decision::Declined => {
                issuer.remove_device(device_code);
                let text = "OAuth 2.0 device flow error. The user declined the sign-in.";
                Err(EntraError::new("authorization_declined", 65004, text))
            }
            Decision::Pending if is_early => {
                let text = "OAuth 2.0 device flow error. The client polls too often.";
                Err(EntraError::new("slow_down", 70016, text))
            }
            Decision::Pending => {
                let text = "OAuth 2.0 device flow error. Authorization is pending. Continue \
                            polling.";
                Err(EntraError::new("authorization_pending", 70016, text))
            }
            Decision::Approved(user) => {
                issuer.remove_device(device_code);
                self.check_fault(&user, client_id)?;
                self.issue(&user, None, client_id, &device.scope, None)
            }
        }
    }

    fn secret(&self, client_id: &str) -> Outcome<Value> {
        let secret = self.get("client_secret")?;
        let scope = self.get("scope")?;
        let directory = &self.hub.azure.directory;
        let tenant = tenant_of(directory, self.tenant)?;
        let principal = directory.service_principals.iter().find(|principal| {
            principal.client_id.eq_ignore_ascii_case(client_id)
                && tenant.is_none_or(|tenant| principal.tenant == tenant.id)
        });
        let principal = principal.ok_or_else(|| self.numbered(700016, "", client_id))?;
        if principal.secret.expose() != secret {
            let text = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is \
                 the client secret value, not the client secret ID, for a secret added to app \
                 '{client_id}'."
            );
            let error = EntraError::new("invalid_client", 7000215, text);
            return Err(error.with_status(StatusCode::UNAUTHORIZED));
        }
        if !scope.ends_with("/.default") {
            let text = format!(
                "The provided value for scope {scope} is not valid. Client credential flows must \
                 have a scope value with /.default suffixed to the resource identifier \
                 (application ID URI)."
            );
            return Err(EntraError::new("invalid_scope", 1002012, text));
        }
        self.check_fault(client_id, client_id)?;
        let who = Principal {
            name: principal.client_id.clone(),
            display_name: principal.client_id.clone(),
            object_id: principal.object_id.clone(),
            tenants: vec![principal.tenant.clone()],
        };
        let scope = scope::read(scope, self.hub.port)?;
        Ok(self.hub.azure.issuer.issue(&Grant {
            principal: &who,
            tenant: &principal.tenant,
            client_id,
            scope: &scope,
            nonce: None,
            is_delegated: false,
        }))
    }

    fn numbered(&self, number: u32, user: &str, client_id: &str) -> EntraError {
        let tenant = self.hub.azure.directory.tenant_name(self.tenant);
        EntraError::numbered(number, About { user, client_id, tenant })
    }

    fn check_fault(&self, user: &str, client_id: &str) -> Outcome<()> {
        match self.hub.azure.faults.sign_in(SignInStep::Token) {
            Some(number) => Err(self.numbered(number, user, client_id)),
            None => Ok(()),
        }
    }

    /// Issues tokens for a person: for the tenant of the path, or else for `tenant`, or
    /// else for the person's own.
    fn issue(
        &self,
        user: &str,
        tenant: Option<&str>,
        client_id: &str,
        scope: &Scope,
        nonce: Option<&str>,
    ) -> Outcome<Value> {
        let directory = &self.hub.azure.directory;
        let unknown = || self.numbered(50020, user, client_id);
        let user = directory.user(user).ok_or_else(unknown)?;
        let home = user.tenants.first().ok_or_else(unknown)?;
        let asked = tenant_of(directory, self.tenant)?.map(|tenant| tenant.id.as_str());
        let tenant = asked.or(tenant).unwrap_or(home);
        if !user.is_in(tenant) {
            return Err(self.numbered(90072, &user.name, client_id));
        }
        let principal = user.principal();
        let mut answer = self.hub.azure.issuer.issue(&Grant {
            principal: &principal,
            tenant,
            client_id,
            scope,
            nonce,
            is_delegated: true,
        });
        if self.form.get("client_info") == Some("1") {
            let info = json!({ "uid": user.object_id, "utid": home });
            answer["client_info"] = json!(URL_SAFE_NO_PAD.encode(info.to_string()));
        }
        Ok(answer)
    }
}
