//! What the backend tells.

use jiff::Timestamp;

use super::{answer, azure, diagnose, dialogs, firewall, upgrade};
use crate::gui::backend::{News, NotStarted};
use crate::gui::effect::{Effect, Target};
use crate::gui::state::{Demo, Dialog, Link, LinkProblem, Pending, State};
use crate::ipc::Push;
use crate::ipc::protocol::{Event, Request};
use crate::model::VERSION;
use crate::platform::elevation::Consent;

pub(super) fn take(state: &mut State, news: News, now: Timestamp, effects: &mut Vec<Effect>) {
    match news {
        News::Link(link) => on_link(state, link, now, effects),
        News::Push(push) => on_push(state, push, now),
        News::Answer { ticket, outcome } => {
            if let Some(pending) = state.pending.remove(&ticket) {
                answer::take(state, pending, outcome, now, effects);
            }
        }
        News::DemoStarted => {
            state.demo = Demo::On;
            forget_service(state, now, effects);
        }
        News::DemoEnded => {
            state.demo = Demo::Off;
            forget_service(state, now, effects);
        }
        News::DemoFailed(reason) => {
            state.demo = Demo::Off;
            let text = state.texts().with("demo-failed", &[("reason", reason.into())]);
            state.notices.warn(text);
            effects.push(Effect::StopDemo);
        }
        News::Autostart(result) => dialogs::on_autostart(state, result),
        News::CaFile(path) => dialogs::on_ca_file(state, path),
        News::Gateways { run, news } => firewall::told(state, run, news),
        News::Saved(outcome) => dialogs::on_saved(state, outcome, now),
        News::NoFileDialog => {
            let text = state.texts().get("no-file-dialog").to_string();
            state.notices.warn(text);
        }
        News::CanElevate => state.can_elevate = true,
        // The other window waits for the end of this one.
        News::Elevated(Ok(Consent::Given)) => effects.push(Effect::Close),
        News::Elevated(Ok(Consent::Declined)) => {}
        News::Elevated(Err(reason)) => {
            let text = state.texts().with("elevate-failed", &[("detail", reason.into())]);
            state.notices.warn(text);
        }
        // The other window waits for the end of this one.
        News::StartedAgain(Ok(())) => effects.push(Effect::Close),
        News::StartedAgain(Err(NotStarted::SameProgram)) => {
            let version = state.newer_service().unwrap_or_default().to_owned();
            let values = [("version", version.into()), ("other", VERSION.into())];
            let text = state.texts().with("window-not-replaced", &values);
            state.notices.warn(text);
        }
        News::StartedAgain(Err(NotStarted::Failed(reason))) => {
            let text = state.texts().with("window-not-restarted", &[("reason", reason.into())]);
            state.notices.warn(text);
        }
        News::NotSaved(reason) => {
            let text = state.texts().with("preferences-not-saved", &[("reason", reason.into())]);
            state.notices.warn(text);
        }
        News::Appearance(appearance) => state.desktop = Some(appearance),
        News::Show(request) => effects.push(Effect::Raise(request)),
        News::Azure { run, news } => azure::told(state, run, news, now, effects),
    }
}

/// The state of another service is no longer this one's.
pub(super) fn forget_service(state: &mut State, now: Timestamp, effects: &mut Vec<Effect>) {
    answer::give_up_all(state, now, effects);
    // They are about connections of the other one.
    let is_about_one = match &state.dialog {
        Some(Dialog::Remove(_) | Dialog::Update(_) | Dialog::Firewall(_)) => true,
        Some(Dialog::Diagnose(look)) => look.connection.is_some(),
        _ => false,
    };
    if is_about_one {
        state.dialog = None;
    }
    // The other service has settings of its own for the sign-in.
    azure::begin_anew(state);
    state.upgrading = Default::default();
    state.snapshot = None;
    state.traffic = Default::default();
    state.table.clear_selection();
    state.table.rows.clear();
    state.link = Link::Connecting;
}

fn on_link(state: &mut State, link: Link, now: Timestamp, effects: &mut Vec<Effect>) {
    let was_attached = state.is_attached();
    state.link = match (link, &state.link) {
        // The one that was started ended because another one serves already, or is not
        // the one that is shown any more.
        (
            Link::Down { problem: LinkProblem::DidNotStart(_), .. },
            Link::Up { .. } | Link::Connecting,
        ) => return,
        // A service that was told to start is not yet "not running".
        (Link::Down { problem: LinkProblem::NotRunning, .. }, Link::Starting) => Link::Starting,
        // It is as it was, and has been for as long as it has been.
        (Link::Down { problem, .. }, Link::Down { since, .. }) => {
            Link::Down { since: *since, problem }
        }
        (link, _) => link,
    };
    if was_attached && !state.is_attached() {
        answer::give_up_all(state, now, effects);
        upgrade::on_lost(state, now);
        // What it has said before holds no more.
        diagnose::again(state, effects);
    }
    if !was_attached && state.may_manage() && matches!(state.dialog, Some(Dialog::Settings(_))) {
        let ticket = state.ticket(Pending::LoadSettings);
        effects.push(Effect::Ask { ticket, request: Request::GetSettings });
    }
    if !was_attached && state.may_manage() {
        dialogs::check_again(state, now);
        azure::ask_settings(state, effects);
        upgrade::ask_once(state, effects);
        diagnose::on_service_back(state, effects);
    }
    let is_first = state.snapshot.is_none() && !state.has_dialog();
    if !was_attached && state.is_attached() && is_first {
        effects.push(Effect::Focus(Target::Table));
    }
}

fn on_push(state: &mut State, push: Push, now: Timestamp) {
    match push {
        Push::Snapshot(snapshot) => {
            state.traffic.record_all(&snapshot, now);
            state.snapshot = Some(*snapshot);
            upgrade::on_service(state, now);
        }
        Push::Event { revision, event } => {
            let Some(snapshot) = &mut state.snapshot else { return };
            let is_service = matches!(event, Event::Service { .. });
            match &event {
                Event::Connection { connection } => state.traffic.record(connection, now),
                Event::Removed { id } => state.traffic.forget(id),
                Event::Service { .. } | Event::Other => {}
            }
            event.apply(snapshot, revision);
            if is_service {
                upgrade::on_service(state, now);
            }
        }
        Push::Diagnosis { connection, step } => diagnose::on_step(state, connection.as_ref(), step),
        Push::Log(_) => {}
    }
}
