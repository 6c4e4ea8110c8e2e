//! TCP connections to a name: all its addresses, IPv6 and IPv4 in turn, each with a
//! head start before the next ("happy eyeballs", RFC 8305).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use super::lookup;
use crate::model::{LOCALHOST, is_localhost};

/// Head start of an address before the next one is tried too (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// Silence after which the system probes a connection, the pause between probes, and
/// how many may stay unanswered: who is gone is found out after two minutes. Behind a proxy
/// that is the proxy, and says nothing of who is behind it.
const PROBE_AFTER: Duration = Duration::from_secs(60);
const PROBE_EVERY: Duration = Duration::from_secs(15);
const PROBES: u32 = 4;

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
/// The socket has `TCP_NODELAY` set, and the system finds out when the other side of a
/// silent connection is gone. `localhost` and names below it are this machine
/// without asking DNS (RFC 6761, section 6.3).
///
/// # Errors
/// [`DialError`]; of several addresses the failure that tells most counts.
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
            watch_liveness(&stream);
            Ok(stream)
        }
        Ok(Err(error)) => Err(match Failure::of(&error) {
            Failure::Refused => DialError::Refused(target()),
            Failure::TimedOut => DialError::TimedOut(target(), limit),
            Failure::Unreachable => DialError::Unreachable { target: target(), source: error },
        }),
        Err(_) => Err(DialError::TimedOut(target(), limit)),
    }
}

async fn resolve(host: &str, port: u16) -> io::Result<VecDeque<SocketAddr>> {
    if is_localhost(host) {
        return Ok(LOCALHOST.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    let addresses = in_turn(lookup::addresses(host, port).await?);
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

/// Connects to the first of `addresses` that answers, in the same way; it may take for ever.
///
/// # Errors
/// What the system said of the address whose failure tells most.
pub async fn connect_any(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let all = addresses.iter().map(|address| SocketAddr::new(*address, port));
    race(in_turn(all.collect())).await
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
    let mut worst = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = addresses.pop_front() {
            attempts.push(TcpStream::connect(address));
        } else if attempts.is_empty() {
            return Err(worst);
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
                Err(error) if Failure::of(&error) >= Failure::of(&worst) => worst = error,
                Err(_) => {}
            },
            () = next_may_start => {}
        }
    }
}

/// How an address failed; what says most of the other side is the greatest: a machine without IPv6
/// fails at once with an IPv6 address, and that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No route, or another problem of the system.
    Unreachable,
    /// No answer.
    TimedOut,
    /// Nothing listens, or a firewall refuses.
    Refused,
}

impl Failure {
    /// What `error` of a dial is.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Unreachable,
        }
    }
}

/// `TCP_USER_TIMEOUT` is left alone: it would also end the connection of a reader that
/// pauses, however alive its system is.
fn watch_liveness(tcp: &TcpStream) {
    let probes =
        TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY).with_retries(PROBES);
    if let Err(error) = SockRef::from(tcp).set_tcp_keepalive(&probes) {
        tracing::debug!(%error, "the system does not watch this connection for us");
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

    #[tokio::test]
    async fn a_refusal_says_more_than_an_address_without_a_route() {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().port()
        };
        let closed = SocketAddr::from(([127, 0, 0, 1], port));
        let no_route = SocketAddr::from(([255, 255, 255, 255], port));
        for addresses in [[closed, no_route], [no_route, closed]] {
            let error = race(addresses.into()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_silent_connection_is_probed_and_a_pausing_reader_is_left_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = connect("127.0.0.1", port, LIMIT).await.unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBE_AFTER);
        assert_eq!(socket.tcp_user_timeout().unwrap(), None);
    }

    #[test]
    fn families_take_turns() {
        let addresses = ["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1", "1.1.1.2:1"];
        let addresses = addresses.map(|address| address.parse().unwrap()).to_vec();
        let turns: Vec<_> = in_turn(addresses).iter().map(ToString::to_string).collect();
        assert_eq!(turns, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
    }
}
