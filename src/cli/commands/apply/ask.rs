//! What the service is asked before anything changes: it alone knows the keys.

use super::at;
use crate::cli::apply::{Changes, Connection, Progress, Setting};
use crate::cli::commands::{settings, unexpected};
use crate::cli::failure::Failure;
use crate::declared::plan::{Here, plan};
use crate::declared::{Declared, DeclaredConnection, DeclaredSetting, Which};
use crate::ipc::Client;
use crate::ipc::protocol::{Request, Response};
use crate::model::{KeyState, Settings, Snapshot};

/// All that has to change, so that everything is as `declared`.
///
/// # Errors
/// Everything that the service would refuse, and connections without a key that are not there.
pub(super) async fn changes(
    client: &mut Client,
    declared: &Declared,
    snapshot: &Snapshot,
    prune: bool,
) -> Result<Changes, Vec<Failure>> {
    let mut failures = Vec::new();
    let settings = asked_settings(client, declared, &mut failures).await;
    let mut keys = Vec::new();
    for one in &declared.connections {
        match key(client, one).await {
            Ok(key) => keys.push(key),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let here = snapshot.connections.iter();
    let here: Vec<_> =
        here.map(|view| Here { id: view.id.clone(), desired: view.desired }).collect();
    let rows = plan(declared, &here, &keys, prune)
        .map_err(|errors| errors.into_iter().map(Failure::from).collect::<Vec<_>>())?;
    let connections = rows.into_iter().map(|row| Connection { row, progress: Progress::Planned });
    Ok(Changes { settings, connections: connections.collect() })
}

async fn asked_settings(
    client: &mut Client,
    declared: &Declared,
    failures: &mut Vec<Failure>,
) -> Vec<Setting> {
    if declared.settings.is_empty() {
        return Vec::new();
    }
    let before = match settings::all(client).await {
        Ok(before) => before,
        Err(failure) => {
            failures.push(failure);
            return Vec::new();
        }
    };
    let mut asked = Vec::new();
    for one in &declared.settings {
        match changes_setting(client, one).await {
            Ok(changes) => asked.push(setting(one, &before, changes)),
            Err(failure) => failures.push(failure),
        }
    }
    asked
}

fn setting(one: &DeclaredSetting, before: &settings::Values, changes: bool) -> Setting {
    let mut after = Settings::default();
    // It has fitted when it was read.
    let after = after.set(one.name, one.value.expose()).and_then(|()| after.get(one.name));
    Setting {
        name: one.name,
        place: one.place.clone(),
        before: before
            .iter()
            .find(|(name, _)| name == one.name)
            .map_or_else(String::new, |(_, value)| value.clone()),
        after: after.unwrap_or_default(),
        changes,
        progress: Progress::Planned,
    }
}

async fn changes_setting(client: &mut Client, one: &DeclaredSetting) -> Result<bool, Failure> {
    let (name, value) = (one.name.to_owned(), one.value.expose().to_owned());
    match client.request(Request::CheckSetting { name, value }).await {
        Ok(Response::SettingChecked { changes }) => Ok(changes),
        Ok(other) => Err(unexpected(&other)),
        Err(error) => Err(at(&one.place, Failure::from(error))),
    }
}

/// How the key of `one` compares with the service's, if it has a key.
async fn key(client: &mut Client, one: &DeclaredConnection) -> Result<Option<KeyState>, Failure> {
    let Which::WithKey(string) = &one.which else { return Ok(None) };
    let connection_string = string.to_secret();
    let request = Request::Declare { connection_string, desired: one.desired, dry_run: true };
    match client.request(request).await {
        Ok(Response::Declared { key, .. }) => Ok(Some(key)),
        Ok(other) => Err(unexpected(&other)),
        Err(error) => {
            let failure = Failure::from(error).of_connection(string.id.to_string());
            Err(at(&one.place, failure))
        }
    }
}
