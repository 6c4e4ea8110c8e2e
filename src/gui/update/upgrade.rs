//! Newer versions: asked for once, shown once, skipped on wish; and their way to this machine.

use jiff::Timestamp;
use semver::Version;

use super::{dialogs, save_preferences};
use crate::gui::backend::Refusal;
use crate::gui::effect::Effect;
use crate::gui::state::{Course, Demo, Dialog, Pending, Stage, State, UpgradePhase};
use crate::ipc::protocol::{Request, Response};
use crate::model::upgrade::{UpgradeProgress, UpgradeStep};

/// The setting that says how long open streams get.
const DRAIN: &str = "service.drain_seconds";

/// Has the service ask, when the window gets to manage it for the first time. The demo's own
/// service asks nobody.
pub(super) fn ask_once(state: &mut State, effects: &mut Vec<Effect>) {
    if state.asked_for_upgrade || state.demo != Demo::Off {
        return;
    }
    state.asked_for_upgrade = true;
    let ticket = state.ticket(Pending::CheckUpgrade);
    effects.push(Effect::Ask { ticket, request: Request::CheckUpgrade });
}

/// Shows a newer version, where it is in nobody's way. That it could not be asked for is told
/// only where somebody looks for it.
pub(super) fn on_answer(
    state: &mut State,
    outcome: Result<Response, Refusal>,
    effects: &mut Vec<Effect>,
) {
    let Ok(Response::Upgrade { upgrade }) = outcome else { return };
    if let Some(snapshot) = &mut state.snapshot {
        snapshot.service.upgrade = upgrade;
    }
    if !state.has_dialog() && state.wanted_release().is_some() {
        open(state, effects);
    }
}

/// Opens the dialog. What becomes of open streams is said in it.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let offered = state.newer_release().map(|release| release.version.clone());
    state.upgrading.course.take_if(|course| {
        let is_another = offered.is_some_and(|offered| offered != course.version);
        course.stage == Stage::Done || (is_another && !course.stage.is_open())
    });
    state.dialog = Some(Dialog::Upgrade);
    if state.may_manage() {
        dialogs::ask(state, Pending::LoadDrain, Request::GetSettings, effects);
    }
}

pub(super) fn on_drain(state: &mut State, outcome: Result<Response, Refusal>) {
    let Ok(Response::Settings { settings }) = outcome else { return };
    let drain = settings.iter().find(|(name, _)| name == DRAIN);
    state.upgrading.drain = drain.and_then(|(_, value)| value.parse().ok());
}

/// The dialog closes: that the service has not begun is known now.
pub(super) fn on_close(state: &mut State) {
    let is_refused = |course: &mut Course| matches!(course.stage, Stage::Refused(_));
    state.upgrading.course.take_if(is_refused);
}

/// Has the service put the newer version in its place.
pub(super) fn begin(state: &mut State, now: Timestamp, effects: &mut Vec<Effect>) {
    let phase = state.upgrade_phase(now);
    let is_free = matches!(phase, UpgradePhase::Offered | UpgradePhase::Failed(_));
    let release = state.newer_release().filter(|_| is_free);
    let Some(version) = release.map(|release| release.version.clone()) else { return };
    let (course, request) =
        (Course { version: version.clone(), stage: Stage::Asked }, Request::Upgrade { version });
    state.upgrading.course = Some(course);
    dialogs::ask(state, Pending::Upgrade, request, effects);
}

/// The service has begun, or has not.
pub(super) fn on_begun(state: &mut State, outcome: Result<Response, Refusal>, now: Timestamp) {
    let texts = state.texts();
    let Some(course) = &mut state.upgrading.course else { return };
    if course.stage != Stage::Asked {
        return;
    }
    course.stage = match outcome {
        Ok(_) => Stage::UnderWay,
        // It may have taken it up before it went.
        Err(Refusal::Lost) => Stage::Away { since: now },
        Err(refusal) => Stage::Refused(texts.refusal(&refusal)),
    };
    // One that is under way already is followed.
    if matches!(course.stage, Stage::Refused(_)) {
        on_service(state, now);
    }
}

/// The service has gone.
pub(super) fn on_lost(state: &mut State, now: Timestamp) {
    if let Some(course) = &mut state.upgrading.course
        && course.stage == Stage::UnderWay
    {
        course.stage = Stage::Away { since: now };
    }
}

/// The service has told how it is.
pub(super) fn on_service(state: &mut State, now: Timestamp) {
    let Some(snapshot) = &state.snapshot else { return };
    let running = Version::parse(&snapshot.service.version);
    let is_here = |version: &Version| running.as_ref().is_ok_and(|running| running >= version);
    let progress = snapshot.service.upgrade.as_ref().and_then(|upgrade| upgrade.progress.clone());
    match &mut state.upgrading.course {
        Some(course) if course.stage.is_open() && is_here(&course.version) => {
            course.stage = Stage::Done;
            let version = [("version", snapshot.service.version.as_str().into())];
            let text = state.texts().with("upgrade-runs", &version);
            say_aside(state, text, Some(now));
        }
        Some(course) if course.stage == Stage::Asked => {}
        course => {
            let Some(UpgradeProgress { version, step }) = progress else { return };
            match step {
                UpgradeStep::Failed { fault } => {
                    // Also one that was there, and did not stay.
                    let is_this = |course: &mut Course| {
                        let has_begun = course.stage.is_open() || course.stage == Stage::Done;
                        has_begun && course.version == version
                    };
                    if course.take_if(is_this).is_some() {
                        let texts = state.texts();
                        let what = texts.with("upgrade-failed", &version_of(&version));
                        let text = texts.more_about(&what, &texts.fault_line(&fault));
                        say_aside(state, text, None);
                    }
                }
                _ if is_here(&version) => {}
                // Also one that somebody else has begun.
                _ => *course = Some(Course { version, stage: Stage::UnderWay }),
            }
        }
    }
}

fn version_of(version: &Version) -> [(&'static str, crate::gui::text::Value<'static>); 1] {
    [("version", version.to_string().into())]
}

/// Says `text` to one who does not look at the dialog; as a good message, where there is a time.
fn say_aside(state: &mut State, text: String, good_at: Option<Timestamp>) {
    match (&state.dialog, good_at) {
        (Some(Dialog::Upgrade), _) => {}
        (_, Some(now)) => state.notices.say(text, now),
        (_, None) => state.notices.warn(text),
    }
}

/// Says no more of the version that is offered.
pub(super) fn skip(state: &mut State, effects: &mut Vec<Effect>) {
    let version = state.newer_release().map(|release| release.version.to_string());
    if version.is_some() {
        state.preferences.skipped_version = version;
        save_preferences(state, effects);
    }
    dialogs::close(state, effects);
}
