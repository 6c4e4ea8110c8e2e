//! The upgrade of the service, as this window has seen it.

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use super::{Link, State};
use crate::model::upgrade::UpgradeStep;
use crate::model::{Fault, VERSION};

/// How long a new service may take, once the streams of the old one have had their time.
const LIMIT: SignedDuration = SignedDuration::from_mins(3);
/// Seconds that they get where the service does not say.
const USUAL_DRAIN: u32 = 30;

/// What is remembered of upgrades; how far one is says the service, while it is there.
#[derive(Debug, Default)]
pub(crate) struct Upgrading {
    /// Seconds that open streams get when the service ends, once it has said so.
    pub drain: Option<u32>,
    /// The upgrade that was begun, here or by somebody else.
    pub course: Option<Course>,
}

/// An upgrade that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// To which version.
    pub version: Version,
    /// How far it is.
    pub stage: Stage,
}

/// How far an upgrade is for one who looks on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The service was asked, and has not answered.
    Asked,
    /// The service has not begun it, and why.
    Refused(String),
    /// The service is at it.
    UnderWay,
    /// The old service has ended for it.
    Away {
        /// When it did.
        since: Timestamp,
    },
    /// The new service is there.
    Done,
}

impl Stage {
    /// Whether the new version is still to come.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Asked | Self::UnderWay | Self::Away { .. })
    }
}

/// What the dialog shows of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpgradePhase<'a> {
    /// Nothing is being done.
    Offered,
    /// The last try has come to nothing.
    Failed(Why<'a>),
    /// It begins, or a newer service does what this window does not know.
    Begins,
    /// The packages are on their way.
    Downloading {
        /// Bytes that are here.
        done: u64,
        /// Bytes of all packages.
        size: u64,
    },
    /// They are installed.
    Installing,
    /// The old service waits for this many streams.
    Draining(u64),
    /// The old service is gone.
    Waiting,
    /// The new one takes too long.
    Late,
    /// It runs.
    Done,
}

/// Why an upgrade has come to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why<'a> {
    /// The service says so.
    Fault(&'a Fault),
    /// It has not begun it, in words.
    Refused(&'a str),
    /// The old service is back, and says nothing.
    StillOld,
}

impl State {
    /// How it stands with the upgrade.
    pub(crate) fn upgrade_phase(&self, now: Timestamp) -> UpgradePhase<'_> {
        let Some(Course { version, stage }) = &self.upgrading.course else {
            return self.last_failure().map_or(UpgradePhase::Offered, UpgradePhase::Failed);
        };
        match stage {
            Stage::Asked => UpgradePhase::Begins,
            Stage::Refused(why) => UpgradePhase::Failed(Why::Refused(why)),
            Stage::UnderWay => self.step_to(version),
            Stage::Away { since } if now < self.late_at(*since) => UpgradePhase::Waiting,
            Stage::Away { .. } if self.is_attached() => UpgradePhase::Failed(Why::StillOld),
            Stage::Away { .. } => UpgradePhase::Late,
            Stage::Done => UpgradePhase::Done,
        }
    }

    fn last_failure(&self) -> Option<Why<'_>> {
        let upgrade = self.snapshot.as_ref()?.service.upgrade.as_ref()?;
        upgrade.failure().map(Why::Fault)
    }

    fn step_to(&self, version: &Version) -> UpgradePhase<'_> {
        let service = self.snapshot.as_ref().map(|snapshot| &snapshot.service);
        let progress = service.and_then(|service| service.upgrade.as_ref()?.progress.as_ref());
        match progress.filter(|progress| progress.version == *version).map(|it| &it.step) {
            Some(UpgradeStep::Downloading { done, size: size @ 1.. }) => {
                UpgradePhase::Downloading { done: *done, size: *size }
            }
            Some(UpgradeStep::Installing) => match service.and_then(|service| service.draining) {
                Some(streams @ 1..) => UpgradePhase::Draining(streams),
                _ => UpgradePhase::Installing,
            },
            _ => UpgradePhase::Begins,
        }
    }

    /// The version that is on its way.
    pub(crate) fn upgrading_to(&self) -> Option<&Version> {
        let course = self.upgrading.course.as_ref()?;
        course.stage.is_open().then_some(&course.version)
    }

    /// When a new service takes too long that is awaited `since` then.
    fn late_at(&self, since: Timestamp) -> Timestamp {
        let drain = self.upgrading.drain.unwrap_or(USUAL_DRAIN);
        since + LIMIT + SignedDuration::from_secs(drain.into())
    }

    /// When the wait for a new service becomes too long, if one is awaited.
    pub(super) fn becomes_late(&self, now: Timestamp) -> Option<Timestamp> {
        match self.upgrading.course.as_ref()?.stage {
            Stage::Away { since } => Some(self.late_at(since)).filter(|at| *at > now),
            _ => None,
        }
    }

    /// The version of the service, where it is newer than this window.
    pub(crate) fn newer_service(&self) -> Option<&str> {
        let Link::Up { version, .. } = &self.link else { return None };
        let own = Version::parse(VERSION).ok()?;
        Version::parse(version).is_ok_and(|version| version > own).then_some(version.as_str())
    }
}
