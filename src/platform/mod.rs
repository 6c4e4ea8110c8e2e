//! What differs between operating systems: where files are, who may read them, how a file is
//! written so that it survives a power cut, how a key is sealed in it, local sockets, the
//! signals that end a program, and what a window needs of the system: one for each person,
//! its start at login, the start of the service, a program that is asked something. The only
//! place for `cfg(target_os)` and unsafe code.

#[cfg(feature = "gui")]
pub mod activation;
#[cfg(feature = "gui")]
pub mod appearance;
pub mod autostart;
pub mod browser;
pub mod child;
pub mod elevation;
pub mod event_log;
#[cfg(feature = "gui")]
pub mod file_dialog;
pub mod files;
pub mod front;
pub mod graphics;
pub mod limits;
pub mod local_socket;
pub mod microsoft_managers;
pub mod neighbour;
pub mod paths;
pub mod permissions;
pub mod policy;
pub mod product;
pub mod resolver;
pub mod seal;
pub mod service_program;
pub mod signals;
pub mod successor;
pub mod system_events;
pub mod system_proxy;
pub mod system_roots;
pub mod systemd;
pub mod upgrader;
pub mod usage;
#[cfg(windows)]
mod windows_security;
#[cfg(windows)]
pub mod windows_service;

pub use paths::{Paths, WindowPaths};
