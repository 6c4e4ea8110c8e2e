//! Tracking ids, and the texts of refusals that carry them.

use jiff::Timestamp;

/// Gateways that the emulator pretends to have; Azure numbers them from 0.
const GATEWAYS: u32 = 128;

/// Who a refusal is about: `TrackingId:GUID_G10, SystemTracker:sb://host/path`.
#[derive(Clone, Debug)]
pub(crate) struct Tracking {
    /// The id with the gateway's suffix.
    pub(crate) id: String,
    /// The address that was asked for.
    system: String,
}

impl Tracking {
    /// Tracks a request for `path` on `host` that may bring its own id (`sb-hc-id`).
    pub(crate) fn new(given: Option<&str>, host: &str, path: &str) -> Self {
        let id = with_hop(&given.map_or_else(new_id, plain_id), any_gateway());
        Self { id, system: format!("sb://{host}/{path}") }
    }

    /// `text` as the service puts it into a status line or a Close frame.
    pub(crate) fn stamp(&self, text: &str) -> String {
        let Self { id, system } = self;
        let now = Timestamp::now().strftime("%-m/%-d/%Y %-I:%M:%S %p");
        format!("{text} TrackingId:{id}, SystemTracker:{system}, Timestamp:{now}")
    }

    /// `text` with the tracking id alone, for the 123 bytes of a Close frame's reason.
    pub(crate) fn stamp_short(&self, text: &str) -> String {
        format!("{text} TrackingId:{}", self.id)
    }
}

/// A new id, a GUID.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A gateway's number.
pub(crate) fn any_gateway() -> u32 {
    fastrand::u32(..GATEWAYS)
}

/// The id one hop further: every gateway adds its number.
pub(crate) fn with_hop(id: &str, gateway: u32) -> String {
    format!("{id}_G{gateway}")
}

/// A given id if it is fit for addresses and status lines, or a new one.
fn plain_id(given: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !given.is_empty() && given.len() <= 128 && given.chars().all(is_plain);
    if fits { given.to_owned() } else { new_id() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_the_services_form() {
        let tracking = Tracking::new(Some("abc"), "contoso.servicebus.localhost", "hc");
        let text = tracking.stamp("Endpoint does not exist.");
        assert!(text.starts_with("Endpoint does not exist. TrackingId:abc_G"), "{text}");
        let system = ", SystemTracker:sb://contoso.servicebus.localhost/hc, Timestamp:";
        assert!(text.contains(system), "{text}");
        assert!(text.ends_with("AM") || text.ends_with("PM"), "{text}");
    }

    #[test]
    fn an_id_that_breaks_lines_is_replaced() {
        let tracking = Tracking::new(Some("a\r\nb"), "h", "p");
        assert!(!tracking.id.contains('\n') && tracking.id.len() > 30);
    }
}
