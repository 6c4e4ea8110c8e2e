//! A host and port in this network.

use super::tcp::{self, Codes};
use super::{Notes, Probe, Step};
use crate::model::{Endpoint, FaultCode};
use crate::reach::lookup::LookUp;

const CODES: Codes = Codes {
    unreachable: FaultCode::EndpointUnreachable,
    timed_out: FaultCode::EndpointTimedOut,
    refused: FaultCode::EndpointRefused,
    not_resolved: FaultCode::EndpointNotResolved,
};

/// Looks `endpoint` up and connects all its addresses.
pub async fn endpoint(endpoint: &Endpoint, names: &LookUp, tell: &mut dyn FnMut(&Step)) -> Probe {
    let mut notes = Notes::new(tell);
    let resolved = match tcp::look_up(&mut notes, endpoint.host(), names, &CODES).await {
        Ok(resolved) => resolved,
        Err(fault) => return notes.end(Some(fault)),
    };
    let connected = tcp::connect(&mut notes, &resolved.addresses, endpoint.port(), &CODES).await;
    notes.end(connected.err())
}
