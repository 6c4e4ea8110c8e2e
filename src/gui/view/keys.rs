//! The keys of the window, while no dialog is open.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};
use zeroize::Zeroizing;

use super::Cx;
use crate::gui::effect::Target;
use crate::gui::state::{NewTab, PastedText};
use crate::gui::update::Action;
use crate::model::ConnectionId;

/// Every key with the catalogue's key of what it does, for the list of keys.
pub(crate) const LIST: &[(&str, &str)] = &[
    ("Ctrl+N", "key-new"),
    ("Ctrl+F", "key-filter"),
    ("↑ ↓ PgUp PgDn Home End", "key-move"),
    ("Shift+↑ ↓", "key-extend"),
    ("Ctrl+A", "key-select-all"),
    ("Enter", "key-details"),
    ("Delete", "key-remove"),
    ("Ctrl+C", "key-copy"),
    ("F5", "key-try-now"),
    ("Ctrl+R", "key-restart"),
    ("Shift+F10", "key-menu"),
    ("Ctrl+,", "key-settings"),
    ("F1", "key-keys"),
    ("Esc", "key-escape"),
    ("Ctrl+Q", "key-quit"),
];

pub(super) fn take(ui: &Ui, cx: &mut Cx<'_>) {
    for (modifiers, key, action) in global(cx) {
        if ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(modifiers, key))) {
            cx.act(action);
        }
    }
    if let Some(text) = pasted(ui) {
        cx.act(Action::New(NewTab::ConnectionString));
        cx.act(Action::Paste(PastedText(text)));
    }
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        if !egui::Popup::is_any_open(ui.ctx()) {
            // egui has taken the keyboard from the filter by now.
            let filter = ui.ctx().read_response(Target::Filter.id());
            escape(cx, filter.is_some_and(|filter| filter.has_focus() || filter.lost_focus()));
        }
        cx.act(Action::GoToTable);
    }
}

/// A connection string that is pasted while no field has the keyboard.
fn pasted(ui: &Ui) -> Option<Zeroizing<String>> {
    if ui.ctx().text_edit_focused() {
        return None;
    }
    ui.input(|input| {
        input.events.iter().find_map(|event| match event {
            egui::Event::Paste(text)
                if text.len() <= PastedText::LONGEST
                    && text.to_ascii_lowercase().contains("endpoint=") =>
            {
                Some(Zeroizing::new(text.clone()))
            }
            _ => None,
        })
    })
}

/// A click on what takes no keys leaves them to the table, so that the arrows go on there.
/// What the click has done comes after: a dialog takes the keyboard for itself.
pub(super) fn after_click(ui: &Ui, cx: &mut Cx<'_>) {
    let is_free = ui.memory(|memory| memory.focused().is_none());
    let clicked = ui.input(|input| input.pointer.any_click());
    if clicked && is_free && !cx.state.has_dialog() && !egui::Popup::is_any_open(ui.ctx()) {
        cx.actions.insert(0, Action::GoToTable);
    }
}

fn global(cx: &Cx<'_>) -> Vec<(Modifiers, Key, Action)> {
    let selected = selected(cx);
    vec![
        (Modifiers::COMMAND, Key::N, Action::New(NewTab::ConnectionString)),
        (Modifiers::COMMAND, Key::F, Action::GoToFilter),
        (Modifiers::COMMAND, Key::Comma, Action::OpenSettings),
        (Modifiers::COMMAND, Key::Q, Action::Quit),
        (Modifiers::COMMAND, Key::R, Action::Restart(selected.clone())),
        (Modifiers::NONE, Key::F5, Action::TryNow(selected)),
        (Modifiers::NONE, Key::F1, Action::OpenShortcuts),
    ]
}

/// First what was typed goes, then the selection.
fn escape(cx: &mut Cx<'_>, typing: bool) {
    if !cx.state.table.filter.is_empty() {
        cx.act(Action::Filter(String::new()));
    } else if !typing && !cx.state.table.selected.is_empty() {
        cx.act(Action::ClearSelection);
    }
}

/// What is selected, in the order of the ids.
pub(super) fn selected(cx: &Cx<'_>) -> Vec<ConnectionId> {
    cx.state.table.selected.iter().cloned().collect()
}
