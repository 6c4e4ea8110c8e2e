//! Create: the key of each that was chosen is asked for, and goes on to the service.

use jiff::Timestamp;

use crate::azure::{AzureError, FoundConnection};
use crate::gui::backend::Refusal;
use crate::gui::effect::{AzureWork, Effect};
use crate::gui::state::{Added, Failure, Listing, NotAdded, Pending, State, Ticket};
use crate::gui::update::{answer, dialogs};
use crate::ipc::protocol::{Request, Response};
use crate::model::{AzureResource, ConnectionId, Secret};

pub(in crate::gui::update) fn create(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(form) = state.azure() else { return };
    let Some(listing) = &form.listing else { return };
    if form.account().is_none() || listing.is_creating() || !state.may_manage() {
        return;
    }
    let is_there = |id: &ConnectionId| state.connection(id).is_some();
    let chosen: Vec<FoundConnection> = listing.chosen(is_there).cloned().collect();
    if chosen.is_empty() {
        return;
    }
    let run = state.number();
    let Some(listing) = listing_mut(state) else { return };
    listing.adding = run;
    listing.wanted = chosen.len();
    listing.is_stopped = false;
    // What failed before and is no longer wanted is not told again.
    listing.added.retain(|_, added| *added == Added::Yes);
    let waiting = chosen.iter().map(|one| (one.resource_id.clone(), Added::Waiting));
    listing.added.extend(waiting);
    effects.push(Effect::Azure { run, work: AzureWork::Keys(chosen) });
}

/// Sends nothing more. Whether there was something to stop: a second time, there is not.
pub(in crate::gui::update) fn stop(
    state: &mut State,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) -> bool {
    let sent: Vec<String> = state
        .pending
        .values()
        .filter_map(|pending| match pending {
            Pending::AddFound { key, .. } => Some(key.clone()),
            _ => None,
        })
        .collect();
    let Some(listing) = listing_mut(state).filter(|it| it.is_creating() && !it.is_stopped) else {
        return false;
    };
    listing.is_stopped = true;
    for (key, added) in &mut listing.added {
        if *added == Added::Waiting && !sent.contains(key) {
            *added = Added::No(NotAdded::Stopped);
        }
    }
    effects.push(Effect::Azure { run: listing.adding, work: AzureWork::StopKeys });
    finish(state, now, effects);
    true
}

fn listing_mut(state: &mut State) -> Option<&mut Listing> {
    state.azure_mut()?.listing.as_mut()
}

/// The key of one is there. It goes through here and is kept nowhere.
pub(super) fn on_key(
    state: &mut State,
    run: Ticket,
    key: &str,
    outcome: Result<(Secret, Box<AzureResource>), AzureError>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let Some(listing) = listing_mut(state).filter(|listing| listing.adding == run) else { return };
    if listing.added.get(key) != Some(&Added::Waiting) {
        return;
    }
    // It is with the service already.
    let is_this =
        |pending: &Pending| matches!(pending, Pending::AddFound { key: sent, .. } if sent == key);
    if state.pending.values().any(is_this) {
        return;
    }
    let Some(listing) = listing_mut(state) else { return };
    let one = listing.found.iter().find(|one| one.resource_id == key);
    let id = one.and_then(|one| Some(one.usable.as_ref().ok()?.id.clone()));
    match (outcome, id) {
        (Ok((connection_string, resource)), Some(id)) => {
            let resource = Some(*resource);
            let request = Request::AddConnection { connection_string, replace: false, resource };
            let pending = Pending::AddFound { run, key: key.to_owned(), id };
            dialogs::ask(state, pending, request, effects);
        }
        // It has gone from the list meanwhile.
        (Ok(_), None) => {
            listing.added.remove(key);
            finish(state, now, effects);
        }
        (Err(error), _) => {
            listing.added.insert(key.to_owned(), Added::No(NotAdded::Azure(error)));
            finish(state, now, effects);
        }
    }
}

/// The service has added one, or has not.
pub(in crate::gui::update) fn on_added(
    state: &mut State,
    run: Ticket,
    key: &str,
    id: &ConnectionId,
    outcome: Result<Response, Refusal>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let texts = state.texts();
    let Some(listing) = listing_mut(state).filter(|listing| listing.adding == run) else {
        // Nobody waits for it any longer; what went wrong is worth a word all the same.
        if let Err(refusal) = outcome {
            answer::warn(state, "act-add", id, &refusal);
        }
        return;
    };
    let added = match outcome {
        Ok(_) => {
            listing.checked.remove(key);
            Added::Yes
        }
        Err(refusal) => Added::No(NotAdded::Service(Failure(texts.refusal(&refusal)))),
    };
    listing.added.insert(key.to_owned(), added);
    finish(state, now, effects);
}

/// One that is there was added, whatever the answer was: it may have come too late.
pub(in crate::gui::update) fn settle(state: &mut State, now: Timestamp, effects: &mut Vec<Effect>) {
    let Some(listing) = state.azure().and_then(|form| form.listing.as_ref()) else { return };
    let is_there = |one: &FoundConnection| {
        one.usable.as_ref().is_ok_and(|usable| state.connection(&usable.id).is_some())
    };
    let there = listing.failed().filter(|(one, _)| is_there(one));
    let there: Vec<(String, bool)> = there
        .map(|(one, why)| (one.resource_id.clone(), matches!(why, NotAdded::Service(_))))
        .collect();
    if there.is_empty() {
        return;
    }
    let Some(listing) = listing_mut(state) else { return };
    for (key, was_sent) in there {
        listing.checked.remove(&key);
        if was_sent {
            listing.added.insert(key, Added::Yes);
        } else {
            listing.added.remove(&key);
        }
    }
    finish(state, now, effects);
}

/// Closes the dialog when everything that was chosen is there.
fn finish(state: &mut State, now: Timestamp, effects: &mut Vec<Effect>) {
    let Some(listing) = listing_mut(state) else { return };
    if listing.is_creating() {
        return;
    }
    let failed = listing.failed().next().map(|(first, _)| first.resource_id.clone());
    if failed.is_some() {
        listing.cursor = failed;
        listing.reveal = true;
        return;
    }
    let added = listing.ids_added();
    if !added.is_empty() {
        state.dialog = None;
        answer::say_added(state, added, now, effects);
    }
}
