//! What the service manager hears while the service runs: that it is ready, that it is alive,
//! and how it does.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::debug;

use super::hub::Hub;
use super::supervisor::Supervisor;
use crate::ipc::{Address, Client};
use crate::model::{Snapshot, StatusLabel};
use crate::platform::systemd::{News, Notifier};

/// How often the line for people is looked at.
const STATUS_EVERY: Duration = Duration::from_secs(1);
/// The wait before the local channel is called again.
const CALL_AGAIN: Duration = Duration::from_millis(200);
/// How often the watchdog's turn comes where there is none.
const NO_WATCHDOG: Duration = Duration::from_secs(3600);

/// Tells `notifier`, once a program that calls `channel` is answered, for as long as the service
/// runs.
pub(super) async fn keep(notifier: &Notifier, supervisor: Arc<Supervisor>, channel: &Address) {
    until_answered(channel).await;
    notifier.tell(News::Ready);
    let mut status = interval(STATUS_EVERY);
    let mut alive = interval(notifier.watchdog().map_or(NO_WATCHDOG, |limit| limit / 2));
    for interval in [&mut status, &mut alive] {
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut told = String::new();
    loop {
        tokio::select! {
            _ = status.tick() => {
                let now = line(supervisor.hub());
                if now != told {
                    notifier.tell(News::Status(&now));
                    told = now;
                }
            }
            // One that hangs waits here, and is ended.
            _ = alive.tick() => {
                supervisor.responds().await;
                notifier.tell(News::Alive);
            }
        }
    }
}

async fn until_answered(channel: &Address) {
    while let Err(error) = Client::connect(channel, "hybrid-connection-manager-service").await {
        debug!(%error, "the local channel does not answer yet");
        sleep(CALL_AGAIN).await;
    }
}

fn line(hub: &Hub) -> String {
    hub.look(line_of)
}

/// What people read of the service: how many connections are connected, or what it waits for.
fn line_of(snapshot: &Snapshot) -> String {
    if let Some(streams) = snapshot.service.draining {
        return format!("Stopping: {streams} open streams");
    }
    let labels = snapshot.connections.iter().map(|view| view.status.label());
    let wanted = labels.filter(|label| *label != StatusLabel::Disabled);
    let (connected, wanted) = wanted.fold((0, 0), |(connected, wanted), label| {
        (connected + usize::from(label == StatusLabel::Connected), wanted + 1)
    });
    let faults = match snapshot.service.faults.len() {
        0 => String::new(),
        1 => "; the service has a fault: hcm status".to_owned(),
        many => format!("; the service has {many} faults: hcm status"),
    };
    match wanted {
        0 => format!("No connection is enabled{faults}"),
        _ => format!("{connected} of {wanted} connected{faults}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{ConnectionStatus, Fault, FaultCode, sample};

    fn snapshot(statuses: Vec<ConnectionStatus>) -> Snapshot {
        let service = sample::service();
        let view = |status| sample::view("contoso", "sql", status);
        let connections = statuses.into_iter().map(view).collect();
        Snapshot { revision: 0, service, connections }
    }

    #[test]
    fn a_line_says_how_the_service_does() {
        let connected =
            || ConnectionStatus::Connected { since: Timestamp::UNIX_EPOCH, gateway: None };
        assert_eq!(line_of(&snapshot(vec![])), "No connection is enabled");
        let mut all = snapshot(vec![
            connected(),
            connected(),
            ConnectionStatus::Starting,
            ConnectionStatus::Disabled,
        ]);
        assert_eq!(line_of(&all), "2 of 3 connected");
        all.service.faults = vec![Fault::new(FaultCode::NotWritten, "full")];
        assert_eq!(line_of(&all), "2 of 3 connected; the service has a fault: hcm status");
        all.service.draining = Some(4);
        assert_eq!(line_of(&all), "Stopping: 4 open streams");
    }
}
