//! HTTP requests that wait for a listener's response.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::oneshot;

/// The `response` message (Relay protocol guide, "Response message").
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResponseHead {
    pub(crate) request_id: String,
    pub(crate) status_code: u16,
    #[serde(default)]
    pub(crate) status_description: Option<String>,
    #[serde(default)]
    pub(crate) response_headers: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(default)]
    pub(crate) body: bool,
}

/// A response that came over the control channel.
pub(crate) struct Answered {
    pub(crate) head: ResponseHead,
    pub(crate) body: Bytes,
}

/// The requests that wait.
#[derive(Default)]
pub(crate) struct Exchanges(Mutex<HashMap<String, oneshot::Sender<Answered>>>);

/// A request that waits until this is dropped.
pub(crate) struct Waiting<'a> {
    table: &'a Exchanges,
    id: String,
    pub(crate) answered: oneshot::Receiver<Answered>,
}

impl Exchanges {
    /// Waits for the response to the request `id`.
    pub(crate) fn wait(&self, id: &str) -> Waiting<'_> {
        let (sender, answered) = oneshot::channel();
        self.lock().insert(id.to_owned(), sender);
        Waiting { table: self, id: id.to_owned(), answered }
    }

    /// Gives a response to the request that it answers.
    pub(crate) fn answer(&self, head: ResponseHead, body: Bytes) {
        let waiting = self.lock().remove(&head.request_id);
        let given = waiting.is_some_and(|waiting| waiting.send(Answered { head, body }).is_ok());
        if !given {
            tracing::warn!("a response to a request that does not wait");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Answered>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.table.lock().remove(&self.id);
    }
}
