//! Changes of the machine after which a connection to somewhere else may be dead, or one
//! that could not be made may be possible.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

#[cfg(windows)]
#[path = "system_events/windows.rs"]
mod os;

/// Changes of one cause come in swarms: an address goes, another comes, a route follows.
const SETTLING: Duration = Duration::from_secs(1);

/// Follows the addresses and interfaces of this machine.
#[derive(Debug)]
pub struct NetworkChanges {
    changes: mpsc::Receiver<()>,
    #[cfg(windows)]
    _watch: Option<os::Watch>,
    /// Keeps the channel open where the system tells nothing.
    _sender: mpsc::Sender<()>,
}

impl NetworkChanges {
    /// Begins to follow them. Where the system does not tell, none comes.
    pub fn follow() -> Self {
        let (sender, changes) = mpsc::channel(1);
        Self {
            changes,
            #[cfg(windows)]
            _watch: os::Watch::begin(&sender),
            _sender: sender,
        }
    }

    /// Waits for the next change, and a second more for those that belong to it.
    /// Cancel-safe, but for a change that is waited on.
    pub async fn next(&mut self) {
        // The sender is ours, so there is no end.
        if self.changes.recv().await.is_some() {
            sleep(SETTLING).await;
            while self.changes.try_recv().is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_swarm_of_changes_is_one() {
        let mut followed = NetworkChanges::follow();
        let sender = followed._sender.clone();
        sender.send(()).await.unwrap();
        let swarm = tokio::spawn(async move {
            for _ in 0..5 {
                sender.try_send(()).unwrap_or_default();
                sleep(SETTLING / 10).await;
            }
        });
        let start = Instant::now();
        followed.next().await;
        assert!(start.elapsed() >= SETTLING);
        swarm.await.unwrap();
        timeout(Duration::from_secs(60), followed.next()).await.unwrap_err();
    }
}
