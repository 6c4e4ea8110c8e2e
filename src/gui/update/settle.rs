//! What follows from changes and from the clock, once for all messages of a frame.

use jiff::Timestamp;

use super::dialogs;
use crate::gui::effect::Effect;
use crate::gui::state::State;

/// Brings the state into order after messages, or when its time has come.
pub(crate) fn settle(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.notices.expire(now);
    state.traffic.settle(now);
    let connections = state.snapshot.as_ref().map_or(&[][..], |it| &it.connections);
    state.table.arrange(connections, &state.traffic);
    dialogs::check_what_is_due(state, now, &mut effects);
    effects
}
