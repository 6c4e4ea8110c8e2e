//! A newer version: what is new in it, and how it is got.

use egui::{Frame, Margin, Stroke, Ui};

use super::super::Cx;
use super::{close_button, frame, paste};
use crate::gui::state::Link;
use crate::gui::text::Value;
use crate::gui::theme::{CONTROL_RADIUS, SMALL, TEXT, Tone, regular, semibold};
use crate::gui::update::Action;
use crate::gui::widget::{self, Kind};
use crate::model::VERSION;
use crate::model::upgrade::{Release, UpgradeInfo};

const WIDTH: f32 = 520.0;

/// The version of `release`, as texts name it.
pub(in crate::gui::view) fn version_of(release: &Release) -> [(&'static str, Value<'static>); 1] {
    [("version", release.version.to_string().into())]
}

pub(super) fn show(ui: &Ui, cx: &mut Cx<'_>) {
    match cx.state.newer_release() {
        Some(release) => {
            let title = cx.texts.with("upgrade-available", &version_of(release));
            frame(ui, cx, WIDTH, &title, |ui, cx| newer(ui, cx, release), newer_buttons);
        }
        None => {
            let title = cx.texts.get("upgrade-title");
            frame(ui, cx, WIDTH, &title, none, close_button);
        }
    }
}

fn newer(ui: &mut Ui, cx: &mut Cx<'_>, release: &Release) {
    let mut values = vec![("released", cx.texts.date(release.released).into())];
    values.push(("version", service_version(cx).into()));
    let text = cx.texts.with("upgrade-have", &values);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    let notes = notes(&release.notes);
    if !notes.is_empty() {
        let stroke = Stroke::new(1.0, cx.palette.line);
        let boxed = Frame::new().fill(cx.palette.panel).stroke(stroke);
        boxed.corner_radius(CONTROL_RADIUS).inner_margin(Margin::symmetric(12, 10)).show(
            ui,
            |ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 5.0;
                let text = cx.texts.get("upgrade-news");
                widget::label(ui, &text, semibold(TEXT), cx.palette.text);
                for note in &notes {
                    widget::wrapped(ui, note, regular(TEXT), cx.palette.text);
                }
            },
        );
    }
    let text = cx.texts.get("upgrade-how");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
}

fn newer_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.wanted_release().is_some()
        && widget::link(ui, &cx.texts.get("upgrade-skip")).clicked()
    {
        cx.act(Action::SkipVersion);
    }
    widget::at_right(ui, "dialog-buttons", |ui| {
        let later = widget::button(ui, Kind::Plain, &cx.texts.get("upgrade-later"), true);
        if ui.memory(|memory| memory.focused()).is_none() {
            later.request_focus();
        }
        if later.clicked() {
            cx.act(Action::CloseDialog);
        }
    });
}

fn none(ui: &mut Ui, cx: &mut Cx<'_>) {
    let version = [("version", service_version(cx).into())];
    let known = cx.state.snapshot.as_ref().and_then(|snapshot| snapshot.service.upgrade.as_deref());
    let key = match known {
        Some(UpgradeInfo { fault: None, .. }) => "upgrade-newest",
        _ => "upgrade-unknown",
    };
    let text = cx.texts.with(key, &version);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
    let Some(UpgradeInfo { asked, fault, .. }) = known else { return };
    if let Some(fault) = fault {
        paste::found(ui, cx, Tone::Bad, |ui, cx| {
            let text = cx.texts.fault_line(fault);
            widget::wrapped(ui, &text, semibold(TEXT), cx.palette.strong(Tone::Bad));
            let text = cx.texts.fault_advice(fault.code);
            widget::wrapped(ui, &text, regular(TEXT), cx.palette.text);
        });
    }
    if let Some(asked) = asked {
        let when = [("ago", cx.texts.ago(*asked, cx.now).into())];
        let text = cx.texts.with("upgrade-asked", &when);
        widget::wrapped(ui, &text, regular(SMALL), cx.palette.dim);
    }
}

/// The version of the service; that of the window, while it is away.
fn service_version(cx: &Cx<'_>) -> String {
    match &cx.state.link {
        Link::Up { version, .. } => version.clone(),
        _ => VERSION.to_owned(),
    }
}

/// The notes of a release as lines: each point with a dot, what goes on in the next line of the
/// file joined to it, and without the marks that Markdown has for headings, stress and code.
fn notes(markdown: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut begins = true;
    for line in markdown.lines() {
        let text = line.trim().replace("**", "").replace('`', "");
        if text.is_empty() {
            begins = true;
            continue;
        }
        if let Some(point) = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
            lines.push(format!("• {}", point.trim()));
        } else if text.starts_with('#') {
            lines.push(text.trim_start_matches('#').trim().to_owned());
            begins = true;
            continue;
        } else if let (false, Some(last)) = (begins, lines.last_mut()) {
            last.push(' ');
            last.push_str(&text);
        } else {
            lines.push(text);
        }
        begins = false;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::notes;

    #[test]
    fn notes_are_lines_that_a_person_reads() {
        let markdown = "## Mended\n\n- Reconnect **at once** after the\n  machine wakes up.\n\
                        - Take `@` in passwords.\n\nAs a text\nof two lines.\n\n\nAnother.\n";
        let lines = [
            "Mended",
            "• Reconnect at once after the machine wakes up.",
            "• Take @ in passwords.",
            "As a text of two lines.",
            "Another.",
        ];
        assert_eq!(notes(markdown), lines);
        assert_eq!(notes("\n \n"), [""; 0]);
    }
}
