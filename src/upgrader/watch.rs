//! Whether what was installed comes to run.

use std::time::Duration;

use semver::Version;
use tokio::time::{Instant, sleep};

use super::machine::Machine;
use crate::model::upgrade::{ANSWERS_WITHIN, ENDS_WITHIN, STEADY_FOR};

/// How often it is looked which version answers.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What becomes of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// The version runs.
    Well,
    /// The process of before was not told to end, and answers with this version.
    NotRestarted(Version),
    /// The version does not run, in words.
    Unwell(String),
}

/// Waits until the service of `machine` has answered with `version` for a while. Its process
/// `before` is given the time to end, while the service manager ends it.
pub(super) async fn watch(
    machine: &impl Machine,
    version: &Version,
    before: Option<u32>,
) -> Became {
    let ends_until = Instant::now() + ENDS_WITHIN;
    let mut until = Instant::now() + ANSWERS_WITHIN;
    let mut has_answered = false;
    let mut steady: Option<(Instant, Option<u32>)> = None;
    loop {
        let service = machine.service();
        let running = machine.running().await;
        let now = Instant::now();
        let is_before = before.is_some() && service.process == before;
        if is_before && service.is_changing && now < ends_until {
            until = now + ANSWERS_WITHIN;
        }
        let is_well = running.as_ref() == Some(version) && !service.is_changing;
        has_answered |= is_well;
        steady = steady.filter(|(_, process)| is_well && *process == service.process);
        match (steady, running) {
            (Some((since, _)), _) if now - since >= STEADY_FOR => return Became::Well,
            (Some(_), _) => {}
            (None, Some(other)) if now >= until && is_before && other != *version => {
                return Became::NotRestarted(other);
            }
            (None, _) if now >= until => return Became::Unwell(unwell(version, has_answered)),
            (None, _) => steady = is_well.then_some((now, service.process)),
        }
        sleep(LOOK_EVERY).await;
    }
}

fn unwell(version: &Version, has_answered: bool) -> String {
    if has_answered {
        let steady = STEADY_FOR.as_secs();
        return format!("{version} answered, and did not run on for {steady} s");
    }
    format!("{version} did not answer within {} s", ANSWERS_WITHIN.as_secs())
}
