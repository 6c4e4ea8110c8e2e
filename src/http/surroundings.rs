//! The proxies that this program finds around it.

use crate::model::proxies::SystemProxy;
use crate::model::{Proxies, ProxyChoice};
use crate::platform::system_proxy;

/// The proxies of the setting `choice`, of this program's environment, and of the system, as they are
/// now. Blocks for a moment where the system keeps some.
pub fn proxies(choice: &ProxyChoice) -> Proxies {
    // Not UTF-8 is no proxy.
    let proxies = Proxies::of(choice).or_environment(|name| std::env::var(name).ok());
    system_proxy::read().into_iter().fold(proxies, |proxies, found| {
        let system_proxy::Found { place, server, exceptions, script } = found;
        proxies.or_system(&SystemProxy { place: place.to_owned(), server, exceptions, script })
    })
}
