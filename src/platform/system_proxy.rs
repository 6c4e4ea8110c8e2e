//! What the system itself says of proxies, as it keeps it. What that means is not decided here.

#[cfg(unix)]
#[path = "system_proxy/unix.rs"]
mod os;
#[cfg(windows)]
#[path = "system_proxy/windows.rs"]
mod os;

/// What one place of the system says; an empty text where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What the place is called.
    pub place: &'static str,
    /// `host:port`, or a list such as `http=a:80;https=b:8080`.
    pub server: String,
    /// Hosts that are reached without it: `*.corp;10.*;<local>`.
    pub exceptions: String,
    /// Address of a script that names the proxy (PAC).
    pub script: String,
}

/// All that says something, the most particular first: on Windows the account of this process, the
/// machine, and WinHTTP; elsewhere nothing, since a service there has no settings but its environment.
pub fn read() -> Vec<Found> {
    let said = |found: &Found| !found.server.is_empty() || !found.script.is_empty();
    os::read().into_iter().filter(said).collect()
}
