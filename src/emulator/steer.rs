//! Steering a running emulator: the one place behind the library's methods and the
//! control address.

use super::announce::announce;
use super::config::HybridConnectionConfig;
use super::entity::Ending;
use super::error::EmulatorError;
use super::faults::{InjectedFault, Scope, StandingFault};
use super::hub::Hub;
use super::listen::Order;
use super::status::EmulatorState;

/// The largest message or flood that a fault may ask for.
const MOST_BYTES: usize = 16 << 20;
const MOST_PINGS: u32 = 10_000;

/// The whole state, without keys.
pub(crate) fn state(hub: &Hub) -> EmulatorState {
    EmulatorState {
        faults: hub.faults.list(),
        azure: hub.azure.state(hub.port),
        ..hub.registry.state()
    }
}

/// Ends all faults that last.
pub(crate) fn clear(hub: &Hub) {
    hub.faults.clear();
    hub.azure.faults.clear();
}

/// Lets `fault` happen now, or from now on. Says how many channels and streams it met.
pub(crate) fn inject(hub: &Hub, fault: StandingFault) -> Result<usize, EmulatorError> {
    check(&fault.fault)?;
    if fault.fault.lasts() {
        hub.faults.add(fault);
        return Ok(0);
    }
    let StandingFault { on, fault } = fault;
    let close = |code, text| order(hub, &on, || Order::Close { code, text });
    Ok(match fault {
        InjectedFault::Drop { streams } => {
            order(hub, &on, || Order::Drop) + end_streams(hub, &on, streams, Ending::Drop)
        }
        InjectedFault::Reset { streams } => {
            order(hub, &on, || Order::Reset) + end_streams(hub, &on, streams, Ending::Reset)
        }
        InjectedFault::ExpireTokens => close(1008, "The token has expired."),
        InjectedFault::Recycle => close(1011, "InternalServerError: NameRenewalFailed."),
        InjectedFault::EntityRemoved => close(1001, REMOVED),
        InjectedFault::UnknownMessage => order(hub, &on, || Order::Send {
            text: r#"{"futureCommand":{"level":1,"members":[null,{"deep":true}]}}"#.to_owned(),
            body: None,
        }),
        InjectedFault::OversizedMessage { bytes } => {
            order(hub, &on, || Order::Send { text: oversized(bytes), body: None })
        }
        InjectedFault::PingFlood { count } => order(hub, &on, || Order::Ping { count }),
        InjectedFault::BlackHole
        | InjectedFault::Delay { .. }
        | InjectedFault::RefuseListens { .. }
        | InjectedFault::IpFirewall { .. }
        | InjectedFault::RefuseManagement { .. }
        | InjectedFault::FragmentMessages { .. } => 0,
    })
}

const REMOVED: &str = "The endpoint was removed or disabled.";

/// Removes a hybrid connection and closes its control channels.
pub(crate) fn remove(hub: &Hub, namespace: &str, name: &str) -> Result<(), EmulatorError> {
    for listener in hub.registry.remove(namespace, name)? {
        give(hub, listener.orders.clone(), Order::Close { code: 1001, text: REMOVED });
    }
    announce(hub)
}

/// Adds a hybrid connection, or brings a removed one back.
pub(crate) fn create(
    hub: &Hub,
    namespace: &str,
    config: &HybridConnectionConfig,
) -> Result<(), EmulatorError> {
    hub.registry.create(namespace, config)?;
    announce(hub)
}

/// Gives a rule of a hybrid connection (or of the namespace) new keys.
pub(crate) fn regenerate_keys(
    hub: &Hub,
    namespace: &str,
    name: Option<&str>,
    rule: &str,
) -> Result<(), EmulatorError> {
    hub.registry.regenerate_keys(namespace, name, rule)?;
    announce(hub)
}

fn check(fault: &InjectedFault) -> Result<(), EmulatorError> {
    let bad = |problem: String| Err(EmulatorError::Fault(problem));
    match fault {
        InjectedFault::RefuseListens { status, times, .. }
        | InjectedFault::RefuseManagement { status, times, .. } => {
            if !(200..1000).contains(status) {
                return bad(format!("the status {status} is not from 200 to 999"));
            }
            check_times(*times)
        }
        InjectedFault::IpFirewall { times } => check_times(*times),
        InjectedFault::OversizedMessage { bytes } if *bytes > MOST_BYTES => {
            bad(format!("{bytes} bytes are more than {MOST_BYTES}"))
        }
        InjectedFault::FragmentMessages { bytes: 0 } => bad("a fragment of 0 bytes".to_owned()),
        InjectedFault::PingFlood { count } if *count > MOST_PINGS => {
            bad(format!("{count} pings are more than {MOST_PINGS}"))
        }
        _ => Ok(()),
    }
}

fn check_times(times: Option<u32>) -> Result<(), EmulatorError> {
    if times == Some(0) {
        return Err(EmulatorError::Fault("it is to happen 0 times".to_owned()));
    }
    Ok(())
}

/// A message of about `bytes` bytes that would be a good `accept` if it were shorter.
fn oversized(bytes: usize) -> String {
    let padding = "x".repeat(bytes);
    serde_json::json!({ "accept": { "address": padding, "id": "oversized" } }).to_string()
}

fn order(hub: &Hub, on: &Scope, order: impl Fn() -> Order) -> usize {
    let listeners = hub.registry.listeners(on);
    for listener in &listeners {
        give(hub, listener.orders.clone(), order());
    }
    listeners.len()
}

/// Gives an order, waiting for a slow listener in a task of its own.
fn give(hub: &Hub, orders: tokio::sync::mpsc::Sender<Order>, order: Order) {
    if let Err(tokio::sync::mpsc::error::TrySendError::Full(order)) = orders.try_send(order) {
        let shutdown = hub.shutdown.clone();
        hub.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                sent = orders.send(order) => drop(sent),
            }
        });
    }
}

fn end_streams(hub: &Hub, on: &Scope, streams: bool, ending: Ending) -> usize {
    if streams { hub.registry.end_streams(on, ending) } else { 0 }
}
