//! The WebSocket layer (RFC 6455, client side), our own for both the control channel
//! and the streams.
//!
//! Libraries answer a Close by themselves and then refuse to send, which breaks a
//! TCP session whose one side ends first; and they copy each payload once or twice.
//! Here a Close is only reported, upload frames are built and masked in the buffer
//! that the endpoint's bytes were read into, and download payloads go to the endpoint
//! from the buffer that they were decrypted into. `tungstenite` is the tests' oracle.

pub mod frame;
pub mod handshake;
pub mod message;
