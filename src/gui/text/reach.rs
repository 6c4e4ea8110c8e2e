//! Whether an endpoint answers, in words.

use jiff::Timestamp;

use super::Texts;
use crate::model::Reachability;

impl Texts {
    /// What the last dial showed, and when that was.
    pub(crate) fn reachability(&self, reachability: &Reachability, now: Timestamp) -> String {
        let ago = self.ago(reachability.checked_at, now);
        let what = self.reachability_alone(reachability);
        self.with("reach-checked", &[("what", what.into()), ("ago", ago.into())])
    }

    /// What the last dial showed.
    pub(crate) fn reachability_alone(&self, reachability: &Reachability) -> String {
        match (&reachability.fault, reachability.connect_micros) {
            (Some(fault), _) => self.fault_line(fault),
            (None, Some(micros)) => {
                self.with("reach-connected", &[("time", self.millis(micros).into())])
            }
            (None, None) => self.get("reach-connected-untimed").to_string(),
        }
    }
}
