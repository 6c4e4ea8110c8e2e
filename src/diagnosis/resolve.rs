//! Names as the system resolves them for every connection.

use std::net::IpAddr;
use std::time::Duration;

use super::board::Board;
use crate::relay::lookup::{self, Resolved};

/// How long a resolver may take; one that has no server to ask takes half a minute.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// What `host` leads to, or why it leads nowhere, in words.
pub(super) async fn resolve(host: &str, board: &Board<'_>) -> Result<Resolved, String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Resolved { canonical: None, addresses: vec![address] });
    }
    match board.within(LIMIT, lookup::look_up(host.to_owned())).await {
        Some(Ok(mut resolved)) => {
            resolved.canonical.take_if(|name| name.eq_ignore_ascii_case(host));
            Ok(resolved)
        }
        Some(Err(error)) => Err(format!("{host}: {error}")),
        None => {
            let seconds = LIMIT.as_secs();
            Err(format!("{host}: the resolver did not answer within {seconds} s"))
        }
    }
}
