//! What the user does.

use jiff::{SignedDuration, Timestamp};

use super::{Action, azure, diagnose, dialogs, firewall, is_demo, news, save_preferences, upgrade};
use crate::gui::effect::{Effect, Target};
use crate::gui::state::{Column, Demo, Dialog, Link, Pending, State};
use crate::gui::text;
use crate::ipc::protocol::Request;
use crate::model::{ConnectionId, ConnectionSelector};

/// How long the selection must rest before an endpoint is dialled.
const LOOK_PAUSE: SignedDuration = SignedDuration::from_millis(400);

pub(super) fn act(state: &mut State, action: Action, now: Timestamp, effects: &mut Vec<Effect>) {
    if state.reads_only() && action.manages() {
        // By a key: the buttons do nothing and say why.
        let text = state.texts().read_only(state.standing);
        return state.notices.warn(text);
    }
    match action {
        Action::Pick(id, how) => {
            let connections = state.snapshot.as_ref().map_or(&[][..], |it| &it.connections);
            state.table.pick(&id, how, connections);
            look_soon(state, now);
        }
        Action::Go { to, extend } => {
            let connections = state.snapshot.as_ref().map_or(&[][..], |it| &it.connections);
            state.table.go(to, extend, connections);
            look_soon(state, now);
        }
        Action::SelectAll => {
            let connections = state.snapshot.as_ref().map_or(&[][..], |it| &it.connections);
            state.table.select_all(connections);
        }
        Action::ClearSelection => state.table.clear_selection(),
        Action::Sort(column) => {
            state.table.sort = state.table.sort.clicked(column);
            state.preferences.sort = state.table.sort;
            save_preferences(state, effects);
        }
        Action::Resize(column, width) => resize(state, column, width, effects),
        Action::Filter(text) => state.table.filter = text,
        Action::GoToFilter => effects.push(Effect::Focus(Target::Filter)),
        Action::GoToTable => effects.push(Effect::Focus(Target::Table)),
        Action::ShowDetails(open) => {
            state.preferences.details_open = open;
            save_preferences(state, effects);
        }
        Action::ResizeDetails(width) => {
            state.preferences.details_width = width;
            save_preferences(state, effects);
        }

        Action::Restart(ids) => each(state, ids, "act-restart", effects, |connection| {
            Request::RestartConnection { connection }
        }),
        Action::TryNow(ids) => each(state, ids, "act-try-now", effects, |connection| {
            Request::TryNow { connection: Some(connection) }
        }),
        Action::Enable(ids) => each(state, ids, "act-enable", effects, |connection| {
            Request::EnableConnection { connection }
        }),
        Action::Disable(ids) => each(state, ids, "act-disable", effects, |connection| {
            Request::DisableConnection { connection }
        }),
        Action::AskRemove(ids) => dialogs::open_remove(state, ids),
        Action::Remove => dialogs::remove(state, effects),
        Action::CheckEndpoint(id) => check_endpoint(state, &id, effects),
        Action::Copy(text) => copy(state, text, now, effects),
        Action::CopyDetails(ids) => {
            let texts = state.texts();
            let views = ids.iter().filter_map(|id| state.connection(id));
            let details: Vec<String> =
                views.map(|view| text::details_as_text(&texts, view, now)).collect();
            copy(state, details.join("\n"), now, effects);
        }
        Action::Open(address) => effects.push(Effect::Open(address)),

        Action::New(tab) => dialogs::open_new(state, tab, effects),
        Action::Paste(text) => dialogs::paste(state, text, now),
        Action::Azure(action) => azure::act(state, action, now, effects),
        Action::Create => dialogs::create(state, effects),
        Action::AskUpdate(id) => dialogs::open_update(state, id, now, effects),
        Action::Update => dialogs::send_update(state, effects),
        Action::OpenSettings => dialogs::open_settings(state, effects),
        Action::SettingField(name, value) => dialogs::set_field(state, name, value),
        Action::ChooseCaFile => effects.push(Effect::ChooseCaFile),
        Action::SaveSettings => dialogs::save_settings(state, effects),
        Action::Language(choice) => {
            state.preferences.language = choice;
            save_preferences(state, effects);
        }
        Action::Theme(choice) => {
            state.preferences.theme = choice;
            save_preferences(state, effects);
        }
        Action::Autostart(on) => effects.push(Effect::SetAutostart(on)),
        Action::OpenAbout => state.dialog = Some(Dialog::About),
        Action::OpenShortcuts => state.dialog = Some(Dialog::Shortcuts),
        Action::Diagnose(id) => diagnose::open(state, id, effects),
        Action::DiagnoseAgain => diagnose::again(state, effects),
        Action::AllGateways(all) => diagnose::all_gateways(state, all, effects),
        Action::SaveLook => diagnose::save(state, effects),
        Action::ShowFacts(check) => diagnose::turn(state, check),
        Action::Firewall(id) => firewall::open(state, id, now, effects),
        Action::FirewallFormat(format) => firewall::choose(state, format),
        Action::SaveFirewall => firewall::save(state, effects),
        Action::Explain(code) => state.explained = Some(code),
        Action::OpenUpgrade => upgrade::open(state, effects),
        Action::Upgrade => upgrade::begin(state, now, effects),
        Action::RestartWindow => effects.push(Effect::RestartWindow),
        Action::SkipVersion => upgrade::skip(state, effects),
        Action::CloseDialog if state.explained.is_some() => {
            dialogs::close_explained(state, effects)
        }
        Action::CloseDialog => {
            if !azure::stop_creating(state, now, effects) {
                dialogs::close(state, effects);
            }
        }
        Action::CloseNotice(id) => state.notices.close(id),

        Action::StartService => {
            state.link = Link::Starting;
            effects.push(Effect::StartService);
        }
        Action::Elevate => effects.push(Effect::Elevate),
        Action::CallNow => effects.push(Effect::CallNow),
        Action::StartDemo => {
            if !is_demo(state) {
                state.demo = Demo::Starting;
                effects.push(Effect::StartDemo);
            }
        }
        Action::LeaveDemo => {
            // While it starts, the window still shows this machine's service.
            if state.demo == Demo::On {
                news::forget_service(state, now, effects);
            }
            state.demo = Demo::Off;
            effects.push(Effect::StopDemo);
        }
        Action::Placed(place) => {
            if state.preferences.window != Some(place) {
                state.preferences.window = Some(place);
                save_preferences(state, effects);
            }
        }
        Action::Quit => effects.push(Effect::Close),
    }
}

fn resize(state: &mut State, column: Column, width: f32, effects: &mut Vec<Effect>) {
    let width = width.round().max(column.least_width());
    state.preferences.columns.insert(column, width);
    save_preferences(state, effects);
}

/// Asks the same for each of `ids`.
fn each(
    state: &mut State,
    ids: Vec<ConnectionId>,
    what: &'static str,
    effects: &mut Vec<Effect>,
    request: impl Fn(ConnectionSelector) -> Request,
) {
    for id in ids {
        let request = request(ConnectionSelector::from(&id));
        dialogs::ask(state, Pending::Act { what, id }, request, effects);
    }
}

fn copy(state: &mut State, text: String, now: Timestamp, effects: &mut Vec<Effect>) {
    effects.push(Effect::Copy(text));
    let said = state.texts().get("copied").to_string();
    state.notices.say(said, now);
}

/// The details tell how the endpoint is, not how it was. Who runs through the rows by
/// keyboard dials nothing on the way.
fn look_soon(state: &mut State, now: Timestamp) {
    state.look_at = state.preferences.details_open.then(|| now + LOOK_PAUSE);
}

pub(super) fn check_endpoint(state: &mut State, id: &ConnectionId, effects: &mut Vec<Effect>) {
    if state.may_manage() {
        let request = Request::CheckEndpoint { connection: ConnectionSelector::from(id) };
        dialogs::ask(state, Pending::CheckEndpoint, request, effects);
    }
}
