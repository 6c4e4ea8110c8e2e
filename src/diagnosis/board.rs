//! Where the reports of a look are collected and told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::model::{CheckName, CheckReport, ConnectionId, Diagnosis};

/// The reports of one look, and the time that it has.
pub(super) struct Board<'a> {
    reports: Mutex<Vec<CheckReport>>,
    tell: &'a (dyn Fn(&CheckReport) + Sync),
    began: Instant,
    deadline: Instant,
}

impl<'a> Board<'a> {
    /// A board with what was told before, for a look that may take `limit`.
    pub(super) fn new(
        told: Vec<CheckReport>,
        tell: &'a (dyn Fn(&CheckReport) + Sync),
        limit: Duration,
    ) -> Self {
        let began = Instant::now();
        Self { reports: Mutex::new(told), tell, began, deadline: began + limit }
    }

    /// Tells a report that took this long.
    pub(super) fn tell(&self, mut report: CheckReport, took: Duration) -> CheckReport {
        report.took_micros = micros(took);
        (self.tell)(&report);
        self.lock().push(report.clone());
        report
    }

    /// Tells a report whose check began at `start`.
    pub(super) fn tell_since(&self, report: CheckReport, start: Instant) -> CheckReport {
        self.tell(report, start.elapsed())
    }

    /// Tells that `checks` are not made, because of another one.
    pub(super) fn skip(&self, checks: &[CheckName], because: CheckName) {
        for check in checks {
            self.tell(CheckReport::skipped(*check, because), Duration::ZERO);
        }
    }

    /// How long this look may go on.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// When something that may take `limit` has to end.
    pub(super) fn deadline(&self, limit: Duration) -> Instant {
        self.deadline.min(Instant::now() + limit)
    }

    /// What comes of `work` within `limit`.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        timeout_at(self.deadline(limit), work).await.ok()
    }

    /// All of it.
    pub(super) fn finish(self, connection: Option<ConnectionId>, began: Timestamp) -> Diagnosis {
        let mut reports = std::mem::take(&mut *self.lock());
        reports.sort_by_key(|report| report.check);
        Diagnosis { connection, began, took_micros: micros(self.began.elapsed()), reports }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CheckReport>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
