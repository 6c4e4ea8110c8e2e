//! Microsoft Entra: people and programs sign in here.
//!
//! | path | what |
//! |---|---|
//! | `/TENANT/oauth2/v2.0/authorize` | the page in the browser, with an account picker |
//! | `/TENANT/oauth2/v2.0/devicecode`, `/devicelogin` | a code for a device, and its page |
//! | `/TENANT/oauth2/v2.0/token` | codes, refresh tokens and secrets become tokens |
//! | `/TENANT/v2.0/.well-known/openid-configuration` | where all of that is |
//! | `/msi/token` | the managed identity of an App Service app |
//!
//! Nobody types a password: whoever reaches the page may be anyone of the configuration.

mod authorize;
mod device;
mod discovery;
mod error;
mod identity;
mod issuer;
mod pages;
mod pkce;
mod scope;
mod token;

use std::sync::Arc;

use hyper::{Method, Response, StatusCode};

pub(crate) use self::device::{approve as approve_device_code, decline as decline_device_code};
use self::error::EntraError;
pub(crate) use self::issuer::{Access, Issuer, Rejected};
use super::answer::Body;
use super::azure::{self, Refused};
use super::call::Call;
use super::hub::Hub;

/// What a path of Entra is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door<'a> {
    Authorize(&'a str),
    DeviceCode(&'a str),
    Token(&'a str),
    Discovery(&'a str),
    Keys,
    DeviceLogin,
    ManagedIdentity,
}

impl<'a> Door<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        Some(match parts.as_slice() {
            [tenant, "oauth2", "v2.0", "authorize"] => Self::Authorize(tenant),
            [tenant, "oauth2", "v2.0", "devicecode"] => Self::DeviceCode(tenant),
            [tenant, "oauth2", "v2.0", "token"] => Self::Token(tenant),
            [tenant, "v2.0", ".well-known", "openid-configuration"] => Self::Discovery(tenant),
            [_, "discovery", "v2.0", "keys"] => Self::Keys,
            ["devicelogin"] => Self::DeviceLogin,
            ["msi", "token"] => Self::ManagedIdentity,
            _ => return None,
        })
    }
}

/// Whether Entra has such a path.
pub(crate) fn serves(path: &str) -> bool {
    Door::of(path).is_some()
}

/// What requests for `path` are counted as.
pub(crate) fn kind(path: &str) -> &'static str {
    match Door::of(path) {
        Some(Door::Authorize(_)) => "authorize",
        Some(Door::DeviceCode(_)) => "deviceCode",
        Some(Door::Token(_)) => "token",
        Some(Door::Discovery(_) | Door::Keys) => "discovery",
        Some(Door::DeviceLogin) => "deviceLogin",
        Some(Door::ManagedIdentity) => "managedIdentity",
        None => "other",
    }
}

/// Answers a request to Entra.
pub(crate) async fn answer(hub: &Arc<Hub>, mut call: Call) -> Response<Body> {
    let path = call.raw_path.clone();
    let Some(door) = Door::of(&path) else { return not_allowed() };
    match (door, &call.method) {
        (Door::Authorize(tenant), &Method::GET) => authorize::answer(hub, &call, tenant),
        (Door::DeviceCode(tenant), &Method::POST) => device::issue(hub, &mut call, tenant).await,
        (Door::Token(tenant), &Method::POST) => token::answer(hub, &mut call, tenant).await,
        (Door::Discovery(tenant), &Method::GET) => discovery::answer(hub, &call, tenant),
        (Door::Keys, &Method::GET) => {
            azure::json(StatusCode::OK, &serde_json::json!({ "keys": [] }))
        }
        (Door::DeviceLogin, &Method::GET) => device::page(hub, &call),
        (Door::ManagedIdentity, &Method::GET) => identity::answer(hub, &call),
        _ => not_allowed(),
    }
}

/// A refusal that a fault asks for.
pub(crate) fn refuse(refused: &Refused) -> Response<Body> {
    EntraError::asked_for(refused).answer()
}

fn not_allowed() -> Response<Body> {
    let error =
        EntraError::new("invalid_request", 900561, "The endpoint only accepts other methods.");
    error.with_status(StatusCode::METHOD_NOT_ALLOWED).answer()
}
