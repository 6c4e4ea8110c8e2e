//! Looking for what is wrong: begun, told step by step, and ended.

use super::{State, dialogs};
use crate::gui::backend::Refusal;
use crate::gui::effect::Effect;
use crate::gui::state::{About, Dialog, Link, LinkProblem, Look, LookCourse, Pending, Seen};
use crate::ipc::protocol::{Request, Response};
use crate::model::diagnosis::{Note, NoteCode};
use crate::model::{CheckName, CheckReport, ConnectionId, ConnectionSelector, DiagnosisStep};

/// Opens the panel, and begins.
pub(super) fn open(state: &mut State, connection: Option<ConnectionId>, effects: &mut Vec<Effect>) {
    begin(state, Look::new(connection, false), effects);
}

/// Looks once more, at the same.
pub(super) fn again(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(Dialog::Diagnose(look)) = &state.dialog {
        let look = Look::new(look.connection.clone(), look.all_gateways);
        begin(state, look, effects);
    }
}

/// Tries all gateways, or a few of them.
pub(super) fn all_gateways(state: &mut State, all: bool, effects: &mut Vec<Effect>) {
    if let Some(Dialog::Diagnose(look)) = &mut state.dialog {
        look.all_gateways = all;
    }
    again(state, effects);
}

/// Looks again when the service is back that was missing.
pub(super) fn on_service_back(state: &mut State, effects: &mut Vec<Effect>) {
    let missed = |look: &Look| match &look.course {
        LookCourse::Running => false,
        LookCourse::Done { took_micros } => took_micros.is_none(),
        LookCourse::Broken(_) => true,
    };
    if matches!(&state.dialog, Some(Dialog::Diagnose(look)) if missed(look)) {
        again(state, effects);
    }
}

fn begin(state: &mut State, mut look: Look, effects: &mut Vec<Effect>) {
    if state.reads_only() {
        look.course = LookCourse::Broken(state.texts().read_only(state.standing));
    } else if !state.is_attached() {
        look.take(CheckReport::failed_as(CheckName::Service, why_no_service(&state.link)));
        look.course = LookCourse::Done { took_micros: None };
    } else {
        let connection = look.connection.as_ref().map(ConnectionSelector::from);
        let request = Request::Diagnose { connection, all_gateways: look.all_gateways };
        dialogs::ask(state, Pending::Diagnose, request, effects);
    }
    state.dialog = Some(Dialog::Diagnose(look));
}

/// What is told while it goes on.
pub(super) fn on_step(state: &mut State, connection: Option<&ConnectionId>, step: DiagnosisStep) {
    let Some(look) = running(state) else { return };
    // It may be told of one that was begun before the panel was closed and opened again.
    if look.connection.as_ref() != connection {
        return;
    }
    match step {
        DiagnosisStep::Begun { checks } => look.checks = checks,
        DiagnosisStep::Checked { report } => look.take(*report),
        DiagnosisStep::Other => {}
    }
}

/// All was looked at, or the service has not done it.
pub(super) fn on_answer(state: &mut State, outcome: Result<Response, Refusal>) {
    // The last one that was asked counts.
    if state.pending.values().any(|pending| *pending == Pending::Diagnose) {
        return;
    }
    let texts = state.texts();
    let seen = match &state.dialog {
        Some(Dialog::Diagnose(Look { connection: Some(id), .. })) => {
            state.connection(id).map(Seen::of)
        }
        _ => None,
    };
    let Some(look) = running(state) else { return };
    match outcome {
        Ok(Response::Diagnosed { diagnosis }) => {
            look.about = Some(About { began: diagnosis.began, seen });
            look.course = LookCourse::Done { took_micros: Some(diagnosis.took_micros) };
            look.checks.clear();
            look.reports.clear();
            diagnosis.reports.into_iter().for_each(|report| look.take(report));
        }
        Ok(_) => look.course = LookCourse::Broken(texts.get("diagnose-strange").to_string()),
        Err(refusal) => look.course = LookCourse::Broken(texts.refusal(&refusal)),
    }
}

/// Has the person choose a file for all that was found, to send it on.
pub(super) fn save(state: &State, effects: &mut Vec<Effect>) {
    let Some(Dialog::Diagnose(look)) = &state.dialog else { return };
    let what = look.connection.as_ref().map_or("machine", ConnectionId::name);
    let name: String = what.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let text = state.texts().look_as_text(look) + "\n";
    effects.push(Effect::SaveText { name: format!("diagnosis-{name}.txt"), text });
}

/// Shows what a check has seen, or hides it.
pub(super) fn turn(state: &mut State, check: CheckName) {
    if let Some(Dialog::Diagnose(look)) = &mut state.dialog
        && !look.turned.remove(&check)
    {
        look.turned.insert(check);
    }
}

fn why_no_service(link: &Link) -> Note {
    let Link::Down { problem, .. } = link else {
        return Note::new(NoteCode::ServiceNotRunning, "");
    };
    match problem {
        LinkProblem::NotRunning => Note::new(NoteCode::ServiceNotRunning, ""),
        LinkProblem::Lost(more) | LinkProblem::DidNotStart(more) => {
            Note::new(NoteCode::ServiceNotRunning, more)
        }
        LinkProblem::Hung => Note::new(NoteCode::ServiceNotAnswering, ""),
        LinkProblem::NotAllowed(more)
        | LinkProblem::OtherVersion(more)
        | LinkProblem::SomethingElse(more) => Note::new(NoteCode::ServiceNotAnswering, more),
    }
}

fn running(state: &mut State) -> Option<&mut Look> {
    match &mut state.dialog {
        Some(Dialog::Diagnose(look)) if look.is_running() => Some(look),
        _ => None,
    }
}
