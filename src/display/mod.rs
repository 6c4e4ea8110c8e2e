//! Numbers and states in the form in which they are shown, for the command line, the
//! window and probes. Everything is a pure function of the model and the time.

pub mod health;
pub mod history;
pub mod rates;
pub mod text;

pub use health::{Health, Verdict};
pub use history::{History, Series};
pub use rates::{Rate, Rates};
