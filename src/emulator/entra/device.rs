//! Device codes: for machines without a browser.

use hyper::{Response, StatusCode};
use serde_json::json;
use tokio::time::Instant;

use super::authorize::{check_client_id, tenant_of, users_in};
use super::error::{About, EntraError};
use super::issuer::{Decision, Device, chance};
use super::{pages, scope};
use crate::emulator::answer::Body;
use crate::emulator::azure::{self, SignInStep, authority};
use crate::emulator::call::Call;
use crate::emulator::error::EmulatorError;
use crate::emulator::hub::Hub;

/// The letters and digits of user codes: none that look alike.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Answers a request for a device code.
pub(super) async fn issue(hub: &Hub, call: &mut Call, tenant: &str) -> Response<Body> {
    match try_issue(hub, call, tenant).await {
        Ok(response) => response,
        Err(error) => error.answer(),
    }
}

async fn try_issue(hub: &Hub, call: &mut Call, tenant: &str) -> Result<Response<Body>, EntraError> {
    let form = azure::form(call).await.ok_or_else(|| EntraError::missing("client_id"))?;
    let get = |name: &'static str| {
        form.get(name).filter(|v| !v.is_empty()).ok_or_else(|| EntraError::missing(name))
    };
    let client_id = get("client_id")?;
    check_client_id(&hub.azure.directory, client_id, tenant)?;
    let scope = scope::read(get("scope")?, hub.port)?;
    tenant_of(&hub.azure.directory, tenant)?;
    if let Some(number) = hub.azure.faults.sign_in(SignInStep::DeviceCode) {
        let tenant = hub.azure.directory.tenant_name(tenant);
        return Err(EntraError::numbered(number, About { user: "", client_id, tenant }));
    }
    let issuer = &hub.azure.issuer;
    let user_code: String =
        (0..9).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect();
    let device_code = chance();
    issuer.add_device(
        &device_code,
        Device {
            user_code: user_code.clone(),
            client_id: client_id.to_owned(),
            tenant: tenant.to_owned(),
            scope,
            decision: Decision::Pending,
            asked: None,
            expires: Instant::now() + issuer.device_lifetime,
        },
    );
    let address = format!("{}/devicelogin", authority(hub.port));
    let message = format!(
        "To sign in, use a web browser to open the page {address} and enter the code {user_code} \
         to authenticate."
    );
    Ok(azure::json(
        StatusCode::OK,
        &json!({
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": address,
            "expires_in": issuer.device_lifetime.as_secs(),
            "interval": issuer.device_interval.as_secs(),
            "message": message,
        }),
    ))
}

/// The page where a person enters the code.
pub(super) fn page(hub: &Hub, call: &Call) -> Response<Body> {
    let Some(code) = call.query.get("code") else { return pages::device_form(None) };
    let Some(device) = hub.azure.issuer.with_user_code(code, |device| device.clone()) else {
        let text = "That code didn't work. Check the code and try again.";
        return pages::device_form(Some(text));
    };
    if call.query.get("cancel").is_some() {
        return match decline(hub, code) {
            Ok(()) => pages::done("Sign-in cancelled", "You can close this window."),
            Err(error) => pages::device_form(Some(&error.to_string())),
        };
    }
    match call.query.get("account") {
        None => match tenant_of(&hub.azure.directory, &device.tenant) {
            Ok(tenant) => {
                let users = users_in(&hub.azure.directory, tenant);
                pages::picker(&users, None, &call.target, &device.client_id)
            }
            Err(error) => pages::refusal(&error),
        },
        Some(account) => match approve(hub, code, account) {
            Ok(()) => pages::done(
                "You have signed in",
                "Go back to your device. You can close this window.",
            ),
            Err(error) => pages::device_form(Some(&error.to_string())),
        },
    }
}

/// Signs `user` in on the device that shows `user_code`.
pub(crate) fn approve(hub: &Hub, user_code: &str, user: &str) -> Result<(), EmulatorError> {
    let user = hub
        .azure
        .directory
        .user(user)
        .ok_or_else(|| EmulatorError::NotFound(format!("user {user}")))?;
    decide(hub, user_code, Decision::Approved(user.name.clone()))
}

/// Refuses the device that shows `user_code`.
pub(crate) fn decline(hub: &Hub, user_code: &str) -> Result<(), EmulatorError> {
    decide(hub, user_code, Decision::Declined)
}

fn decide(hub: &Hub, user_code: &str, decision: Decision) -> Result<(), EmulatorError> {
    let decided = hub.azure.issuer.with_user_code(user_code, |device| device.decision = decision);
    decided.ok_or_else(|| EmulatorError::NotFound("device that waits with this code".to_owned()))
}
