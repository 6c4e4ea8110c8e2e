//! What is declared at the start of the service, a container's for example: taken up before
//! any connection begins, and written as if it had been asked for.

use super::supervisor::compare;
use crate::declared::plan::{Here, Row, plan};
use crate::declared::{Declared, DeclaredError, Which};
use crate::model::settings::LogSettings;
use crate::model::{HybridConnection, KeyState, Settings};
use crate::store::{Opened, SaveError};

/// Why what is declared was not taken up.
#[derive(Debug, thiserror::Error)]
pub enum TakeUpError {
    /// It does not fit what is here; one or more of them.
    #[error("{}", lines(.0))]
    Wrong(Vec<DeclaredError>),
    /// It cannot be kept.
    #[error("what is declared cannot be kept: {0}")]
    NotKept(#[from] SaveError),
}

/// All of `errors`, a line each.
pub fn lines(errors: &[DeclaredError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Changes what was `opened` to what is declared, and nothing else. Gives the number of
/// connections and settings that changed.
pub(super) fn take_up(opened: &mut Opened, declared: &Declared) -> Result<usize, TakeUpError> {
    let here = opened.connections.iter();
    let here: Vec<_> = here.map(|one| Here { id: one.id.clone(), desired: one.desired }).collect();
    let keys = keys(declared, &opened.connections);
    let rows = plan(declared, &here, &keys, false).map_err(TakeUpError::Wrong)?;
    let settings = with_settings(declared, opened.settings.clone())?;
    let changed = opened.settings != settings;
    let count = rows.iter().filter(|row| !row.steps.is_empty()).count() + usize::from(changed);
    opened.store.update_settings(|kept| kept.clone_from(&settings))?;
    opened.store.update_connections(|list| {
        for row in &rows {
            carry_out(row, declared, list);
        }
    })?;
    opened.settings = settings;
    opened.connections = opened.store.connections().to_vec();
    Ok(count)
}

/// How it is logged from the first line on, by what is declared as far as that fits.
pub(super) fn log_settings(settings: &Settings, declared: &Declared) -> LogSettings {
    let mut settings = settings.clone();
    for one in declared.settings.iter().filter(|one| one.name.starts_with("log.")) {
        // What does not fit is said when it is taken up.
        settings.set(one.name, one.value.expose()).unwrap_or_default();
    }
    settings.log
}

fn keys(declared: &Declared, here: &[HybridConnection]) -> Vec<Option<KeyState>> {
    let key = |which: &Which| match which {
        Which::WithKey(string) => {
            let known = here.iter().find(|known| known.id == string.id);
            Some(compare(known, &string.credential))
        }
        Which::Present(_) => None,
    };
    declared.connections.iter().map(|one| key(&one.which)).collect()
}

fn with_settings(declared: &Declared, mut settings: Settings) -> Result<Settings, TakeUpError> {
    let mut errors = Vec::new();
    for one in &declared.settings {
        if let Err(error) = settings.set(one.name, one.value.expose()) {
            let (place, field) = (one.place.clone(), Some(one.name.to_owned()));
            errors.push(DeclaredError { place, message: error.to_string(), field });
        }
    }
    if errors.is_empty() { Ok(settings) } else { Err(TakeUpError::Wrong(errors)) }
}

fn carry_out(row: &Row, declared: &Declared, list: &mut Vec<HybridConnection>) {
    let Some(one) = row.declared.and_then(|at| declared.connections.get(at)) else { return };
    let at = list.iter().position(|known| known.id == row.id);
    match (at, &one.which) {
        (Some(at), Which::WithKey(string)) => list[at].credential = string.credential.clone(),
        (None, Which::WithKey(string)) => list.push(string.clone().into_connection()),
        (_, Which::Present(_)) => {}
    }
    let known = list.iter_mut().find(|known| known.id == row.id);
    if let (Some(known), Some(desired)) = (known, one.desired) {
        known.desired = desired;
    }
}
