//! Refusals of Microsoft Entra.

use hyper::header;
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::emulator::answer::Body;
use crate::emulator::azure::{self, Refused};

/// Why Entra refuses: an OAuth error, and its own number and text.
#[derive(Clone, Debug)]
pub(super) struct EntraError {
    pub(super) error: String,
    pub(super) number: Option<u32>,
    pub(super) text: String,
    status: StatusCode,
    retry_after: Option<u32>,
    suberror: Option<&'static str>,
}

/// Who signs in with what where, for the texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) user: &'a str,
    pub(super) client_id: &'a str,
    /// The tenant's name.
    pub(super) tenant: &'a str,
}

impl EntraError {
    /// One with status 400.
    pub(super) fn new(error: &str, number: u32, text: impl Into<String>) -> Self {
        Self {
            error: error.to_owned(),
            number: Some(number),
            text: text.into(),
            status: StatusCode::BAD_REQUEST,
            retry_after: None,
            suberror: None,
        }
    }

    /// A parameter that is missing.
    pub(super) fn missing(name: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{name}'.");
        Self::new("invalid_request", 900144, text)
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn asked_for(refused: &Refused) -> Self {
        let status = StatusCode::from_u16(refused.status).ok().filter(|s| !s.is_informational());
        Self {
            error: refused.code.clone(),
            number: None,
            text: refused.message.clone(),
            status: status.unwrap_or(StatusCode::BAD_GATEWAY),
            retry_after: refused.retry_after,
            suberror: None,
        }
    }

    /// What Entra says of one of its numbers, for the faults that name one.
    pub(super) fn numbered(number: u32, about: About<'_>) -> Self {
        let About { user, client_id, tenant } = about;
        let (error, suberror, text) = match number {
            50020 => (
                "invalid_grant",
                None,
                format!(
                    "User account '{user}' from identity provider 'live.com' does not exist in \
                     tenant '{tenant}' and cannot access the application '{client_id}' in that \
                     tenant. The account needs to be added as an external user in the tenant \
                     first. Sign out and sign in again with a different Azure Active Directory \
                     user account."
                ),
            ),
            50076 => (
                "interaction_required",
                Some("basic_action"),
                "Due to a configuration change made by your administrator, or because you moved \
                 to a new location, you must use multi-factor authentication to access \
                 'https://management.azure.com/'."
                    .to_owned(),
            ),
            50079 => (
                "interaction_required",
                Some("basic_action"),
                "Due to a configuration change made by your administrator, or because you moved \
                 to a new location, you must enroll in multi-factor authentication to access \
                 'https://management.azure.com/'."
                    .to_owned(),
            ),
            53003 => (
                "access_denied",
                Some("message_only"),
                "Access has been blocked by Conditional Access policies. The access policy does \
                 not allow token issuance."
                    .to_owned(),
            ),
            65001 => (
                "consent_required",
                Some("consent_required"),
                format!(
                    "The user or administrator has not consented to use the application with ID \
                     '{client_id}'. Send an interactive authorization request for this user and \
                     resource."
                ),
            ),
            90072 => (
                "invalid_grant",
                None,
                format!(
                    "User account '{user}' from identity provider 'https://sts.windows.net/' does \
                     not exist in tenant '{tenant}' and cannot access the application \
                     '{client_id}' in that tenant. The account needs to be added as an external \
                     user in the tenant first."
                ),
            ),
            700016 => (
                "unauthorized_client",
                None,
                format!(
                    "Application with identifier '{client_id}' was not found in the directory \
                     '{tenant}'. This can happen if the application has not been installed by the \
                     administrator of the tenant or consented to by any user in the tenant. You \
                     may have sent your authentication request to the wrong tenant."
                ),
            ),
            _ => ("invalid_request", None, "The sign-in was refused.".to_owned()),
        };
        Self { suberror, ..Self::new(error, number, text) }
    }

    /// The text with its number and the ids by which it is found again.
    fn stamped(&self, trace: &str, correlation: &str, time: &str) -> String {
        let number = self.number.map(|number| format!("AADSTS{number}: ")).unwrap_or_default();
        format!(
            "{number}{} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            self.text
        )
    }

    /// The text for a redirect or a page.
    pub(super) fn description(&self) -> String {
        self.stamped(&new_id(), &new_id(), &now())
    }

    /// The answer for programs.
    pub(super) fn answer(&self) -> Response<Body> {
        let (trace, correlation, time) = (new_id(), new_id(), now());
        let mut body = json!({
            "error": self.error,
            "error_description": self.stamped(&trace, &correlation, &time),
            "error_codes": self.number.into_iter().collect::<Vec<_>>(),
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
        }
        if self.error == "interaction_required" {
            let claims = json!({ "access_token": {
                "capolids": { "essential": true, "values": [trace] }
            } });
            body["claims"] = json!(claims.to_string());
        }
        let mut response = azure::json(self.status, &body);
        azure::add(&mut response, header::CACHE_CONTROL, "no-store");
        if let Some(seconds) = self.retry_after {
            azure::add(&mut response, header::RETRY_AFTER, &seconds.to_string());
        }
        response
    }
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
