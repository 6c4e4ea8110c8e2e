//! A look at what a connection string leads to, before it is added.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::model::{
    ConnectionCheck, Fault, FaultCode, HybridConnection, Policy, Reachability, one_line,
};
use crate::network::Network;
use crate::relay::management;
use crate::relay::rendezvous::{DIAL_LIMIT, Dialled, dial_endpoint};

/// How long the whole look may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How long Azure may take of it, so that the endpoint has a chance too.
const DESCRIBE_LIMIT: Duration = Duration::from_secs(12);

/// Reads from Azure where the streams of `configured` would go, and dials that once if
/// `policy` allows it.
pub(super) async fn look(
    network: &Network,
    policy: &Policy,
    configured: &HybridConnection,
    already_added: bool,
) -> ConnectionCheck {
    let deadline = Instant::now() + LIMIT;
    let (id, credential) = (&configured.id, &configured.credential);
    let mut check = ConnectionCheck {
        id: id.clone(),
        key_name: credential.key_name().to_owned(),
        already_added,
        endpoint: None,
        mended: false,
        listener_count: None,
        fault: None,
        reachability: None,
    };
    match management::describe_within(network, id, credential, DESCRIBE_LIMIT).await {
        Err(fault) => check.fault = Some(fault),
        Ok(description) => {
            check.listener_count = description.listener_count;
            match description.endpoint {
                Ok(read) => (check.endpoint, check.mended) = (Some(read.endpoint), read.mended),
                Err(error) => {
                    let detail = one_line(&error.to_string());
                    check.fault = Some(Fault::new(FaultCode::EndpointMissing, detail));
                }
            }
        }
    }
    if let Some(endpoint) = &check.endpoint {
        if let Err(fault) = policy.permits(endpoint) {
            check.fault = Some(fault);
            return check;
        }
        let left = deadline.saturating_duration_since(Instant::now()).min(DIAL_LIMIT);
        let dialled = dial_endpoint(endpoint, left).await.map(|(_, took)| took);
        check.reachability = Some(reachability(dialled));
    }
    check
}

/// What a dial of this moment says of the endpoint.
pub(super) fn reachability(dialled: Dialled) -> Reachability {
    let micros = |took: &Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    Reachability {
        checked_at: Timestamp::now(),
        connect_micros: dialled.as_ref().ok().map(micros),
        fault: dialled.err(),
    }
}
