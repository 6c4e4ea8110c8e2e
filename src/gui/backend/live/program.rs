//! Starts the service of this machine, or this program once more.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::{Outbox, link};
use crate::gui::backend::{News, NotStarted};
use crate::gui::state::{Link, LinkProblem};
use crate::platform::{elevation, service_program, successor};

/// How long a service that was started may take to answer.
const LIMIT: Duration = Duration::from_secs(10);
/// How often it is called meanwhile.
const CALL_EVERY: Duration = Duration::from_millis(100);

/// Starts it, and calls it until it answers. The system may ask the person for the right to
/// do so first.
pub(super) async fn start(home: Option<PathBuf>, link: link::Handle, outbox: Outbox) {
    if let Err(reason) = try_start(home, &link).await {
        tracing::warn!(reason, "the service did not start");
        let problem = LinkProblem::DidNotStart(reason);
        outbox.tell(News::Link(Link::Down { since: Timestamp::now(), problem })).await;
    }
}

/// Opens another window with `arguments`, which waits for the end of this one.
pub(super) async fn start_again(arguments: Vec<OsString>, outbox: Outbox) {
    let started = match successor::is_replaced() {
        false => Err(NotStarted::SameProgram),
        true => spawn_blocking(move || successor::start(&arguments))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| NotStarted::Failed(error.to_string())),
    };
    outbox.tell(News::StartedAgain(started)).await;
}

/// The same with the rights of an administrator.
pub(super) async fn elevate(arguments: Vec<OsString>, outbox: Outbox) {
    let asked = spawn_blocking(move || elevation::start_again(&arguments)).await;
    let asked = match asked {
        Ok(asked) => asked.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    outbox.tell(News::Elevated(asked)).await;
}

async fn try_start(home: Option<PathBuf>, link: &link::Handle) -> Result<(), String> {
    let started = spawn_blocking(move || service_program::start(home.as_deref())).await;
    let started = started.map_err(|error| error.to_string())?;
    let mut started = started.map_err(|error| error.to_string())?;
    tracing::info!(pid = started.pid(), "started the service");
    let deadline = Instant::now() + LIMIT;
    while link.requester().is_none() {
        link.call_now();
        tokio::select! {
            end = started.ended() => return Err(end.to_string()),
            () = sleep(CALL_EVERY) => {}
        }
        if Instant::now() >= deadline {
            return Err(format!("it has not answered within {} s", LIMIT.as_secs()));
        }
    }
    Ok(())
}
