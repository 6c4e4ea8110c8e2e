//! `running.json` in the state folder: where the emulator runs and with which
//! connection strings, for the programs of the same user.

use std::net::TcpStream;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::config::Right;
use super::error::EmulatorError;
use super::hub::Hub;
use super::state;
use crate::model::{ConnectionId, ConnectionSelector, Secret};

const FILE: &str = "running.json";

/// What an emulator tells of itself. The file is its owner's alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Announcement {
    pub(crate) port: u16,
    pub(crate) pid: u32,
    pub(crate) rules: Vec<AnnouncedRule>,
}

/// A rule of a hybrid connection, with the connection string that uses it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AnnouncedRule {
    pub(crate) connection: ConnectionId,
    pub(crate) rule: String,
    pub(crate) rights: Vec<Right>,
    #[serde(with = "crate::model::secret::exposed")]
    pub(crate) connection_string: Secret,
}

impl Announcement {
    /// What `hub` has to tell now.
    pub(crate) fn of(hub: &Hub) -> Result<Self, EmulatorError> {
        let mut rules = Vec::new();
        for there in hub.registry.state().hybrid_connections {
            for rule in there.rules {
                let host = there.id.namespace().host();
                let name = there.id.name();
                rules.push(AnnouncedRule {
                    connection_string: hub.registry.connection_string(host, name, &rule.name)?,
                    connection: there.id.clone(),
                    rule: rule.name,
                    rights: rule.rights,
                });
            }
        }
        Ok(Self { port: hub.port, pid: std::process::id(), rules })
    }

    /// What the emulator of `folder` told; `None` when none runs there.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, EmulatorError> {
        let path = folder.join(FILE);
        let Some(text) = state::read(&path)? else { return Ok(None) };
        let damaged = |error: serde_json::Error| EmulatorError::State {
            path,
            problem: format!("it is damaged at line {}; delete it", error.line()),
        };
        serde_json::from_str(&text).map(Some).map_err(damaged)
    }

    /// The rule called `rule` of the hybrid connection that `selector` means, or the
    /// first one with `right`.
    pub(crate) fn find(
        &self,
        selector: &ConnectionSelector,
        rule: Option<&str>,
        right: Right,
    ) -> Option<&AnnouncedRule> {
        self.rules.iter().find(|there| {
            selector.matches(&there.connection)
                && rule.map_or(there.rights.contains(&right), |rule| there.rule == rule)
        })
    }
}

/// Refuses a folder with which another emulator runs.
pub(crate) fn check_free(folder: &Path) -> Result<(), EmulatorError> {
    // A damaged file is no sign of a running emulator, and is written anew.
    let Ok(Some(there)) = Announcement::read(folder) else { return Ok(()) };
    match TcpStream::connect(("127.0.0.1", there.port)) {
        Err(_) => Ok(()),
        Ok(_) => Err(EmulatorError::State {
            path: folder.join(FILE),
            problem: format!(
                "the emulator with process id {} runs on port {} with this folder; stop it, or choose another state folder",
                there.pid, there.port
            ),
        }),
    }
}

/// Writes the file anew, if there is a state folder.
pub(crate) fn announce(hub: &Hub) -> Result<(), EmulatorError> {
    let Some(folder) = &hub.folder else { return Ok(()) };
    let path = folder.join(FILE);
    let text = serde_json::to_string_pretty(&Announcement::of(hub)?)
        .map_err(|error| EmulatorError::State { path: path.clone(), problem: error.to_string() })?;
    state::write_private(&path, &text)
}

/// Removes the file, if it is this emulator's.
pub(crate) fn withdraw(hub: &Hub) {
    let Some(folder) = &hub.folder else { return };
    let own = |there: Announcement| there.port == hub.port && there.pid == std::process::id();
    if Announcement::read(folder).is_ok_and(|there| there.is_some_and(own))
        && let Err(error) = std::fs::remove_file(folder.join(FILE))
    {
        tracing::warn!(%error, file = FILE, "the file could not be removed");
    }
}
