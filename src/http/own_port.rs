//! A port of this machine that lets no other account in, where the system tells whose a program is.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::platform::neighbour::is_of_another_account;

/// The wait after a connection could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Such a port. It closes when it is dropped.
pub struct OwnPort(TcpListener);

/// A program of another account asked; its connection is closed.
#[derive(Debug)]
pub struct OtherAccount {
    /// Where it asked from.
    pub peer: SocketAddr,
}

impl OwnPort {
    /// The port that `listener` is bound to, on loopback.
    pub fn new(listener: TcpListener) -> Self {
        Self(listener)
    }

    /// The next connection, however long it takes to come.
    ///
    /// # Errors
    /// [`OtherAccount`]; the port stays open.
    pub async fn accept(&self) -> Result<TcpStream, OtherAccount> {
        loop {
            let Ok((stream, peer)) = self.0.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            return match stream.local_addr() {
                Ok(own) if is_of_another_account(own, peer) => Err(OtherAccount { peer }),
                _ => Ok(stream),
            };
        }
    }
}
