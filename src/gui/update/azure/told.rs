//! What the backend tells of an Azure account.

use jiff::Timestamp;

use super::{browse, choose, create, read_subscriptions};
use crate::azure::{Account, AzureError, BrowseEvent, Subscriptions};
use crate::gui::backend::AzureNews;
use crate::gui::effect::Effect;
use crate::gui::state::{Reading, Reads, SignIn, SigningIn, State, Ticket};

pub(in crate::gui::update) fn told(
    state: &mut State,
    run: Ticket,
    news: AzureNews,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    match news {
        AzureNews::SignedIn(result) => signed_in(state, run, result, effects),
        AzureNews::Code(code) => {
            if let Some(sign_in) = signing_in(state, run) {
                sign_in.code = Some(code);
            }
        }
        AzureNews::NotOpened(reason) => {
            if signing_in(state, run).is_some() {
                let values = [("reason", reason.into())];
                let text = state.texts().with("azure-page-not-opened", &values);
                state.notices.warn(text);
            }
        }
        AzureNews::Subscriptions(result) => subscriptions(state, run, result, effects),
        AzureNews::Browsed(events) => browsed(state, run, events, now),
        AzureNews::Key { key, outcome } => {
            create::on_key(state, run, &key, outcome, now, effects);
        }
    }
}

/// The sign-in with the number `run`, while it is under way.
fn signing_in(state: &mut State, run: Ticket) -> Option<&mut SigningIn> {
    match &mut state.azure_mut()?.sign_in {
        SignIn::Running(running) if running.run == run => Some(running),
        _ => None,
    }
}

fn signed_in(
    state: &mut State,
    run: Ticket,
    result: Result<Account, AzureError>,
    effects: &mut Vec<Effect>,
) {
    let Some(running) = signing_in(state, run).map(|running| running.clone()) else { return };
    let Some(form) = state.azure_mut() else { return };
    // Whoever signed in is in a browser now.
    effects.push(Effect::Attention);
    let account = match result {
        Ok(account) => account,
        Err(error) => {
            form.sign_in = SignIn::Out(Some((running.method, error)));
            return;
        }
    };
    // What somebody has chosen stays when the same person signs in again.
    let is_same = |last: &Account| {
        let in_tenant = last.tenant_id == account.tenant_id || running.tenant.is_some();
        last.name == account.name && in_tenant
    };
    if !form.last.as_ref().is_some_and(is_same) {
        form.forget_account();
    }
    // In another tenant, there may be more to see.
    if form.tenant != running.tenant {
        form.subscriptions = Reads::Not;
    }
    form.tenant = running.tenant;
    form.last = Some(account.clone());
    form.sign_in = SignIn::In(account);
    if !matches!(form.subscriptions, Reads::Done(_)) {
        read_subscriptions(state, effects);
    } else {
        go_on(state, effects);
    }
}

/// Reads the chosen subscription to its end, unless that was done.
fn go_on(state: &mut State, effects: &mut Vec<Effect>) {
    let listing = state.azure().and_then(|form| form.listing.as_ref());
    if listing.is_some_and(|it| !matches!(it.reading, Reading::Done | Reading::Stopped)) {
        browse(state, effects);
    }
}

fn subscriptions(
    state: &mut State,
    run: Ticket,
    result: Result<Subscriptions, AzureError>,
    effects: &mut Vec<Effect>,
) {
    let Some(form) = state.azure_mut() else { return };
    if form.subscriptions != Reads::Running(run) {
        return;
    }
    match result {
        Ok(subscriptions) => {
            let only = match subscriptions.list.as_slice() {
                [only] => Some(only.id.clone()),
                _ => None,
            };
            form.subscriptions = Reads::Done(subscriptions);
            if form.subscription().is_none() {
                form.chosen = None;
                form.listing = None;
            }
            match only {
                Some(only) if form.chosen.is_none() => choose(state, only, effects),
                _ => go_on(state, effects),
            }
        }
        Err(error) => form.subscriptions = Reads::Failed(error),
    }
}

fn browsed(state: &mut State, run: Ticket, events: Vec<BrowseEvent>, now: Timestamp) {
    let listing = state.azure_mut().and_then(|form| form.listing.as_mut());
    if let Some(listing) = listing.filter(|listing| listing.run == run) {
        listing.take(events, now);
    }
}
