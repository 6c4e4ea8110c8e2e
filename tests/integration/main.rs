//! Everything that is tested through the library's public face or its programs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[cfg(feature = "emulator")]
mod emulator_client;
#[cfg(feature = "emulator")]
mod emulator_faults;
#[cfg(feature = "emulator")]
mod emulator_listen;
#[cfg(feature = "emulator")]
mod emulator_management;
#[cfg(feature = "emulator")]
mod emulator_program;
#[cfg(feature = "emulator")]
mod emulator_rendezvous;
#[cfg(feature = "emulator")]
mod emulator_request;
#[cfg(feature = "emulator")]
mod emulator_sender;
#[cfg(feature = "emulator")]
mod emulator_stream;
