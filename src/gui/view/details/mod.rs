//! The details of the selected connection, beside the table.

mod facts;
mod fault;

use egui::{Align, Frame, Layout, Margin, Panel, Rect, ScrollArea, Sense, Ui, vec2};

use super::{Cx, keys, manage};
use crate::gui::text::tone_of;
use crate::gui::theme::{SMALL, TEXT, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon, Kind};
use crate::model::{ConnectionId, ConnectionView, Desired};

const LEAST_WIDTH: f32 = 280.0;
const MOST_WIDTH: f32 = 560.0;
/// Events that are shown.
const EVENTS: usize = 6;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    // At the right, the scroll bar has the margin.
    let margin = Margin { right: 4, ..Margin::same(16) };
    let frame = Frame::new().fill(cx.palette.panel).inner_margin(margin);
    let most = (ui.available_width() * 0.6).clamp(LEAST_WIDTH, MOST_WIDTH);
    let width = cx.state.preferences.details_width.clamp(LEAST_WIDTH, most);
    let panel = Panel::right("details").exact_size(width).resizable(false).frame(frame);
    let shown = panel.show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_width(width - 2.0 * 16.0);
            content(ui, cx);
        });
    });
    grip(ui, cx, shown.response.rect);
}

/// The left edge, at which the details are made wider or narrower.
fn grip(ui: &Ui, cx: &mut Cx<'_>, panel: Rect) {
    let edge = Rect::from_center_size(panel.left_center(), vec2(8.0, panel.height()));
    let response = ui.interact(edge, egui::Id::unique("details-grip"), Sense::DRAG);
    if response.hovered() || response.dragged() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
        let line = egui::Stroke::new(2.0, cx.palette.accent);
        ui.painter().vline(panel.left(), panel.y_range(), line);
    }
    if response.dragged()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let width = (panel.right() - pointer.x).round().clamp(LEAST_WIDTH, MOST_WIDTH);
        cx.act(Action::ResizeDetails(width));
    }
}

fn content(ui: &mut Ui, cx: &mut Cx<'_>) {
    match cx.state.shown_connection() {
        Some(view) => one(ui, cx, view),
        None => several(ui, cx),
    }
}

fn title(ui: &mut Ui, cx: &mut Cx<'_>, text: &str, pill: Option<&ConnectionView>) {
    ui.horizontal(|ui| {
        let room = ui.available_width() - 32.0 - if pill.is_some() { 130.0 } else { 0.0 };
        ui.scope(|ui| {
            ui.set_max_width(room.max(80.0));
            widget::wrapped(ui, text, semibold(15.0), cx.palette.text);
        });
        widget::at_right(ui, "details-title", |ui| {
            if let Some(view) = pill {
                let label = view.status.label();
                widget::pill(ui, tone_of(label), &cx.texts.status(label));
            }
            if widget::icon_button(ui, Icon::Close, &cx.texts.get("details-close"), false).clicked()
            {
                cx.act(Action::ShowDetails(false));
            }
        });
    });
}

fn one(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    title(ui, cx, view.id.name(), Some(view));
    ui.add_space(4.0);
    fault::show(ui, cx, view);
    facts::show(ui, cx, view);
    events(ui, cx, view);
    ui.add_space(8.0);
    buttons(ui, cx, view);
}

fn events(ui: &mut Ui, cx: &Cx<'_>, view: &ConnectionView) {
    if view.events.is_empty() {
        return;
    }
    ui.add_space(6.0);
    widget::field_label(ui, &cx.texts.get("details-events"));
    for event in view.events.iter().rev().take(EVENTS) {
        ui.horizontal_top(|ui| {
            let time = cx.texts.clock(event.at, cx.now);
            widget::label(ui, &time, regular(SMALL), cx.palette.dim);
            widget::wrapped(ui, &cx.texts.event(event), regular(SMALL), cx.palette.dim);
        });
    }
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, view: &ConnectionView) {
    let attached = cx.state.is_attached();
    let id = &view.id;
    let ids = || vec![id.clone()];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        look(ui, cx, "diagnose", Action::Diagnose(Some(id.clone())));
        let mut add = |ui: &mut Ui, kind, key: &'static str, action: Action| {
            if manage::button(ui, cx, kind, &cx.texts.get(key), attached) {
                cx.act(action);
            }
        };
        add(ui, Kind::Plain, "restart", Action::Restart(ids()));
        match view.desired {
            Desired::Enabled => add(ui, Kind::Plain, "disable", Action::Disable(ids())),
            Desired::Disabled => add(ui, Kind::Plain, "enable", Action::Enable(ids())),
        }
        if view.status.fault().is_none_or(|fault| !fault::wants_another_key(fault.code)) {
            add(ui, Kind::Plain, "update", Action::AskUpdate(id.clone()));
        }
        add(ui, Kind::Danger, "remove", Action::AskRemove(ids()));
        look(ui, cx, "firewall", Action::Firewall(id.clone()));
        look(ui, cx, "copy-details", Action::CopyDetails(ids()));
    });
}

/// A button that changes nothing, and so is for everybody.
fn look(ui: &mut Ui, cx: &mut Cx<'_>, key: &'static str, action: Action) {
    if widget::button(ui, Kind::Plain, &cx.texts.get(key), true).clicked() {
        cx.act(action);
    }
}

/// What can be done to all that are selected.
fn several(ui: &mut Ui, cx: &mut Cx<'_>) {
    let ids: Vec<ConnectionId> = keys::selected(cx);
    let count = [("count", ids.len().into())];
    title(ui, cx, &cx.texts.with("details-several", &count), None);
    ui.add_space(8.0);
    let attached = cx.state.is_attached();
    ui.with_layout(Layout::top_down(Align::Min), |ui| {
        let actions = [
            ("try-now", Kind::Plain, Action::TryNow(ids.clone())),
            ("restart", Kind::Plain, Action::Restart(ids.clone())),
            ("enable", Kind::Plain, Action::Enable(ids.clone())),
            ("disable", Kind::Plain, Action::Disable(ids.clone())),
        ];
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            let add = |ui: &mut Ui, cx: &mut Cx<'_>, (key, kind, action)| {
                if manage::button(ui, cx, kind, &cx.texts.get(key), attached) {
                    cx.act(action);
                }
            };
            actions.into_iter().for_each(|one| add(ui, cx, one));
            look(ui, cx, "copy-details", Action::CopyDetails(ids.clone()));
            add(ui, cx, ("remove", Kind::Danger, Action::AskRemove(ids.clone())));
        });
        ui.add_space(8.0);
        for id in ids.iter().take(30) {
            widget::label(ui, &id.short(), regular(TEXT), cx.palette.dim);
        }
    });
}
