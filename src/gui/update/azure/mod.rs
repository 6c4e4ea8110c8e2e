//! The tab "Select with Azure": what the user does in it, and what is told of it.

mod create;
mod told;

use jiff::Timestamp;

pub(super) use create::{create, on_added, settle, stop as stop_creating};
pub(super) use told::told;

use super::dialogs;
use crate::azure::Method;
use crate::gui::backend::Refusal;
use crate::gui::effect::{AzureWork, Effect};
use crate::gui::state::{
    AzureForm, Dialog, Listing, Move, NewTab, PastedText, Pending, Reading, Reads,
    SettingsOfSignIn, SignIn, SigningIn, State,
};
use crate::ipc::protocol::{Request, Response};
use crate::model::{CloudName, ConnectionId};

/// What the user did in the tab.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AzureAction {
    /// Signs in.
    SignIn(Method),
    /// Signs in to this tenant; without one, to that of the settings.
    SignInTo(Method, Option<String>),
    /// Opens the page of the sign-in once more.
    OpenPage,
    /// Gives up the sign-in.
    StopSignIn,
    /// Wants to sign in as somebody else.
    AnotherAccount,
    /// Chose a cloud.
    Cloud(CloudName),
    /// Typed the password of the proxy.
    ProxyPassword(PastedText),
    /// Asks the service once more for the settings.
    ReadSettings,
    /// Lists the subscriptions again.
    ReadSubscriptions,
    /// Chose the subscription with this id.
    Choose(String),
    /// Reads no further.
    StopReading,
    /// Reads the subscription again.
    ReadAgain,
    /// Typed in the filter box of the list.
    Filter(String),
    /// Checked one by its resource id, or no longer.
    Toggle(String),
    /// Checked all that are shown, or none of them.
    ToggleAll,
    /// Moved through the list by keyboard.
    Go(Move),
    /// Shows what could not be read, or hides it.
    ShowProblems(bool),
}

pub(super) fn act(
    state: &mut State,
    action: AzureAction,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    match action {
        AzureAction::SignIn(method) => sign_in(state, method, None, now, effects),
        AzureAction::SignInTo(method, tenant) => sign_in(state, method, tenant, now, effects),
        AzureAction::OpenPage => {
            if let Some(SignIn::Running(SigningIn { run, .. })) =
                state.azure().map(|form| &form.sign_in)
            {
                effects.push(Effect::Azure { run: *run, work: AzureWork::OpenPage });
            }
        }
        AzureAction::StopSignIn => stop_sign_in(state, effects),
        AzureAction::AnotherAccount => {
            change(state, |form| {
                form.forget_account();
                form.was_used = false;
            });
            forget(state, effects);
        }
        AzureAction::ReadSettings => ask_settings(state, effects),
        AzureAction::ReadSubscriptions => read_subscriptions(state, effects),
        AzureAction::Choose(id) => choose(state, id, effects),
        AzureAction::StopReading => stop_reading(state, effects),
        AzureAction::ReadAgain => browse(state, effects),
        AzureAction::Cloud(cloud) => change(state, |form| form.cloud = cloud),
        AzureAction::ProxyPassword(password) => {
            change(state, |form| form.proxy_password = password);
        }
        AzureAction::ShowProblems(open) => change(state, |form| form.problems_open = open),
        AzureAction::Filter(filter) => change(state, |form| {
            if let Some(listing) = &mut form.listing {
                listing.filter = filter;
                listing.arrange();
            }
        }),
        AzureAction::Toggle(key) => {
            change_listing(state, |listing, is_there| listing.toggle(&key, is_there));
        }
        AzureAction::ToggleAll => {
            change_listing(state, |listing, is_there| listing.toggle_all(is_there));
        }
        AzureAction::Go(to) => change(state, |form| {
            if let Some(listing) = &mut form.listing {
                listing.go(to);
            }
        }),
    }
}

fn change(state: &mut State, change: impl FnOnce(&mut AzureForm)) {
    if let Some(form) = state.azure_mut() {
        change(form);
    }
}

/// Changes the list; what is being added stays as it was chosen.
fn change_listing(
    state: &mut State,
    change: impl FnOnce(&mut Listing, &dyn Fn(&ConnectionId) -> bool),
) {
    let Some(mut listing) = state.azure_mut().and_then(|form| form.listing.take()) else { return };
    if !listing.is_creating() {
        change(&mut listing, &|id| state.connection(id).is_some());
    }
    if let Some(form) = state.azure_mut() {
        form.listing = Some(listing);
    }
}

fn sign_in(
    state: &mut State,
    method: Method,
    tenant: Option<String>,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let run = state.number();
    let Some(form) = state.azure_mut() else { return };
    let is_ready = matches!(form.settings, SettingsOfSignIn::Known(_));
    if !is_ready || matches!(form.sign_in, SignIn::Running(_)) || form.is_creating() {
        return;
    }
    form.was_used = true;
    match form.setup() {
        Ok(mut setup) => {
            if tenant.is_some() {
                setup.tenant.clone_from(&tenant);
            }
            let running = SigningIn { run, method, tenant, begun: now, code: None };
            form.sign_in = SignIn::Running(running);
            state.has_account = true;
            effects.push(Effect::Azure { run, work: AzureWork::SignIn(method, Box::new(setup)) });
        }
        Err(error) => form.sign_in = SignIn::Out(Some((method, error))),
    }
}

fn stop_sign_in(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(form) = state.azure_mut() else { return };
    if let SignIn::Running(SigningIn { run, .. }) = form.sign_in {
        form.sign_in = SignIn::Out(None);
        effects.push(Effect::Azure { run, work: AzureWork::StopSignIn });
    }
}

fn read_subscriptions(state: &mut State, effects: &mut Vec<Effect>) {
    let run = state.number();
    let Some(form) = state.azure_mut() else { return };
    if form.account().is_some() {
        form.subscriptions = Reads::Running(run);
        effects.push(Effect::Azure { run, work: AzureWork::Subscriptions });
    }
}

fn choose(state: &mut State, id: String, effects: &mut Vec<Effect>) {
    let Some(form) = state.azure_mut() else { return };
    let is_known = form.all().iter().any(|subscription| subscription.id == id);
    if is_known && form.chosen.as_ref() != Some(&id) && !form.is_creating() {
        form.chosen = Some(id);
        form.listing = Some(Listing::default());
        browse(state, effects);
    }
}

/// Reads the chosen subscription.
fn browse(state: &mut State, effects: &mut Vec<Effect>) {
    let run = state.number();
    let Some(form) = state.azure_mut() else { return };
    let Some(subscription) = form.subscription().cloned() else { return };
    if form.account().is_some() && !form.is_creating() {
        form.listing.get_or_insert_default().begin(run);
        let work = AzureWork::Browse(Box::new(subscription));
        effects.push(Effect::Azure { run, work });
    }
}

fn stop_reading(state: &mut State, effects: &mut Vec<Effect>) {
    let listing = state.azure_mut().and_then(|form| form.listing.as_mut());
    if let Some(listing) = listing.filter(|it| matches!(it.reading, Reading::Running { .. })) {
        effects.push(Effect::Azure { run: listing.run, work: AzureWork::StopBrowse });
        listing.stop();
    }
}

/// Asks the service for what a sign-in goes by, if that is not known.
pub(super) fn ask_settings(state: &mut State, effects: &mut Vec<Effect>) {
    let is_attached = state.may_manage();
    let Some(Dialog::New(form)) = &mut state.dialog else { return };
    let settings = &mut form.azure.settings;
    let is_open = matches!(settings, SettingsOfSignIn::Unknown | SettingsOfSignIn::Failed(_));
    if is_attached && is_open && form.tab == NewTab::Azure {
        *settings = SettingsOfSignIn::Asked;
        dialogs::ask(state, Pending::LoadSignIn, Request::GetSettings, effects);
    }
}

pub(super) fn on_settings(state: &mut State, outcome: Result<Response, Refusal>) {
    let texts = state.texts();
    let Some(form) = state.azure_mut() else { return };
    form.settings = match outcome {
        Ok(Response::Settings { settings }) => SettingsOfSignIn::Known(settings),
        // It is asked again once the service is back.
        Ok(_) | Err(Refusal::Lost) => SettingsOfSignIn::Unknown,
        Err(refusal) => SettingsOfSignIn::Failed(texts.refusal(&refusal)),
    };
    let cloud = form.setting("azure.cloud");
    let cloud = CloudName::ALL.into_iter().find(|known| known.as_str() == cloud);
    form.cloud = cloud.unwrap_or_default();
}

/// Begins with another account, or another service: nothing is known any more.
pub(super) fn begin_anew(state: &mut State) {
    change(state, |form| *form = AzureForm::default());
}

fn forget(state: &mut State, effects: &mut Vec<Effect>) {
    if std::mem::take(&mut state.has_account) {
        let run = state.number();
        effects.push(Effect::Azure { run, work: AzureWork::Forget });
    }
}

/// Has the account forgotten that nobody uses any more, however the dialog went.
pub(super) fn forget_unused(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.azure().is_some_and(|form| form.was_used) {
        forget(state, effects);
    }
}
