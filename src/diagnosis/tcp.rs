//! TCP to every address of a name, side by side.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::board::Board;

/// How long an address may take to answer.
pub(super) const LIMIT: Duration = Duration::from_secs(4);

/// How one address answered.
#[derive(Debug)]
pub(super) struct Dialled {
    /// Where.
    pub(super) at: SocketAddr,
    /// The connection and the time that it took; or why there is none, nothing for no answer.
    pub(super) answer: Result<(TcpStream, Duration), Option<io::Error>>,
}

impl Dialled {
    /// It took the connection.
    pub(super) fn is_open(&self) -> bool {
        self.answer.is_ok()
    }

    /// The same in words.
    pub(super) fn words(&self) -> String {
        let at = self.at;
        match &self.answer {
            Ok((_, took)) => format!("{at} in {} ms", shown_millis(*took)),
            Err(None) => format!("{at} did not answer within {} s", LIMIT.as_secs()),
            Err(Some(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                format!("{at} refused the connection")
            }
            Err(Some(error)) => format!("{at}: {error}"),
        }
    }
}

/// How all of several addresses failed: what says most of the other side counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing listens, or a firewall refuses.
    Refused,
    /// No answer.
    TimedOut,
    /// No route.
    Unreachable,
}

/// Why none of `dialled` is open.
pub(super) fn failure(dialled: &[Dialled]) -> Failure {
    let of = |one: &Dialled| match &one.answer {
        Ok(_) => None,
        Err(None) => Some(Failure::TimedOut),
        Err(Some(error)) => Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => Failure::Refused,
            io::ErrorKind::TimedOut => Failure::TimedOut,
            _ => Failure::Unreachable,
        }),
    };
    let seen: Vec<_> = dialled.iter().filter_map(of).collect();
    let all = [Failure::Refused, Failure::TimedOut];
    all.into_iter().find(|kind| seen.contains(kind)).unwrap_or(Failure::Unreachable)
}

/// Dials all of `addresses` at once; in their order.
pub(super) async fn dial(addresses: &[IpAddr], port: u16, board: &Board<'_>) -> Vec<Dialled> {
    join_all(addresses.iter().map(|address| async {
        let (at, start) = (SocketAddr::new(*address, port), Instant::now());
        let answer = match board.within(LIMIT, TcpStream::connect(at)).await {
            None => Err(None),
            Some(Err(error)) => Err(Some(error)),
            Some(Ok(stream)) => Ok((stream, start.elapsed())),
        };
        Dialled { at, answer }
    }))
    .await
}

/// Milliseconds with one digit behind the point where there are few.
fn shown_millis(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1}") } else { format!("{millis:.0}") }
}
