//! Addresses of web servers that settings name, and how names and addresses are compared.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The addresses of this machine for itself.
pub const LOCALHOST: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether `name` is `localhost` or a name below it, which is this machine without asking DNS
/// (RFC 6761, section 6.3).
pub fn is_localhost(name: &str) -> bool {
    let name = plain(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// The address in `text`, if what is sent there is safe on its way (`https`, or this machine itself)
/// and nothing but a place is in it: no user, password, query or fragment.
pub(super) fn safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (is_plain && is_safe(&url)).then_some(url)
}

/// Whether what is sent to `url` is safe on its way: `https`, or this machine itself.
pub fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" && url.has_host() || (url.scheme() == "http" && is_here)
}

/// A name as it is compared: in small letters, and without the dot that ends a full one.
pub(super) fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether the first `bits` of both are the same.
pub(super) fn same_network(network: IpAddr, address: IpAddr, bits: u32) -> bool {
    // What is shifted out as a whole is all the same.
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let different = network.to_bits() ^ address.to_bits();
            different.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let different = network.to_bits() ^ address.to_bits();
            different.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}
