//! What is wrong with the service as a whole, over the table.

use egui::{Frame, Margin, Ui};

use super::{Cx, explain};
use crate::gui::state::{Demo, Link, LinkProblem, UpgradePhase};
use crate::gui::text;
use crate::gui::theme::{CONTROL_RADIUS, TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    if let (UpgradePhase::Waiting, Some(version), false) =
        (cx.state.upgrade_phase(cx.now), cx.state.upgrading_to(), cx.state.is_attached())
    {
        let title = cx.texts.with("upgrade-to", &[("version", version.to_string().into())]);
        let text = cx.texts.get("upgrade-waiting");
        strip(ui, cx, Tone::Neutral, &title, &text, |_, _| {});
    } else if let Link::Down { problem, .. } = &cx.state.link {
        link_down(ui, cx, &problem.clone());
    }
    if cx.state.demo == Demo::On {
        demo(ui, cx);
    }
    if cx.state.reads_only() {
        let (title, text) = (cx.texts.get("read-only"), cx.texts.read_only(cx.state.standing));
        strip(ui, cx, Tone::Neutral, &title, &text, elevate);
    }
    let Some(snapshot) = &cx.state.snapshot else { return };
    let faults: Vec<_> = snapshot.service.faults.iter().collect();
    for fault in faults {
        let title = cx.texts.fault_line(fault);
        let advice = cx.texts.fault_advice(fault.code);
        let code = fault.code;
        strip(ui, cx, Tone::Bad, &title, &advice, |ui, cx| explain::link(ui, cx, code));
    }
    if let (Some(streams), true) = (snapshot.service.draining, cx.state.is_attached()) {
        let title = cx.texts.get("banner-stopping");
        let text = cx.texts.with("banner-stopping-text", &[("count", streams.into())]);
        strip(ui, cx, Tone::Warn, &title, &text, |_, _| {});
    }
}

fn link_down(ui: &mut Ui, cx: &mut Cx<'_>, problem: &LinkProblem) {
    let (title, text) = text::banner(cx.texts, problem);
    let can_start = matches!(
        problem,
        LinkProblem::NotRunning | LinkProblem::Lost(_) | LinkProblem::DidNotStart(_)
    );
    strip(ui, cx, Tone::Bad, &title, &text, |ui, cx| {
        if can_start && cx.state.demo == Demo::Off {
            let start = widget::button(ui, Kind::Plain, &cx.texts.get("service-start"), true);
            if start.clicked() {
                cx.act(Action::StartService);
            }
        }
        if matches!(problem, LinkProblem::DidNotStart(_)) {
            elevate(ui, cx);
        }
        if widget::button(ui, Kind::Plain, &cx.texts.get("service-call"), true).clicked() {
            cx.act(Action::CallNow);
        }
        let is_first_start = cx.state.snapshot.is_none() && cx.state.demo == Demo::Off;
        if cfg!(feature = "emulator")
            && is_first_start
            && widget::link(ui, &cx.texts.get("empty-demo")).clicked()
        {
            cx.act(Action::StartDemo);
        }
    });
}

/// Where the person has more rights than this window.
fn elevate(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.can_elevate
        && widget::button(ui, Kind::Plain, &cx.texts.get("elevate"), true).clicked()
    {
        cx.act(Action::Elevate);
    }
}

fn demo(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (title, text) = (cx.texts.get("demo-title"), cx.texts.get("demo-text"));
    strip(ui, cx, Tone::Neutral, &title, &text, |ui, cx| {
        if widget::button(ui, Kind::Plain, &cx.texts.get("demo-leave"), true).clicked() {
            cx.act(Action::LeaveDemo);
        }
    });
}

/// A strip over the whole width.
fn strip(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    tone: Tone,
    title: &str,
    text: &str,
    buttons: impl FnOnce(&mut Ui, &mut Cx<'_>),
) {
    let frame = Frame::new()
        .fill(cx.palette.soft(tone))
        .corner_radius(CONTROL_RADIUS)
        .inner_margin(Margin::symmetric(14, 10))
        .outer_margin(Margin { left: 12, right: 12, top: 12, bottom: 0 });
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        let said = widget::wrapped(ui, title, semibold(TEXT), cx.palette.strong(tone));
        widget::speak(&said);
        if !text.is_empty() {
            widget::wrapped(ui, text, regular(TEXT), cx.palette.text);
        }
        // Without buttons their line has no height.
        ui.spacing_mut().interact_size.y = 0.0;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            buttons(ui, cx);
        });
    });
}
