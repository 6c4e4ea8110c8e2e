//! The window: "Hybrid Connection Manager GUI".
//!
//! ```text
//! backend ──News──► update ──► State ──► view ──Action──► update ──Effect──► backend
//! ```
//! [`update`] is the one function that changes the [`state::State`], and it does no I/O.
//! [`view`] draws from the state and returns what the user did. [`backend`] does what
//! takes time, on a thread of its own, so that a frame never waits. [`app`] joins them
//! to eframe, [`start`] opens the window.

mod app;
mod backend;
#[doc(hidden)]
pub mod bench;
mod effect;
mod sample;
mod start;
mod state;
mod text;
mod theme;
mod update;
mod view;
mod widget;

pub use start::main;

#[cfg(test)]
mod tests;
