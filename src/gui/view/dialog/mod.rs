//! The dialogs: one frame for all, one file each.

mod about;
mod azure;
mod check;
mod diagnose;
mod explain;
mod firewall;
mod new;
mod paste;
mod remove;
mod settings;
mod shortcuts;
mod update;
mod upgrade;

pub(in crate::gui::view) use upgrade::version_of;

use egui::{Frame, Id, Key, Margin, Modal, Modifiers, ScrollArea, Stroke, Ui};

use super::Cx;
use crate::gui::effect::Target;
use crate::gui::state::{Dialog, NewTab};
use crate::gui::theme::{SMALL, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget;

/// Room at the left and right of what a dialog holds.
const SIDE: i8 = 20;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>) {
    forget_secrets(ui, cx.state.dialog.as_ref());
    match &cx.state.dialog {
        None => {}
        Some(Dialog::New(form)) => new::show(ui, cx, form),
        Some(Dialog::Update(form)) => update::show(ui, cx, form),
        Some(Dialog::Remove(question)) => remove::show(ui, cx, question),
        Some(Dialog::Settings(form)) => settings::show(ui, cx, form),
        Some(Dialog::About) => about::show(ui, cx),
        Some(Dialog::Shortcuts) => shortcuts::show(ui, cx),
        Some(Dialog::Diagnose(look)) => diagnose::show(ui, cx, look),
        Some(Dialog::Firewall(form)) => firewall::show(ui, cx, form),
        Some(Dialog::Upgrade) => upgrade::show(ui, cx),
    }
    if let Some(code) = cx.state.explained {
        explain::show(ui, cx, code);
    }
}

/// Forgets what the fields of secrets have held that are not there now.
fn forget_secrets(ui: &Ui, dialog: Option<&Dialog>) {
    let (has_strings, has_password) = match dialog {
        Some(Dialog::Update(_)) => (true, false),
        Some(Dialog::New(form)) if form.tab == NewTab::ConnectionString => (true, false),
        Some(Dialog::New(form)) => (false, azure::asks_proxy_password(&form.azure)),
        _ => (false, false),
    };
    if !has_strings {
        paste::forget(ui, Target::DialogField.id());
    }
    if !has_password {
        paste::forget(ui, azure::proxy_password_id());
    }
}

/// A dialog of `width` points: title, body, and a line of buttons.
fn frame(
    ui: &Ui,
    cx: &mut Cx<'_>,
    width: f32,
    title: &str,
    body: impl FnOnce(&mut Ui, &mut Cx<'_>),
    buttons: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    layer(ui, cx, Id::unique("dialog"), width, title, body, buttons);
}

/// The same as a layer of its own, which may lie over a dialog.
fn layer(
    ui: &Ui,
    cx: &mut Cx<'_>,
    id: Id,
    width: f32,
    title: &str,
    body: impl FnOnce(&mut Ui, &mut Cx<'_>),
    buttons: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let screen = ui.ctx().content_rect();
    let outer = Frame::window(ui.style()).inner_margin(Margin::ZERO);
    let area = Modal::default_area(id).accessible_name(title);
    let modal = Modal::new(id).area(area).frame(outer).backdrop_color(cx.palette.backdrop);
    let shown = modal.show(ui.ctx(), |ui| {
        ui.set_width(width.min(screen.width() - 32.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        part(ui, Margin::symmetric(SIDE, 16), |ui| {
            widget::label(ui, title, semibold(15.5), cx.palette.text);
        });
        line(ui, cx);
        let most = screen.height() - 180.0;
        ScrollArea::vertical().max_height(most).auto_shrink([false, true]).show(ui, |ui| {
            part(ui, Margin::symmetric(SIDE, 18), |ui| {
                ui.spacing_mut().item_spacing.y = 8.0;
                body(ui, cx);
            });
        });
        line(ui, cx);
        part(ui, Margin::symmetric(SIDE, 12), |ui| {
            ui.horizontal(|ui| buttons(ui, cx));
        });
    });
    stay_in_the_middle(ui, id, shown.response.rect.size());
    // A click beside the dialog does not close it: what was typed would be lost.
    let closes = shown.is_top_modal
        && !shown.any_popup_open
        && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    if closes {
        cx.act(Action::CloseDialog);
    }
}

/// egui puts a dialog where one of its last size belongs.
fn stay_in_the_middle(ui: &Ui, dialog: Id, size: egui::Vec2) {
    let id = dialog.with("size");
    if ui.data(|data| data.get_temp(id)) != Some(size) {
        ui.data_mut(|data| data.insert_temp(id, size));
        ui.ctx().request_discard("the dialog has another size");
        // Where this frame is drawn no third time, the next one has it right.
        ui.ctx().request_repaint();
    }
}

fn part(ui: &mut Ui, margin: Margin, content: impl FnOnce(&mut Ui)) {
    Frame::new().inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui);
    });
}

fn line(ui: &mut Ui, cx: &Cx<'_>) {
    let at = ui.cursor().top() + 0.5;
    let x = ui.max_rect().x_range();
    ui.painter().hline(x, at, Stroke::new(1.0, cx.palette.line));
    ui.add_space(1.0);
}

/// Why the buttons of a dialog do nothing: the service is away, or this account may not.
fn needs_service(ui: &mut Ui, cx: &Cx<'_>) {
    if !cx.state.may_manage() {
        let key = if cx.state.reads_only() { "read-only" } else { "needs-service" };
        let text = cx.texts.get(key);
        widget::label(ui, &text, regular(SMALL), cx.palette.strong(Tone::Bad));
    }
}

/// Cancel, and the button that sends what the dialog holds.
fn send_buttons(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    is_sent: bool,
    name: &str,
    ready: bool,
    send: Action,
) {
    widget::at_right(ui, "dialog-buttons", |ui| {
        if is_sent {
            widget::spinner(ui, cx.palette.dim);
        }
        if widget::button(ui, widget::Kind::Plain, &cx.texts.get("cancel"), true).clicked() {
            cx.act(Action::CloseDialog);
        }
        let enabled = !is_sent && ready && cx.state.may_manage();
        if widget::button(ui, widget::Kind::Primary, name, enabled).clicked() {
            cx.act(send);
        }
    });
}

/// Cancel alone, where something else is to be done first.
fn cancel_button(ui: &mut Ui, cx: &mut Cx<'_>) {
    widget::at_right(ui, "dialog-buttons", |ui| {
        if widget::button(ui, widget::Kind::Plain, &cx.texts.get("cancel"), true).clicked() {
            cx.act(Action::CloseDialog);
        }
    });
}

/// The one button of a dialog that only tells something.
fn close_button(ui: &mut Ui, cx: &mut Cx<'_>) {
    widget::at_right(ui, "dialog-buttons", |ui| {
        let close = widget::button(ui, widget::Kind::Plain, &cx.texts.get("close"), true);
        if ui.memory(|memory| memory.focused()).is_none() {
            close.request_focus();
        }
        if close.clicked() {
            cx.act(Action::CloseDialog);
        }
    });
}
