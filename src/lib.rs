//! Hybrid Connection Manager: lets an app in Azure reach one `host:port` inside
//! a private network over Azure Relay, with outbound connections on port 443 only.
//!
//! The programs in `src/bin` parse arguments and call this library. The layers
//! and what each may use are in `docs/ARCHITECTURE.md`; a test holds them.

pub mod azure;
pub mod cli;
pub mod declared;
#[cfg(feature = "emulator")]
pub mod demo;
#[cfg(feature = "emulator")]
pub mod demo_cli;
pub mod diagnosis;
pub mod display;
#[cfg(feature = "emulator")]
pub mod emulator;
#[cfg(feature = "gui")]
pub mod gui;
pub mod http;
pub mod ipc;
mod managers;
pub mod model;
pub mod network;
pub mod platform;
pub mod reach;
pub mod relay;
pub mod service;
pub mod store;
pub mod tls;
pub mod upgrade;
pub mod upgrader;
