//! What follows from changes and from the clock, once for all messages of a frame.

use jiff::Timestamp;

use super::{act, azure, dialogs};
use crate::gui::effect::Effect;
use crate::gui::state::State;

/// Brings the state into order after messages, or when its time has come.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.notices.expire(now);
    state.traffic.settle(now);
    azure::settle(state, now, &mut effects);
    azure::forget_unused(state, &mut effects);
    let connections = state.snapshot.as_ref().map_or(&[][..], |it| &it.connections);
    let texts = state.texts();
    state.table.arrange(connections, &state.traffic, &texts);
    dialogs::check_what_is_due(state, now, &mut effects);
    if state.look_at.is_some_and(|at| at <= now) {
        state.look_at = None;
        if let Some(id) = state.shown_connection().map(|view| view.id.clone()) {
            act::check_endpoint(state, &id, &mut effects);
        }
    }
    effects
}
