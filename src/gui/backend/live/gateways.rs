//! Looks up the hosts of a firewall list, and tells what is found in a few pieces.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::Outbox;
use crate::gui::backend::{GatewayNews, News};
use crate::gui::state::Ticket;
use crate::reach::firewall::{FirewallList, Search};
use crate::reach::lookup;

/// What becomes known within this time is told together.
const PIECE: Duration = Duration::from_millis(150);

/// The one search at a time.
pub(super) struct Finder {
    outbox: Outbox,
    under_way: Option<JoinHandle<()>>,
}

impl Finder {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self { outbox, under_way: None }
    }

    /// Begins a search in the place of the one before.
    pub(super) fn begin(&mut self, run: Ticket, list: FirewallList) {
        if let Some(before) = self.under_way.take() {
            before.abort();
        }
        self.under_way = Some(tokio::spawn(find(run, list, self.outbox.clone())));
    }
}

async fn find(run: Ticket, list: FirewallList, outbox: Outbox) {
    let tell = |news| outbox.tell(News::Gateways { run, news });
    let mut search = Search::begin(list, None, lookup::system()).await;
    tell(GatewayNews::Begun(Box::new(search.list().clone()))).await;
    while let Some(first) = search.next().await {
        let mut piece = vec![first];
        let until = Instant::now() + PIECE;
        while let Ok(Some(next)) = timeout_at(until, search.next()).await {
            piece.push(next);
        }
        tell(GatewayNews::Found(piece)).await;
    }
    tell(GatewayNews::Ended).await;
}
