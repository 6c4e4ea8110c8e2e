//! How the programs talk to the service on the same machine: a Unix socket or a
//! named pipe that carries length-delimited JSON.

pub mod protocol;
