//! What takes time: the service, the demo, files. On a thread of its own.

pub(crate) mod live;
pub(crate) mod mock;

use std::path::PathBuf;

use super::effect::Effect;
use super::state::{Link, Ticket};
use crate::azure::{Account, AzureError, BrowseEvent, DeviceCode, Subscriptions};
use crate::ipc::Push;
use crate::ipc::protocol::{RequestError, Response};
use crate::model::{AzureResource, Secret};
use crate::platform::appearance::Appearance;
use crate::platform::elevation::Consent;
use crate::platform::front::ShowRequest;
use crate::reach::firewall::{FirewallList, Found};

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
    /// A text was written into this file, or the person thought of something else; or why not.
    Saved(Result<Option<PathBuf>, String>),
    /// Something about the hosts of a firewall list.
    Gateways {
        /// Which search it comes of.
        run: Ticket,
        /// What.
        news: GatewayNews,
    },
    /// The desktop has no dialog in which to choose one.
    NoFileDialog,
    /// The person could give this window the rights of an administrator.
    CanElevate,
    /// A window with the rights of an administrator was asked for.
    Elevated(Result<Consent, String>),
    /// A window that takes the place of this one was started, or was not and why.
    StartedAgain(Result<(), NotStarted>),
    /// The preferences could not be kept, and why.
    NotSaved(String),
    /// What the desktop wants, where the windowing system does not tell.
    Appearance(Appearance),
    /// The window was started a second time.
    Show(ShowRequest),
    /// Something about an Azure account.
    Azure {
        /// What it comes of.
        run: Ticket,
        /// What.
        news: AzureNews,
    },
}

/// Why no window takes the place of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotStarted {
    /// It would be the same: its file is still the one that runs.
    SameProgram,
    /// In the system's words.
    Failed(String),
}

/// What comes of a search for gateways.
#[derive(Debug)]
pub(crate) enum GatewayNews {
    /// The namespace was looked up: all hosts are known by name.
    Begun(Box<FirewallList>),
    /// What was found of the hosts in these places since the last time.
    Found(Vec<(usize, Found)>),
    /// All that there is to know has been told.
    Ended,
}

/// What comes of work with an Azure account.
#[derive(Debug)]
pub(crate) enum AzureNews {
    /// Somebody is signed in, or is not and why.
    SignedIn(Result<Account, AzureError>),
    /// What is to be typed elsewhere.
    Code(DeviceCode),
    /// The page could not be opened once more, and why.
    NotOpened(String),
    /// The subscriptions.
    Subscriptions(Result<Subscriptions, AzureError>),
    /// What was found in a subscription since the last time.
    Browsed(Vec<BrowseEvent>),
    /// The connection string of one that was chosen, on its way to the service.
    Key {
        /// Its resource id.
        key: String,
        /// The connection string, and where it is in Azure.
        outcome: Result<(Secret, Box<AzureResource>), AzureError>,
    },
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
