//! How the programs talk to the service on the same machine: a Unix socket or a
//! named pipe that carries length-delimited JSON.
//!
//! The service holds a [`Listener`], makes a [`ServerChannel`] of each
//! [`Incoming`] and splits it into a reader and a writer. A program holds a
//! [`Client`], and a [`Mirror`] if it shows the state; one that stays attached takes it
//! apart into a [`Requester`] and [`Pushes`].

mod attached;
mod client;
pub mod codec;
mod hearing;
mod log_line;
mod mirror;
pub mod protocol;
mod server;
mod skew;

pub use attached::{Pushes, Requester};
pub use client::{Client, ClientError, ConnectError, Push};
pub use mirror::{Changed, Gap, Mirror};
pub use server::{
    HandshakeError, Incoming, Listener, Received, RecvError, ServerChannel, ServerReader,
    ServerWriter,
};

pub use crate::platform::local_socket::{Address, BindError, Peer};
pub use crate::platform::paths::Channels;
