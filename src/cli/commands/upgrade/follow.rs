//! From the beginning of an upgrade to the new version: through the end of the old service.

use std::time::Duration;

use semver::Version;
use tokio::time::Instant;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::feed::Feed;
use crate::cli::render::connection;
use crate::cli::render::upgrade::Step;
use crate::cli::watch::Update;
use crate::ipc::Mirror;
use crate::model::upgrade::{INSTALLED_WITHIN, STEADY_FOR, UpgradeStep};
use crate::model::{ConnectionId, Desired, Fault, ServiceInfo, Snapshot, StatusLabel};

/// How long the packages may stand still on their way, and how long the new version may take once
/// the streams have had their time.
const LIMIT: Duration = Duration::from_secs(180);
/// How long the installer may take before the old service ends.
const INSTALL_LIMIT: Duration = INSTALLED_WITHIN.saturating_add(Duration::from_secs(300));
/// How long the new version gets to connect what was connected before.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// What is waited for.
pub(super) struct Awaited {
    version: Version,
    /// How long the streams of the old service get.
    drain: Duration,
    /// What was connected before.
    connected: Vec<ConnectionId>,
}

impl Awaited {
    /// `version`, with all that is connected in `before`.
    pub(super) fn new(version: Version, drain: Duration, before: &Snapshot) -> Self {
        let views = before.connections.iter();
        let connected = views.filter(|view| view.status.label() == StatusLabel::Connected);
        Self { version, drain, connected: connected.map(|view| view.id.clone()).collect() }
    }

    /// Whether all is connected in `after` that was before, but for what is no longer meant to be.
    pub(super) fn is_connected(&self, after: &Snapshot) -> bool {
        let mut views = after
            .connections
            .iter()
            .filter(|view| view.desired == Desired::Enabled && self.connected.contains(&view.id));
        views.all(|view| view.status.label() == StatusLabel::Connected)
    }

    fn is_new(&self, service: &ServiceInfo) -> bool {
        Version::parse(&service.version).is_ok_and(|version| version >= self.version)
    }
}

/// Waits for what is `awaited`, and tells `say` of each step. After a gap in its events the feed
/// is taken anew from `again`.
///
/// # Errors
/// Why it failed, as the service says it; [`Exit::TimedOut`] where nothing more comes.
pub(super) async fn follow(
    mut feed: Feed,
    awaited: &Awaited,
    again: impl Fn() -> Feed,
    say: &mut impl FnMut(Step),
) -> Result<Snapshot, Failure> {
    let mut mirror = Mirror::default();
    let mut course = Course::begin(awaited);
    let mut lost: Option<Failure> = None;
    while let Ok(update) = tokio::time::timeout_at(course.until(), feed.next()).await {
        match update {
            Update::Lost(failure) if failure.exit == Exit::VersionMismatch => return Err(failure),
            Update::Lost(failure) => {
                course.ends();
                course.new = None;
                if lost.replace(failure).is_none() {
                    say(Step::Waiting);
                }
            }
            Update::Push(push) => {
                lost = None;
                if mirror.apply(push).is_err() {
                    (feed, mirror) = (again(), Mirror::default());
                    continue;
                }
                let Some(snapshot) = mirror.snapshot() else { continue };
                if let Some(failure) = course.take(snapshot, say) {
                    return Err(failure);
                }
            }
        }
    }
    course.over(mirror.snapshot(), lost)
}

/// How far it is, and until when the new version is waited for.
struct Course<'a> {
    awaited: &'a Awaited,
    deadline: Instant,
    /// Bytes that were here last.
    downloaded: Option<u64>,
    is_installing: bool,
    is_ending: bool,
    new: Option<New>,
}

/// The new version, while it answers.
#[derive(Clone, Copy)]
struct New {
    since: Instant,
    is_connected: bool,
}

impl<'a> Course<'a> {
    fn begin(awaited: &'a Awaited) -> Self {
        let deadline = Instant::now() + LIMIT;
        let (is_installing, is_ending) = (false, false);
        Self { awaited, deadline, downloaded: None, is_installing, is_ending, new: None }
    }

    /// Until when the next step is waited for. The new version may still end, and be taken back.
    fn until(&self) -> Instant {
        match self.new {
            None => self.deadline,
            Some(New { since, is_connected: true }) => since + STEADY_FOR,
            Some(New { since, is_connected: false }) => since + CONNECT_LIMIT,
        }
    }

    /// The installer has its time, once.
    fn installs(&mut self) {
        if !std::mem::replace(&mut self.is_installing, true) && !self.is_ending {
            self.deadline = Instant::now() + INSTALL_LIMIT;
        }
    }

    /// The old service ends or is gone: from here on everything has its time, once.
    fn ends(&mut self) {
        if !std::mem::replace(&mut self.is_ending, true) {
            self.deadline = Instant::now() + self.awaited.drain + LIMIT;
        }
    }

    /// Takes the state; why it failed, once it has.
    fn take(&mut self, snapshot: &Snapshot, say: &mut impl FnMut(Step)) -> Option<Failure> {
        if self.awaited.is_new(&snapshot.service) {
            let since = self.new.map_or_else(Instant::now, |new| new.since);
            let is_connected = self.awaited.is_connected(snapshot);
            self.new = Some(New { since, is_connected });
            if !is_connected {
                say(Step::Connecting);
            }
            return None;
        }
        self.new = None;
        let progress = snapshot.service.upgrade.as_ref()?.progress.as_ref()?;
        if progress.version != self.awaited.version {
            return None;
        }
        match &progress.step {
            UpgradeStep::Failed { fault } => return Some(failure(fault)),
            UpgradeStep::Downloading { done, size } => {
                if self.downloaded.replace(*done) != Some(*done) && !self.is_ending {
                    self.deadline = Instant::now() + LIMIT;
                }
                say(Step::Downloading { done: *done, size: *size });
            }
            UpgradeStep::Installing | UpgradeStep::Other => match snapshot.service.draining {
                Some(streams) => {
                    self.ends();
                    say(Step::Draining(streams));
                }
                None => {
                    self.installs();
                    say(Step::Installing);
                }
            },
        }
        None
    }

    /// The time is over; `snapshot` is the last state, and `lost` why there is no service now.
    fn over(self, snapshot: Option<&Snapshot>, lost: Option<Failure>) -> Result<Snapshot, Failure> {
        let version = &self.awaited.version;
        let text = match (snapshot, lost) {
            (Some(snapshot), None) if self.new.is_some() => return Ok(snapshot.clone()),
            (_, Some(lost)) => format!(
                "version {version} does not answer: {lost}. Look at the log of the system for why; hcm upgrade --check says which version runs"
            ),
            (Some(snapshot), None) => format!(
                "the service still is version {}, and nothing has come of the upgrade to {version} in time. Look at hcm logs for why, and try again",
                snapshot.service.version
            ),
            (None, None) => {
                "the service did not say how far the upgrade is; look at hcm logs".to_owned()
            }
        };
        Err(Failure::new(Exit::TimedOut, text))
    }
}

/// A fault of an upgrade, with what to do.
pub(super) fn failure(fault: &Fault) -> Failure {
    Failure::new(Exit::Failure, connection::fault(fault)).with_code(fault.code.as_str())
}

#[cfg(test)]
mod tests;
