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
        let summary = self.fault_summary(fault.code);
        if fault.detail.is_empty() { summary } else { self.more_about(&summary, &fault.detail) }
    }
}
