//! What has to change, so that everything is as it is declared. Pure: nothing is asked or done.

use std::collections::BTreeSet;

use super::{Declared, DeclaredError, Place, Which};
use crate::model::{ConnectionId, Desired, KeyState};

/// A hybrid connection that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    /// Which.
    pub id: ConnectionId,
    /// Whether it is to listen.
    pub desired: Desired,
}

/// One hybrid connection, and what has to be done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub id: ConnectionId,
    /// Its place among those that are declared; nothing for one that is not.
    pub declared: Option<usize>,
    /// Where it is declared.
    pub place: Option<Place>,
    /// What has to be done, in this order.
    pub steps: Vec<Step>,
}

/// What is done to a hybrid connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is added.
    Add,
    /// It gets another key.
    ReplaceKey,
    /// It listens from then on.
    Enable,
    /// It does not listen from then on.
    Disable,
    /// It is removed.
    Remove,
}

/// What has to be done to each of what is declared, and of what is `here`. `keys` says of each
/// declared connection string how its key compares; nothing for one without.
///
/// What is here and not declared stays as it is, unless `prune`.
///
/// # Errors
/// A connection without a key that is not here, or may be two.
pub fn plan(
    declared: &Declared,
    here: &[Here],
    keys: &[Option<KeyState>],
    prune: bool,
) -> Result<Vec<Row>, Vec<DeclaredError>> {
    let (mut rows, mut errors): (Vec<Row>, _) = (Vec::new(), Vec::new());
    for (at, one) in declared.connections.iter().enumerate() {
        let id = match &one.which {
            Which::WithKey(string) => Ok(string.id.clone()),
            Which::Present(selector) => {
                let exact = here.iter().find(|known| selector.is_exactly(&known.id));
                let known: Vec<_> = match exact {
                    Some(exact) => vec![exact],
                    None => here.iter().filter(|known| selector.matches(&known.id)).collect(),
                };
                match known[..] {
                    [known] => Ok(known.id.clone()),
                    [] => Err(format!(
                        "{selector} is not here, and without its key it cannot be added; give it a \"connectionString\""
                    )),
                    _ => Err(format!("{selector} may mean several; name the whole host")),
                }
            }
        };
        let id = match id {
            Ok(id) => id,
            Err(text) => {
                errors.push(DeclaredError::new(one.place.clone(), text));
                continue;
            }
        };
        if let Some(first) = rows.iter().find(|row| row.id == id) {
            let first = first.place.as_ref().map_or_else(String::new, ToString::to_string);
            let text = format!("{id} is declared twice; first in {first}");
            errors.push(DeclaredError::new(one.place.clone(), text));
            continue;
        }
        let now = here.iter().find(|known| known.id == id).map(|known| known.desired);
        let key = keys.get(at).copied().flatten().unwrap_or(KeyState::Same);
        let (place, steps) = (Some(one.place.clone()), steps(key, one.desired, now));
        rows.push(Row { id, declared: Some(at), place, steps });
    }
    let known: BTreeSet<_> = rows.iter().map(|row| row.id.clone()).collect();
    let mut others: Vec<_> = here.iter().filter(|one| !known.contains(&one.id)).collect();
    others.sort_by(|one, other| one.id.cmp(&other.id));
    rows.extend(others.into_iter().map(|one| {
        let steps = if prune { vec![Step::Remove] } else { Vec::new() };
        Row { id: one.id.clone(), declared: None, place: None, steps }
    }));
    if errors.is_empty() { Ok(rows) } else { Err(errors) }
}

fn steps(key: KeyState, wanted: Option<Desired>, now: Option<Desired>) -> Vec<Step> {
    let mut steps = Vec::new();
    match key {
        KeyState::New => steps.push(Step::Add),
        KeyState::Other => steps.push(Step::ReplaceKey),
        KeyState::Same => {}
    }
    let now = if key == KeyState::New { Desired::Enabled } else { now.unwrap_or_default() };
    match wanted {
        Some(wanted) if wanted == now => {}
        Some(Desired::Enabled) => steps.push(Step::Enable),
        Some(Desired::Disabled) => steps.push(Step::Disable),
        None => {}
    }
    steps
}
