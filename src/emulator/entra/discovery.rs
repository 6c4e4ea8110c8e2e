//! Where Entra's addresses are, for clients that ask.

use hyper::{Response, StatusCode};
use serde_json::json;

use super::authorize::tenant_of;
use crate::emulator::answer::Body;
use crate::emulator::azure;
use crate::emulator::call::Call;
use crate::emulator::hub::Hub;

pub(super) fn answer(hub: &Hub, call: &Call, tenant: &str) -> Response<Body> {
    let id = match tenant_of(&hub.azure.directory, tenant) {
        Ok(Some(tenant)) => tenant.id.clone(),
        Ok(None) => "{tenantid}".to_owned(),
        Err(error) => return error.answer(),
    };
    let scheme = if call.secure { "https" } else { "http" };
    let base = format!("{scheme}://{}:{}", call.host, hub.port);
    let at = |path: &str| format!("{base}/{tenant}/{path}");
    azure::json(
        StatusCode::OK,
        &json!({
            "issuer": format!("{base}/{id}/v2.0"),
            "authorization_endpoint": at("oauth2/v2.0/authorize"),
            "token_endpoint": at("oauth2/v2.0/token"),
            "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
            "jwks_uri": at("discovery/v2.0/keys"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }),
    )
}
