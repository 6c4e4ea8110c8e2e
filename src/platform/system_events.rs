//! Changes of the machine after which a connection to somewhere else may be dead, or one
//! that could not be made may be possible.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

#[cfg(target_os = "linux")]
#[path = "system_events/linux/mod.rs"]
mod os;
#[cfg(not(any(windows, target_os = "linux")))]
#[path = "system_events/none.rs"]
mod os;
#[cfg(windows)]
#[path = "system_events/windows.rs"]
mod os;

/// Changes of one cause come in swarms: an address goes, another comes, a route follows.
const SETTLING: Duration = Duration::from_secs(1);

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemChange {
    /// The addresses, interfaces or ways of this machine are others.
    Network,
    /// It has slept. Windows tells that to its services instead.
    Slept,
}

/// Follows what happens to this machine.
#[derive(Debug)]
pub struct SystemChanges {
    changes: mpsc::Receiver<SystemChange>,
    _watch: Option<os::Watch>,
    /// Keeps the channel open where the system tells nothing.
    _sender: mpsc::Sender<SystemChange>,
}

impl SystemChanges {
    /// Begins to follow it. Where the system does not tell, nothing comes. Must be called inside
    /// a Tokio runtime.
    pub fn follow() -> Self {
        Self::told_by(os::Watch::begin)
    }

    fn told_by(begin: impl FnOnce(&mpsc::Sender<SystemChange>) -> Option<os::Watch>) -> Self {
        let (sender, changes) = mpsc::channel(1);
        Self { changes, _watch: begin(&sender), _sender: sender }
    }

    /// Waits for the next change, and for one of the network a second more for those that belong
    /// to it. Cancel-safe, but for a change that is waited on.
    pub async fn next(&mut self) -> SystemChange {
        match self.changes.recv().await {
            Some(SystemChange::Network) => {
                sleep(SETTLING).await;
                while self.changes.try_recv().is_ok() {}
                SystemChange::Network
            }
            Some(SystemChange::Slept) => SystemChange::Slept,
            // The sender is ours, so there is no end.
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_swarm_of_changes_is_one() {
        let mut followed = SystemChanges::told_by(|_| None);
        let sender = followed._sender.clone();
        sender.send(SystemChange::Network).await.unwrap();
        let swarm = tokio::spawn(async move {
            for _ in 0..5 {
                sender.try_send(SystemChange::Network).unwrap_or_default();
                sleep(SETTLING / 10).await;
            }
        });
        let start = Instant::now();
        assert_eq!(followed.next().await, SystemChange::Network);
        assert!(start.elapsed() >= SETTLING);
        swarm.await.unwrap();
        timeout(Duration::from_secs(60), followed.next()).await.unwrap_err();
        let (sender, start) = (followed._sender.clone(), Instant::now());
        sender.send(SystemChange::Slept).await.unwrap();
        assert_eq!(followed.next().await, SystemChange::Slept);
        assert_eq!(start.elapsed(), Duration::ZERO, "nothing belongs to a sleep");
    }
}
