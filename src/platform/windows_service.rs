//! The service under Windows' service manager: what starts it, what it is told, and how it
//! is set up.

mod run;
mod setup;

pub use run::{Control, DispatchError, SHUTDOWN_LIMIT, Session, dispatch};
pub use setup::{Registration, SetupError, setup, teardown};
