//! Faults in words, and what to do about them.

use super::{Language, Texts};
use crate::model::{Fault, FaultCode, by_itself};

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

    /// What usually causes it.
    pub(crate) fn fault_cause(&self, code: FaultCode) -> String {
        match self.language {
            Language::English => code.cause().to_owned(),
            Language::Chinese => self.format(&format!("fault-{code}-cause"), None),
        }
    }

    /// What the program does about it by itself.
    pub(crate) fn fault_by_itself(&self, code: FaultCode) -> String {
        let way = code.by_itself();
        match self.language {
            Language::English => way.words(),
            Language::Chinese => self.with(
                &format!("fault-by-itself-{}", way.as_str()),
                &[
                    ("more", by_itself::waits("、", "、").into()),
                    ("seconds", by_itself::last_step().into()),
                    ("time", by_itself::SLOW.as_secs().into()),
                    ("minutes", (by_itself::REFUSED_PASSWORD.as_secs() / 60).into()),
                ],
            ),
        }
    }

    /// Everything about the code, for the clipboard.
    pub(crate) fn fault_explained(&self, code: FaultCode) -> String {
        let facts = [
            ("explain-code", code.as_str().to_owned()),
            ("explain-meaning", self.fault_summary(code)),
            ("explain-cause", self.fault_cause(code)),
            ("details-advice", self.fault_advice(code)),
            ("explain-by-itself", self.fault_by_itself(code)),
        ];
        let lines = facts.iter().map(|(key, value)| self.more_about(&self.get(key), value));
        lines.collect::<Vec<_>>().join("\n")
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
