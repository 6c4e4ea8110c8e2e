//! The services under Windows' service manager: what starts them, what they are told, and how they
//! are set up.

mod known;
mod run;
mod setup;
mod upgrader;

pub(super) use run::is_this_process;
pub use run::{Control, DispatchError, SHUTDOWN_LIMIT, Session, dispatch};
pub use setup::{Registration, SetupError, setup, teardown};
pub(super) use upgrader::{
    UPGRADE_VERB, service_now, start_service, start_upgrader, stop_service, upgrader_is_on,
    upgrader_on_demand, upgrader_with_the_machine,
};
