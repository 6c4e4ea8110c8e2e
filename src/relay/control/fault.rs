//! What Azure's refusals and closes mean.

use std::io::ErrorKind;
use std::time::Duration;

use jiff::Timestamp;

use super::super::websocket::frame::CloseFrame;
use super::super::websocket::handshake::UpgradeError;
use super::super::websocket::message::ReceiveError;
use crate::model::{Fault, FaultCode, one_line};

/// A clock that is further off than this can make valid tokens look expired.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// Longer than any tracking id.
const LONGEST_ID: usize = 128;

/// The fault behind a handshake that failed, at `now` by this machine's clock.
pub(crate) fn refusal(error: UpgradeError, now: Timestamp) -> Fault {
    match error {
        UpgradeError::Io(error) => Fault::new(FaultCode::ChannelLost, error.to_string()),
        UpgradeError::NotWebSocket(problem) => Fault::new(FaultCode::UnexpectedAnswer, problem),
        UpgradeError::Refused(head) => {
            let fault = answered(head.status, &head.reason, head.header("date"), now);
            let tracking_id = head.header("trackingid").and_then(plain_id);
            let tracking_id = tracking_id.or(fault.tracking_id.clone());
            fault.with_tracking_id(tracking_id)
        }
    }
}

/// The fault behind an HTTP answer other than the wanted one, with Azure's `reason` and
/// the `date` header of the answer.
pub(crate) fn answered(status: u16, reason: &str, date: Option<&str>, now: Timestamp) -> Fault {
    let (code, note) = code_of(status, reason, date.and_then(parse_http_date), now);
    let shown = one_line(reason);
    let detail = match note {
        Some(note) => format!("{note} ({status} {shown})"),
        None => format!("{status} {shown}"),
    };
    Fault::new(code, detail).with_tracking_id(tracking_id_in(reason))
}

/// The tracking id that Azure puts into its texts: `TrackingId:GUID_G10, …`.
pub(crate) fn tracking_id_in(text: &str) -> Option<String> {
    let (_, after) = text.split_once("TrackingId:")?;
    after.split([',', ' ', '\r', '\n']).find(|id| !id.is_empty()).and_then(plain_id)
}

/// A tracking id without anything that no tracking id has.
fn plain_id(id: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let id: String = id.chars().take_while(|&c| plain(c)).take(LONGEST_ID).collect();
    (!id.is_empty()).then_some(id)
}

/// The time that an HTTP `Date` tells.
pub fn parse_http_date(date: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

fn code_of(
    status: u16,
    reason: &str,
    azure_clock: Option<Timestamp>,
    now: Timestamp,
) -> (FaultCode, Option<String>) {
    let reason = reason.to_ascii_lowercase();
    if matches!(status, 401 | 403) && reason.contains("ip has been prevented") {
        return (FaultCode::IpBlocked, None);
    }
    if reason.contains("maximumlistenersperendpoint")
        || reason.contains("maximum number of listeners")
    {
        return (FaultCode::TooManyListeners, None);
    }
    match status {
        401 => match azure_clock.map(|azure| now.duration_since(azure)) {
            Some(ahead) if ahead.unsigned_abs() > CLOCK_TOLERANCE => {
                let minutes = ahead.unsigned_abs().as_secs() / 60;
                let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
                let note = format!("this machine's clock is {minutes} min {direction} Azure's");
                (FaultCode::ClockWrong, Some(note))
            }
            _ => (FaultCode::Unauthorized, None),
        },
        403 => (FaultCode::Forbidden, None),
        404 | 410 => (FaultCode::NotFound, None),
        408 | 504 => (FaultCode::AzureTimedOut, None),
        429 | 500..=599 => (FaultCode::ServiceUnavailable, None),
        _ => (FaultCode::UnexpectedAnswer, None),
    }
}

/// The fault behind a Close frame on the control channel (Relay protocol guide,
/// "Close interaction"). A token that cannot be renewed ends the listener's work.
pub(super) fn closed(close: &CloseFrame, renewable: bool) -> Fault {
    let reason = close.reason.to_ascii_lowercase();
    let code = match close.code {
        // Azure moves listeners about once a day (relay-exceptions article).
        _ if reason.contains("namerenewalfailed") => FaultCode::Recycled,
        1001 => FaultCode::EntityRemoved,
        1008 if renewable => FaultCode::TokenExpired,
        1008 => FaultCode::TokenSpent,
        1011 => FaultCode::ServiceUnavailable,
        _ => FaultCode::ChannelLost,
    };
    Fault::new(code, format!("closed with {}", one_line(&close.to_string())))
        .with_tracking_id(tracking_id_in(&close.reason))
}

/// The fault behind a channel that cannot be read any more.
pub(super) fn broken(error: &ReceiveError) -> Fault {
    let detail = match error {
        // TLS puts this in words of its own, which say less.
        ReceiveError::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "Azure ended the connection".to_owned()
        }
        error => error.to_string(),
    };
    Fault::new(FaultCode::ChannelLost, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::head::Head;

    fn refused(status: u16, reason: &str, date: Option<&str>) -> Fault {
        let mut head = Head::for_test(status);
        head.reason = reason.to_owned();
        if let Some(date) = date {
            head = head.with_header_for_test("date", date);
        }
        refusal(UpgradeError::Refused(head), Timestamp::from_second(1_700_000_000).unwrap())
    }

    #[test]
    fn every_refusal_has_its_meaning() {
        for (status, reason, code) in [
            (
                401,
                "The token has an invalid signature. TrackingId:x_G3, y",
                FaultCode::Unauthorized,
            ),
            (
                401,
                "Generic: Ip has been prevented to connect to the endpoint.\n x",
                FaultCode::IpBlocked,
            ),
            (403, "Authorization failed for specified action: Listen.", FaultCode::Forbidden),
            (404, "Endpoint does not exist.", FaultCode::NotFound),
            (403, "QuotaExceeded: MaximumListenersPerEndpoint", FaultCode::TooManyListeners),
            (500, "", FaultCode::ServiceUnavailable),
            (503, "busy", FaultCode::ServiceUnavailable),
            (504, "", FaultCode::AzureTimedOut),
            (302, "Found", FaultCode::UnexpectedAnswer),
        ] {
            let fault = refused(status, reason, None);
            assert_eq!(fault.code, code, "{status} {reason}");
            assert!(!fault.detail.contains('\n'));
        }
        let fault = refused(401, "Bad. TrackingId:x_G3, y", None);
        assert_eq!(fault.tracking_id.as_deref(), Some("x_G3"));
    }

    #[test]
    fn what_a_stranger_answers_cannot_steer_a_terminal() {
        let reason = "no\u{1b}]0;x\u{7}\nway TrackingId:a_G1\u{1b}[2J, x";
        let fault = refused(500, reason, None);
        assert!(!fault.detail.chars().any(char::is_control), "{:?}", fault.detail);
        assert_eq!(fault.tracking_id.as_deref(), Some("a_G1"));
        let long = "x".repeat(5000);
        assert!(refused(500, &long, None).detail.len() < 400);
    }

    #[test]
    fn a_wrong_clock_is_named() {
        let fault = refused(401, "expired", Some("Tue, 14 Nov 2023 21:13:20 GMT"));
        assert_eq!(fault.code, FaultCode::ClockWrong);
        assert!(fault.detail.contains("60 min ahead of"), "{}", fault.detail);
        let fault = refused(401, "expired", Some("Tue, 14 Nov 2023 22:14:20 GMT"));
        assert_eq!(fault.code, FaultCode::Unauthorized);
    }

    #[test]
    fn every_close_code_has_its_meaning() {
        for (code, reason, renewable, expected) in [
            (1001, "", true, FaultCode::EntityRemoved),
            (1008, "", true, FaultCode::TokenExpired),
            (1008, "", false, FaultCode::TokenSpent),
            (1011, "", true, FaultCode::ServiceUnavailable),
            (1011, "InternalServerError: NameRenewalFailed", true, FaultCode::Recycled),
            (1000, "", true, FaultCode::ChannelLost),
            (1005, "", true, FaultCode::ChannelLost),
        ] {
            let close = CloseFrame { code, reason: reason.to_owned() };
            assert_eq!(closed(&close, renewable).code, expected, "{code} {reason}");
        }
    }
}
