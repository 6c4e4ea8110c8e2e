//! A newer version: what is new in it, and how it is got.

mod course;

use egui::{Frame, Margin, Stroke, Ui};

use super::super::{Cx, explain, manage};
use super::{close_button, frame, needs_service, paste};
use crate::gui::state::{Link, UpgradePhase, Why};
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
    let phase = cx.state.upgrade_phase(cx.now);
    match (phase, cx.state.newer_release()) {
        (UpgradePhase::Offered, None) => {
            let title = cx.texts.get("upgrade-title");
            frame(ui, cx, WIDTH, &title, none, close_button);
        }
        (UpgradePhase::Offered, Some(release)) => {
            let title = cx.texts.with("upgrade-available", &version_of(release));
            frame(ui, cx, WIDTH, &title, |ui, cx| newer(ui, cx, release), newer_buttons);
        }
        (UpgradePhase::Failed(why), release) => {
            let title = cx.texts.get("upgrade-failed-title");
            let body = |ui: &mut Ui, cx: &mut Cx<'_>| failed(ui, cx, why, release);
            frame(ui, cx, WIDTH, &title, body, failed_buttons);
        }
        (phase, release) => course::show(ui, cx, phase, release),
    }
}

fn newer(ui: &mut Ui, cx: &mut Cx<'_>, release: &Release) {
    what_is_new(ui, cx, release);
    if !by_service(cx) {
        let text = cx.texts.get("upgrade-how");
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    } else if cx.state.reads_only() {
        let text = cx.texts.read_only(cx.state.standing);
        widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    } else {
        streams(ui, cx);
    }
}

/// Which version it is, and what is new in it.
fn what_is_new(ui: &mut Ui, cx: &Cx<'_>, release: &Release) {
    let values = [
        ("released", cx.texts.date(release.released).into()),
        ("version", service_version(cx).into()),
    ];
    let text = cx.texts.with("upgrade-have", &values);
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
    let notes = notes(&release.notes);
    if notes.is_empty() {
        return;
    }
    let stroke = Stroke::new(1.0, cx.palette.line);
    let boxed = Frame::new().fill(cx.palette.panel).stroke(stroke);
    boxed.corner_radius(CONTROL_RADIUS).inner_margin(Margin::symmetric(12, 10)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 5.0;
        let text = cx.texts.get("upgrade-news");
        widget::label(ui, &text, semibold(TEXT), cx.palette.text);
        for note in &notes {
            widget::wrapped(ui, note, regular(TEXT), cx.palette.text);
        }
    });
}

/// What becomes of the streams that are active now.
fn streams(ui: &mut Ui, cx: &Cx<'_>) {
    let active: u64 = cx.state.connections().iter().map(|it| it.traffic.active_streams).sum();
    let those = match (active, cx.state.upgrading.drain) {
        (0, _) => cx.texts.get("upgrade-no-streams").to_string(),
        (active, Some(seconds)) => {
            let values = [("count", active.into()), ("seconds", seconds.into())];
            cx.texts.with("upgrade-streams", &values)
        }
        (active, None) => cx.texts.with("upgrade-streams-some", &[("count", active.into())]),
    };
    widget::wrapped(ui, &those, regular(TEXT), cx.palette.dim);
    let text = cx.texts.get("upgrade-streams-new");
    widget::wrapped(ui, &text, regular(TEXT), cx.palette.dim);
}

fn newer_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.wanted_release().is_some()
        && widget::link(ui, &cx.texts.get("upgrade-skip")).clicked()
    {
        cx.act(Action::SkipVersion);
    }
    widget::at_right(ui, "dialog-buttons", |ui| {
        later_button(ui, cx);
        begin_button(ui, cx, "upgrade-do");
    });
}

/// The button that leaves everything as it is; the keyboard begins there.
fn later_button(ui: &mut Ui, cx: &mut Cx<'_>) {
    let later = widget::button(ui, Kind::Plain, &cx.texts.get("upgrade-later"), true);
    if ui.memory(|memory| memory.focused()).is_none() {
        later.request_focus();
    }
    if later.clicked() {
        cx.act(Action::CloseDialog);
    }
}

/// The button that begins it, where the service can do it.
fn begin_button(ui: &mut Ui, cx: &mut Cx<'_>, key: &'static str) {
    if !by_service(cx) {
        return;
    }
    if !cx.state.reads_only() {
        needs_service(ui, cx);
    }
    let ready = cx.state.is_attached();
    if manage::button(ui, cx, Kind::Primary, &cx.texts.get(key), ready) {
        cx.act(Action::Upgrade);
    }
}

/// Whether the service can put the release in its place.
fn by_service(cx: &Cx<'_>) -> bool {
    let known = cx.state.snapshot.as_ref().and_then(|snapshot| snapshot.service.upgrade.as_ref());
    known.is_some_and(|known| known.by_service)
}

fn failed(ui: &mut Ui, cx: &mut Cx<'_>, why: Why<'_>, release: Option<&Release>) {
    let code = match why {
        Why::Fault(fault) => Some(fault.code),
        Why::Refused(_) | Why::StillOld => None,
    };
    let (what, advice) = match why {
        Why::Fault(fault) => (cx.texts.fault_line(fault), cx.texts.fault_advice(fault.code)),
        Why::Refused(text) => (text.to_owned(), String::new()),
        Why::StillOld => {
            let version = [("version", service_version(cx).into())];
            let text = cx.texts.with("upgrade-still-old", &version);
            (text, cx.texts.get("upgrade-still-old-advice").to_string())
        }
    };
    paste::found(ui, cx, Tone::Bad, |ui, cx| {
        let said = widget::wrapped(ui, &what, semibold(TEXT), cx.palette.strong(Tone::Bad));
        widget::speak(&said);
        if !advice.is_empty() {
            widget::wrapped(ui, &advice, regular(TEXT), cx.palette.text);
        }
        if let Some(code) = code {
            explain::link(ui, cx, code);
        }
    });
    if let Some(release) = release {
        newer(ui, cx, release);
    }
}

fn failed_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    widget::at_right(ui, "dialog-buttons", |ui| {
        let close = widget::button(ui, Kind::Plain, &cx.texts.get("close"), true);
        if ui.memory(|memory| memory.focused()).is_none() {
            close.request_focus();
        }
        if close.clicked() {
            cx.act(Action::CloseDialog);
        }
        if cx.state.newer_release().is_some() {
            begin_button(ui, cx, "upgrade-again");
        }
    });
}

fn none(ui: &mut Ui, cx: &mut Cx<'_>) {
    let version = [("version", service_version(cx).into())];
    let known = cx.state.snapshot.as_ref().and_then(|snapshot| snapshot.service.upgrade.as_deref());
    let key = match known {
        Some(known) if known.is_newest() => "upgrade-newest",
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
            explain::link(ui, cx, fault.code);
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
