//! Rendezvous addresses: one-time capabilities that a listener connects to.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::upgrade::OnUpgrade;
use hyper::{Response, StatusCode};
use tokio::sync::oneshot;

use super::answer::{Body, Refusal, check_handshake, switching, values, with_reason};
use super::call::Call;
use super::config::DEFAULT_DOMAIN;
use super::encoding::Query;
use super::hub::Hub;
use super::tracking::{any_gateway, new_id, with_hop};
use crate::model::ConnectionId;

/// Ids that are remembered after their use, so that a late listener is told why.
const REMEMBERED: usize = 4096;

/// The addresses that wait for a listener, and the last ones that were used.
#[derive(Default)]
pub(crate) struct Rendezvous(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    waiting: HashMap<String, Pending>,
    spent: VecDeque<String>,
}

struct Pending {
    connection: ConnectionId,
    gateway: String,
    /// Path and query.
    target: String,
    /// What the sender offered as `Sec-WebSocket-Protocol`.
    protocols: Vec<String>,
    arrival: oneshot::Sender<Arrival>,
}

/// The listener has connected.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// It takes the stream, or wants to talk about the request.
    Accepted { on: OnUpgrade, protocol: Option<String> },
    /// It does not.
    Rejected(Refusal),
}

/// What a rendezvous is for; the action in its address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Accept,
    Request,
}

/// An address that waits; it is spent when this is dropped.
pub(crate) struct Waiting<'a> {
    table: &'a Rendezvous,
    pub(crate) id: String,
    /// The whole address, `wss://…`.
    pub(crate) address: String,
    pub(crate) arrival: oneshot::Receiver<Arrival>,
}

impl Rendezvous {
    /// Makes an address for the sender's `call` to `connection`. `suffix` is what of its
    /// path follows the name, percent-encoded.
    pub(crate) fn wait(
        &self,
        hub: &Hub,
        purpose: Purpose,
        connection: &ConnectionId,
        suffix: &str,
        call: &Call,
        protocols: Vec<String>,
    ) -> Waiting<'_> {
        let (sender, arrival) = oneshot::channel();
        let mut inner = self.lock();
        let gateway = any_gateway();
        let mut id = with_hop(&call.tracking.id, gateway);
        if inner.waiting.contains_key(&id) || inner.spent.contains(&id) {
            id = with_hop(&with_hop(&new_id(), any_gateway()), gateway);
        }
        let gateway = format!("g{gateway}-emulator-001-sb.{DEFAULT_DOMAIN}");
        let own = call.query.without_relay_members();
        let own = if own.is_empty() { own } else { format!("{own}&") };
        let action = match purpose {
            Purpose::Accept => "accept",
            Purpose::Request => "request",
        };
        let name = connection.name();
        let target = format!("/$hc/{name}{suffix}?{own}sb-hc-action={action}&sb-hc-id={id}");
        let address = format!("wss://{gateway}:{}{target}", hub.port);
        let connection = connection.clone();
        let pending = Pending { connection, gateway, target, protocols, arrival: sender };
        inner.waiting.insert(id.clone(), pending);
        Waiting { table: self, id, address, arrival }
    }

    /// The hybrid connection that the address with this id belongs to.
    fn connection(&self, id: &str) -> Option<ConnectionId> {
        self.lock().waiting.get(id).map(|pending| pending.connection.clone())
    }

    /// Takes the address that `call` connects to out of the table.
    fn take(&self, call: &Call, id: &str) -> Result<Pending, Refusal> {
        let mut inner = self.lock();
        let Some(pending) = inner.waiting.get(id) else {
            return Err(if inner.spent.iter().any(|spent| spent == id) {
                let text = "The accept address was used already, or its time is over.";
                Refusal::new(StatusCode::FORBIDDEN, text)
            } else {
                Refusal::new(
                    StatusCode::BAD_REQUEST,
                    format!(
                        "Unknown Connection ID: {}. Is the listener accepting the connection too late?",
                        id.chars().filter(|c| !c.is_control()).take(150).collect::<String>()
                    ),
                )
            });
        };
        let rest = call.target.strip_prefix(&pending.target);
        if call.host != pending.gateway || !rest.is_some_and(|r| r.is_empty() || r.starts_with('&'))
        {
            let text = "The address differs from the one that was given; use it as it stands.";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, text));
        }
        let pending = inner.waiting.remove(id);
        inner.spend(id.to_owned());
        pending.ok_or_else(|| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "It has just gone."))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn spend(&mut self, id: String) {
        if self.spent.len() == REMEMBERED {
            self.spent.pop_front();
        }
        self.spent.push_back(id);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut inner = self.table.lock();
        if inner.waiting.remove(&self.id).is_some() {
            inner.spend(std::mem::take(&mut self.id));
        }
    }
}

/// Answers a listener that connects to a rendezvous address: 101 to take the stream,
/// 410 when it rejects it (Relay protocol guide, "Rejecting the socket").
pub(crate) async fn meet(hub: &Arc<Hub>, call: &mut Call) -> Result<Response<Body>, Refusal> {
    let id = call.query.get("sb-hc-id").unwrap_or_default().to_owned();
    let connection = hub.rendezvous.connection(&id);
    hub.faults.thawed(connection.as_ref()).await;
    hub.faults.delayed(connection.as_ref()).await;
    let accept = check_handshake(call)?;
    let rejection = rejection(&call.query)?;
    let pending = hub.rendezvous.take(call, &id)?;
    let gone = || Refusal::new(StatusCode::BAD_REQUEST, "The sender has gone.");
    if let Some(rejection) = rejection {
        pending.arrival.send(Arrival::Rejected(rejection)).map_err(|_| gone())?;
        return Ok(with_reason(StatusCode::GONE, &call.tracking.stamp("Rejected."), call));
    }
    let offered = &pending.protocols;
    let protocol = values(&call.headers, hyper::header::SEC_WEBSOCKET_PROTOCOL)
        .find(|protocol| offered.iter().any(|offer| offer == protocol))
        .map(str::to_owned);
    let on = hyper::upgrade::on(&mut call.request);
    let response = switching(&accept, protocol.as_deref(), call);
    pending.arrival.send(Arrival::Accepted { on, protocol }).map_err(|_| gone())?;
    Ok(response)
}

/// Status and text with which the listener rejects the stream, if it does.
fn rejection(query: &Query) -> Result<Option<Refusal>, Refusal> {
    let Some(status) = query.get("sb-hc-statusCode") else { return Ok(None) };
    let code = status.parse::<u16>().ok().filter(|code| (100..1000).contains(code));
    let code = code.ok_or_else(|| {
        let text = "sb-hc-statusCode must be an integer between 100 and 999.";
        Refusal::new(StatusCode::BAD_REQUEST, text)
    })?;
    let text = query.get("sb-hc-statusDescription").unwrap_or_default();
    Ok(Some(Refusal::with_code(code, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_needs_a_status() {
        let of = |query: &str| rejection(&Query::parse(query));
        assert_eq!(of("sb-hc-action=accept").unwrap(), None);
        let refusal =
            of("sb-hc-statusCode=502&sb-hc-statusDescription=no+luck%21").unwrap().unwrap();
        assert_eq!((refusal.status.as_u16(), refusal.text.as_str()), (502, "no luck!"));
        for wrong in ["", "x", "99", "1000"] {
            assert!(of(&format!("sb-hc-statusCode={wrong}")).is_err(), "{wrong}");
        }
    }
}
