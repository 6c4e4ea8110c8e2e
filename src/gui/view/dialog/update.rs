//! "Update connection string": a new key without removing and adding.

use egui::Ui;

use super::super::Cx;
use super::{check, frame, needs_service, paste, send_buttons};
use crate::gui::state::{Phase, UpdateForm};
use crate::gui::theme::{TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget;

const WIDTH: f32 = 720.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, form: &UpdateForm) {
    let title = cx.texts.with("update-title", &[("name", form.id.name().into())]);
    frame(ui, cx, WIDTH, &title, |ui, cx| body(ui, cx, form), |ui, cx| buttons(ui, cx, form));
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, form: &UpdateForm) {
    let text = cx.texts.with("update-text", &[("name", form.id.full().into())]);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    paste::field(ui, cx, &form.text, form.phase == Phase::Editing, 3);
    match &form.parsed {
        None => {}
        Some(Err(problem)) => {
            let text = cx.texts.update_problem(problem);
            paste::found(ui, cx, Tone::Bad, |ui, cx| {
                widget::wrapped(ui, &text, regular(TEXT), cx.palette.strong(Tone::Bad));
            });
        }
        Some(Ok(parsed)) => paste::found(ui, cx, check::tone(parsed), |ui, cx| {
            check::lines(ui, cx, parsed);
            if let Some(Err(failure)) = &parsed.added {
                widget::wrapped(ui, &failure.0, semibold(TEXT), cx.palette.strong(Tone::Bad));
            }
        }),
    }
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, form: &UpdateForm) {
    needs_service(ui, cx);
    let ready = matches!(form.parsed, Some(Ok(_)));
    let name = cx.texts.get("update-do");
    send_buttons(ui, cx, form.phase == Phase::Sent, &name, ready, Action::Update);
}
