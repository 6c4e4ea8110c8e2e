//! Refusals of Azure Resource Manager.

use hyper::header::{self, HeaderName};
use hyper::{Response, StatusCode};
use serde_json::json;

use super::faults::Refused;
use super::reply;
use super::{Principal, authority};
use crate::emulator::answer::Body;

/// Why Resource Manager refuses a request.
#[derive(Clone, Debug)]
pub(crate) struct ArmError {
    status: StatusCode,
    code: String,
    message: String,
    headers: Vec<(HeaderName, String)>,
}

impl ArmError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into(), headers: Vec::new() }
    }

    /// What a fault asks for.
    pub(crate) fn asked_for(refused: &Refused) -> Self {
        let status = StatusCode::from_u16(refused.status).ok().filter(|s| !s.is_informational());
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        let mut error = Self::new(status, &refused.code, &refused.message);
        if let Some(seconds) = refused.retry_after {
            error.headers.push((header::RETRY_AFTER, seconds.to_string()));
        }
        error
    }

    /// One about the token, with the header that says where to get another.
    pub(crate) fn unauthorized(port: u16, tenant: &str, code: &str, message: String) -> Self {
        let challenge = format!(
            "Bearer authorization_uri=\"{}/{tenant}\", error=\"invalid_token\", \
             error_description=\"{message}\"",
            authority(port)
        );
        let mut error = Self::new(StatusCode::UNAUTHORIZED, code, message);
        error.headers.push((header::WWW_AUTHENTICATE, challenge));
        error
    }

    /// One about a right that is missing.
    pub(crate) fn forbidden(who: &Principal, action: &str, scope: &str) -> Self {
        let message = format!(
            "The client '{}' with object id '{}' does not have authorization to perform action \
             '{action}' over scope '{scope}' or the scope is invalid. If access was recently \
             granted, please refresh your credentials.",
            who.name, who.object_id
        );
        Self::new(StatusCode::FORBIDDEN, "AuthorizationFailed", message)
    }

    pub(crate) fn no_subscription(id: &str) -> Self {
        let message = format!("The subscription '{id}' could not be found.");
        Self::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message)
    }

    pub(crate) fn no_group(name: &str) -> Self {
        let message = format!("Resource group '{name}' could not be found.");
        Self::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", message)
    }

    /// `what` is the resource's type and name, below the group.
    pub(crate) fn no_resource(what: &str, group: &str) -> Self {
        let message = format!(
            "The Resource 'Microsoft.Relay/{what}' under resource group '{group}' was not found. \
             For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        );
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    pub(crate) fn answer(&self) -> Response<Body> {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = reply::json(self.status, &body);
        for (name, value) in &self.headers {
            reply::add(&mut response, name.clone(), value);
        }
        stamped(response)
    }
}

/// Adds the ids by which a request is found again in Azure's logs.
pub(crate) fn stamped(mut response: Response<Body>) -> Response<Body> {
    let id = uuid::Uuid::new_v4().to_string();
    for name in ["x-ms-request-id", "x-ms-correlation-request-id"] {
        reply::add(&mut response, HeaderName::from_static(name), &id);
    }
    response
}
