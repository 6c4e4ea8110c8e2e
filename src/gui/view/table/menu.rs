//! The context menu of a row: by the secondary button, or Shift+F10.

use egui::{Key, Modifiers, Popup, Response, Ui};

use super::super::{Cx, keys, manage};
use crate::gui::update::Action;
use crate::model::{AzureResource, ConnectionId, ConnectionView, Desired};

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, row: &Response, view: &ConnectionView) {
    let is_cursor = cx.state.table.cursor.as_ref() == Some(&view.id);
    let id = Popup::default_response_id(row);
    let by_key = is_cursor
        && !cx.state.has_dialog()
        && ui.input_mut(|input| input.consume_key(Modifiers::SHIFT, Key::F10));
    if by_key {
        Popup::open_id(ui.ctx(), id);
    }
    let mut popup = Popup::context_menu(row)
        .accessible_name(cx.texts.with("menu-name", &[("name", view.id.name().into())]));
    // Where the pointer opens it is known only from then on.
    let at_pointer = row.secondary_clicked() || Popup::position_of_id(ui.ctx(), id).is_some();
    if !at_pointer {
        popup = popup.anchor(egui::PopupAnchor::ParentRect(row.rect));
    }
    popup.show(|ui| entries(ui, cx, view));
}

fn entries(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    // The menu is about everything that is selected, if this row is.
    let ids: Vec<ConnectionId> = if cx.state.table.selected.contains(&view.id) {
        keys::selected(cx)
    } else {
        vec![view.id.clone()]
    };
    let attached = cx.state.may_manage();
    let one = ids.len() == 1;
    ui.set_min_width(190.0);
    ui.spacing_mut().interact_size.y = 28.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    let mut entry = |ui: &mut Ui, key: &'static str, enabled: bool, action: Action| {
        let button = egui::Button::new(&*cx.texts.get(key)).frame_when_inactive(false);
        if manage::explained(cx, ui.add_enabled(enabled, button)).clicked() {
            cx.act(Action::GoToTable);
            cx.act(action);
            ui.close();
        }
    };
    if one {
        entry(ui, "details-show", true, Action::ShowDetails(true));
        entry(ui, "diagnose", true, Action::Diagnose(Some(view.id.clone())));
    }
    entry(ui, "copy-details", true, Action::CopyDetails(ids.clone()));
    ui.separator();
    entry(ui, "try-now", attached, Action::TryNow(ids.clone()));
    entry(ui, "restart", attached, Action::Restart(ids.clone()));
    match view.desired {
        Desired::Enabled => entry(ui, "disable", attached, Action::Disable(ids.clone())),
        Desired::Disabled => entry(ui, "enable", attached, Action::Enable(ids.clone())),
    }
    if one {
        entry(ui, "update", attached, Action::AskUpdate(view.id.clone()));
        entry(ui, "firewall", true, Action::Firewall(view.id.clone()));
        let portal = view.resource.as_ref().and_then(AzureResource::portal_address);
        if let Some(address) = portal {
            entry(ui, "azure-portal", true, Action::Open(address));
        }
    }
    ui.separator();
    entry(ui, "remove", attached, Action::AskRemove(ids));
}
