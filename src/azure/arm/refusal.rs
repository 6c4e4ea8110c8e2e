//! Azure's errors in words.

use super::client::Call;
use super::wire::{ErrorBody, ErrorText};
use crate::azure::error::{AzureError, AzureErrorKind};
use crate::azure::http::Answer;
use crate::model::one_line;

/// What an answer without success means.
pub(super) fn of(answer: &Answer, call: &Call<'_>) -> AzureError {
    // Gateways of Azure itself write their 5xx as pages.
    let is_server_error = answer.status >= 500 && answer.status != 511;
    if answer.is_page() && !is_server_error {
        return answer.no_azure();
    }
    let body: ErrorBody = answer.json().unwrap_or_default();
    let outer = ErrorText { code: body.code, message: body.message };
    let text = body.error.unwrap_or(outer);
    let code = text.code.map(|code| one_line(&code)).filter(|code| !code.is_empty());
    let message = text.message.map(|message| one_line(&message)).filter(|text| !text.is_empty());
    let kind = kind_of(answer.status, code.as_deref());
    let detail = match kind {
        AzureErrorKind::Forbidden => missing_permission(code.as_deref(), message, call),
        _ => message.unwrap_or_else(|| format!("{} answered {}", answer.host, answer.status)),
    };
    AzureError::new(kind, detail).with_azure(code, answer.correlation_id())
}

fn kind_of(status: u16, code: Option<&str>) -> AzureErrorKind {
    match (status, code) {
        (401, Some("InvalidAuthenticationTokenTenant")) => AzureErrorKind::WrongTenant,
        (401, _) => AzureErrorKind::TokenRefused,
        (403, _) => AzureErrorKind::Forbidden,
        (404, _) => AzureErrorKind::NotFound,
        (429, _) => AzureErrorKind::Throttled,
        (409, Some("ScopeLocked")) => AzureErrorKind::Locked,
        // What has a code was understood, and will be refused again.
        (400..500, Some(_)) => AzureErrorKind::Refused,
        (500.., _) => AzureErrorKind::AzureFailed,
        _ => AzureErrorKind::BadAnswer,
    }
}

/// The permission that is missing and where, as Azure's message names them or, if it does
/// not, as the call needs them; Azure's message where it is about something else.
fn missing_permission(code: Option<&str>, message: Option<String>, call: &Call<'_>) -> String {
    let named = message.as_deref().and_then(|message| {
        let action = quoted(message, "action '")?;
        let scope = quoted(message, "scope '")?;
        Some(format!("{action} on {scope} is missing"))
    });
    let is_about_rights = code.is_none_or(|code| code.contains("Authorization"));
    match (named, message) {
        (Some(named), _) => named,
        (None, Some(message)) if !is_about_rights => message,
        _ => format!("{} on {} is missing", call.action, call.scope()),
    }
}

fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once('\'').map(|(quoted, _)| quoted).filter(|quoted| !quoted.is_empty())
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use reqwest::header::HeaderMap;
    use url::Url;
    use zeroize::Zeroizing;

    use super::*;

    fn refused(status: u16, body: &str) -> AzureError {
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-correlation-request-id", "c-1".parse().unwrap());
        let body = Zeroizing::new(body.as_bytes().to_vec());
        let answer = Answer { host: "arm.example".to_owned(), status, headers, body };
        let url = "https://arm.example/subscriptions/1/resourceGroups/r%20g/authorizationRules/x/listKeys?api-version=1";
        let call = Call {
            tenant: None,
            method: Method::POST,
            address: Url::parse(url).unwrap(),
            action: "Microsoft.Relay/namespaces/authorizationRules/listKeys/action",
        };
        of(&answer, &call)
    }

    #[test]
    fn a_missing_permission_is_named_with_its_place() {
        let body = r#"{"error":{"code":"AuthorizationFailed","message":"The client 'you' with object id 'o' does not have authorization to perform action 'Microsoft.Relay/x/listKeys/action' over scope '/subscriptions/1/x' or the scope is invalid. If access was recently granted, please refresh your credentials."}}"#;
        let error = refused(403, body);
        assert_eq!(error.kind, AzureErrorKind::Forbidden);
        assert_eq!(
            error.detail,
            "Microsoft.Relay/x/listKeys/action on /subscriptions/1/x is missing"
        );
        assert_eq!(error.code.as_deref(), Some("AuthorizationFailed"));
        assert_eq!(error.correlation_id.as_deref(), Some("c-1"));
        for body in ["", "{}", r#"{"error":{"code":"AuthorizationFailed","message":"No."}}"#] {
            assert_eq!(
                refused(403, body).detail,
                "Microsoft.Relay/namespaces/authorizationRules/listKeys/action on /subscriptions/1/resourceGroups/r g/authorizationRules/x is missing"
            );
        }
    }

    #[test]
    fn a_refusal_for_another_reason_keeps_azures_words() {
        let body = r#"{"error":{"code":"ScopeLocked","message":"The scope is locked.\r\n  Please remove the lock."}}"#;
        let error = refused(409, body);
        assert_eq!(error.kind, AzureErrorKind::Locked);
        assert_eq!(error.detail, "The scope is locked. Please remove the lock.");
        let body = r#"{"error":{"code":"ReadOnlyDisabledSubscription","message":"The subscription is disabled and therefore marked as read only."}}"#;
        let error = refused(409, body);
        assert_eq!(error.kind, AzureErrorKind::Refused);
        assert_eq!(error.code.as_deref(), Some("ReadOnlyDisabledSubscription"));
        assert!(error.detail.ends_with("marked as read only."), "{error}");
        let body = r#"{"code":"RequestDisallowedByPolicy","message":"Not here."}"#;
        assert_eq!(refused(403, body).detail, "Not here.");
    }

    #[test]
    fn every_status_has_its_kind() {
        let page = "<html><body>Sign in to our Wi-Fi</body></html>";
        for (status, body, kind) in [
            (400, "{}", AzureErrorKind::BadAnswer),
            (400, r#"{"error":{"code":"BadRequest"}}"#, AzureErrorKind::Refused),
            (405, r#"{"code":"MethodNotAllowed"}"#, AzureErrorKind::Refused),
            (409, "", AzureErrorKind::BadAnswer),
            (401, "", AzureErrorKind::TokenRefused),
            (
                401,
                r#"{"error":{"code":"InvalidAuthenticationTokenTenant"}}"#,
                AzureErrorKind::WrongTenant,
            ),
            (404, "{}", AzureErrorKind::NotFound),
            (404, page, AzureErrorKind::NotAzure),
            (429, "", AzureErrorKind::Throttled),
            (502, page, AzureErrorKind::AzureFailed),
            (503, "", AzureErrorKind::AzureFailed),
            (511, page, AzureErrorKind::NotAzure),
        ] {
            let error = refused(status, body);
            assert_eq!(error.kind, kind, "{status}");
            assert!(!error.detail.is_empty() && !error.detail.contains("Wi-Fi"), "{error}");
        }
    }
}
