//! An upgrade on its way, and the new version.

use egui::Ui;

use super::super::super::Cx;
use super::super::{close_button, frame};
use super::{WIDTH, later_button, streams, what_is_new};
use crate::gui::state::UpgradePhase;
use crate::gui::theme::{SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::upgrade::Release;
use crate::model::{Desired, StatusLabel, VERSION};

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>, phase: UpgradePhase<'_>, release: Option<&Release>) {
    let version = cx.state.upgrading.course.as_ref().map(|course| course.version.to_string());
    let version = [("version", version.unwrap_or_default().into())];
    if phase == UpgradePhase::Done {
        let running = cx.state.snapshot.as_ref().map(|snapshot| &snapshot.service.version);
        let running = [("version", running.cloned().unwrap_or_default().into())];
        let title = cx.texts.with("upgrade-runs", &running);
        frame(ui, cx, WIDTH, &title, done, done_buttons);
    } else {
        let title = cx.texts.with("upgrade-to", &version);
        let body = |ui: &mut Ui, cx: &mut Cx<'_>| under_way(ui, cx, phase, release);
        frame(ui, cx, WIDTH, &title, body, close_button);
    }
}

fn under_way(ui: &mut Ui, cx: &Cx<'_>, phase: UpgradePhase<'_>, release: Option<&Release>) {
    let is_early = matches!(phase, UpgradePhase::Begins | UpgradePhase::Downloading { .. });
    if let (Some(release), true) = (release, is_early) {
        what_is_new(ui, cx, release);
    }
    match phase {
        UpgradePhase::Downloading { done, size } => downloading(ui, cx, done, size),
        UpgradePhase::Installing => waiting(ui, cx, &cx.texts.get("upgrade-installing")),
        UpgradePhase::Draining(streams) => {
            let text = cx.texts.with("upgrade-draining", &[("count", streams.into())]);
            waiting(ui, cx, &text);
        }
        UpgradePhase::Waiting => waiting(ui, cx, &cx.texts.get("upgrade-waiting")),
        UpgradePhase::Late => late(ui, cx),
        _ => waiting(ui, cx, &cx.texts.get("upgrade-begins")),
    }
    if is_early {
        streams(ui, cx);
    }
    let text = cx.texts.get("upgrade-goes-on");
    widget::wrapped(ui, &text, regular(SMALL), cx.palette.dim);
}

fn downloading(ui: &mut Ui, cx: &Cx<'_>, done: u64, size: u64) {
    let values = [("done", cx.texts.bytes(done).into()), ("total", cx.texts.bytes(size).into())];
    let text = cx.texts.with("upgrade-downloading", &values);
    // A bar does not show more than three digits.
    let permille = done.saturating_mul(1000).checked_div(size).unwrap_or(0).min(1000);
    let share = f32::from(u16::try_from(permille).unwrap_or(1000)) / 1000.0;
    widget::progress(ui, share, &text);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
}

/// Something of which nobody knows how long it takes.
fn waiting(ui: &mut Ui, cx: &Cx<'_>, text: &str) {
    ui.horizontal(|ui| {
        widget::spinner(ui, cx.palette.dim);
        let said = widget::wrapped(ui, text, regular(TEXT), cx.palette.text);
        widget::speak(&said);
    });
}

fn late(ui: &mut Ui, cx: &Cx<'_>) {
    let text = cx.texts.get("upgrade-late");
    let said = widget::wrapped(ui, &text, semibold(TEXT), cx.palette.strong(Tone::Bad));
    widget::speak(&said);
    let text = cx.texts.get("upgrade-late-advice");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
}

fn done(ui: &mut Ui, cx: &mut Cx<'_>) {
    let enabled = cx.state.connections().iter().filter(|it| it.desired == Desired::Enabled);
    let (mut connected, mut total) = (0_usize, 0_usize);
    for view in enabled {
        total += 1;
        connected += usize::from(view.status.label() == StatusLabel::Connected);
    }
    if total > 0 {
        let values =
            [("active", connected.to_string().into()), ("total", total.to_string().into())];
        let text = cx.texts.with("upgrade-connected", &values);
        let tone = if connected == total { Tone::Ok } else { Tone::Warn };
        let said = widget::wrapped(ui, &text, semibold(TEXT), cx.palette.strong(tone));
        widget::speak(&said);
    }
    if cx.state.newer_service().is_some() {
        let own = [("version", VERSION.into())];
        let text = cx.texts.with("upgrade-window-old", &own);
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    }
}

fn done_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.newer_service().is_none() {
        return close_button(ui, cx);
    }
    widget::at_right(ui, "dialog-buttons", |ui| {
        // It comes by itself: what is typed just then restarts nothing.
        later_button(ui, cx);
        if widget::button(ui, Kind::Primary, &cx.texts.get("window-restart"), true).clicked() {
            cx.act(Action::RestartWindow);
        }
    });
}
