//! "Diagnose": what is wrong first, and every check with what it has shown, as it comes.

mod row;

use egui::Ui;

use super::super::{Cx, explain};
use super::{frame, paste};
use crate::gui::state::{Link, Look, LookCourse};
use crate::gui::theme::{SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::diagnosis::Verdict;
use crate::model::{CheckName, CheckReport};

const WIDTH: f32 = 760.0;

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, look: &Look) {
    let title = match &look.connection {
        Some(id) => cx.texts.with("diagnose-title", &[("name", id.name().into())]),
        None => cx.texts.get("diagnose").to_string(),
    };
    let body = |ui: &mut Ui, cx: &mut Cx<'_>| body(ui, cx, look);
    frame(ui, cx, WIDTH, &title, body, |ui, cx| buttons(ui, cx, look));
}

fn body(ui: &mut Ui, cx: &mut Cx<'_>, look: &Look) {
    if look.is_running() {
        progress(ui, cx, look);
    }
    if let LookCourse::Broken(why) = &look.course {
        paste::found(ui, cx, Tone::Bad, |ui, cx| {
            widget::wrapped(ui, why, semibold(TEXT), cx.palette.strong(Tone::Bad));
        });
    }
    let now = look.connection.as_ref().and_then(|id| cx.state.connection(id));
    if let Some(began) = look.outdated_since(now) {
        let time = cx.texts.clock(began, cx.now);
        let text = cx.texts.with("diagnose-outdated", &[("time", time.into())]);
        paste::found(ui, cx, Tone::Warn, |ui, cx| {
            widget::wrapped(ui, &text, semibold(TEXT), cx.palette.strong(Tone::Warn));
        });
    }
    result(ui, cx, look);
    ui.add_space(2.0);
    for (check, report) in look.rows() {
        row::show(ui, cx, look, check, report);
    }
    if look.connection.is_none() {
        ui.add_space(2.0);
        let text = cx.texts.get("diagnose-choose");
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    }
}

fn progress(ui: &mut Ui, cx: &Cx<'_>, look: &Look) {
    ui.horizontal(|ui| {
        widget::spinner(ui, cx.palette.dim);
        let values = [("done", look.reports.len().into()), ("total", look.rows().len().into())];
        let text = match look.checks.is_empty() {
            true => cx.texts.get("diagnose-begins").to_string(),
            false => cx.texts.with("diagnose-running", &values),
        };
        widget::label(ui, &text, regular(TEXT), cx.palette.dim);
    });
}

/// The one thing to mend, or that nothing is wrong.
fn result(ui: &mut Ui, cx: &mut Cx<'_>, look: &Look) {
    match (look.cause(), &look.course) {
        (Some(cause), _) => {
            let (tone, key) = match cause.verdict {
                Verdict::Failed => (Tone::Bad, "diagnose-cause"),
                _ => (Tone::Warn, "diagnose-warning"),
            };
            // What only should be known is told once it is sure that nothing is worse.
            if tone == Tone::Bad || !look.is_running() {
                paste::found(ui, cx, tone, |ui, cx| what_to_mend(ui, cx, cause, tone, key));
            }
        }
        (None, LookCourse::Done { took_micros: Some(micros) }) => {
            let time = [("time", cx.texts.millis(*micros).into())];
            let text = cx.texts.with("diagnose-fine", &time);
            paste::found(ui, cx, Tone::Ok, |ui, cx| {
                widget::wrapped(ui, &text, semibold(TEXT), cx.palette.strong(Tone::Ok));
            });
        }
        (None, _) => {}
    }
}

fn what_to_mend(ui: &mut Ui, cx: &mut Cx<'_>, cause: &CheckReport, tone: Tone, key: &'static str) {
    let color = cx.palette.strong(tone);
    let what = cx.texts.with(key, &[("what", cx.texts.check_title(cause.check).into())]);
    widget::wrapped(ui, &what, regular(SMALL), color);
    widget::wrapped(ui, &cx.texts.check_meaning(cause), semibold(TEXT), color);
    if let Some(advice) = cx.texts.check_advice(cause) {
        widget::wrapped(ui, &advice, regular(TEXT), cx.palette.text);
    }
    if let Some(fault) = &cause.fault {
        explain::link(ui, cx, fault.code);
    }
    if cause.check == CheckName::Service
        && matches!(cx.state.link, Link::Down { .. })
        && widget::button(ui, Kind::Primary, &cx.texts.get("service-start"), true).clicked()
    {
        cx.act(Action::StartService);
    }
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, look: &Look) {
    let can_look = cx.state.may_manage();
    if look.connection.is_some() {
        let mut all = look.all_gateways;
        let name = cx.texts.get("diagnose-all-gateways");
        // What a look tells on its way does not say which gateways it tries.
        let can_choose = can_look && !look.is_running();
        let choice = ui.add_enabled(can_choose, egui::Checkbox::new(&mut all, &*name));
        if choice.changed() {
            cx.act(Action::AllGateways(all));
        }
    }
    widget::at_right(ui, "dialog-buttons", |ui| {
        let copies = !look.reports.is_empty();
        if widget::button(ui, Kind::Plain, &cx.texts.get("copy"), copies).clicked() {
            cx.act(Action::Copy(cx.texts.look_as_text(look)));
        }
        if widget::button(ui, Kind::Plain, &cx.texts.get("save-as"), copies).clicked() {
            cx.act(Action::SaveLook);
        }
        let again = can_look && !look.is_running();
        if widget::button(ui, Kind::Plain, &cx.texts.get("diagnose-again"), again).clicked() {
            cx.act(Action::DiagnoseAgain);
        }
        let close = widget::button(ui, Kind::Plain, &cx.texts.get("close"), true);
        if ui.memory(|memory| memory.focused()).is_none() {
            close.request_focus();
        }
        if close.clicked() {
            cx.act(Action::CloseDialog);
        }
    });
}
