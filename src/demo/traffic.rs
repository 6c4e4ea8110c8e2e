//! A sample app: real requests through the relay, for as long as it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::error::DemoError;
use super::http;
use super::rhythm::Rhythm;
use super::stage::Demo;
use crate::emulator::sender::Sender;

/// An app that uses every hybrid connection of a demo: a few streams a second, and from a
/// few KB to about 1 MB a second. A request that fails is made again in the next turn, so a
/// hybrid connection that is disabled, or in which something goes wrong, does no harm.
///
/// It ends, and resets its streams, when it is dropped.
#[derive(Debug)]
pub struct Traffic {
    _stop: DropGuard,
    tasks: TaskTracker,
    answered: Arc<AtomicU64>,
}

impl Traffic {
    /// Starts the app, inside the current tokio runtime.
    ///
    /// # Errors
    /// [`DemoError::App`].
    pub fn start(demo: &Demo) -> Result<Self, DemoError> {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let answered = Arc::new(AtomicU64::new(0));
        for sample in demo.samples() {
            let app = run(demo.app(sample)?, Rhythm::of(sample), Arc::clone(&answered));
            let stop = stop.clone();
            tasks.spawn(async move { stop.run_until_cancelled(app).await });
        }
        tasks.close();
        Ok(Self { _stop: stop.drop_guard(), tasks, answered })
    }

    /// Requests that were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    /// Ends the app with its streams, and comes back when they have ended.
    pub async fn stop(self) {
        let Self { _stop: stop, tasks, .. } = self;
        drop(stop);
        tasks.wait().await;
    }
}

async fn run(app: Sender, rhythm: Rhythm, answered: Arc<AtomicU64>) {
    let start = Instant::now();
    let mut number = 0_usize;
    loop {
        let streams = rhythm.turn(number, start.elapsed());
        join_all(streams.iter().map(|calls| async {
            let stream = match app.connect().await {
                Ok(stream) => stream,
                Err(error) => return debug!(%error, "the sample app got no stream"),
            };
            let count = |_| {
                answered.fetch_add(1, Relaxed);
            };
            if let Err(error) = http::talk(stream, calls, count).await {
                debug!(%error, "a stream of the sample app broke");
            }
        }))
        .await;
        number = number.wrapping_add(1);
        sleep(rhythm.pause(start.elapsed())).await;
    }
}
