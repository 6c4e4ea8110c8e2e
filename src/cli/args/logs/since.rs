//! Times in the past, as people write them.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

const EXPECTED: &str = "it is a span (90s, 10m, 2h, 1d), a time of today (14:30), or a date \
                        (2026-01-31, 2026-01-31 14:30, 2026-01-31T14:30:00Z)";

/// The moment that `text` means now, in this machine's time zone.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    at(text, Timestamp::now(), &TimeZone::system()).ok_or_else(|| EXPECTED.to_owned())
}

fn at(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(span) = span(text) {
        return now.checked_sub(span).ok();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local = |at: DateTime| Some(zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp());
    if let Ok(at) = text.parse::<DateTime>() {
        return local(at);
    }
    // A number alone is no time.
    let time: Time = text.contains(':').then(|| text.parse().ok())??;
    local(now.to_zoned(zone.clone()).date().to_datetime(time))
}

/// A number and a unit, `10m` for example.
fn span(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = text.strip_suffix(unit)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = is_number.then(|| number.parse().ok())??;
    Some(SignedDuration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use jiff::tz;

    use super::*;

    #[test]
    fn spans_times_and_dates_are_understood() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(tz::offset(2));
        for (text, expected) in [
            ("90s", "2026-11-22T09:58:30Z"),
            ("10m", "2026-11-22T09:50:00Z"),
            ("2h", "2026-11-22T08:00:00Z"),
            ("1d", "2026-11-21T10:00:00Z"),
            ("08:30", "2026-11-22T06:30:00Z"),
            ("08:30:15", "2026-11-22T06:30:15Z"),
            ("2026-11-20", "2026-11-19T22:00:00Z"),
            ("2026-11-20 08:00", "2026-11-20T06:00:00Z"),
            ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
        ] {
            assert_eq!(at(text, now, &zone), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "m", "-1m", "10", "10 m", "1y", "yesterday", "25:00", "9999999999999999d"]
        {
            assert_eq!(at(text, now, &zone), None, "{text}");
        }
    }
}
