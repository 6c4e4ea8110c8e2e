//! Writes the endpoints that Azure names to disk, for the next start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::on_disk;
use crate::model::{ConnectionId, Endpoint};
use crate::service::connection::Learned;
use crate::service::hub::Hub;
use crate::store::{SaveError, Store};

/// How long endpoints are gathered before they are written, so that hundreds of
/// connections that start at once cost one write.
const LEARNED_PAUSE: Duration = Duration::from_secs(1);
/// When a disk that has not taken them is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// How long the disk gets for what is written last.
pub(super) const LAST_WRITE: Duration = Duration::from_millis(500);

/// The task that does so.
#[derive(Debug)]
pub(super) struct Keeper {
    task: TaskTracker,
    finish: CancellationToken,
}

impl Keeper {
    pub(super) fn start(
        store: Arc<Mutex<Store>>,
        hub: Arc<Hub>,
        learned: mpsc::Receiver<Learned>,
    ) -> Self {
        let (task, finish) = (TaskTracker::new(), CancellationToken::new());
        task.spawn(keep(store, hub, learned, finish.clone()));
        task.close();
        Self { task, finish }
    }

    /// Writes what has not been written yet.
    pub(super) async fn finish(&self) {
        self.finish.cancel();
        if timeout(LAST_WRITE, self.task.wait()).await.is_err() {
            warn!("the disk does not take the last endpoints that Azure named");
        }
    }
}

/// Writes endpoints some at a time, until `finish`. Those that the disk does not take are tried
/// again.
async fn keep(
    store: Arc<Mutex<Store>>,
    hub: Arc<Hub>,
    mut learned: mpsc::Receiver<Learned>,
    finish: CancellationToken,
) {
    let mut endpoints = BTreeMap::new();
    while !finish.is_cancelled() {
        tokio::select! {
            next = learned.recv() => match next {
                Some(Learned { id, endpoint }) => {
                    endpoints.insert(id, endpoint);
                    // Nothing is gathered at the end.
                    let _ended = finish.run_until_cancelled(sleep(LEARNED_PAUSE)).await;
                }
                None => return,
            },
            () = sleep(RETRY_AFTER), if !endpoints.is_empty() => {}
            () = finish.cancelled() => {}
        }
        while let Ok(Learned { id, endpoint }) = learned.try_recv() {
            endpoints.insert(id, endpoint);
        }
        let these = endpoints.clone();
        match on_disk(&hub, &store, move |store| write(store, these)).await {
            Ok(()) => endpoints.clear(),
            Err(error) => {
                warn!(%error, "the endpoints that Azure named are not kept for the next start yet");
            }
        }
    }
}

fn write(store: &mut Store, endpoints: BTreeMap<ConnectionId, Endpoint>) -> Result<(), SaveError> {
    store.update_connections(|list| {
        for known in list {
            if let Some(endpoint) = endpoints.get(&known.id) {
                known.last_endpoint = Some(endpoint.clone());
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionString, FaultCode, Snapshot, sample};
    use crate::platform::Paths;

    async fn until(hub: &Hub, wanted: impl Fn(&Snapshot) -> bool) {
        let (_, mut changes) = hub.subscribe();
        while !hub.look(&wanted) {
            changes.recv().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn endpoints_that_the_disk_does_not_take_are_written_when_it_does() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(home.path()).unwrap();
        let mut store = Store::open(&paths, None).unwrap().store;
        let string = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a2V5;EntityPath=sql";
        let connection = ConnectionString::parse(string).unwrap().into_connection();
        let id = connection.id.clone();
        store.update_connections(|list| list.push(connection)).unwrap();
        let store = Arc::new(Mutex::new(store));
        let hub = Arc::new(Hub::new(sample::service()));
        let (learns, learned) = mpsc::channel(4);
        let keeper = Keeper::start(store.clone(), hub.clone(), learned);
        let fails = |snapshot: &Snapshot| {
            let faults = &snapshot.service.faults;
            faults.iter().any(|fault| fault.code == FaultCode::NotWritten)
        };

        // A folder with something in it cannot be replaced by a file.
        let kept = home.path().join("kept");
        std::fs::rename(&paths.connections_file, &kept).unwrap();
        std::fs::create_dir_all(paths.connections_file.join("in the way")).unwrap();
        let endpoint = Endpoint::new("db.corp", 1433);
        learns.send(Learned { id, endpoint: endpoint.clone() }).await.unwrap();
        until(&hub, fails).await;
        assert_eq!(store.lock().unwrap().connections()[0].last_endpoint, None);
        std::fs::remove_dir_all(&paths.connections_file).unwrap();
        std::fs::rename(&kept, &paths.connections_file).unwrap();
        until(&hub, |snapshot| !fails(snapshot)).await;
        assert_eq!(store.lock().unwrap().connections()[0].last_endpoint, Some(endpoint));
        keeper.finish().await;
    }
}
