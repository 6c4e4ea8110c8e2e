//! How many streams there is place for. Each takes two of the files and sockets that the system
//! lets this process have open. One that finds no place is refused and said, and takes nothing
//! from those that are there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::hub::Hub;
use crate::model::{Fault, FaultCode};

/// Files that streams leave to all else, at least: channels, programs, logs, and streams that
/// are being refused. It is an eighth where that is more.
const RESERVE: usize = 64;
/// Refusals side by side; each takes a file meanwhile.
const REFUSALS: usize = 16;
/// Refusals that are under way or wait for their turn.
const QUEUE: usize = 1024;

/// The places of all streams of the service.
#[derive(Debug)]
pub(super) struct Places {
    hub: Arc<Hub>,
    most: usize,
    limit: usize,
    free: Arc<Semaphore>,
    refusals: Semaphore,
    queue: Arc<Semaphore>,
    /// Whether the service has the fault that there is none.
    is_full: AtomicBool,
}

/// One that is to be refused, until it is dropped.
#[derive(Debug)]
pub(super) struct Refusal {
    places: Arc<Places>,
    _queued: OwnedSemaphorePermit,
}

impl Refusal {
    /// Waits until it is its turn, until `deadline` at most.
    pub(super) async fn turn(&self, deadline: Instant) -> Option<impl Drop> {
        let turn = timeout_at(deadline, self.places.refusals.acquire()).await.ok()?;
        Some(turn.expect("it is never closed"))
    }
}

/// The place of one stream, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// The places that `open_files` leave, without end where that has none.
    pub(super) fn new(open_files: Option<u64>, hub: Arc<Hub>) -> Self {
        let limit =
            open_files.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let most = limit.saturating_sub(RESERVE.max(limit / 8)) / 2;
        let most = most.min(Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(most));
        let refusals = Semaphore::new(REFUSALS);
        let queue = Arc::new(Semaphore::new(QUEUE));
        Self { hub, most, limit, free, refusals, queue, is_full: AtomicBool::new(false) }
    }

    /// A place for one more stream, or the fault that there is none.
    pub(super) fn take(self: &Arc<Self>) -> Result<Place, Fault> {
        match self.free.clone().try_acquire_owned() {
            Ok(permit) => Ok(Place { places: self.clone(), permit: Some(permit) }),
            Err(_) => Err(self.full()),
        }
    }

    /// Queues one that is to be refused; `None` when too many are.
    pub(super) fn refuse(self: &Arc<Self>) -> Option<Refusal> {
        let queued = self.queue.clone().try_acquire_owned().ok()?;
        Some(Refusal { places: self.clone(), _queued: queued })
    }

    fn full(&self) -> Fault {
        let (most, limit) = (self.most, self.limit);
        let text = format!("{most} streams are open, as many as {limit} open files allow");
        let fault = Fault::new(FaultCode::OpenFilesExhausted, text);
        if !self.is_full.swap(true, Relaxed) {
            warn!(code = %fault.code, advice = fault.code.advice(), "{fault}");
            self.hub.update_service(|service| service.faults.push(fault.clone()));
        }
        fault
    }

    /// It counts as full until some room is there again, else the fault would come and go with
    /// every stream.
    fn given_back(&self) {
        let has_room = self.free.available_permits() > self.most / 10;
        if has_room && self.is_full.swap(false, Relaxed) {
            info!("there is place for new streams again");
            self.hub.update_service(|service| {
                service.faults.retain(|fault| fault.code != FaultCode::OpenFilesExhausted);
            });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.places.given_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn places(open_files: Option<u64>) -> Arc<Places> {
        Arc::new(Places::new(open_files, Arc::new(Hub::new(sample::service()))))
    }

    fn is_said(places: &Places) -> bool {
        let faults = places.hub.snapshot().service.faults;
        faults.iter().any(|fault| fault.code == FaultCode::OpenFilesExhausted)
    }

    #[test]
    fn two_files_are_there_for_each_stream_and_some_for_all_else() {
        for (open_files, most) in [(0, 0), (64, 0), (128, 32), (1024, 448), (65_536, 28_672)] {
            assert_eq!(places(Some(open_files)).most, most, "{open_files}");
        }
        assert!(places(None).most > 1_000_000);
    }

    #[test]
    fn one_too_many_is_said_until_there_is_room_again() {
        let places = places(Some(144));
        let mut taken: Vec<_> = (0..places.most).map(|_| places.take().unwrap()).collect();
        assert_eq!(taken.len(), 40);
        assert!(!is_said(&places));
        let fault = places.take().unwrap_err();
        assert!(fault.detail.contains("40 streams") && fault.detail.contains("144"), "{fault}");
        places.take().unwrap_err();
        assert!(is_said(&places));
        taken.truncate(36);
        assert!(is_said(&places), "four places are not much");
        taken.pop();
        assert!(!is_said(&places));
        taken.extend((0..5).map(|_| places.take().unwrap()));
        places.take().unwrap_err();
        assert!(is_said(&places), "it is said again");
    }
}
