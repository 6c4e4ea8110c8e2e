//! What the window does to the world.

use super::state::{Preferences, Ticket};
use crate::azure::{FoundConnection, Method, Setup, Subscription};
use crate::ipc::protocol::Request;
use crate::platform::front::ShowRequest;
use crate::reach::firewall::FirewallList;

/// Something to be done outside of the state. The first group is the backend's, the
/// second the window's own.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Asks the service; the answer comes with the same ticket.
    Ask {
        /// Names the request.
        ticket: Ticket,
        /// What is asked.
        request: Request,
    },
    /// Starts the service of this machine.
    StartService,
    /// Asks the person for the rights of an administrator and opens another window with them.
    Elevate,
    /// Starts this program anew, in the place of this window.
    RestartWindow,
    /// Calls the service now instead of waiting.
    CallNow,
    /// Starts the demo and turns to its service.
    StartDemo,
    /// Ends the demo and turns back.
    StopDemo,
    /// Keeps the preferences.
    SavePreferences(Box<Preferences>),
    /// Finds out whether the window starts at login.
    AskAutostart,
    /// Makes the window start at login, or not.
    SetAutostart(bool),
    /// Lets the user choose a PEM file.
    ChooseCaFile,
    /// Looks up the namespace of a list and its gateways; what is found is told with the same
    /// number. One search at a time.
    FindGateways {
        /// Names it.
        run: Ticket,
        /// What is known before.
        list: Box<FirewallList>,
    },
    /// Lets the user choose a file and writes `text` into it.
    SaveText {
        /// The name that is offered.
        name: String,
        /// What is written.
        text: String,
    },
    /// Does something with an Azure account; what comes of it is told with the same number.
    Azure {
        /// Names it.
        run: Ticket,
        /// What.
        work: AzureWork,
    },

    /// Puts a text on the clipboard.
    Copy(String),
    /// Opens an address in the browser.
    Open(String),
    /// Gives the keyboard to a widget.
    Focus(Target),
    /// Brings the window to the front.
    Raise(ShowRequest),
    /// Tells somebody who looks elsewhere that there is something new in the window.
    Attention,
    /// Closes the window.
    Close,
}

/// Something to be done with an Azure account, of which the backend holds one at the most.
#[derive(Debug)]
pub(crate) enum AzureWork {
    /// Signs in, in this way. The account that is there goes first.
    SignIn(Method, Box<Setup>),
    /// Opens the page of the sign-in that is under way once more.
    OpenPage,
    /// Gives up the sign-in that is under way.
    StopSignIn,
    /// Lists the subscriptions.
    Subscriptions,
    /// Reads what is in a subscription.
    Browse(Box<Subscription>),
    /// Reads no further.
    StopBrowse,
    /// Asks for the keys of these.
    Keys(Vec<FoundConnection>),
    /// Asks for no more keys.
    StopKeys,
    /// Gives up everything and forgets the account.
    Forget,
}

/// A widget that is given the keyboard by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The filter box.
    Filter,
    /// The table.
    Table,
    /// The field of the open dialog.
    DialogField,
}

impl Target {
    /// The widget's id.
    pub(crate) fn id(self) -> egui::Id {
        egui::Id::unique(match self {
            Self::Filter => "filter",
            Self::Table => "table",
            Self::DialogField => "dialog-field",
        })
    }
}
