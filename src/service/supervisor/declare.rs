//! What `hcm apply` and `hcm export` ask: to make things as they are declared, and what they
//! are.

use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::settings::network_trusting;
use super::{Command, Connection, Supervisor, configured_by, drain_limit, lock};
use crate::ipc::protocol::{ErrorCode, ExportedConnection, RequestError, Response};
use crate::model::{ConnectionString, Credential, Desired, HybridConnection, KeyState, Secret};

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
            let kept = configured.clone();
            self.save(move |list| list.push(kept)).await?;
            let connection = Connection::start(configured, self.context.clone());
            state.connections.insert(id.clone(), connection);
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
            let switch = match wanted.desired {
                Desired::Enabled => Command::Enable,
                Desired::Disabled => Command::Disable(drain_limit(&state.settings)),
            };
            let switch = (wanted.desired != known.desired).then_some(switch);
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

    /// What setting `name` to `value` would change.
    pub(super) async fn check_setting(
        &self,
        name: &str,
        value: &str,
    ) -> Result<Response, RequestError> {
        let invalid = |message: String| {
            RequestError::new(ErrorCode::InvalidSetting, message).about(Some(name))
        };
        let before = self.state.lock().await.settings.clone();
        let mut after = before.clone();
        after.set(name, value).map_err(|error| invalid(error.to_string()))?;
        let extra_ca = after.network.extra_ca_certificates.clone();
        if extra_ca != before.network.extra_ca_certificates {
            let made = spawn_blocking(move || network_trusting(extra_ca.as_deref())).await;
            let made = made.map_err(|error| invalid(error.to_string()))?;
            made.map_err(|fault| invalid(fault.to_string()))?;
        }
        Ok(Response::SettingChecked { changes: after != before })
    }

    /// What `read` finds among the connections as they are kept.
    async fn stored<T: Send + 'static>(
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
