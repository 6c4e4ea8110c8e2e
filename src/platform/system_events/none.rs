//! A system that is not asked for its changes.

use tokio::sync::mpsc;

use super::SystemChange;

#[derive(Debug)]
pub(super) struct Watch;

impl Watch {
    pub(super) fn begin(_sender: &mpsc::Sender<SystemChange>) -> Option<Self> {
        None
    }
}
