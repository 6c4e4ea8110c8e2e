//! What is wrong: checks of everything that a connection needs, side by side where they do not
//! depend on each other, each told as it comes.
//!
//! They run where the streams run: in the service, with its network, its proxy and its key.
//! What `hcm` and the window show of them is `model::diagnosis`.
//!
//! ```text
//! proxy, namespace-dns ─► namespace-tcp ─► clock, namespace-tls ─┬► listen ──────┐
//!                                                                ├► management ──┼► listeners
//!                                                                └► gateways     │
//! endpoint (known, or from management) ─► policy ─► endpoint-name, -dns ─► -tcp ◄┘
//! service, conflicts
//! ```

mod board;
mod conflicts;
mod endpoint;
mod gateways;
mod namespace;
mod resolve;
mod tcp;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;

use self::board::Board;
use crate::model::diagnosis::{Note, NoteCode};
use crate::model::{
    CheckName, CheckReport, ConnectionId, Credential, Diagnosis, Endpoint, Policy, Proxies,
};
use crate::network::Network;
use crate::tls;

/// How long a whole look may take.
pub const LIMIT: Duration = Duration::from_secs(14);

/// What is looked at.
#[derive(Debug)]
pub struct Subject {
    /// The connection.
    pub id: ConnectionId,
    /// Its key; without one, what needs it is left out.
    pub credential: Option<Credential>,
    /// The way to Azure.
    pub network: Network,
    /// The file of extra CAs.
    pub extra_ca: Option<String>,
    /// What this machine allows.
    pub policy: Arc<Policy>,
    /// The endpoint as it was known last.
    pub endpoint: Option<Endpoint>,
    /// Try every gateway and not a few of them.
    pub all_gateways: bool,
}

impl Subject {
    /// The connection `id` of which nothing is known but its name, seen from this program, through
    /// `proxies`, and without a key. It may block.
    pub fn seen_from_here(
        id: ConnectionId,
        proxies: Proxies,
        extra_ca: Option<String>,
        all_gateways: bool,
    ) -> Self {
        let tls = tls::client_config_with(extra_ca.as_deref());
        let tls = tls.unwrap_or_else(|_| tls::trusting_nobody());
        Self {
            id,
            credential: None,
            network: Network::new(tls).through(proxies),
            extra_ca,
            policy: Arc::default(),
            endpoint: None,
            all_gateways,
        }
    }
}

/// The checks of a connection, in the order in which they are shown.
pub const OF_CONNECTION: &[CheckName] = &[
    CheckName::Policy,
    CheckName::Proxy,
    CheckName::NamespaceDns,
    CheckName::NamespaceTcp,
    CheckName::Clock,
    CheckName::NamespaceTls,
    CheckName::Listen,
    CheckName::Management,
    CheckName::Gateways,
    CheckName::EndpointName,
    CheckName::EndpointDns,
    CheckName::EndpointTcp,
    CheckName::Listeners,
    CheckName::Conflicts,
];

/// The checks of this machine alone.
pub const OF_MACHINE: &[CheckName] = &[CheckName::Conflicts];

/// Looks at everything that `subject` needs. `listen` tries its listener, once Azure can be
/// reached; `told` were told before, and `tell` hears each report as it comes.
pub async fn look(
    subject: &Subject,
    told: Vec<CheckReport>,
    listen: impl Future<Output = CheckReport>,
    tell: impl Fn(&CheckReport) + Sync,
) -> Diagnosis {
    let began = Timestamp::now();
    let board = Board::new(told, &tell, LIMIT);
    let (name, named) = oneshot::channel();
    let azure = async {
        let named_by_azure = |endpoint| name.send(endpoint).unwrap_or_default();
        azure(subject, &board, listen, named_by_azure).await;
    };
    let endpoint = async {
        let endpoint = match &subject.endpoint {
            Some(endpoint) => Some(endpoint.clone()),
            None => named.await.ok().flatten(),
        };
        endpoint::check(subject, endpoint.as_ref(), &board).await;
    };
    tokio::join!(azure, endpoint, conflicts::check(Some(&subject.id), &board));
    board.finish(Some(subject.id.clone()), began)
}

/// Looks at this machine alone.
pub async fn look_at_machine(
    told: Vec<CheckReport>,
    tell: impl Fn(&CheckReport) + Sync,
) -> Diagnosis {
    let began = Timestamp::now();
    let board = Board::new(told, &tell, LIMIT);
    conflicts::check(None, &board).await;
    board.finish(None, began)
}

/// All that lies on the way to Azure and there.
async fn azure(
    subject: &Subject,
    board: &Board<'_>,
    listen: impl Future<Output = CheckReport>,
    named: impl FnOnce(Option<Endpoint>),
) {
    let found = match namespace::reach(subject, board).await {
        Ok(found) => found,
        Err(because) => {
            use CheckName::{Gateways, Listen, Listeners, Management};
            board.skip(&[Listen, Management, Gateways, Listeners], because);
            return named(None);
        }
    };
    let start = Instant::now();
    let listening = async {
        let report = match &subject.credential {
            None => namespace::needs_service(CheckName::Listen),
            Some(_) => board.within(board.left(), listen).await.unwrap_or_else(|| {
                let note = Note::new(NoteCode::ListenerBusy, "");
                CheckReport::skipped_as(CheckName::Listen, note)
            }),
        };
        board.tell_since(namespace::doubted(report, found.inspector.as_deref()), start)
    };
    let managing = async {
        let (count, endpoint) = namespace::describe(subject, &found, board).await;
        named(endpoint);
        count
    };
    let gateways = gateways::check(subject, found.canonical.as_deref(), board);
    let (listening, count, ()) = tokio::join!(listening, managing, gateways);
    board.tell(namespace::listeners(count, &listening), Duration::ZERO);
}

#[cfg(test)]
mod tests;
