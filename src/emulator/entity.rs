//! What the registry keeps of each hybrid connection, listener and stream.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use super::config::RuleConfig;
use super::listen::Order;
use super::state::KeyPair;
use super::status::{HybridConnectionState, ListenerState, RuleState, StreamState};
use crate::model::ConnectionId;

/// A hybrid connection.
pub(super) struct Entity {
    pub(super) id: ConnectionId,
    pub(super) user_metadata: Option<String>,
    pub(super) requires_client_authorization: bool,
    pub(super) rules: Vec<Rule>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// A removed one keeps its rules, so that its keys get "not found" rather than
    /// "invalid signature".
    pub(super) removed: bool,
    pub(super) listeners: Vec<Arc<Listener>>,
    pub(super) counters: Arc<Counters>,
}

/// An authorization rule with its keys.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) config: RuleConfig,
    pub(crate) keys: KeyPair,
}

/// A control channel.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(super) number: u64,
    pub(crate) tracking_id: String,
    pub(crate) remote: SocketAddr,
    pub(super) since: Timestamp,
    /// Seconds since 1970.
    pub(crate) token_expires: AtomicI64,
    pub(crate) orders: mpsc::Sender<Order>,
}

/// A relayed stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) connection: ConnectionId,
    pub(super) tracking_id: String,
    pub(super) since: Timestamp,
    pub(crate) to_listener: AtomicU64,
    pub(crate) to_sender: AtomicU64,
    /// How it is to end before its time.
    pub(crate) end: watch::Sender<Option<Ending>>,
}

/// How a socket ends that did not come to its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The socket is closed in order, without a Close frame.
    Drop,
    /// The socket is reset.
    Reset,
}

/// Totals of a hybrid connection.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) listeners: AtomicU64,
    pub(crate) streams: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) to_listener: AtomicU64,
    pub(crate) to_sender: AtomicU64,
}

impl Entity {
    pub(super) fn state(&self, streams: &BTreeMap<u64, Arc<Stream>>) -> HybridConnectionState {
        let own = streams.values().filter(|stream| stream.connection == self.id);
        let counters = &self.counters;
        HybridConnectionState {
            id: self.id.clone(),
            user_metadata: self.user_metadata.clone(),
            requires_client_authorization: self.requires_client_authorization,
            rules: self.rules.iter().map(|rule| RuleState::of(&rule.config)).collect(),
            listeners: self.listeners.iter().map(|listener| listener.state()).collect(),
            streams: own.map(|stream| stream.state()).collect(),
            total_listeners: counters.listeners.load(Relaxed),
            total_streams: counters.streams.load(Relaxed),
            refused_streams: counters.refused.load(Relaxed),
            total_requests: counters.requests.load(Relaxed),
            bytes_to_listener: counters.to_listener.load(Relaxed),
            bytes_to_sender: counters.to_sender.load(Relaxed),
        }
    }
}

impl Listener {
    fn state(&self) -> ListenerState {
        ListenerState {
            tracking_id: self.tracking_id.clone(),
            remote: self.remote,
            since: self.since,
            token_expires: Timestamp::from_second(self.token_expires.load(Relaxed)).ok(),
        }
    }
}

impl Stream {
    fn state(&self) -> StreamState {
        StreamState {
            tracking_id: self.tracking_id.clone(),
            since: self.since,
            bytes_to_listener: self.to_listener.load(Relaxed),
            bytes_to_sender: self.to_sender.load(Relaxed),
        }
    }
}
