//! TCP connections to a name: all its addresses, IPv6 and IPv4 in turn, each with a
//! head start before the next ("happy eyeballs", RFC 8305).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep, timeout_at};

/// Head start of an address before the next one is tried too (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Why no address of a name could be connected.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("{host} could not be resolved: {source}")]
    NotResolved {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Every address refused.
    #[error("{0} refused the connection")]
    Refused(String),
    /// No address answered in time.
    #[error("{0} did not answer within {seconds} s", seconds = .1.as_secs())]
    TimedOut(String, Duration),
    /// No address could be reached.
    #[error("{target} could not be reached: {source}")]
    Unreachable {
        /// Host and port.
        target: String,
        /// What the system said of the last address.
        source: io::Error,
    },
}

/// Connects to the first address of `host` that answers within `limit`.
///
/// The socket has `TCP_NODELAY` set. `localhost` and names below it are this machine
/// without asking DNS (RFC 6761, section 6.3).
///
/// # Errors
/// [`DialError`]; of several addresses the last failure counts.
pub async fn connect(host: &str, port: u16, limit: Duration) -> Result<TcpStream, DialError> {
    let deadline = Instant::now() + limit;
    let target = || format!("{host}:{port}");
    let addresses = match timeout_at(deadline, resolve(host, port)).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(source)) => return Err(DialError::NotResolved { host: host.to_owned(), source }),
        Err(_) => {
            let source = io::Error::new(io::ErrorKind::TimedOut, "the resolver did not answer");
            return Err(DialError::NotResolved { host: host.to_owned(), source });
        }
    };
    match timeout_at(deadline, race(addresses)).await {
        Ok(Ok(stream)) => {
            stream
                .set_nodelay(true)
                .map_err(|source| DialError::Unreachable { target: target(), source })?;
            Ok(stream)
        }
        Ok(Err(error)) => Err(match error.kind() {
            io::ErrorKind::ConnectionRefused => DialError::Refused(target()),
            io::ErrorKind::TimedOut => DialError::TimedOut(target(), limit),
            _ => DialError::Unreachable { target: target(), source: error },
        }),
        Err(_) => Err(DialError::TimedOut(target(), limit)),
    }
}

async fn resolve(host: &str, port: u16) -> io::Result<VecDeque<SocketAddr>> {
    if is_this_machine(host) {
        let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        return Ok(both.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    let addresses = in_turn(lookup_host((host, port)).await?.collect());
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Keeps the resolver's order inside each family, and lets the families take turns.
fn in_turn(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        match (first.next(), second.next()) {
            (None, None) => return turns,
            (a, b) => turns.extend(a.into_iter().chain(b)),
        }
    }
}

/// The first of `addresses` that connects; the next starts after the head start, or
/// as soon as one has failed.
async fn race(mut addresses: VecDeque<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = FuturesUnordered::new();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = addresses.pop_front() {
            attempts.push(TcpStream::connect(address));
        } else if attempts.is_empty() {
            return Err(last_error);
        }
        let next_may_start = async {
            if addresses.is_empty() {
                std::future::pending().await
            } else {
                sleep(HEAD_START).await
            }
        };
        tokio::select! {
            Some(result) = attempts.next() => match result {
                Ok(stream) => return Ok(stream),
                Err(error) => last_error = error,
            },
            () = next_may_start => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn names_below_localhost_are_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = connect("g1.servicebus.LOCALHOST", port, LIMIT).await.unwrap();
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_later_address_serves_when_the_first_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = SocketAddr::from(([127, 0, 0, 2], good.port()));
        race([closed, good].into()).await.unwrap();
    }

    #[tokio::test]
    async fn says_refused_and_not_resolved() {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().port()
        };
        let error = connect("127.0.0.1", port, LIMIT).await.unwrap_err();
        assert_eq!(error.to_string(), format!("127.0.0.1:{port} refused the connection"));
        let error = connect("no-such-host.invalid", 1, LIMIT).await.unwrap_err();
        assert!(matches!(error, DialError::NotResolved { .. }), "{error}");
    }

    #[test]
    fn families_take_turns() {
        let addresses = ["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1", "1.1.1.2:1"];
        let addresses = addresses.map(|address| address.parse().unwrap()).to_vec();
        let turns: Vec<_> = in_turn(addresses).iter().map(ToString::to_string).collect();
        assert_eq!(turns, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
    }
}
