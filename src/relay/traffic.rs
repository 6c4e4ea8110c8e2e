//! What a connection's streams carry, counted without locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

use super::meters::Meters;
use crate::model::{FaultCode, Traffic};

/// Counters of one connection, shared by its streams.
#[derive(Debug, Default)]
pub struct TrafficCounters {
    active: AtomicU64,
    total: AtomicU64,
    refused: AtomicU64,
    to_endpoint: AtomicU64,
    to_azure: AtomicU64,
    meters: Arc<Meters>,
    changed: Notify,
}

impl TrafficCounters {
    /// The counters now.
    pub fn read(&self) -> Traffic {
        Traffic {
            active_streams: self.active.load(Relaxed),
            total_streams: self.total.load(Relaxed),
            refused_streams: self.refused.load(Relaxed),
            bytes_to_endpoint: self.to_endpoint.load(Relaxed),
            bytes_to_azure: self.to_azure.load(Relaxed),
        }
    }

    /// What else is counted of the connection.
    pub fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// Waits until a stream has begun, ended or been refused since the last call.
    pub async fn streams_changed(&self) {
        self.changed.notified().await;
    }

    /// Counts a stream that is active until the guard is dropped.
    pub fn stream_opened(&self) -> ActiveStream<'_> {
        self.active.fetch_add(1, Relaxed);
        self.total.fetch_add(1, Relaxed);
        self.changed.notify_one();
        ActiveStream(self)
    }

    /// Counts a stream that was refused, and why.
    pub fn stream_refused(&self, why: FaultCode) {
        self.meters.refused.add(why);
        self.refused.fetch_add(1, Relaxed);
        self.changed.notify_one();
    }

    pub(crate) fn add_to_endpoint(&self, bytes: usize) {
        self.to_endpoint.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn add_to_azure(&self, bytes: usize) {
        self.to_azure.fetch_add(bytes as u64, Relaxed);
    }
}

/// A stream that counts as active while this lives.
#[derive(Debug)]
pub struct ActiveStream<'a>(&'a TrafficCounters);

impl Drop for ActiveStream<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
        self.0.changed.notify_one();
    }
}
