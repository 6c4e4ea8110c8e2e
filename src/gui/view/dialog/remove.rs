//! "Remove?": says what stops working.

use egui::Ui;

use super::super::Cx;
use super::{frame, needs_service, paste};
use crate::gui::state::RemoveQuestion;
use crate::gui::theme::{TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::{ConnectionView, StatusLabel};

const WIDTH: f32 = 520.0;
/// Connections that are listed by name.
const LISTED: usize = 8;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, question: &RemoveQuestion) {
    let title = match question.ids.as_slice() {
        [one] => cx.texts.with("remove-title", &[("name", one.name().into())]),
        many => cx.texts.with("remove-title-several", &[("count", many.len().into())]),
    };
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, question), buttons);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, question: &RemoveQuestion) {
    let state = cx.state;
    let views: Vec<&ConnectionView> =
        question.ids.iter().filter_map(|id| state.connection(id)).collect();
    for view in views.iter().take(LISTED) {
        one(ui, cx, view);
    }
    if views.len() > LISTED {
        let more = [("count", (views.len() - LISTED).into())];
        let text = cx.texts.with("remove-more", &more);
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    }
    let streams: u64 = views.iter().map(|view| view.traffic.active_streams).sum();
    if streams > 0 {
        paste::found(ui, cx, Tone::Bad, |ui, cx| {
            let text = cx.texts.with("remove-streams", &[("count", streams.into())]);
            widget::wrapped(ui, &text, semibold(TEXT), cx.palette.strong(Tone::Bad));
        });
    }
    let text = cx.texts.get("remove-azure-stays");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
}

fn one(ui: &mut Ui, cx: &Cx<'_>, view: &ConnectionView) {
    let is_connected = view.status.label() == StatusLabel::Connected;
    let all = view.azure.as_ref().and_then(|azure| azure.listener_count).unwrap_or(0);
    let others = all.saturating_sub(u32::from(is_connected));
    let name = ("name", view.id.short().into());
    let text = match &view.endpoint {
        Some(endpoint) => {
            cx.texts.with("remove-what", &[name, ("endpoint", endpoint.to_string().into())])
        }
        None => cx.texts.with("remove-what-unknown", &[name]),
    };
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
    let text = if others > 0 {
        cx.texts.with("remove-others", &[("count", others.into())])
    } else {
        cx.texts.get("remove-no-others").to_string()
    };
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    needs_service(ui, cx);
    widget::at_right(ui, "dialog-buttons", |ui| {
        let cancel = widget::button(ui, Kind::Plain, &cx.texts.get("cancel"), true);
        // The safe answer has the keyboard.
        if ui.memory(|memory| memory.focused()).is_none() {
            cancel.request_focus();
        }
        if cancel.clicked() {
            cx.act(Action::CloseDialog);
        }
        let enabled = cx.state.may_manage();
        let remove = widget::button(ui, Kind::Danger, &cx.texts.get("remove-do"), enabled);
        if remove.clicked() {
            cx.act(Action::Remove);
        }
    });
}
