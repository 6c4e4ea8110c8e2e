//! A look for what is wrong, as far as it is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::diagnosis::{self, Verdict};
use crate::model::{
    CheckName, CheckReport, ConnectionId, ConnectionStatus, ConnectionView, Endpoint, FaultCode,
};

/// What the panel holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// What is looked at; without one, the service and this machine alone.
    pub connection: Option<ConnectionId>,
    /// Try all gateways and not a few of them.
    pub all_gateways: bool,
    /// What is looked at, once the service has said so.
    pub checks: Vec<CheckName>,
    /// What was found, in the order in which it is shown.
    pub reports: Vec<CheckReport>,
    /// How far it is.
    pub course: LookCourse,
    /// What it was about, once it has ended.
    pub about: Option<About>,
    /// The checks whose facts the person has opened, or closed where they are open by themselves.
    pub turned: BTreeSet<CheckName>,
}

/// How far a look is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum LookCourse {
    /// It goes on.
    #[default]
    Running,
    /// Everything was looked at.
    Done {
        /// How long that took, in microseconds; nothing where the service was not there.
        took_micros: Option<u64>,
    },
    /// It ended before that, and why.
    Broken(String),
}

/// What a look was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// When it began.
    pub began: Timestamp,
    /// The connection as it was when it ended; nothing where it was gone, or none was looked at.
    pub seen: Option<Seen>,
}

/// What of a connection makes another look worth while when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    listener: Listener,
    endpoint: Option<Endpoint>,
    key_name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Listener {
    Off,
    Connected,
    /// It tries, after this fault where it has told one.
    Trying(Option<FaultCode>),
}

impl Seen {
    /// What is seen of `view`.
    pub(crate) fn of(view: &ConnectionView) -> Self {
        let listener = match &view.status {
            ConnectionStatus::Disabled | ConnectionStatus::Stopping { .. } => Listener::Off,
            ConnectionStatus::Connected { .. } => Listener::Connected,
            other => Listener::Trying(other.fault().map(|fault| fault.code)),
        };
        Self { listener, endpoint: view.endpoint.clone(), key_name: view.key_name.clone() }
    }

    /// Whether the connection is another one by `now`. A new attempt after the same fault is no change.
    fn differs(&self, now: &Self) -> bool {
        let listener = match (&self.listener, &now.listener) {
            (Listener::Trying(before), Listener::Trying(now)) => {
                before.is_some() && now.is_some() && before != now
            }
            (before, now) => before != now,
        };
        listener || self.endpoint != now.endpoint || self.key_name != now.key_name
    }
}

impl Look {
    /// One that begins.
    pub(crate) fn new(connection: Option<ConnectionId>, all_gateways: bool) -> Self {
        Self { connection, all_gateways, ..Self::default() }
    }

    /// Whether more is to come.
    pub(crate) fn is_running(&self) -> bool {
        self.course == LookCourse::Running
    }

    /// When it began, where the connection, which is `now` like this, is another one since.
    pub(crate) fn outdated_since(&self, now: Option<&ConnectionView>) -> Option<Timestamp> {
        let about = self.about.as_ref().filter(|_| self.connection.is_some())?;
        let is_outdated = match (&about.seen, now) {
            (Some(before), Some(now)) => before.differs(&Seen::of(now)),
            (before, now) => before.is_some() != now.is_some(),
        };
        is_outdated.then_some(about.began)
    }

    /// Takes what a check has shown.
    pub(crate) fn take(&mut self, report: CheckReport) {
        self.reports.retain(|known| known.check != report.check);
        let at = self.reports.partition_point(|known| known.check < report.check);
        self.reports.insert(at, report);
    }

    /// What is to be mended first.
    pub(crate) fn cause(&self) -> Option<&CheckReport> {
        diagnosis::cause(&self.reports)
    }

    /// Whether `check` has failed on its own, after what is to be mended first.
    pub(crate) fn also_to_mend(&self, check: CheckName) -> bool {
        diagnosis::causes(&self.reports).iter().skip(1).any(|cause| cause.check == check)
    }

    /// Each check that is made, with what it has shown if it has ended.
    pub(crate) fn rows(&self) -> Vec<(CheckName, Option<&CheckReport>)> {
        let found = |check: CheckName| self.reports.iter().find(|report| report.check == check);
        let told = self.reports.iter().map(|report| report.check);
        let checks: BTreeSet<_> = self.checks.iter().copied().chain(told).collect();
        checks.into_iter().map(|check| (check, found(check))).collect()
    }

    /// Whether what `report` has seen is shown: that of the cause, and what the person opens.
    pub(crate) fn is_open(&self, report: &CheckReport) -> bool {
        let by_itself = report.verdict == Verdict::Failed;
        by_itself != self.turned.contains(&report.check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_stand_in_their_order_and_each_once() {
        let mut look = Look::new(None, false);
        look.checks = vec![CheckName::Clock, CheckName::Service];
        look.take(CheckReport::ok(CheckName::Clock));
        assert_eq!(look.rows().first(), Some(&(CheckName::Service, None)));
        look.take(CheckReport::ok(CheckName::Service));
        look.take(CheckReport::ok(CheckName::Clock));
        let order: Vec<_> = look.reports.iter().map(|report| report.check).collect();
        assert_eq!(order, [CheckName::Service, CheckName::Clock]);
        assert_eq!(look.rows().len(), 2);
    }

    #[test]
    fn a_new_attempt_after_the_same_fault_is_no_change() {
        let seen = |listener| Seen { listener, endpoint: None, key_name: "listen".to_owned() };
        let trying = |code| seen(Listener::Trying(code));
        let (refused, lost) = (Some(FaultCode::Unauthorized), Some(FaultCode::ChannelLost));
        assert!(!trying(refused).differs(&trying(None)) && !trying(None).differs(&trying(refused)));
        assert!(trying(refused).differs(&trying(lost)));
        assert!(trying(refused).differs(&seen(Listener::Connected)));
        assert!(seen(Listener::Connected).differs(&seen(Listener::Off)));
        let moved = Seen { endpoint: Some(Endpoint::new("db.corp", 1433)), ..trying(refused) };
        assert!(trying(refused).differs(&moved));
    }

    #[test]
    fn what_failed_is_open_until_it_is_closed() {
        let note = diagnosis::Note::new(diagnosis::NoteCode::ClockOff, "");
        let (failed, fine) =
            (CheckReport::failed_as(CheckName::Clock, note), CheckReport::ok(CheckName::Service));
        let mut look = Look::new(None, false);
        assert!(look.is_open(&failed) && !look.is_open(&fine));
        look.turned.extend([CheckName::Clock, CheckName::Service]);
        assert!(!look.is_open(&failed) && look.is_open(&fine));
    }
}
