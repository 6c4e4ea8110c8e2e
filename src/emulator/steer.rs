//! Steering a running emulator: the one place behind the library's methods and the
//! control address.

use super::core::Core;
use super::error::EmulatorError;
use super::faults::{InjectedFault, Scope, StandingFault};
use super::listen::Order;
use super::registry::Ending;
use super::status::EmulatorState;

/// The largest message or flood that a fault may ask for.
const MOST_BYTES: usize = 16 << 20;
const MOST_PINGS: u32 = 10_000;

/// The whole state, without keys.
pub(crate) fn state(core: &Core) -> EmulatorState {
    EmulatorState { faults: core.faults.list(), ..core.registry.state() }
}

/// Lets `fault` happen now, or from now on. Says how many channels and streams it met.
pub(crate) fn inject(core: &Core, fault: StandingFault) -> Result<usize, EmulatorError> {
    check(&fault.fault)?;
    if fault.fault.lasts() {
        core.faults.add(fault);
        return Ok(0);
    }
    let StandingFault { on, fault } = fault;
    let close = |code, text| order(core, &on, || Order::Close { code, text });
    Ok(match fault {
        InjectedFault::Drop { streams } => {
            order(core, &on, || Order::Drop) + end_streams(core, &on, streams, Ending::Drop)
        }
        InjectedFault::Reset { streams } => {
            order(core, &on, || Order::Reset) + end_streams(core, &on, streams, Ending::Reset)
        }
        InjectedFault::ExpireTokens => close(1008, "The token has expired."),
        InjectedFault::Recycle => close(1011, "InternalServerError: NameRenewalFailed."),
        InjectedFault::EntityRemoved => close(1001, REMOVED),
        InjectedFault::UnknownMessage => order(core, &on, || Order::Send {
            text: r#"{"futureCommand":{"level":1,"members":[null,{"deep":true}]}}"#.to_owned(),
            body: None,
        }),
        InjectedFault::OversizedMessage { bytes } => {
            order(core, &on, || Order::Send { text: oversized(bytes), body: None })
        }
        InjectedFault::PingFlood { count } => order(core, &on, || Order::Ping { count }),
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
pub(crate) fn remove(core: &Core, namespace: &str, name: &str) -> Result<(), EmulatorError> {
    for listener in core.registry.remove(namespace, name)? {
        give(core, listener.orders.clone(), Order::Close { code: 1001, text: REMOVED });
    }
    Ok(())
}

fn check(fault: &InjectedFault) -> Result<(), EmulatorError> {
    let bad = |problem: String| Err(EmulatorError::config("the fault", problem));
    match fault {
        InjectedFault::RefuseListens { status, times, .. }
        | InjectedFault::RefuseManagement { status, times, .. } => {
            if !(200..1000).contains(status) {
                return bad(format!("has the status {status}; it must be from 200 to 999"));
            }
            check_times(*times)
        }
        InjectedFault::IpFirewall { times } => check_times(*times),
        InjectedFault::OversizedMessage { bytes } if *bytes > MOST_BYTES => {
            bad(format!("asks for more than {MOST_BYTES} bytes"))
        }
        InjectedFault::FragmentMessages { bytes: 0 } => bad("has fragments of 0 bytes".to_owned()),
        InjectedFault::PingFlood { count } if *count > MOST_PINGS => {
            bad(format!("asks for more than {MOST_PINGS} pings"))
        }
        _ => Ok(()),
    }
}

fn check_times(times: Option<u32>) -> Result<(), EmulatorError> {
    if times == Some(0) {
        return Err(EmulatorError::config("the fault", "is to happen 0 times"));
    }
    Ok(())
}

/// A message of about `bytes` bytes that would be a good `accept` if it were shorter.
fn oversized(bytes: usize) -> String {
    let padding = "x".repeat(bytes);
    serde_json::json!({ "accept": { "address": padding, "id": "oversized" } }).to_string()
}

fn order(core: &Core, on: &Scope, order: impl Fn() -> Order) -> usize {
    let listeners = core.registry.listeners(on);
    for listener in &listeners {
        give(core, listener.orders.clone(), order());
    }
    listeners.len()
}

/// Gives an order, waiting for a slow listener in a task of its own.
fn give(core: &Core, orders: tokio::sync::mpsc::Sender<Order>, order: Order) {
    if let Err(tokio::sync::mpsc::error::TrySendError::Full(order)) = orders.try_send(order) {
        let shutdown = core.shutdown.clone();
        core.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                sent = orders.send(order) => drop(sent),
            }
        });
    }
}

fn end_streams(core: &Core, on: &Scope, streams: bool, ending: Ending) -> usize {
    if streams { core.registry.end_streams(on, ending) } else { 0 }
}
