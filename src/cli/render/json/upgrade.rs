//! How `hcm upgrade` went.

use jiff::Timestamp;
use serde::Serialize;

use crate::display::health::Health;
use crate::model::Snapshot;
use crate::model::upgrade::Release;

/// What there is to tell.
pub(crate) struct UpgradeResult<'a> {
    /// What was done.
    pub(crate) result: &'a str,
    /// The version of the service before.
    pub(crate) from: &'a str,
    /// The newer version, if there is one.
    pub(crate) release: Option<&'a Release>,
    /// Whether the service can install it.
    pub(crate) by_service: bool,
    /// Streams that were active before.
    pub(crate) streams: u64,
    /// Seconds that they get to end, where that is known.
    pub(crate) drain: Option<u64>,
    /// The state now.
    pub(crate) after: &'a Snapshot,
}

impl<'a> UpgradeResult<'a> {
    /// There is nothing newer than what runs.
    pub(crate) fn newest(after: &'a Snapshot) -> Self {
        let streams = after.connections.iter().map(|view| view.traffic.active_streams).sum();
        let from = &after.service.version;
        let (release, by_service, drain) = (None, false, None);
        Self { result: "newest", from, release, by_service, streams, drain, after }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResultShape<'a> {
    result: &'a str,
    from: &'a str,
    version: Option<String>,
    released: Option<Timestamp>,
    notes: Option<&'a str>,
    by_service: bool,
    active_streams: u64,
    drain_seconds: Option<u64>,
    service_version: &'a str,
    enabled: usize,
    connected: usize,
}

impl<'a> ResultShape<'a> {
    pub(super) fn of(told: &UpgradeResult<'a>) -> Self {
        let health = Health::of(told.after, None);
        Self {
            result: told.result,
            from: told.from,
            version: told.release.map(|release| release.version.to_string()),
            released: told.release.map(|release| release.released),
            notes: told.release.map(|release| release.notes.as_str()),
            by_service: told.by_service,
            active_streams: told.streams,
            drain_seconds: told.drain,
            service_version: &told.after.service.version,
            enabled: health.enabled(),
            connected: health.connected(),
        }
    }
}
