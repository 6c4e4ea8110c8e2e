//! The window over its real backend: real services, the emulator as Azure, and programs
//! that only pretend to be a service.

mod azure;
mod services;
mod stage;
mod story;
