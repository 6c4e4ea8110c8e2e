//! A check: how it ended, what that means, and on a click what was seen.

use egui::{Align, Color32, Layout, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::super::super::Cx;
use crate::gui::state::Look;
use crate::gui::theme::{SMALL, TEXT, Tone, medium, mono, regular};
use crate::gui::update::Action;
use crate::gui::widget::{self, Icon};
use crate::model::diagnosis::Verdict;
use crate::model::{CheckName, CheckReport};

/// Width of the column of titles, in points.
const TITLE: f32 = 176.0;
/// Width of the column of times.
const TIME: f32 = 64.0;
/// Width of the labels of what was seen.
const LABEL: f32 = 116.0;
/// Side of the sign before the title.
const SIGN: f32 = 14.0;
const GAP: f32 = 10.0;

pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    look: &Look,
    check: CheckName,
    report: Option<&CheckReport>,
) {
    let line = head(ui, cx, check, report);
    let Some(report) = report else { return };
    if opens(ui, cx, line, report) {
        cx.act(Action::ShowFacts(check));
    }
    // That of the cause stands above, and its consequences go with it.
    let needs_own = report.verdict == Verdict::Warning || look.also_to_mend(check);
    let advice = cx.texts.check_advice(report).filter(|_| needs_own);
    let is_open = look.is_open(report) && has_more(report);
    if advice.is_none() && !is_open {
        return;
    }
    let indent = SIGN + GAP + TITLE + GAP;
    ui.horizontal_top(|ui| {
        ui.add_space(indent);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.set_max_width(ui.available_width() - TIME);
            if let Some(advice) = &advice {
                widget::wrapped(ui, advice, regular(SMALL), cx.palette.text);
            }
            if is_open {
                seen(ui, cx, report);
            }
        });
    });
}

/// The sign, the title, what it means and how long it took; where that is.
fn head(ui: &mut Ui, cx: &Cx<'_>, check: CheckName, report: Option<&CheckReport>) -> egui::Rect {
    let verdict = report.map(|report| report.verdict);
    let (tone, icon) = sign_of(verdict);
    let color = tone.map_or(cx.palette.dim, |tone| cx.palette.strong(tone));
    let line = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        match (icon, verdict) {
            (Some(icon), _) => sign(ui, icon, color),
            (None, None) => {
                ui.allocate_ui(vec2(SIGN, 18.0), |ui| widget::spinner(ui, cx.palette.dim));
            }
            (None, Some(_)) => dash(ui, color),
        }
        let title = cx.texts.check_title(check);
        let layout = Layout::top_down(Align::Min);
        ui.allocate_ui_with_layout(vec2(TITLE, 18.0), layout, |ui| {
            ui.set_width(TITLE);
            widget::wrapped(ui, &title, medium(TEXT), cx.palette.text);
        });
        let Some(report) = report else { return };
        let room = ui.available_width() - TIME - GAP;
        ui.allocate_ui_with_layout(vec2(room, 18.0), layout, |ui| {
            ui.set_width(room);
            let plain = matches!(report.verdict, Verdict::Ok | Verdict::Skipped | Verdict::Other);
            let color = if plain { cx.palette.dim } else { color };
            widget::wrapped(ui, &cx.texts.check_meaning(report), regular(TEXT), color);
        });
        if report.took_micros > 0 {
            let time = cx.texts.millis(report.took_micros);
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                widget::label(ui, &time, regular(SMALL), cx.palette.dim);
            });
        }
    });
    line.response.rect
}

fn sign_of(verdict: Option<Verdict>) -> (Option<Tone>, Option<Icon>) {
    match verdict {
        Some(Verdict::Ok) => (Some(Tone::Ok), Some(Icon::Check)),
        Some(Verdict::Warning) => (Some(Tone::Warn), Some(Icon::Warning)),
        Some(Verdict::Failed) => (Some(Tone::Bad), Some(Icon::Warning)),
        None | Some(Verdict::Skipped | Verdict::Other) => (None, None),
    }
}

fn sign(ui: &mut Ui, icon: Icon, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(SIGN, 18.0), Sense::hover());
    widget::paint_icon(ui.painter(), icon, rect.center(), 12.0, color);
}

fn dash(ui: &mut Ui, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(SIGN, 18.0), Sense::hover());
    let (at, half) = (rect.center(), 4.0);
    let ends = [pos2(at.x - half, at.y), pos2(at.x + half, at.y)];
    ui.painter().line_segment(ends, Stroke::new(1.4, color));
}

/// Whether there is more than what it means.
fn has_more(report: &CheckReport) -> bool {
    !report.facts.is_empty() || report.notes.len() > usize::from(report.fault.is_none())
}

/// Whether the person wants to see what was seen, or no more.
fn opens(ui: &Ui, cx: &Cx<'_>, line: egui::Rect, report: &CheckReport) -> bool {
    if !has_more(report) {
        return false;
    }
    let id = ui.scope_id().with(("check", report.check.as_str()));
    let response = ui.interact(line, id, Sense::click());
    let what = cx.texts.check_title(report.check);
    let name = cx.texts.more_about(&what, &cx.texts.verdict(Some(report.verdict)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.has_focus() {
        let stroke = Stroke::new(2.0, cx.palette.accent);
        ui.painter().rect_stroke(line.expand(2.0), 6.0, stroke, StrokeKind::Outside);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn seen(ui: &mut Ui, cx: &Cx<'_>, report: &CheckReport) {
    for note in cx.texts.check_notes(report) {
        widget::wrapped(ui, &note, regular(SMALL), cx.palette.text);
    }
    let mut before = None;
    for fact in &report.facts {
        ui.horizontal_top(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(LABEL, 15.0), Sense::hover());
            // One label for many addresses.
            if before.replace(fact.name) != Some(fact.name) {
                let label = cx.texts.fact_label(fact.name);
                let (font, color) = (regular(SMALL), cx.palette.dim);
                widget::cell(ui.painter(), rect, &label, font, color, Align::Min);
            }
            widget::selectable(ui, &fact.value, mono(SMALL), cx.palette.text);
        });
    }
}
