//! An upgrade that is made up: its steps, each at its time.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use crate::model::Fault;
use crate::model::upgrade::UpgradeStep;

/// Bytes of the packages.
pub(crate) const SIZE: u64 = 14_200_000;
/// Steps in which they come.
const PIECES: u64 = 10;
/// Between two of them.
const PIECE: SignedDuration = SignedDuration::from_millis(400);

/// How it ends.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(test), expect(dead_code, reason = "`--mock-service` shows the good one"))]
pub(crate) enum Ending {
    /// The new version runs.
    #[default]
    Well,
    /// The old one runs on.
    Fails(Fault),
    /// Nothing comes back.
    Silence,
}

/// Something that happens to the made-up service.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// It is that far.
    At(UpgradeStep),
    /// It is gone.
    Gone,
    /// It is back with this version, and connects.
    Back(Version),
    /// All is connected.
    Connected,
}

/// What still happens.
#[derive(Debug, Default)]
pub(super) struct Upgrade {
    pub(super) ending: Ending,
    later: VecDeque<(Timestamp, Happening)>,
}

impl Upgrade {
    /// Goes through the upgrade to `version`, from `now` on.
    pub(super) fn begin(&mut self, version: &Version, now: Timestamp) {
        let mut at = now;
        let mut then = |after: SignedDuration, what| {
            at += after;
            self.later.push_back((at, what));
        };
        for piece in 0..=PIECES {
            let (done, after) =
                (SIZE / PIECES * piece, if piece == 0 { SignedDuration::ZERO } else { PIECE });
            then(after, Happening::At(UpgradeStep::Downloading { done, size: SIZE }));
        }
        then(PIECE, Happening::At(UpgradeStep::Installing));
        match self.ending.clone() {
            Ending::Fails(fault) => then(PIECE * 5, Happening::At(UpgradeStep::Failed { fault })),
            Ending::Silence => then(PIECE * 5, Happening::Gone),
            Ending::Well => {
                then(PIECE * 5, Happening::Gone);
                then(PIECE * 5, Happening::Back(version.clone()));
                then(PIECE * 5, Happening::Connected);
            }
        }
    }

    /// The next thing whose time has come.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Happening> {
        self.later.pop_front_if(|(at, _)| *at <= now).map(|(_, what)| what)
    }

    /// When more happens.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.later.front().map(|(at, _)| *at)
    }
}
