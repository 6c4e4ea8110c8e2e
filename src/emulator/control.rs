//! The control address `/$emulator/…`: state, faults and changes as JSON, for whoever
//! is on this machine. It gives no key away.
//!
//! | request | body |
//! |---|---|
//! | `GET state` | – ; answers [`super::EmulatorState`] |
//! | `GET faults`, `DELETE faults` | – ; deletes those of Azure too |
//! | `POST faults` | [`StandingFault`], `{"on":"contoso/sql","fault":"recycle"}` |
//! | `POST azure-faults` | [`AzureFault`], `{"fault":"throttle","retryAfter":1,"times":2}` |
//! | `PUT hybrid-connections/NAMESPACE` | [`HybridConnectionConfig`] |
//! | `PATCH hybrid-connections/NAMESPACE/NAME` | [`Changes`]; `NAME` is percent-encoded |
//! | `DELETE hybrid-connections/NAMESPACE/NAME` | – |
//! | `POST regenerate-keys` | [`Regenerate`] |
//!
//! Failures answer `{"error":"…"}` with a status of 400 and above.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Limited};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::answer::{Body, full};
use super::azure::AzureFault;
use super::call::Call;
use super::config::HybridConnectionConfig;
use super::encoding::url_decode;
use super::error::EmulatorError;
use super::faults::StandingFault;
use super::hub::Hub;
use super::steer;

/// Longest body in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// What `PATCH hybrid-connections/NAMESPACE/NAME` changes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Changes {
    /// The metadata as it stands; empty takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_metadata: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requires_client_authorization: Option<bool>,
}

/// What `POST regenerate-keys` is told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Regenerate {
    pub(crate) namespace: String,
    /// The hybrid connection; without it, the rule is the namespace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hybrid_connection: Option<String>,
    pub(crate) rule: String,
}

/// How many channels and streams a fault met.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Met {
    pub(crate) met: usize,
}

/// Why a request was not done.
struct Problem(StatusCode, String);

impl From<EmulatorError> for Problem {
    fn from(error: EmulatorError) -> Self {
        let status = match error {
            EmulatorError::NotFound(_) => StatusCode::NOT_FOUND,
            EmulatorError::Exists(_) => StatusCode::CONFLICT,
            EmulatorError::Config { .. } | EmulatorError::Fault(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

/// Answers a request below `/$emulator/`.
pub(crate) async fn answer(hub: &Arc<Hub>, call: Call) -> Response<Body> {
    let (status, body) = match act(hub, call).await {
        Ok(body) => (StatusCode::OK, body),
        Err(Problem(status, text)) => (status, serde_json::json!({ "error": text })),
    };
    let mut response = Response::new(full(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn act(hub: &Arc<Hub>, mut call: Call) -> Result<serde_json::Value, Problem> {
    if !call.peer.ip().is_loopback() {
        return Err(Problem(StatusCode::FORBIDDEN, "only this machine may do this".to_owned()));
    }
    let path = call.raw_path.trim_start_matches("/$emulator/").to_owned();
    let done = || serde_json::json!({});
    match (&call.method, path.split('/').collect::<Vec<_>>().as_slice()) {
        (&Method::GET, ["state"]) => json(&steer::state(hub)),
        (&Method::GET, ["faults"]) => json(&hub.faults.list()),
        (&Method::POST, ["faults"]) => {
            let fault: StandingFault = body(&mut call).await?;
            json(&Met { met: steer::inject(hub, fault)? })
        }
        (&Method::DELETE, ["faults"]) => {
            steer::clear(hub);
            Ok(done())
        }
        (&Method::POST, ["azure-faults"]) => {
            let fault: AzureFault = body(&mut call).await?;
            json(&Met { met: hub.azure.inject(fault)? })
        }
        (&Method::PUT, ["hybrid-connections", namespace]) => {
            let config: HybridConnectionConfig = body(&mut call).await?;
            steer::create(hub, namespace, &config)?;
            Ok(done())
        }
        (&Method::PATCH, ["hybrid-connections", namespace, name]) => {
            let changes: Changes = body(&mut call).await?;
            hub.registry.change(namespace, &decoded(name)?, |metadata, required| {
                if let Some(text) = changes.user_metadata {
                    *metadata = Some(text).filter(|text| !text.is_empty());
                }
                *required = changes.requires_client_authorization.unwrap_or(*required);
            })?;
            Ok(done())
        }
        (&Method::DELETE, ["hybrid-connections", namespace, name]) => {
            steer::remove(hub, namespace, &decoded(name)?)?;
            Ok(done())
        }
        (&Method::POST, ["regenerate-keys"]) => {
            let Regenerate { namespace, hybrid_connection, rule } = body(&mut call).await?;
            steer::regenerate_keys(hub, &namespace, hybrid_connection.as_deref(), &rule)?;
            Ok(done())
        }
        (method, _) => {
            Err(Problem(StatusCode::NOT_FOUND, format!("there is no {method} of \"{path}\" here")))
        }
    }
}

fn json(value: &impl Serialize) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(value)
        .map_err(|error| Problem(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn decoded(name: &str) -> Result<String, Problem> {
    let bad = || Problem(StatusCode::BAD_REQUEST, "the name has an invalid escape".to_owned());
    url_decode(name, false).ok_or_else(bad)
}

/// The JSON body. It must say that it is JSON: a page in a browser cannot, without
/// asking first.
async fn body<T: DeserializeOwned>(call: &mut Call) -> Result<T, Problem> {
    let bad = |text: String| Problem(StatusCode::BAD_REQUEST, text);
    let kind = call.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(bad("the content type must be application/json".to_owned()));
    }
    let body = Limited::new(call.request.body_mut(), LONGEST_BODY).collect().await;
    let body = body.map_err(|error| bad(format!("the body could not be read: {error}")))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| bad(format!("the body: {error}")))
}
