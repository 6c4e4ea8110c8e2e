//! Newer versions: asked for once, shown once, skipped on wish.

use super::{dialogs, save_preferences};
use crate::gui::backend::Refusal;
use crate::gui::effect::Effect;
use crate::gui::state::{Demo, Dialog, Pending, State};
use crate::ipc::protocol::{Request, Response};

/// Has the service ask, when the window gets to manage it for the first time. The demo's own
/// service asks nobody.
pub(super) fn ask_once(state: &mut State, effects: &mut Vec<Effect>) {
    if state.asked_for_upgrade || state.demo != Demo::Off {
        return;
    }
    state.asked_for_upgrade = true;
    let ticket = state.ticket(Pending::CheckUpgrade);
    effects.push(Effect::Ask { ticket, request: Request::CheckUpgrade });
}

/// Shows a newer version, where it is in nobody's way. That it could not be asked for is told
/// only where somebody looks for it.
pub(super) fn on_answer(state: &mut State, outcome: Result<Response, Refusal>) {
    let Ok(Response::Upgrade { upgrade }) = outcome else { return };
    if let Some(snapshot) = &mut state.snapshot {
        snapshot.service.upgrade = upgrade;
    }
    if state.dialog.is_none() && state.wanted_release().is_some() {
        state.dialog = Some(Dialog::Upgrade);
    }
}

/// Says no more of the version that is offered.
pub(super) fn skip(state: &mut State, effects: &mut Vec<Effect>) {
    let version = state.newer_release().map(|release| release.version.to_string());
    if version.is_some() {
        state.preferences.skipped_version = version;
        save_preferences(state, effects);
    }
    dialogs::close(state, effects);
}
