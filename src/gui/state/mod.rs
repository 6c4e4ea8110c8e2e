//! What the window knows: plain values, changed by [`super::update`] alone.

mod azure;
mod diagnose;
mod dialog;
mod firewall;
mod form;
mod link;
mod notice;
mod preferences;
mod settings;
mod table;
mod traffic;
mod upgrade;

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

pub(crate) use azure::{
    Added, AzureForm, Checked, Listing, NotAdded, Reading, Reads, SettingsOfSignIn, SignIn,
    SigningIn, wants_sign_in, wants_tenant,
};
pub(crate) use diagnose::{About, Look, LookCourse, Seen};
pub(crate) use dialog::{Dialog, RemoveQuestion};
pub(crate) use firewall::FirewallForm;
pub(crate) use form::{
    Check, Entry, Failure, NewForm, NewTab, Parsed, PastedText, Phase, UpdateForm, UpdateProblem,
};
pub(crate) use link::{Link, LinkProblem};
pub(crate) use notice::Notices;
pub(crate) use preferences::{Preferences, ThemeChoice, WindowPlace};
pub(crate) use settings::{SettingsForm, SettingsLoad};
pub(crate) use table::{Column, Direction, Move, Pick, Table};
pub(crate) use traffic::TrafficLog;
pub(crate) use upgrade::{Course, Stage, UpgradePhase, Upgrading, Why};

use super::text::{Language, Texts};
use crate::ipc::protocol::Access;
use crate::model::upgrade::Release;
use crate::model::{ConnectionId, ConnectionString, ConnectionView, FaultCode, Snapshot};
use crate::platform::appearance::Appearance;
use crate::platform::permissions::Standing;

/// Names a request until its answer is there.
pub(crate) type Ticket = u64;

/// Everything that the window shows.
#[derive(Debug)]
pub(crate) struct State {
    /// How it stands with the service.
    pub link: Link,
    /// The last that the service told; shown in grey while the service is away.
    pub snapshot: Option<Snapshot>,
    /// Rates and their course.
    pub traffic: TrafficLog,
    /// Rows, order and selection.
    pub table: Table,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// The fault whose meaning is shown, over the dialog if there is one.
    pub explained: Option<FaultCode>,
    /// Short messages at the lower edge.
    pub notices: Notices,
    /// What the window remembers.
    pub preferences: Preferences,
    /// The demo, where it runs.
    pub demo: Demo,
    /// What the desktop wants, as far as it tells.
    pub desktop: Option<Appearance>,
    /// The language of this account.
    pub system_language: Language,
    /// This machine has a font with Chinese characters.
    has_chinese_font: bool,
    /// The texts of the language that is shown.
    texts: Rc<Texts>,
    /// What was removed since the last message about it.
    pub removed: Vec<ConnectionId>,
    /// When the endpoint of the shown connection is dialled, so that the details tell how
    /// it is and not how it was.
    pub look_at: Option<Timestamp>,
    /// Requests that wait for their answer.
    pub pending: BTreeMap<Ticket, Pending>,
    last_ticket: Ticket,
    /// How this person comes to manage the service of this machine.
    pub standing: Standing,
    /// The person could give this window the rights of an administrator.
    pub can_elevate: bool,
    /// The service was asked for a newer version.
    pub asked_for_upgrade: bool,
    /// The upgrade of the service.
    pub upgrading: Upgrading,
    /// The backend may hold an Azure account, which goes with the dialog.
    pub has_account: bool,
}

/// "Try it without an Azure account".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Demo {
    /// Not running; the window shows the service of this machine.
    Off,
    /// On its way.
    Starting,
    /// The window shows the demo's own service.
    On,
}

/// What a request was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Something to connections whose refusal is worth a notice.
    Act {
        /// The catalogue's key of what was tried, "act-restart" for example.
        what: &'static str,
        /// To which.
        id: ConnectionId,
    },
    /// Removing; the notice counts them.
    Remove(ConnectionId),
    /// Adding a connection from the dialog.
    Add(ConnectionString),
    /// Adding a connection that was found in Azure.
    AddFound {
        /// The adding that it is part of.
        run: Ticket,
        /// Its resource id.
        key: String,
        /// Its id.
        id: ConnectionId,
    },
    /// The settings that a sign-in to Azure goes by.
    LoadSignIn,
    /// Checking a connection string of the dialog.
    CheckEntry(ConnectionString),
    /// The new connection string of this connection.
    Update(ConnectionId),
    /// Checking the new connection string.
    CheckUpdate(ConnectionString),
    /// The settings, for the dialog.
    LoadSettings,
    /// A setting.
    SaveSetting {
        /// Its name.
        name: String,
        /// The value that was sent.
        value: String,
    },
    /// Dialling an endpoint; the answer comes as an event.
    CheckEndpoint,
    /// Whether there is a newer version, once at the start.
    CheckUpgrade,
    /// How long open streams get when the service ends.
    LoadDrain,
    /// The upgrade.
    Upgrade,
    /// Looking for what is wrong.
    Diagnose,
}

impl State {
    /// A window that has just been opened.
    pub(crate) fn new(preferences: Preferences, system_language: Language) -> Self {
        let language = preferences.language.resolve(system_language);
        Self {
            link: Link::Connecting,
            snapshot: None,
            traffic: TrafficLog::default(),
            table: Table::new(&preferences),
            dialog: None,
            explained: None,
            notices: Notices::default(),
            preferences,
            demo: Demo::Off,
            desktop: None,
            system_language,
            has_chinese_font: true,
            texts: Rc::new(Texts::new(language)),
            removed: Vec::new(),
            look_at: None,
            pending: BTreeMap::new(),
            last_ticket: 0,
            standing: Standing::of_this_program(),
            can_elevate: false,
            asked_for_upgrade: false,
            upgrading: Upgrading::default(),
            has_account: false,
        }
    }

    /// A version that is newer than the service.
    pub(crate) fn newer_release(&self) -> Option<&Release> {
        self.snapshot.as_ref()?.service.upgrade.as_ref()?.release.as_ref()
    }

    /// The same, unless the person has skipped it.
    pub(crate) fn wanted_release(&self) -> Option<&Release> {
        let is_skipped = |release: &Release| {
            self.preferences.skipped_version == Some(release.version.to_string())
        };
        self.newer_release().filter(|release| !is_skipped(release))
    }

    /// The language that is shown. Without a font for it, Chinese is shown only to those
    /// who ask for it by name.
    fn language(&self) -> Language {
        let choice = self.preferences.language;
        match choice.resolve(self.system_language) {
            Language::Chinese if !self.has_chinese_font => Language::English,
            language => language,
        }
    }

    /// Texts in the language that is shown.
    pub(crate) fn texts(&self) -> Rc<Texts> {
        self.texts.clone()
    }

    /// Whether Chinese can be shown, where it is wanted.
    pub(crate) fn has_chinese_font(&self) -> bool {
        self.has_chinese_font
    }

    /// Takes another language into use, if the preferences or the fonts ask for one.
    pub(crate) fn follow_language(&mut self, has_chinese_font: bool) {
        self.has_chinese_font = has_chinese_font;
        if self.texts.language() != self.language() {
            self.texts = Rc::new(Texts::new(self.language()));
        }
    }

    /// Something is open over the table.
    pub(crate) fn has_dialog(&self) -> bool {
        self.dialog.is_some() || self.explained.is_some()
    }

    /// All connections, ordered by id.
    pub(crate) fn connections(&self) -> &[ConnectionView] {
        self.snapshot.as_ref().map_or(&[], |snapshot| &snapshot.connections)
    }

    /// The connection `id`.
    pub(crate) fn connection(&self, id: &ConnectionId) -> Option<&ConnectionView> {
        let connections = self.connections();
        let at = connections.binary_search_by(|view| view.id.cmp(id)).ok()?;
        Some(&connections[at])
    }

    /// The connection that the details show.
    pub(crate) fn shown_connection(&self) -> Option<&ConnectionView> {
        let mut selected = self.table.selected.iter();
        let (Some(id), None) = (selected.next(), selected.next()) else { return None };
        self.connection(id)
    }

    /// Something can be asked of the service now.
    pub(crate) fn is_attached(&self) -> bool {
        matches!(self.link, Link::Up { .. })
    }

    /// The service lets this account see its status and change nothing.
    pub(crate) fn reads_only(&self) -> bool {
        matches!(self.link, Link::Up { access: Access::ReadStatus, .. })
    }

    /// Something of the service can be changed now.
    pub(crate) fn may_manage(&self) -> bool {
        self.is_attached() && !self.reads_only()
    }

    /// A name for a new request for `what`.
    pub(super) fn ticket(&mut self, what: Pending) -> Ticket {
        let ticket = self.number();
        self.pending.insert(ticket, what);
        ticket
    }

    /// A name for something that is not asked of the service.
    pub(super) fn number(&mut self) -> Ticket {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// What was to be brought into sight is.
    pub(super) fn revealed(&mut self) {
        self.table.reveal = false;
        if let Some(listing) = self.azure_mut().and_then(|form| form.listing.as_mut()) {
            listing.reveal = false;
        }
    }

    /// The tab "Select with Azure", while its dialog is open.
    pub(crate) fn azure(&self) -> Option<&AzureForm> {
        match &self.dialog {
            Some(Dialog::New(form)) => Some(&*form.azure),
            _ => None,
        }
    }

    /// The same, to change it.
    pub(super) fn azure_mut(&mut self) -> Option<&mut AzureForm> {
        match &mut self.dialog {
            Some(Dialog::New(form)) => Some(&mut *form.azure),
            _ => None,
        }
    }

    /// The next moment at which something changes by the clock alone.
    pub(crate) fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let due = match &self.dialog {
            Some(Dialog::New(form)) => form.check_at,
            Some(Dialog::Update(form)) => form.check_at,
            _ => None,
        };
        [
            self.notices.next_end(),
            self.traffic.changes_at(),
            due,
            self.look_at,
            self.becomes_late(now),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
