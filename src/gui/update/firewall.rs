//! The dialog with what a firewall must let out.

use jiff::Timestamp;

use crate::gui::backend::GatewayNews;
use crate::gui::effect::Effect;
use crate::gui::state::{Dialog, FirewallForm, State, Ticket};
use crate::model::ConnectionId;
use crate::reach::firewall::Format;

pub(super) fn open(state: &mut State, id: ConnectionId, now: Timestamp, effects: &mut Vec<Effect>) {
    let run = state.number();
    let used = state.snapshot.as_ref().and_then(|it| it.service.proxy.as_deref());
    let proxy = used.and_then(|used| used.proxy.clone());
    let form = FirewallForm::new(id, run, proxy, now);
    effects.push(Effect::FindGateways { run, list: Box::new(form.list.clone()) });
    state.dialog = Some(Dialog::Firewall(Box::new(form)));
}

fn form(state: &mut State) -> Option<&mut FirewallForm> {
    match &mut state.dialog {
        Some(Dialog::Firewall(form)) => Some(form),
        _ => None,
    }
}

pub(super) fn choose(state: &mut State, format: Format) {
    if let Some(form) = form(state) {
        form.choose(format);
    }
}

pub(super) fn save(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(form) = form(state) {
        let name = form.list.file_name(form.format);
        effects.push(Effect::SaveText { name, text: form.text().to_owned() });
    }
}

pub(super) fn told(state: &mut State, run: Ticket, news: GatewayNews) {
    let Some(form) = form(state).filter(|form| form.run == run) else { return };
    match news {
        GatewayNews::Begun(list) => form.begun(*list),
        GatewayNews::Found(found) => form.found(found),
        GatewayNews::Ended => form.is_whole = true,
    }
}
