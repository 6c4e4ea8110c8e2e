//! TCP to each address of a name, to its end: for those who look how all of them answer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::dial::Failure;

/// How one address answered.
#[derive(Debug)]
pub struct Dialled {
    /// Where.
    pub at: SocketAddr,
    /// After how long.
    pub took: Duration,
    /// The connection, or why there is none.
    pub answer: Result<TcpStream, NoAnswer>,
}

/// Why an address gave no connection.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing listens, or a firewall refuses.
    #[error("refused the connection")]
    Refused,
    /// Nothing came in so long a time.
    #[error("did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// It has no route, or another problem of the system.
    #[error("could not be reached: {0}")]
    Unreachable(io::Error),
}

impl NoAnswer {
    /// Which kind it is.
    pub fn kind(&self) -> Failure {
        match self {
            Self::Refused => Failure::Refused,
            Self::Silent(_) => Failure::TimedOut,
            Self::Unreachable(_) => Failure::Unreachable,
        }
    }
}

/// A dial of each of `addresses`, which may take `limit`.
pub fn dial(
    addresses: &[IpAddr],
    port: u16,
    limit: Duration,
) -> impl Iterator<Item = impl Future<Output = Dialled>> {
    addresses.iter().map(move |address| dial_one(SocketAddr::new(*address, port), limit))
}

async fn dial_one(at: SocketAddr, limit: Duration) -> Dialled {
    let start = Instant::now();
    let answer = match timeout(limit, TcpStream::connect(at)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(match Failure::of(&error) {
            Failure::Refused => NoAnswer::Refused,
            Failure::TimedOut => NoAnswer::Silent(start.elapsed()),
            Failure::Unreachable => NoAnswer::Unreachable(error),
        }),
        Err(_) => Err(NoAnswer::Silent(limit)),
    };
    Dialled { at, took: start.elapsed(), answer }
}
