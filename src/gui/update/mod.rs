//! The one function that changes the state. It does no I/O: what is to be done comes back
//! as effects.

mod act;
mod answer;
mod azure;
mod diagnose;
mod dialogs;
mod firewall;
mod news;
mod settle;
mod upgrade;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::backend::News;
use super::effect::Effect;
use super::state::{Column, Demo, Move, NewTab, PastedText, Pick, State, ThemeChoice, WindowPlace};
use super::text::LanguageChoice;
use crate::model::{CheckName, ConnectionId, FaultCode};
use crate::reach::firewall::Format;

pub(crate) use azure::AzureAction;
pub(crate) use dialogs::CA_SETTING;
pub(crate) use settle::settle;

/// Something that changes the state.
#[derive(Debug)]
pub(crate) enum Message {
    /// The user did something.
    Act(Action),
    /// The backend tells something.
    Told(News),
}

/// What the user did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Clicked a row.
    Pick(ConnectionId, Pick),
    /// Moved through the table by keyboard.
    Go {
        /// Where to.
        to: Move,
        /// Selecting what lies between.
        extend: bool,
    },
    /// Selects all rows.
    SelectAll,
    /// Selects nothing.
    ClearSelection,
    /// Clicked the head of a column.
    Sort(Column),
    /// Dragged the edge of a column.
    Resize(Column, f32),
    /// Typed in the filter box.
    Filter(String),
    /// Wants to filter.
    GoToFilter,
    /// Leaves the filter box for the table.
    GoToTable,
    /// Shows the details, or hides them.
    ShowDetails(bool),
    /// Made the details wider or narrower, in points.
    ResizeDetails(f32),

    /// Closes the channels of these to Azure and opens them again.
    Restart(Vec<ConnectionId>),
    /// Cuts short the wait of these.
    TryNow(Vec<ConnectionId>),
    /// Listens on these.
    Enable(Vec<ConnectionId>),
    /// Stops listening on these.
    Disable(Vec<ConnectionId>),
    /// Asks whether these are to be removed.
    AskRemove(Vec<ConnectionId>),
    /// Removes those of the question.
    Remove,
    /// Dials the endpoint of this one.
    CheckEndpoint(ConnectionId),
    /// Puts a text on the clipboard.
    Copy(String),
    /// Puts the details of these on the clipboard.
    CopyDetails(Vec<ConnectionId>),
    /// Opens a page in the browser.
    Open(String),

    /// Opens "New hybrid connections".
    New(NewTab),
    /// Changed the text of "New hybrid connections" or "Update connection string".
    Paste(PastedText),
    /// Something in the tab "Select with Azure".
    Azure(AzureAction),
    /// Adds the connections of the dialog.
    Create,
    /// Opens "Update connection string".
    AskUpdate(ConnectionId),
    /// Gives the connection its new connection string.
    Update,
    /// Opens the settings.
    OpenSettings,
    /// Changed the field of a setting of the service.
    SettingField(String, String),
    /// Chooses the file of extra CAs.
    ChooseCaFile,
    /// Gives the service the changed settings.
    SaveSettings,
    /// Chose a language.
    Language(LanguageChoice),
    /// Chose light or dark.
    Theme(ThemeChoice),
    /// Lets the window start at login.
    Autostart(bool),
    /// Opens "About".
    OpenAbout,
    /// Opens the list of keys.
    OpenShortcuts,
    /// Looks for what is wrong with this connection, or with the service and this machine.
    Diagnose(Option<ConnectionId>),
    /// Looks once more.
    DiagnoseAgain,
    /// Looks again, with all gateways or a few of them.
    AllGateways(bool),
    /// Writes what was found into a file.
    SaveLook,
    /// Shows what a check has seen, or hides it.
    ShowFacts(CheckName),
    /// Opens what a firewall must let through.
    Firewall(ConnectionId),
    /// Shows the list for firewalls in another way.
    FirewallFormat(Format),
    /// Writes the list for firewalls into a file.
    SaveFirewall,
    /// Opens what a fault means.
    Explain(FaultCode),
    /// Opens the upgrade.
    OpenUpgrade,
    /// Has the service upgrade itself.
    Upgrade,
    /// Starts this program anew, in the place of this window.
    RestartWindow,
    /// Wants to hear no more of the version that is offered.
    SkipVersion,
    /// Closes the dialog.
    CloseDialog,
    /// Closes a message.
    CloseNotice(u64),

    /// Starts the service.
    StartService,
    /// Opens the window with the rights of an administrator.
    Elevate,
    /// Calls the service now.
    CallNow,
    /// Starts the demo.
    StartDemo,
    /// Leaves the demo.
    LeaveDemo,
    /// The window was moved or resized.
    Placed(WindowPlace),
    /// Closes the window.
    Quit,
}

impl Action {
    /// Whether only those may do it who manage the service.
    fn manages(&self) -> bool {
        matches!(
            self,
            Self::Restart(_)
                | Self::TryNow(_)
                | Self::Enable(_)
                | Self::Disable(_)
                | Self::AskRemove(_)
                | Self::Remove
                | Self::New(_)
                | Self::Create
                | Self::AskUpdate(_)
                | Self::Update
                | Self::SaveSettings
                | Self::Upgrade
        )
    }
}

/// Changes `state` by `message`.
pub(crate) fn update(state: &mut State, message: Message, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Act(action) => act::act(state, action, now, &mut effects),
        Message::Told(news) => news::take(state, news, now, &mut effects),
    }
    effects
}

/// Keeps the preferences, which have just changed.
fn save_preferences(state: &State, effects: &mut Vec<Effect>) {
    effects.push(Effect::SavePreferences(Box::new(state.preferences.clone())));
}

/// The demo is shown, or about to be.
fn is_demo(state: &State) -> bool {
    state.demo != Demo::Off
}
