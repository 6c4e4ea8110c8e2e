//! What `hcm apply` and `hcm export` ask: to make things as they are declared, and what they
//! are.

use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::{Supervisor, configured_by, lock, switch};
use crate::ipc::protocol::{ErrorCode, ExportedConnection, RequestError, Response};
use crate::model::{ConnectionString, Credential, Desired, HybridConnection, KeyState, Secret};
use crate::service::connection::Command;

impl Supervisor {
    /// Makes a connection what is declared; with `dry_run` it only says how the key compares.
    pub(super) async fn declare(
        &self,
        text: &Secret,
        desired: Option<Desired>,
        dry_run: bool,
    ) -> Result<Response, RequestError> {
        let configured = configured_by(text)?;
        let id = configured.id.clone();
        let mut state = self.state.lock().await;
        state.refuse_while_stopping()?;
        let which = id.clone();
        let find =
            move |all: &[HybridConnection]| all.iter().find(|known| known.id == which).cloned();
        let known = self.stored(find).await?;
        let key = compare(known.as_ref(), &configured.credential);
        let response = Response::Declared { id: id.clone(), key };
        if dry_run {
            return Ok(response);
        }
        let Some(known) = known else {
            let configured =
                HybridConnection { desired: desired.unwrap_or_default(), ..configured };
            self.begin(&mut state, configured).await?;
            info!(connection = %id, "added as declared");
            return Ok(response);
        };
        let wanted = HybridConnection {
            credential: configured.credential,
            desired: desired.unwrap_or(known.desired),
            ..known.clone()
        };
        if wanted == known {
            return Ok(response);
        }
        let kept = wanted.clone();
        self.save(move |list| {
            if let Some(known) = list.iter_mut().find(|known| known.id == kept.id) {
                known.credential = kept.credential;
                known.desired = kept.desired;
            }
        })
        .await?;
        if let Some(connection) = state.connections.get(&id) {
            let switch =
                (wanted.desired != known.desired).then(|| switch(wanted.desired, &state.settings));
            let credential = (wanted.credential != known.credential)
                .then(|| Command::SetCredential(wanted.credential.clone(), None));
            // One that is switched off needs no channel with the new key first.
            let (first, then) = match wanted.desired {
                Desired::Enabled => (credential, switch),
                Desired::Disabled => (switch, credential),
            };
            for command in [first, then].into_iter().flatten() {
                connection.send(command).await;
            }
        }
        info!(connection = %id, ?key, desired = ?wanted.desired, "changed as declared");
        Ok(response)
    }

    /// Gives the keys out. Whoever may ask this may also read the connections file or make the
    /// service listen elsewhere; that it was asked is in the log nevertheless.
    pub(super) async fn export(&self) -> Result<Response, RequestError> {
        let mut stored = self.stored(<[_]>::to_vec).await?;
        stored.sort_by(|one, other| one.id.cmp(&other.id));
        let connections: Vec<_> = stored.into_iter().filter_map(exported).collect();
        warn!(
            count = connections.len(),
            "a program that may manage the service was given the keys of all connections"
        );
        Ok(Response::Exported { connections })
    }

    /// What `read` finds among the connections as they are kept.
    pub(super) async fn stored<T: Send + 'static>(
        &self,
        read: impl FnOnce(&[HybridConnection]) -> T + Send + 'static,
    ) -> Result<T, RequestError> {
        let store = self.store.clone();
        let read = spawn_blocking(move || read(lock(&store).connections())).await;
        read.map_err(|error| RequestError::new(ErrorCode::Other, error.to_string()))
    }
}

/// How `credential` compares with that of `known`.
pub(in crate::service) fn compare(
    known: Option<&HybridConnection>,
    credential: &Credential,
) -> KeyState {
    match known {
        None => KeyState::New,
        Some(known) if known.credential == *credential => KeyState::Same,
        Some(_) => KeyState::Other,
    }
}

/// `connection` with its key; nothing for one whose key cannot be read.
fn exported(connection: HybridConnection) -> Option<ExportedConnection> {
    let HybridConnection { id, credential, .. } = connection;
    if matches!(credential, Credential::Sealed { .. }) {
        return None;
    }
    let string = ConnectionString { id, credential, operation_timeout: None };
    Some(ExportedConnection { connection_string: string.to_secret(), id: string.id })
}
