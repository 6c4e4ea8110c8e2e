//! What goes wrong between a person and Azure, on demand.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::emulator::error::EmulatorError;

/// Something to go wrong in Microsoft Entra or Azure Resource Manager. `path` is a text
/// that the request's path contains, in any case; every path without it: `/token` and
/// `hybridConnections` for example. Those with `times` happen so often, always without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum AzureFault {
    /// Lasts: requests are refused, in the form that the service refuses in.
    Refuse {
        /// Which requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// HTTP status.
        status: u16,
        /// The code, `InternalServerError` for example.
        code: String,
        /// What the service says.
        message: String,
        /// Seconds in `Retry-After`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
        /// How often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: requests are refused with 429.
    Throttle {
        /// Which requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Seconds in `Retry-After`.
        retry_after: u32,
        /// How often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: requests get a page of HTML with status 200, as from a captive portal.
    Html {
        /// Which requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// How often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: the connection is cut in the middle of the answer.
    Cut {
        /// Which requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// How often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: every answer comes this much later; requests wait side by side.
    Slow {
        /// Which requests.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// Milliseconds.
        millis: u64,
    },
    /// Lasts: Entra refuses the sign-in, with what it says of this code.
    SignIn {
        /// Where; everywhere without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<SignInStep>,
        /// The number after `AADSTS`: 50076, 53003, 65001, 700016, 50020 or 90072 for
        /// example.
        code: u32,
        /// How often.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// The codes that are out end: of browsers and of devices.
    ExpireCodes,
    /// The access tokens that are out end.
    ExpireTokens,
    /// The refresh tokens that are out end.
    RevokeRefreshTokens,
}

/// A step of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInStep {
    /// The page in the browser, after the account is chosen.
    Authorize,
    /// The request for a device code.
    DeviceCode,
    /// The token endpoint.
    Token,
}

/// A refusal that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u32>,
}

/// What happens instead of an answer, or to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upset {
    Refuse(Refused),
    Html,
    Cut,
}

impl AzureFault {
    /// Whether it lasts until it is cleared.
    pub(crate) fn lasts(&self) -> bool {
        !matches!(self, Self::ExpireCodes | Self::ExpireTokens | Self::RevokeRefreshTokens)
    }

    /// Whether it can happen.
    pub(crate) fn check(&self) -> Result<(), EmulatorError> {
        let bad = |problem: String| Err(EmulatorError::Fault(problem));
        match self {
            Self::Refuse { status, .. } if !(200..1000).contains(status) => {
                bad(format!("the status {status} is not from 200 to 999"))
            }
            Self::Slow { millis, .. } if *millis > 600_000 => {
                bad(format!("{millis} milliseconds are more than ten minutes"))
            }
            Self::Refuse { times: Some(0), .. }
            | Self::Throttle { times: Some(0), .. }
            | Self::Html { times: Some(0), .. }
            | Self::Cut { times: Some(0), .. }
            | Self::SignIn { times: Some(0), .. } => bad("it is to happen 0 times".to_owned()),
            _ => Ok(()),
        }
    }

    /// What it does to a request for `path`, and how often it still will.
    fn upset(&mut self, path: &str) -> Option<(&mut Option<u32>, Upset)> {
        let (where_, times, upset) = match self {
            Self::Refuse { path, status, code, message, retry_after, times } => {
                let (code, message) = (code.clone(), message.clone());
                let refused = Refused { status: *status, code, message, retry_after: *retry_after };
                (path, times, Upset::Refuse(refused))
            }
            Self::Throttle { path, retry_after, times } => {
                let refused = Refused {
                    status: 429,
                    code: "TooManyRequests".to_owned(),
                    message: "The request is being throttled.".to_owned(),
                    retry_after: Some(*retry_after),
                };
                (path, times, Upset::Refuse(refused))
            }
            Self::Html { path, times } => (path, times, Upset::Html),
            Self::Cut { path, times } => (path, times, Upset::Cut),
            _ => return None,
        };
        has(where_.as_deref(), path).then_some((times, upset))
    }
}

fn has(text: Option<&str>, path: &str) -> bool {
    text.is_none_or(|text| path.to_ascii_lowercase().contains(&text.to_ascii_lowercase()))
}

/// The faults of Azure that last.
#[derive(Debug, Default)]
pub(crate) struct AzureFaults(Mutex<Vec<AzureFault>>);

impl AzureFaults {
    pub(crate) fn add(&self, fault: AzureFault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn list(&self) -> Vec<AzureFault> {
        self.lock().clone()
    }

    /// How much later the answer for `path` comes.
    pub(crate) fn slowness(&self, path: &str) -> Duration {
        let faults = self.lock();
        let slow = faults.iter().filter_map(|fault| match fault {
            AzureFault::Slow { path: text, millis } if has(text.as_deref(), path) => Some(*millis),
            _ => None,
        });
        Duration::from_millis(slow.max().unwrap_or(0))
    }

    /// What happens to a request for `path`; counts it.
    pub(crate) fn upset(&self, path: &str) -> Option<Upset> {
        self.first_counted(|fault| fault.upset(path))
    }

    /// With which code the sign-in is refused; counts it.
    pub(crate) fn sign_in(&self, step: SignInStep) -> Option<u32> {
        self.first_counted(|fault| match fault {
            AzureFault::SignIn { at, code, times } if at.is_none_or(|at| at == step) => {
                Some((times, *code))
            }
            _ => None,
        })
    }

    fn first_counted<T>(
        &self,
        pick: impl Fn(&mut AzureFault) -> Option<(&mut Option<u32>, T)>,
    ) -> Option<T> {
        let mut faults = self.lock();
        let mut spent = None;
        let found = faults.iter_mut().enumerate().find_map(|(at, fault)| {
            let (times, found) = pick(fault)?;
            if let Some(left) = times {
                *left = left.saturating_sub(1);
                spent = (*left == 0).then_some(at);
            }
            Some(found)
        });
        if let Some(at) = spent {
            faults.remove(at);
        }
        found
    }

    fn lock(&self) -> MutexGuard<'_, Vec<AzureFault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_ends_and_keeps_to_its_path() {
        let faults = AzureFaults::default();
        let path = Some("listkeys".to_owned());
        faults.add(AzureFault::Throttle { path, retry_after: 1, times: Some(1) });
        assert_eq!(faults.upset("/subscriptions"), None);
        assert!(matches!(faults.upset("/a/listKeys"), Some(Upset::Refuse(r)) if r.status == 429));
        assert_eq!(faults.upset("/a/listKeys"), None);
        faults.add(AzureFault::SignIn { at: Some(SignInStep::Token), code: 50076, times: None });
        assert_eq!(faults.sign_in(SignInStep::Authorize), None);
        assert_eq!(faults.sign_in(SignInStep::Token), Some(50076));
        faults.add(AzureFault::Slow { path: None, millis: 5 });
        assert_eq!(faults.slowness("/x"), Duration::from_millis(5));
        faults.clear();
        assert_eq!(faults.slowness("/x"), Duration::ZERO);
    }

    #[test]
    fn the_json_form_is_flat() {
        for text in [
            r#"{"fault":"refuse","path":"/token","status":500,"code":"x","message":"y","retryAfter":3}"#,
            r#"{"fault":"sign-in","at":"devicecode","code":50076,"times":1}"#,
            r#"{"fault":"expire-codes"}"#,
        ] {
            let fault: AzureFault = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&fault).unwrap(), text);
        }
    }
}
