//! Numbers, times and spans.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Texts;
use crate::display::text as display;

impl Texts {
    /// The time of day of `at` on this machine, with the date where it is another day
    /// than `now`.
    pub(crate) fn clock(&self, at: Timestamp, now: Timestamp) -> String {
        let (at, now) = (at.to_zoned(zone()), now.to_zoned(zone()));
        if at.date() == now.date() {
            at.strftime("%H:%M:%S").to_string()
        } else {
            at.strftime("%Y-%m-%d %H:%M").to_string()
        }
    }

    /// The date of `at` on this machine.
    pub(crate) fn date(&self, at: Timestamp) -> String {
        at.to_zoned(zone()).strftime("%Y-%m-%d").to_string()
    }

    /// How long ago `at` was, in steps that grow, so that it seldom changes.
    pub(crate) fn ago(&self, at: Timestamp, now: Timestamp) -> String {
        let seconds = now.duration_since(at).as_secs().max(0);
        match seconds {
            0..10 => self.get("ago-now").to_string(),
            10..60 => self.with("ago-seconds", &[("count", (seconds / 10 * 10).into())]),
            60..3600 => self.with("ago-minutes", &[("count", (seconds / 60).into())]),
            3600..86_400 => self.with("ago-hours", &[("count", (seconds / 3600).into())]),
            _ => self.with("ago-days", &[("count", (seconds / 86_400).into())]),
        }
    }

    /// When [`Self::ago`] of `at` changes next.
    pub(crate) fn ago_changes(at: Timestamp, now: Timestamp) -> SignedDuration {
        let seconds = now.duration_since(at).as_secs().max(0);
        let step = match seconds {
            0..60 => 10,
            60..3600 => 60,
            _ => 3600,
        };
        SignedDuration::from_secs(step - seconds % step)
    }

    /// A connect time of `micros` microseconds.
    pub(crate) fn millis(&self, micros: u64) -> String {
        display::millis(micros)
    }

    /// Bytes in decimal units.
    pub(crate) fn bytes(&self, bytes: u64) -> String {
        display::bytes(bytes)
    }

    /// Bytes a second.
    pub(crate) fn rate(&self, bytes_per_second: u64) -> String {
        format!("{}/s", display::bytes(bytes_per_second))
    }

    /// How long it is until `then`, to the second; nothing once it is past.
    pub(crate) fn until(&self, then: Timestamp, now: Timestamp) -> Option<String> {
        let left = then.duration_since(now);
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        (seconds > 0).then(|| match (seconds / 60, seconds % 60) {
            (0 | 1, _) => self.with("span-seconds", &[("count", seconds.into())]),
            (minutes, rest) => {
                self.with("span-minutes", &[("minutes", minutes.into()), ("count", rest.into())])
            }
        })
    }
}

/// The time zone of this machine; in tests the same everywhere.
fn zone() -> TimeZone {
    if cfg!(test) { TimeZone::UTC } else { TimeZone::system() }
}
