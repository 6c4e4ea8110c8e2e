//! Names as the system resolves them for every connection.

use std::net::IpAddr;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::board::Board;
use crate::model::{LOCALHOST, is_localhost};
use crate::platform::resolver::{self, Resolved};

/// How long a resolver may take; one that has no server to ask takes half a minute.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// What `host` leads to, or why it leads nowhere, in words.
pub(super) async fn resolve(host: &str, board: &Board<'_>) -> Result<Resolved, String> {
    if let Some(known) = without_asking(host) {
        return Ok(known);
    }
    let asked = host.to_owned();
    let answer = spawn_blocking(move || resolver::look_up(&asked));
    match board.within(LIMIT, answer).await {
        Some(Ok(Ok(resolved))) => Ok(resolved),
        Some(Ok(Err(error))) => Err(format!("{host}: {error}")),
        Some(Err(error)) => Err(format!("{host}: {error}")),
        None => {
            let seconds = LIMIT.as_secs();
            Err(format!("{host}: the resolver did not answer within {seconds} s"))
        }
    }
}

/// What is known without DNS, as for a dial.
fn without_asking(host: &str) -> Option<Resolved> {
    let addresses = match host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) if is_localhost(host) => LOCALHOST.to_vec(),
        Err(_) => return None,
    };
    Some(Resolved { canonical: None, addresses })
}
