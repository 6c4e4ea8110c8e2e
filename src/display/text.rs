//! Numbers, times and foreign texts in words.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// `text` without control characters: a text from outside must not steer the
/// terminal or break a line.
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = text.trim();
    if text.contains(is_bad) {
        let pieces = text.split(is_bad).map(str::trim).filter(|piece| !piece.is_empty());
        pieces.collect::<Vec<_>>().join(" ").into()
    } else {
        text.into()
    }
}

/// `bytes` in decimal units: `0 B`, `1.2 kB`, `340 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 99.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A time span in its two largest units: `12 s`, `3 min 12 s`, `2 d 4 h`.
pub fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if minutes == 0 => format!("{seconds} s"),
        () if hours == 0 => two(minutes, "min", seconds % 60, "s"),
        () if days == 0 => two(hours, "h", minutes % 60, "min"),
        () => two(days, "d", hours % 24, "h"),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

/// How long `then` is past at `now`: `12 s ago`, `just now`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let past = now.duration_since(then);
    if past.as_secs() < 1 { "just now".to_owned() } else { format!("{} ago", span(past)) }
}

/// How long until `then` at `now`, rounded up to whole seconds; none when it is past.
pub fn until(then: Timestamp, now: Timestamp) -> Option<String> {
    let left = then.duration_since(now);
    (left > SignedDuration::ZERO).then(|| {
        let up = i64::from(left.subsec_nanos() > 0);
        span(SignedDuration::from_secs(left.as_secs().saturating_add(up)))
    })
}

/// Date and time of day of `at` in `zone`.
pub fn when(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Time of day of `at` in `zone`.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Microseconds in milliseconds, with as many digits as tell something.
pub fn millis(micros: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let millis = micros as f64 / 1000.0;
    let digits = usize::from(millis < 99.95);
    format!("{millis:.digits$} ms")
}

/// `one` or `many` things, with their number.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits_at_most() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (12_345, "12.3 kB"),
            (99_960, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (3_400_000_000, "3.4 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), text, "{number}");
        }
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (192, "3 min 12 s"),
            (3600, "1 h"),
            (11_520, "3 h 12 min"),
            (187_200, "2 d 4 h"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn past_and_future_are_told_from_now() {
        let now: Timestamp = "2026-11-22T04:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(ago(at("2026-11-22T03:59:48Z"), now), "12 s ago");
        assert_eq!(ago(at("2026-11-22T04:00:09Z"), now), "just now");
        assert_eq!(until(at("2026-11-22T04:00:11.2Z"), now).as_deref(), Some("12 s"));
        assert_eq!(until(now, now), None);
        assert_eq!(when(now, &TimeZone::fixed(jiff::tz::offset(8))), "2026-11-22 12:00:00");
        assert_eq!(millis(1_840), "1.8 ms");
        assert_eq!(millis(123_456), "123 ms");
    }

    #[test]
    fn foreign_texts_steer_nothing() {
        assert_eq!(plain("a\u{1b}[31mred\r\nb\u{202e}c"), "a [31mred b c");
        assert_eq!(plain("  Grüße 你好 "), "Grüße 你好");
    }
}
