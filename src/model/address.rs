//! Addresses of web servers that settings name.

use url::{Host, Url};

/// The address in `text`, if what is sent there is safe on its way (`https`, or this machine itself)
/// and nothing but a place is in it: no user, password, query or fragment.
pub(super) fn safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    (is_plain && is_safe).then_some(url)
}
