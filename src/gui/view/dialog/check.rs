//! What Azure and the endpoint say of a connection string.

use egui::Ui;

use super::super::{Cx, explain};
use super::paste::{fact, pending_fact};
use crate::gui::state::{Check, Parsed};
use crate::gui::theme::Tone;
use crate::model::ConnectionCheck;

/// How a checked string stands, for the ground of its box.
pub(super) fn tone(parsed: &Parsed) -> Tone {
    match (&parsed.added, &parsed.check) {
        (Some(Err(_)), _) => Tone::Bad,
        (Some(Ok(())), _) => Tone::Ok,
        (None, Check::Done(check)) => check_tone(check),
        (None, Check::Failed(_)) => Tone::Warn,
        (None, Check::NotYet | Check::Running) => Tone::Neutral,
    }
}

fn check_tone(check: &ConnectionCheck) -> Tone {
    if check.fault.is_some() {
        return Tone::Bad;
    }
    match check.reachability.as_ref().map(|reachability| &reachability.fault) {
        Some(None) => Tone::Ok,
        Some(Some(_)) | None => Tone::Warn,
    }
}

/// The lines of one connection string.
pub(super) fn lines(ui: &mut Ui, cx: &mut Cx<'_>, parsed: &Parsed) {
    let id = &parsed.string.id;
    fact(ui, cx, "column-namespace", None, &id.namespace().to_string());
    fact(ui, cx, "check-name", None, id.name());
    fact(ui, cx, "details-key", None, parsed.string.credential.key_name());
    match &parsed.check {
        Check::NotYet => {}
        Check::Running => {
            pending_fact(ui, cx, "column-endpoint", &cx.texts.get("check-running"));
        }
        Check::Failed(reason) => {
            let text = cx.texts.with("check-failed", &[("reason", reason.as_str().into())]);
            fact(ui, cx, "column-endpoint", Some(Tone::Warn), &text);
        }
        Check::Done(check) => done(ui, cx, check),
    }
}

fn done(ui: &mut Ui, cx: &mut Cx<'_>, check: &ConnectionCheck) {
    match (&check.fault, &check.endpoint) {
        (Some(fault), _) => {
            fact(ui, cx, "column-endpoint", Some(Tone::Bad), &cx.texts.fault_line(fault));
            fact(ui, cx, "details-advice", None, &cx.texts.fault_advice(fault.code));
            explain::link(ui, cx, fault.code);
        }
        (None, Some(endpoint)) => {
            let endpoint = [("endpoint", endpoint.to_string().into())];
            let text = cx.texts.with("check-endpoint", &endpoint);
            fact(ui, cx, "column-endpoint", Some(Tone::Ok), &text);
        }
        (None, None) => {
            fact(ui, cx, "column-endpoint", Some(Tone::Warn), &cx.texts.get("endpoint-unknown"));
        }
    }
    if check.mended {
        fact(ui, cx, "check-note", Some(Tone::Warn), &cx.texts.get("event-metadata-mended"));
    }
    let Some(reachability) = &check.reachability else { return };
    let tone = if reachability.fault.is_none() { Tone::Ok } else { Tone::Warn };
    let text = match (&reachability.fault, reachability.connect_micros) {
        (None, Some(micros)) => {
            cx.texts.with("check-reachable", &[("time", cx.texts.millis(micros).into())])
        }
        _ => cx.texts.reachability_alone(reachability),
    };
    fact(ui, cx, "check-from-here", Some(tone), &text);
    if let Some(fault) = &reachability.fault {
        fact(ui, cx, "details-advice", None, &cx.texts.fault_advice(fault.code));
        explain::link(ui, cx, fault.code);
    }
}
