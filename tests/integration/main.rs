//! Everything that is tested through the library's public face or its programs.
#![cfg(test)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod architecture;
#[cfg(feature = "emulator")]
mod emulator_client;
#[cfg(feature = "emulator")]
mod emulator_listen;
#[cfg(feature = "emulator")]
mod emulator_sender;
#[cfg(feature = "emulator")]
mod emulator_stream;
mod golden;
mod ipc;
mod platform;
mod store;
