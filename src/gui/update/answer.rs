//! What came of a request.

use jiff::Timestamp;

use super::{azure, diagnose, upgrade};
use crate::gui::backend::Refusal;
use crate::gui::effect::{Effect, Target};
use crate::gui::state::{
    Check, Dialog, Failure, NewForm, Parsed, Pending, Phase, SettingsLoad, State, UpdateForm,
};
use crate::ipc::protocol::Response;
use crate::model::{ConnectionId, ConnectionString};

pub(super) fn take(
    state: &mut State,
    pending: Pending,
    outcome: Result<Response, Refusal>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    match pending {
        Pending::Act { what, id } => {
            if let Err(refusal) = outcome {
                warn(state, what, &id, &refusal);
            }
        }
        Pending::Remove(id) => on_removed(state, &id, outcome, now),
        Pending::Add(string) => on_added(state, &string, outcome, now, effects),
        Pending::AddFound { run, key, id } => {
            azure::on_added(state, run, &key, &id, outcome, now, effects);
        }
        Pending::LoadSignIn => azure::on_settings(state, outcome),
        Pending::CheckEntry(string) => {
            let check = check_of(state, outcome);
            if let Some(Dialog::New(form)) = &mut state.dialog {
                form.holding(&string).for_each(|parsed| parsed.check = check.clone());
            }
        }
        Pending::CheckUpdate(string) => {
            let check = check_of(state, outcome);
            let form = update_form(state);
            let parsed = form.and_then(UpdateForm::ready);
            if let Some(parsed) = parsed.filter(|parsed| parsed.string == string) {
                parsed.check = check;
            }
        }
        Pending::Update(id) => on_updated(state, &id, outcome, now, effects),
        Pending::LoadSettings => on_settings(state, outcome),
        Pending::SaveSetting { name, value } => {
            on_setting_saved(state, name, value, outcome, now, effects);
        }
        Pending::CheckUpgrade => upgrade::on_answer(state, outcome, effects),
        Pending::LoadDrain => upgrade::on_drain(state, outcome),
        Pending::Upgrade => upgrade::on_begun(state, outcome, now),
        Pending::Diagnose => diagnose::on_answer(state, outcome),
        // The result comes as an event; a refusal leaves the last result as it is.
        Pending::CheckEndpoint => {}
    }
}

/// The service has gone: nothing more is answered.
pub(super) fn give_up_all(state: &mut State, now: Timestamp, effects: &mut Vec<Effect>) {
    while let Some((_, pending)) = state.pending.pop_first() {
        take(state, pending, Err(Refusal::Lost), now, effects);
    }
}

pub(super) fn warn(state: &mut State, what: &'static str, id: &ConnectionId, refusal: &Refusal) {
    let name = [("name", id.short().into())];
    let texts = state.texts();
    let text = texts.more_about(&texts.with(what, &name), &texts.refusal(refusal));
    state.notices.warn(text);
}

fn on_removed(
    state: &mut State,
    id: &ConnectionId,
    outcome: Result<Response, Refusal>,
    now: Timestamp,
) {
    match outcome {
        Ok(_) => state.removed.push(id.clone()),
        Err(refusal) => warn(state, "act-remove", id, &refusal),
    }
    let goes_on = state.pending.values().any(|pending| matches!(pending, Pending::Remove(_)));
    if !goes_on && !state.removed.is_empty() {
        let removed = std::mem::take(&mut state.removed);
        let values = [("count", removed.len().into()), ("name", first_name(&removed).into())];
        let text = state.texts().with("removed", &values);
        state.notices.say(text, now);
    }
}

fn on_added(
    state: &mut State,
    string: &ConnectionString,
    outcome: Result<Response, Refusal>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let texts = state.texts();
    let asked = match &mut state.dialog {
        Some(Dialog::New(form)) if form.phase == Phase::Sent => {
            let holds = form.holding(string).next().is_some();
            holds.then_some(form)
        }
        _ => None,
    };
    let Some(form) = asked else {
        // Nobody waits for it any longer; what went wrong is worth a word all the same.
        if let Err(refusal) = outcome {
            warn(state, "act-add", &string.id, &refusal);
        }
        return;
    };
    let result = outcome.map(|_| ()).map_err(|refusal| Failure(texts.refusal(&refusal)));
    form.holding(string).for_each(|parsed| parsed.added = Some(result.clone()));
    let is_waiting = state.pending.values().any(|pending| matches!(pending, Pending::Add(_)));
    if is_waiting {
        return;
    }
    form.phase = Phase::Editing;
    if all_added(form) {
        let added: Vec<ConnectionId> = added_ids(form);
        state.dialog = None;
        say_added(state, added, now, effects);
    }
}

/// Says what was added, and selects it once the service tells of it.
pub(super) fn say_added(
    state: &mut State,
    added: Vec<ConnectionId>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let values = [("count", added.len().into()), ("name", first_name(&added).into())];
    let text = state.texts().with("added", &values);
    state.notices.say(text, now);
    state.table.filter.clear();
    state.table.clear_selection();
    state.table.awaited = added.into_iter().collect();
    effects.push(Effect::Focus(Target::Table));
}

fn first_name(ids: &[ConnectionId]) -> String {
    ids.first().map_or_else(String::new, ConnectionId::short)
}

/// Nothing is left in the dialog that was not added.
fn all_added(form: &NewForm) -> bool {
    let is_added = |parsed: &Parsed| parsed.added == Some(Ok(()));
    !form.entries.is_empty()
        && form.entries.iter().all(|entry| entry.parsed.as_ref().is_ok_and(is_added))
}

fn added_ids(form: &NewForm) -> Vec<ConnectionId> {
    let parsed = form.entries.iter().filter_map(|entry| entry.parsed.as_ref().ok());
    let mut ids: Vec<_> = parsed
        .filter(|parsed| parsed.added == Some(Ok(())))
        .map(|parsed| parsed.string.id.clone())
        .collect();
    ids.dedup();
    ids
}

fn check_of(state: &State, outcome: Result<Response, Refusal>) -> Check {
    match outcome {
        Ok(Response::Checked { check }) => Check::Done(check),
        Ok(_) => Check::NotYet,
        Err(refusal) => Check::Failed(state.texts().refusal(&refusal)),
    }
}

fn update_form(state: &mut State) -> Option<&mut UpdateForm> {
    match &mut state.dialog {
        Some(Dialog::Update(form)) => Some(form),
        _ => None,
    }
}

fn on_updated(
    state: &mut State,
    id: &ConnectionId,
    outcome: Result<Response, Refusal>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let texts = state.texts();
    let form = update_form(state);
    let mut form = form.filter(|form| form.id == *id && form.phase == Phase::Sent);
    if let Some(form) = &mut form {
        form.phase = Phase::Editing;
    }
    match (outcome, form) {
        (Ok(_), form) => {
            if form.is_some() {
                state.dialog = None;
                effects.push(Effect::Focus(Target::Table));
            }
            let text = texts.with("updated", &[("name", id.short().into())]);
            state.notices.say(text, now);
        }
        (Err(refusal), Some(form)) => {
            if let Some(parsed) = form.ready() {
                parsed.added = Some(Err(Failure(texts.refusal(&refusal))));
            }
        }
        // Nobody waits for it any longer; what went wrong is worth a word all the same.
        (Err(refusal), None) => warn(state, "act-update", id, &refusal),
    }
}

fn on_settings(state: &mut State, outcome: Result<Response, Refusal>) {
    let texts = state.texts();
    let Some(Dialog::Settings(form)) = &mut state.dialog else { return };
    match outcome {
        Ok(Response::Settings { settings }) => {
            // What is being typed outlives a service that comes back.
            let typed = form.changes();
            form.saved = settings.into_iter().collect();
            form.fields = form.saved.clone();
            form.fields.extend(typed.into_iter().filter(|(name, _)| form.saved.contains_key(name)));
            form.load = SettingsLoad::Loaded;
        }
        Ok(_) => {}
        Err(refusal) => form.load = SettingsLoad::Failed(texts.refusal(&refusal)),
    }
}

fn on_setting_saved(
    state: &mut State,
    name: String,
    value: String,
    outcome: Result<Response, Refusal>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let texts = state.texts();
    let form = match &mut state.dialog {
        Some(Dialog::Settings(form)) if form.saving > 0 => form,
        _ => {
            if let Err(refusal) = outcome {
                state.notices.warn(format!("{name}: {}", texts.refusal(&refusal)));
            }
            return;
        }
    };
    form.saving -= 1;
    match outcome {
        Ok(_) => {
            form.saved.insert(name, value);
        }
        Err(refusal) => {
            form.errors.insert(name, texts.refusal(&refusal));
        }
    }
    if form.saving == 0 && form.errors.is_empty() && form.changes().is_empty() {
        state.dialog = None;
        let text = texts.get("settings-saved").to_string();
        state.notices.say(text, now);
        effects.push(Effect::Focus(Target::Table));
    }
}
