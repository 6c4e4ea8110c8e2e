//! The dialog with what a firewall must let out.

use jiff::Timestamp;

use super::Ticket;
use crate::model::ConnectionId;
use crate::reach::firewall::{FirewallList, Format, Found};

/// The list of one connection's namespace, as it becomes known.
#[derive(Debug)]
pub(crate) struct FirewallForm {
    /// Of which connection.
    pub id: ConnectionId,
    /// Names the search.
    pub run: Ticket,
    /// As far as it is known.
    pub list: FirewallList,
    /// Nothing more becomes known.
    pub is_whole: bool,
    /// How it is shown and copied.
    pub format: Format,
    /// The list in that format.
    text: String,
}

impl FirewallForm {
    /// A form of which nothing is known yet but the `proxy` on the way to Azure.
    pub(crate) fn new(
        id: ConnectionId,
        run: Ticket,
        proxy: Option<String>,
        now: Timestamp,
    ) -> Self {
        let list = FirewallList::new(id.namespace().clone(), now).behind(proxy);
        let format = Format::default();
        let text = list.render(format);
        Self { id, run, list, is_whole: false, format, text }
    }

    /// The list as it is shown and copied; empty where no address of it is known.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Shows it in another way.
    pub(crate) fn choose(&mut self, format: Format) {
        self.format = format;
        self.text = self.list.render(format);
    }

    /// The namespace has been looked up.
    pub(crate) fn begun(&mut self, list: FirewallList) {
        self.list = list;
        self.choose(self.format);
    }

    /// More has become known.
    pub(crate) fn found(&mut self, found: Vec<(usize, Found)>) {
        for (place, found) in found {
            self.list.take(place, found);
        }
        self.choose(self.format);
    }
}
