//! Opening, filling in and sending the dialogs.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{PastedText, State, azure, upgrade};
use crate::gui::effect::{Effect, Target};
use crate::gui::state::{
    Check, Dialog, NewForm, NewTab, Parsed, Pending, Phase, RemoveQuestion, SettingsForm,
    UpdateForm,
};
use crate::ipc::protocol::Request;
use crate::model::{ConnectionId, ConnectionSelector, ConnectionString};

/// The setting that names the file of extra CAs.
pub(crate) const CA_SETTING: &str = "network.extra_ca_certificates";

pub(super) fn open_new(state: &mut State, tab: NewTab, effects: &mut Vec<Effect>) {
    match &mut state.dialog {
        Some(Dialog::New(form)) if form.is_sent() => return,
        Some(Dialog::New(form)) => form.tab = tab,
        _ => state.dialog = Some(Dialog::New(NewForm::new(tab))),
    }
    match tab {
        NewTab::Azure => azure::ask_settings(state, effects),
        NewTab::ConnectionString => effects.push(Effect::Focus(Target::DialogField)),
    }
}

pub(super) fn open_update(
    state: &mut State,
    id: ConnectionId,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    if state.connection(&id).is_some() {
        let mut form = UpdateForm::new(id);
        // What was just pasted to add it need not be pasted again.
        if let Some(Dialog::New(before)) = state.dialog.take() {
            form.set_text(before.text, now);
        }
        state.dialog = Some(Dialog::Update(form));
        effects.push(Effect::Focus(Target::DialogField));
    }
}

pub(super) fn open_remove(state: &mut State, mut ids: Vec<ConnectionId>) {
    ids.retain(|id| state.connection(id).is_some());
    if !ids.is_empty() {
        state.dialog = Some(Dialog::Remove(RemoveQuestion { ids }));
    }
}

pub(super) fn open_settings(state: &mut State, effects: &mut Vec<Effect>) {
    state.dialog = Some(Dialog::Settings(SettingsForm::default()));
    effects.push(Effect::AskAutostart);
    if !state.reads_only() {
        ask(state, Pending::LoadSettings, Request::GetSettings, effects);
    }
}

/// Closes the dialog. What the service was asked for before is not taken back.
pub(super) fn close(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(Dialog::Upgrade) = state.dialog.take() {
        upgrade::on_close(state);
    }
    effects.push(Effect::Focus(Target::Table));
}

/// Closes what a fault means; a dialog under it is as it was.
pub(super) fn close_explained(state: &mut State, effects: &mut Vec<Effect>) {
    state.explained = None;
    if state.dialog.is_none() {
        effects.push(Effect::Focus(Target::Table));
    }
}

pub(super) fn paste(state: &mut State, text: PastedText, now: Timestamp) {
    match &mut state.dialog {
        Some(Dialog::New(form)) if form.phase == Phase::Editing => form.set_text(text, now),
        Some(Dialog::Update(form)) if form.phase == Phase::Editing => form.set_text(text, now),
        _ => {}
    }
}

/// Looks again at strings that could not be checked while the service was away.
pub(super) fn check_again(state: &mut State, now: Timestamp) {
    let again = |parsed: &mut Parsed| {
        let is_open = matches!(parsed.check, Check::Failed(_) | Check::NotYet);
        if is_open {
            parsed.check = Check::NotYet;
        }
        is_open
    };
    match &mut state.dialog {
        Some(Dialog::New(form)) => {
            let parsed = form.entries.iter_mut().filter_map(|entry| entry.parsed.as_mut().ok());
            if parsed.map(again).fold(false, |any, one| any | one) {
                form.check_at = Some(now);
            }
        }
        Some(Dialog::Update(form)) => {
            let is_open = form.ready().is_some_and(again);
            form.check_at = if is_open { Some(now) } else { form.check_at };
        }
        _ => {}
    }
}

/// Checks the strings at which the typing rests.
pub(super) fn check_what_is_due(state: &mut State, now: Timestamp, effects: &mut Vec<Effect>) {
    let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    let mut due: Vec<(Pending, ConnectionString)> = Vec::new();
    match &mut state.dialog {
        Some(Dialog::New(form)) if is_due(form.check_at) => {
            form.check_at = None;
            let strings: Vec<_> = form.unchecked().cloned().collect();
            for string in strings {
                form.holding(&string).for_each(|parsed| parsed.check = Check::Running);
                due.push((Pending::CheckEntry(string.clone()), string));
            }
        }
        Some(Dialog::Update(form)) if is_due(form.check_at) => {
            form.check_at = None;
            if let Some(parsed) = form.ready() {
                parsed.check = Check::Running;
                let string = parsed.string.clone();
                due.push((Pending::CheckUpdate(string.clone()), string));
            }
        }
        _ => {}
    }
    for (pending, string) in due {
        let request = Request::CheckConnectionString { connection_string: string.to_secret() };
        ask(state, pending, request, effects);
    }
}

pub(super) fn create(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Dialog::New(form)) = &state.dialog else { return };
    if form.tab == NewTab::Azure {
        return azure::create(state, effects);
    }
    if form.phase == Phase::Sent {
        return;
    }
    let places = form.creatable(|id| state.connection(id).is_some());
    let strings: Vec<ConnectionString> = places
        .iter()
        .filter_map(|place| form.entries[*place].parsed.as_ref().ok())
        .map(|parsed| parsed.string.clone())
        .collect();
    if strings.is_empty() {
        return;
    }
    if let Some(Dialog::New(form)) = &mut state.dialog {
        form.phase = Phase::Sent;
        for string in &strings {
            form.holding(string).for_each(|parsed| parsed.added = None);
        }
    }
    for string in strings {
        let connection_string = string.to_secret();
        let request = Request::AddConnection { connection_string, replace: false, resource: None };
        ask(state, Pending::Add(string), request, effects);
    }
}

pub(super) fn send_update(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Dialog::Update(form)) = &mut state.dialog else { return };
    if form.phase == Phase::Sent {
        return;
    }
    let Some(parsed) = form.ready() else { return };
    parsed.added = None;
    let (id, connection_string) = (parsed.string.id.clone(), parsed.string.to_secret());
    form.phase = Phase::Sent;
    let request = Request::AddConnection { connection_string, replace: true, resource: None };
    ask(state, Pending::Update(id), request, effects);
}

pub(super) fn remove(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Dialog::Remove(question)) = state.dialog.take() else { return };
    for id in question.ids {
        let connection = ConnectionSelector::from(&id);
        let request = Request::RemoveConnection { connection };
        ask(state, Pending::Remove(id), request, effects);
    }
    effects.push(Effect::Focus(Target::Table));
}

pub(super) fn set_field(state: &mut State, name: String, value: String) {
    if let Some(Dialog::Settings(form)) = &mut state.dialog {
        form.errors.remove(&name);
        form.fields.insert(name, value);
    }
}

pub(super) fn save_settings(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Dialog::Settings(form)) = &mut state.dialog else { return };
    let changes = form.changes();
    form.errors.clear();
    let missing = if changes.is_empty() { Vec::new() } else { form.missing() };
    if !missing.is_empty() {
        let text = state.texts().get("settings-needed").to_string();
        if let Some(Dialog::Settings(form)) = &mut state.dialog {
            form.errors.extend(missing.into_iter().map(|name| (name.to_owned(), text.clone())));
        }
        return;
    }
    form.saving = changes.len();
    if changes.is_empty() {
        return close(state, effects);
    }
    for (name, value) in changes {
        let request = Request::SetSetting { name: name.clone(), value: value.clone() };
        ask(state, Pending::SaveSetting { name, value }, request, effects);
    }
}

pub(super) fn on_autostart(state: &mut State, result: Result<bool, String>) {
    let autostart = match result {
        Ok(autostart) => Some(autostart),
        Err(reason) => {
            let text = state.texts().with("autostart-failed", &[("reason", reason.into())]);
            state.notices.warn(text);
            None
        }
    };
    if let Some(Dialog::Settings(form)) = &mut state.dialog {
        form.autostart = autostart;
    }
}

pub(super) fn on_ca_file(state: &mut State, path: Option<PathBuf>) {
    if let Some(path) = path {
        set_field(state, CA_SETTING.to_owned(), path.display().to_string());
    }
}

/// A text was written into a file that the person chose, or was not.
pub(super) fn on_saved(
    state: &mut State,
    outcome: Result<Option<PathBuf>, String>,
    now: Timestamp,
) {
    match outcome {
        // Another thought.
        Ok(None) => {}
        Ok(Some(path)) => {
            let path = path.display().to_string();
            let text = state.texts().with("file-saved", &[("path", path.into())]);
            state.notices.say(text, now);
        }
        Err(reason) => {
            let text = state.texts().with("file-not-saved", &[("reason", reason.into())]);
            state.notices.warn(text);
        }
    }
}

/// Asks the service.
pub(super) fn ask(
    state: &mut State,
    pending: Pending,
    request: Request,
    effects: &mut Vec<Effect>,
) {
    let ticket = state.ticket(pending);
    effects.push(Effect::Ask { ticket, request });
}
