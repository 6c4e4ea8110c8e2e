//! The dialogs. One exists only while it is open.

use super::{FirewallForm, Look, NewForm, SettingsForm, UpdateForm};
use crate::model::ConnectionId;

/// The open dialog.
#[derive(Debug)]
pub(crate) enum Dialog {
    /// "New hybrid connections".
    New(NewForm),
    /// "Update connection string".
    Update(UpdateForm),
    /// "Remove?"
    Remove(RemoveQuestion),
    /// Settings of the window and of the service.
    Settings(SettingsForm),
    /// Versions and licence.
    About,
    /// The keys of the window.
    Shortcuts,
    /// What is wrong with a connection, or with the service and this machine.
    Diagnose(Look),
    /// What a firewall must let through.
    Firewall(Box<FirewallForm>),
    /// A newer version.
    Upgrade,
}

/// Whether connections are really to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoveQuestion {
    /// Which.
    pub ids: Vec<ConnectionId>,
}
