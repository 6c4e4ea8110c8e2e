//! Names, as the system's resolver knows them, without waiting for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::model::{LOCALHOST, is_localhost};
pub use crate::platform::resolver::{Resolved, Unresolved};

/// What a name leads to.
pub type Answer = Result<Resolved, Unresolved>;

/// Who knows names.
pub type LookUp = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// The resolver of this machine.
pub fn system() -> LookUp {
    Arc::new(|name| Box::pin(look_up(name)))
}

/// What `name` leads to. `localhost` and names below it are this machine without asking DNS
/// (RFC 6761, section 6.3). Takes as long as the system does: bound it.
///
/// # Errors
/// [`Unresolved`].
pub async fn look_up(name: String) -> Answer {
    if is_localhost(&name) {
        return Ok(Resolved { canonical: Some(name), addresses: LOCALHOST.to_vec() });
    }
    let asked =
        tokio::task::spawn_blocking(move || crate::platform::resolver::look_up(&name)).await;
    asked.map_err(|error| Unresolved::Failed(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[tokio::test]
    async fn names_below_localhost_are_this_machine() {
        let found = look_up("g1.servicebus.LOCALHOST".to_owned()).await.unwrap();
        assert!(found.addresses.iter().all(IpAddr::is_loopback));
        let found = look_up("127.0.0.1".to_owned()).await.unwrap();
        assert_eq!(found.addresses, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    }
}
