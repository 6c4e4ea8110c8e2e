//! Faults in words, and what to do about them.

use super::{Language, Texts};
use crate::model::{Fault, FaultCode};

impl Texts {
    /// What happened, in one short sentence without a full stop.
    pub(crate) fn fault_summary(&self, code: FaultCode) -> String {
        match self.language {
            Language::English => code.summary().to_owned(),
            Language::Chinese => self.format(&format!("fault-{code}"), None),
        }
    }

    /// What to do about it. Where the text of the command line names a command that the
    /// window has a place for, the window has a text of its own.
    pub(crate) fn fault_advice(&self, code: FaultCode) -> String {
        let key = format!("fault-{code}-advice");
        match (self.language, self.bundle.has_message(&key)) {
            (Language::English, false) => code.advice().to_owned(),
            _ => self.format(&key, None),
        }
    }

    /// The fault in one line, with what was seen.
    pub(crate) fn fault_line(&self, fault: &Fault) -> String {
        let (summary, seen) = (self.fault_summary(fault.code), seen(fault));
        if seen.is_empty() { summary } else { self.more_about(&summary, seen) }
    }
}

/// What was seen, without Azure's trackers at its end where the tracking id is shown beside.
pub(crate) fn seen(fault: &Fault) -> &str {
    let detail = fault.detail.as_str();
    match (&fault.tracking_id, detail.find("TrackingId:")) {
        (Some(_), Some(at)) => detail[..at].trim_end_matches([' ', '.', ',', ';']),
        _ => detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trackers_are_not_shown_twice() {
        let detail = "401 The token has an invalid signature. TrackingId:36fb_G71, SystemTracker:sb://a.b/c, Timestamp:x";
        let fault = Fault::new(FaultCode::Unauthorized, detail);
        assert_eq!(seen(&fault), detail);
        let fault = fault.with_tracking_id(Some("36fb_G71".to_owned()));
        assert_eq!(seen(&fault), "401 The token has an invalid signature");
    }
}
