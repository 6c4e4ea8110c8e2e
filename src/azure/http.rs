//! The one HTTP stack for sign-in, Resource Manager and the credentials of `azure_identity`:
//! TLS and proxy are those of the listener ([`crate::http`]).

use std::error::Error as StdError;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Request, redirect};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::error::{AzureError, AzureErrorKind};
use super::setup::Setup;
use crate::http::{Client, Failure, Problem, Way, call_in, surroundings};
use crate::model::FaultCode;

/// How long a whole call may take.
const CALL_LIMIT: Duration = Duration::from_secs(60);
/// Longest answer in bytes. A page of Resource Manager has some hundred kilobytes.
const LONGEST_BODY: usize = 16 << 20;

/// An HTTP client; cheap to clone. It follows no redirect: a token goes nowhere but where it
/// is meant to go.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Who answered.
    pub(crate) host: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body; it may hold a token or a key.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Http {
    /// A client with the CA and the proxy of `setup`.
    pub(crate) fn new(setup: &Setup) -> Result<Self, AzureError> {
        let proxies = surroundings::proxies(&setup.proxy);
        let way = Way { extra_ca: setup.extra_ca.as_deref(), proxies };
        let client = way
            .client(|client| client.redirect(redirect::Policy::none()).timeout(CALL_LIMIT))
            .map_err(|problem| AzureError::new(AzureErrorKind::BadSetting, problem))?;
        Ok(Self { client })
    }

    /// The client itself, to build requests with, and for the credentials of
    /// `azure_identity`.
    pub(crate) fn client(&self) -> &reqwest::Client {
        self.client.inner()
    }

    /// One try. Whatever status comes is an answer; a redirect is not.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, AzureError> {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let failed = |error: reqwest::Error| self.failure(&host, &error);
        let mut response = self.client.inner().execute(request).await.map_err(failed)?;
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_BODY {
                let detail = format!("the answer of {host} is longer than {LONGEST_BODY} bytes");
                return Err(AzureError::new(AzureErrorKind::BadAnswer, detail));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to.and_then(|to| url::Url::parse(to).ok());
            let to = to.as_ref().and_then(url::Url::host_str).unwrap_or("another page");
            let detail = format!("what answers for {host} sends to {to} ({status})");
            return Err(AzureError::new(AzureErrorKind::NotAzure, detail));
        }
        let (status, headers) = (status.as_u16(), response.headers().clone());
        Ok(Answer { host, status, headers, body })
    }

    /// The error of this client that is inside another one, if there is any.
    pub(crate) fn failure_in(&self, error: &(dyn StdError + 'static)) -> Option<AzureError> {
        let ours = call_in(error)?;
        let host = ours.url().and_then(url::Url::host_str).unwrap_or("Azure");
        Some(self.failure(host, ours))
    }

    fn failure(&self, host: &str, error: &reqwest::Error) -> AzureError {
        let Failure { problem, words } = self.client.failure(error);
        let kind = match problem {
            Problem::Untrusted => AzureErrorKind::Untrusted,
            Problem::Unreachable => AzureErrorKind::Unreachable,
            Problem::Proxy(FaultCode::ProxyUnreachable) => AzureErrorKind::ProxyUnreachable,
            Problem::Proxy(FaultCode::ProxyTls) => AzureErrorKind::ProxyTls,
            Problem::Proxy(_) => AzureErrorKind::ProxyRefused,
            Problem::TimedOut => AzureErrorKind::TimedOut,
            Problem::Interrupted => AzureErrorKind::Interrupted,
        };
        AzureError::new(kind, format!("{host}: {words}"))
    }
}

impl Answer {
    /// Whether it is one of the 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The JSON in it.
    ///
    /// # Errors
    /// [`AzureErrorKind::NotAzure`] for a web page, [`AzureErrorKind::BadAnswer`] for
    /// anything else. No error repeats the answer: it may hold a token or a key.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, AzureError> {
        if self.is_page() {
            return Err(self.no_azure());
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let what = match error.classify() {
                serde_json::error::Category::Data => "lacks something, or has another shape",
                _ => "is no valid JSON",
            };
            let detail = format!("the answer of {} {what} ({place})", self.host);
            let error = AzureError::new(AzureErrorKind::BadAnswer, detail);
            error.with_azure(None, self.correlation_id())
        })
    }

    /// Whether it is a web page, which Azure's interfaces never answer with.
    pub(crate) fn is_page(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_html = kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
        is_html || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The error for an answer that does not come from Azure.
    pub(crate) fn no_azure(&self) -> AzureError {
        let detail = format!("what answers for {} sends a web page ({})", self.host, self.status);
        AzureError::new(AzureErrorKind::NotAzure, detail)
    }

    /// Azure's id of the call.
    pub(crate) fn correlation_id(&self) -> Option<String> {
        let names = ["x-ms-correlation-request-id", "x-ms-request-id"];
        let mut found = names.iter().filter_map(|name| self.headers.get(*name));
        let id = found.next()?.to_str().ok()?;
        Some(id.chars().take(100).collect())
    }

    /// How long Azure wants to be left alone (RFC 9110, section 10.2.3).
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(at.duration_since(now).max(jiff::SignedDuration::ZERO).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
        });
        Answer {
            host: "management.azure.com".to_owned(),
            status: 200,
            headers: headers.collect(),
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn a_page_is_not_azure_and_no_answer_is_repeated() {
        type Json = serde_json::Value;
        for page in [
            answer(&[("content-type", "text/html; charset=utf-8")], "secret"),
            answer(&[], "\r\n <!DOCTYPE html>secret"),
        ] {
            let error = page.json::<Json>().unwrap_err();
            assert_eq!(error.kind, AzureErrorKind::NotAzure);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let error = answer(&[], "{\"a\": \"secret").json::<Json>().unwrap_err();
        assert_eq!(error.kind, AzureErrorKind::BadAnswer);
        assert!(!error.to_string().contains("secret"), "{error}");
        let error = answer(&[], "\"secret\"").json::<Vec<u8>>().unwrap_err().to_string();
        assert!(error.contains("another shape") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_pause_is_in_seconds_or_a_date() {
        let now = "2026-11-25T03:00:00Z".parse().unwrap();
        let pause = |text| answer(&[("retry-after", text)], "").retry_after(now);
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        assert_eq!(pause("Wed, 25 Nov 2026 03:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(pause("Wed, 25 Nov 2026 02:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("soon"), None);
    }
}
