//! Entra's refusals as errors in words. Codes: Microsoft Learn, "Microsoft Entra
//! authentication and authorization error codes".

use serde::Deserialize;

use crate::azure::error::{AzureError, AzureErrorKind};
use crate::http::causes;

/// Longest text of Azure's that is shown.
const LONGEST: usize = 300;

/// The JSON of a refusal (RFC 6749, section 5.2, and Entra's additions), and the query of one
/// that comes through the browser.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) error: String,
    pub(super) error_description: String,
    error_codes: Vec<u64>,
    correlation_id: Option<String>,
}

impl Refusal {
    /// The refusal that a browser brought.
    pub(super) fn from_query(error: &str, description: &str) -> Self {
        Self {
            error: error.to_owned(),
            error_description: description.to_owned(),
            ..Self::default()
        }
    }

    /// It in words.
    pub(super) fn into_error(self) -> AzureError {
        let number = number_in(&self.error_description).or(self.error_codes.first().copied());
        let kind = number.and_then(kind_of_number).unwrap_or_else(|| kind_of_error(&self.error));
        let code = match number {
            Some(number) => format!("AADSTS{number}"),
            None => word(&self.error, 60),
        };
        let correlation_id = self
            .correlation_id
            .map(|id| word(&id, 64))
            .or_else(|| value_after(&self.error_description, "Correlation ID:"));
        AzureError::new(kind, plain(&self.error_description)).with_azure(Some(code), correlation_id)
    }
}

/// The error inside an `azure_core` one: ours where we made it, else by what it says.
pub(crate) fn error_of(error: &azure_core::Error) -> AzureError {
    let ours = causes(error).find_map(|cause| cause.downcast_ref::<AzureError>());
    ours.cloned().unwrap_or_else(|| of_text(&texts_of(error)))
}

/// All that an error says, the innermost first, which says most; each text once.
pub(super) fn texts_of(error: &azure_core::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in causes(error).map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.reverse();
    texts.join("\n")
}

/// An error of which only a text is known: its first line says what happened.
fn of_text(text: &str) -> AzureError {
    let number = number_in(text);
    let kind = number.and_then(kind_of_number).unwrap_or(AzureErrorKind::SignInFailed);
    let code = number.map(|number| format!("AADSTS{number}"));
    let said = text.rsplit_once("ERROR: ").map_or(text, |(_, said)| said);
    let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    AzureError::new(kind, plain(said)).with_azure(code, value_after(text, "Correlation ID:"))
}

/// For `azure_core`, which wants errors of its own.
pub(super) fn into_core(error: AzureError) -> azure_core::Error {
    azure_core::Error::new(azure_core::error::ErrorKind::Credential, error)
}

fn kind_of_number(number: u64) -> Option<AzureErrorKind> {
    Some(match number {
        65004 => AzureErrorKind::SignInDenied,
        65001 | 65005 | 90094 | 90095 | 900941 => AzureErrorKind::ConsentRequired,
        50072 | 50074 | 50076 | 50078 | 50079 | 50125 | 50129 | 50158 | 50173 | 16000 | 16001
        | 50058 | 50207 => AzureErrorKind::InteractionRequired,
        50005 | 50097 | 50105 | 50131 | 53000..=53011 | 530002..=530036 => {
            AzureErrorKind::ConditionalAccess
        }
        50020 | 50034 | 51004 | 90072 | 500212 | 500213 => AzureErrorKind::NotInTenant,
        50059 | 90002 | 90013 | 700016 | 700054 | 7000112 | 7000218 | 900023 | 900971 | 500011
        | 500113 | 50011 | 50194 => AzureErrorKind::UnknownApplication,
        50053 | 50055 | 50056 | 50057 | 50126 | 50144 | 7000215 | 7000222 | 700027 | 7000229 => {
            AzureErrorKind::BadCredentials
        }
        54005 | 70000 | 70002 | 70008 | 70043 | 70019 | 70020 | 700082 | 700084 | 50148
        | 501481 | 50133 | 50089 => AzureErrorKind::CodeExpired,
        90033 | 90006 | 90007 | 90008 | 90009 | 50196 | 50000 => AzureErrorKind::AzureFailed,
        _ => return None,
    })
}

fn kind_of_error(error: &str) -> AzureErrorKind {
    match error {
        "access_denied" | "authorization_declined" => AzureErrorKind::SignInDenied,
        "expired_token" | "bad_verification_code" | "code_expired" => AzureErrorKind::CodeExpired,
        "consent_required" => AzureErrorKind::ConsentRequired,
        "interaction_required" | "login_required" => AzureErrorKind::InteractionRequired,
        "invalid_client" => AzureErrorKind::BadCredentials,
        "unauthorized_client" | "invalid_resource" => AzureErrorKind::UnknownApplication,
        "temporarily_unavailable" | "server_error" => AzureErrorKind::AzureFailed,
        _ => AzureErrorKind::SignInFailed,
    }
}

/// The number of `AADSTS50076`.
fn number_in(text: &str) -> Option<u64> {
    const PREFIX: &str = "AADSTS";
    let after = &text[text.find(PREFIX)? + PREFIX.len()..];
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// `text` as one word that can be shown.
fn word(text: &str, longest: usize) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(longest).collect()
}

/// The word behind `name`.
fn value_after(text: &str, name: &str) -> Option<String> {
    let after = text[text.find(name)? + name.len()..].trim_start();
    let word: String = after.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect();
    (!word.is_empty() && word.len() <= 64).then_some(word)
}

/// Azure's text as one short line, without the code before it and the ids behind it.
fn plain(text: &str) -> String {
    let cut = text.find("Trace ID:").unwrap_or(text.len());
    let words: Vec<&str> = text[..cut].split_whitespace().collect();
    let line = words.join(" ");
    let line = match line.strip_prefix("AADSTS").and_then(|rest| rest.split_once(": ")) {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => &line,
    };
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line.trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MFA: &str = "AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication.\r\nTrace ID: 1f0e\r\nCorrelation ID: 4d2a-11\r\nTimestamp: 2026-11-25 03:00:00Z";

    #[test]
    fn a_refusal_has_its_kind_code_and_correlation_id() {
        let json = serde_json::json!({
            "error": "interaction_required", "error_description": MFA, "error_codes": [50076],
            "correlation_id": "4d2a-11", "suberror": "basic_action",
        });
        let refusal: Refusal = serde_json::from_value(json).unwrap();
        let error = refusal.into_error();
        assert_eq!(error.kind, AzureErrorKind::InteractionRequired);
        assert_eq!(error.code.as_deref(), Some("AADSTS50076"));
        assert_eq!(error.correlation_id.as_deref(), Some("4d2a-11"));
        assert_eq!(
            error.detail,
            "Due to a configuration change made by your administrator, you must use multi-factor authentication."
        );
    }

    #[test]
    fn every_usual_refusal_is_told_from_the_others() {
        let of = |error: &str, number: u64| {
            let text = format!("AADSTS{number}: x. Trace ID: y");
            Refusal::from_query(error, &text).into_error().kind
        };
        for (number, kind) in [
            (65001, AzureErrorKind::ConsentRequired),
            (53003, AzureErrorKind::ConditionalAccess),
            (700016, AzureErrorKind::UnknownApplication),
            (90072, AzureErrorKind::NotInTenant),
            (7000215, AzureErrorKind::BadCredentials),
            (54005, AzureErrorKind::CodeExpired),
            (99999, AzureErrorKind::SignInFailed),
        ] {
            assert_eq!(of("invalid_grant", number), kind, "{number}");
        }
        let declined = Refusal::from_query("access_denied", "").into_error();
        assert_eq!(declined.kind, AzureErrorKind::SignInDenied);
        assert_eq!(declined.code.as_deref(), Some("access_denied"));
    }

    #[test]
    fn an_error_of_ours_survives_azure_core() {
        let ours = AzureError::new(AzureErrorKind::SignInTimedOut, "x");
        assert_eq!(error_of(&into_core(ours.clone())), ours);
        let theirs = azure_core::Error::with_message(
            azure_core::error::ErrorKind::Credential,
            MFA.to_owned(),
        );
        assert_eq!(error_of(&theirs).kind, AzureErrorKind::InteractionRequired);
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let long = "é".repeat(4 * LONGEST);
        assert_eq!(plain(&long).chars().count(), LONGEST + 1);
    }
}
