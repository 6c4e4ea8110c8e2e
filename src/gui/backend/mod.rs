//! What takes time: the service, the demo, files. On a thread of its own.

pub(crate) mod live;
pub(crate) mod mock;

use std::path::PathBuf;

use super::effect::Effect;
use super::state::{Link, Ticket};
use crate::ipc::Push;
use crate::ipc::protocol::{RequestError, Response};
use crate::platform::appearance::Appearance;
use crate::platform::front::ShowRequest;

/// The one door to everything outside of the window.
pub(crate) trait Backend {
    /// Begins `effect`; what comes of it is told as news. Never waits.
    fn begin(&mut self, effect: Effect);

    /// The next news, if there are any. Never waits.
    fn next(&mut self) -> Option<News>;
}

/// What the backend tells.
#[derive(Debug)]
pub(crate) enum News {
    /// How it stands with the service.
    Link(Link),
    /// The service tells something.
    Push(Push),
    /// The answer to a request, or in words why there is none.
    Answer {
        /// Of which request.
        ticket: Ticket,
        /// What came of it.
        outcome: Result<Response, Refusal>,
    },
    /// From here on the news are those of the demo's service.
    DemoStarted,
    /// From here on the news are those of this machine's service again.
    DemoEnded,
    /// The demo did not start, and why.
    DemoFailed(String),
    /// Whether the window starts at login.
    Autostart(Result<bool, String>),
    /// A file was chosen, or none.
    CaFile(Option<PathBuf>),
    /// The preferences could not be kept, and why.
    NotSaved(String),
    /// What the desktop wants, where the windowing system does not tell.
    Appearance(Appearance),
    /// The window was started a second time.
    Show(ShowRequest),
}

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The service refused.
    Said(RequestError),
    /// There was no answer in time; it may still be done.
    TimedOut,
    /// The service has gone.
    Lost,
}
