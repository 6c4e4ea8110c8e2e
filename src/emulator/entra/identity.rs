//! The managed identity of an App Service app.

use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::issuer::Grant;
use super::scope::{self, Scope};
use crate::emulator::answer::Body;
use crate::emulator::azure::{self, Principal};
use crate::emulator::call::Call;
use crate::emulator::hub::Hub;

const HEADER: &str = "x-identity-header";
const VERSION: &str = "2019-08-01";

pub(super) fn answer(hub: &Hub, call: &Call) -> Response<Body> {
    match token(hub, call) {
        Ok(value) => azure::json(StatusCode::OK, &value),
        Err((status, message)) => {
            let body = json!({ "statusCode": status.as_u16(), "message": message });
            azure::json(status, &body)
        }
    }
}

fn token(hub: &Hub, call: &Call) -> Result<Value, (StatusCode, String)> {
    let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    let identity = hub.azure.directory.managed_identity.as_ref();
    let identity = identity.ok_or_else(|| bad("No managed identity was found for this app."))?;
    let header = call.headers.get(HEADER).map(|value| value.as_bytes());
    if header != Some(identity.header.expose().as_bytes()) {
        return Err((StatusCode::UNAUTHORIZED, "X-IDENTITY-HEADER is missing or wrong.".into()));
    }
    if call.query.get("api-version") != Some(VERSION) {
        return Err(bad("The api-version must be 2019-08-01."));
    }
    let asked = call.query.get("client_id");
    if asked.is_some_and(|asked| !asked.eq_ignore_ascii_case(&identity.client_id)) {
        return Err(bad("No managed identity was found with the requested client id."));
    }
    let resource = call.query.get("resource").unwrap_or_default();
    let audience = resource.trim_end_matches('/').to_owned();
    scope::check_resource(&audience, hub.port).map_err(|error| bad(&error.description()))?;
    let scope = Scope { text: resource.to_owned(), audience, offline: false, openid: false };
    let principal = Principal {
        name: identity.client_id.clone(),
        display_name: "Managed identity".to_owned(),
        object_id: identity.object_id.clone(),
        tenants: vec![identity.tenant.clone()],
    };
    let issuer = &hub.azure.issuer;
    let access_token = issuer.access_token(&Grant {
        principal: &principal,
        tenant: &identity.tenant,
        client_id: &identity.client_id,
        scope: &scope,
        nonce: None,
        is_delegated: false,
    });
    Ok(json!({
        "access_token": access_token,
        "expires_on": issuer.expires_on().to_string(),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": identity.client_id,
    }))
}
