//! The place of the checks. Until they are here, the dialog says what is known already and
//! which command tells more.

use egui::Ui;

use super::super::Cx;
use super::paste::fact;
use super::{close_button, frame};
use crate::gui::text::{service_pill, tone_of};
use crate::gui::theme::{TEXT, Tone, regular};
use crate::gui::widget;
use crate::model::{ConnectionId, ConnectionView};

const WIDTH: f32 = 620.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, id: Option<&ConnectionId>) {
    let title = match id {
        Some(id) => cx.texts.with("diagnose-title", &[("name", id.name().into())]),
        None => cx.texts.get("diagnose").to_string(),
    };
    let view = id.and_then(|id| cx.state.connection(id));
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, view), close_button);
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, view: Option<&ConnectionView>) {
    let (tone, word) = service_pill(cx.texts, &cx.state.link);
    fact(ui, cx, "diagnose-service", Some(tone), &word);
    if let Some(view) = view {
        connection(ui, cx, view);
    }
    ui.add_space(6.0);
    let text = match view {
        Some(view) => cx.texts.with("diagnose-more", &[("name", view.id.short().into())]),
        None => cx.texts.get("diagnose-choose").to_string(),
    };
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
}

fn connection(ui: &mut Ui, cx: &Cx<'_>, view: &ConnectionView) {
    let label = view.status.label();
    let status = match view.status.fault() {
        Some(fault) => cx.texts.fault_line(fault),
        None => cx.texts.status(label).to_string(),
    };
    fact(ui, cx, "diagnose-listener", Some(tone_of(label)), &status);
    if let Some(fault) = view.status.fault() {
        fact(ui, cx, "details-advice", None, &cx.texts.fault_advice(fault.code));
    }
    match view.azure.as_ref().and_then(|azure| azure.listener_count) {
        Some(count) => {
            let tone = if count > 0 { Tone::Ok } else { Tone::Warn };
            fact(ui, cx, "diagnose-azure", Some(tone), &count.to_string());
        }
        None => fact(ui, cx, "diagnose-azure", Some(Tone::Neutral), "–"),
    }
    if let Some(reachability) = &view.reachability {
        let tone = if reachability.fault.is_none() { Tone::Ok } else { Tone::Bad };
        let text = cx.texts.reachability(reachability, cx.now);
        fact(ui, cx, "details-reachable", Some(tone), &text);
        if let Some(fault) = &reachability.fault {
            fact(ui, cx, "details-advice", None, &cx.texts.fault_advice(fault.code));
        }
    }
}
