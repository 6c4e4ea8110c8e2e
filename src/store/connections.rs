//! `connections.json`.
//!
//! ```json
//! {
//!   "version": 2,
//!   "connections": [
//!     {
//!       "id": "contoso.servicebus.windows.net/sql",
//!       "key_name": "defaultListener",
//!       "key": { "protection": "none", "value": "…" },
//!       "desired": "enabled",
//!       "endpoint": "sql01.corp:1433",
//!       "resource": { "id": "/subscriptions/…", … }
//!     }
//!   ]
//! }
//! ```
//!
//! `resource` is there when the connection was selected with an Azure account.
//! `signature` stands instead of `key` for a ready-made token. `protection` says how
//! the value is sealed; see [`super::secret`]. A secret is sealed for its own entry: put
//! into another one it cannot be unsealed. One that cannot be unsealed stays as it is.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::file::{Codes, Found, SaveError, StoreFile};
use super::schema::{Object, Schema};
use super::secret::{Protection, StoredSecret, take_text};
use crate::model::{
    AzureResource, ConnectionId, Credential, Desired, Endpoint, FaultCode, HybridConnection,
};

/// From version 2 on, secrets may be sealed: one that knows version 1 alone would take
/// such entries for damaged.
const SCHEMA: Schema = Schema { migrations: &[|_| Ok(())] };

/// The file, with what is in it besides the connections.
pub(super) struct ConnectionsFile {
    file: StoreFile,
    unknown: Object,
    kept: HashMap<ConnectionId, Kept>,
}

/// What one entry has besides what a connection is made of.
#[derive(Clone)]
struct Kept {
    kind: Kind,
    /// As it is written again, until the connection gets another.
    secret: StoredSecret,
    /// What a newer version wrote into the entry.
    entry: Object,
    /// The same in `resource`, and about this one alone.
    resource: Object,
}

/// What a secret is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Key,
    Signature,
}

impl ConnectionsFile {
    /// Reads the file at `path`, and seals what is not sealed as it should be. Reports
    /// what cannot be used.
    pub(super) fn open(
        path: &Path,
        protection: &Protection,
        now: Timestamp,
        found: &mut Found,
    ) -> (Self, Vec<HybridConnection>) {
        let codes = Codes { damaged: FaultCode::StoreDamaged, unusable: FaultCode::StoreUnusable };
        let file = StoreFile::new(path, codes);
        let mut this = Self { file, unknown: Object::new(), kept: HashMap::new() };
        let connections = this.read(protection, now, found).unwrap_or_default();
        (this, connections)
    }

    fn read(
        &mut self,
        protection: &Protection,
        now: Timestamp,
        found: &mut Found,
    ) -> Option<Vec<HybridConnection>> {
        let mut contents = self.file.read(&SCHEMA, now, &mut found.faults)?;
        let Some(Value::Array(entries)) = contents.object.remove("connections") else {
            return self.file.set_aside("has no list \"connections\"", now, &mut found.faults);
        };
        self.unknown = std::mem::take(&mut contents.object);
        let mut problems = Vec::new();
        let mut connections: Vec<HybridConnection> = Vec::new();
        let mut seen = HashSet::new();
        for (at, entry) in entries.into_iter().enumerate() {
            let name = entry_name(at, &entry);
            match read_entry(entry, &mut |problem| problems.push(format!("{name} {problem}"))) {
                Err(problem) => problems.push(format!("{name} {problem}")),
                Ok(entry) if !seen.insert(entry.id.clone()) => {
                    problems.push(format!("{name} is there twice; the first one is used"));
                }
                Ok(entry) => {
                    let (connection, kept) = entry.unseal(protection);
                    self.kept.insert(connection.id.clone(), kept);
                    connections.push(connection);
                }
            }
        }
        let may_write = problems.is_empty()
            || self.file.keep_copy(&contents, &problems, now, &mut found.faults);
        let unsealed = connections.iter().filter(|one| self.is_unsealed(one, protection)).count();
        // Else the next start would report the same parts again.
        if may_write && (!problems.is_empty() || unsealed > 0) {
            let saved = self.save(protection, &connections, &connections);
            found.wrote_back(unsealed, saved);
        }
        Some(connections)
    }

    /// How often the disk has taken it.
    pub(super) fn writes(&self) -> u64 {
        self.file.writes()
    }

    /// Whether the secret of `connection` is known, and not sealed as it would be now.
    fn is_unsealed(&self, connection: &HybridConnection, protection: &Protection) -> bool {
        let is_known = !matches!(connection.credential, Credential::Sealed { .. });
        let kept = self.kept.get(&connection.id);
        is_known && kept.is_some_and(|kept| !protection.is_of(&kept.secret))
    }

    /// Writes `edited` in the place of `before`.
    pub(super) fn save(
        &mut self,
        protection: &Protection,
        before: &[HybridConnection],
        edited: &[HybridConnection],
    ) -> Result<(), SaveError> {
        let mut all = HashMap::new();
        for connection in edited {
            let old = before.iter().find(|old| old.id == connection.id);
            let kept = self.keep(protection, old, connection)?;
            check_readable(connection, &kept)?;
            all.insert(connection.id.clone(), kept);
        }
        self.file.save(&self.to_bytes(edited, &all))?;
        self.kept = all;
        Ok(())
    }

    /// What is written of `connection`, which was `old`, besides itself. A secret that is
    /// sealed already, or cannot be unsealed, is left as it is.
    fn keep(
        &self,
        protection: &Protection,
        old: Option<&HybridConnection>,
        connection: &HybridConnection,
    ) -> Result<Kept, SaveError> {
        let known = self.kept.get(&connection.id);
        let same_secret =
            known.filter(|_| old.is_some_and(|old| old.credential == connection.credential));
        let same_resource =
            known.filter(|_| old.is_some_and(|old| old.resource == connection.resource));
        let protect = |kind, secret| {
            let sealed = protection.protect(secret, &entropy_of(&connection.id));
            let sealed = sealed.map_err(|error| SaveError::NotSealed {
                what: format!("the key of the hybrid connection {}", connection.id),
                error,
            })?;
            Ok((
                kind,
                match same_secret {
                    Some(kept) => sealed.with_unknown_of(&kept.secret),
                    None => sealed,
                },
            ))
        };
        let (kind, secret) = match (&connection.credential, same_secret) {
            (Credential::Sealed { .. }, Some(kept)) => (kept.kind, kept.secret.clone()),
            (_, Some(kept)) if protection.is_of(&kept.secret) => (kept.kind, kept.secret.clone()),
            (Credential::Key { key, .. }, _) => protect(Kind::Key, key)?,
            (Credential::Signature { token, .. }, _) => protect(Kind::Signature, token)?,
            (Credential::Sealed { .. }, None) => {
                let problem = "has a sealed key that is not in the file".to_owned();
                return Err(SaveError::Unstorable { id: connection.id.clone(), problem });
            }
        };
        let entry = known.map(|kept| kept.entry.clone()).unwrap_or_default();
        let resource = same_resource.map(|kept| kept.resource.clone()).unwrap_or_default();
        Ok(Kept { kind, secret, entry, resource })
    }

    fn to_bytes(
        &self,
        connections: &[HybridConnection],
        kept: &HashMap<ConnectionId, Kept>,
    ) -> Zeroizing<Vec<u8>> {
        let entries = connections.iter().filter_map(|connection| {
            Some(StoredConnection::of(connection, kept.get(&connection.id)?))
        });
        let stored = StoredFile {
            version: SCHEMA.version(),
            connections: entries.collect(),
            unknown: &self.unknown,
        };
        to_text(&stored)
    }
}

/// What the secret of the connection `id` is sealed with, so that it is of no use in
/// another entry. Names do not differ by case alone.
fn entropy_of(id: &ConnectionId) -> String {
    id.full().to_ascii_lowercase()
}

/// `value` as the text of a file, indented and with a line end.
pub(super) fn to_text<T: Serialize>(value: &T) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::new());
    serde_json::to_writer_pretty(&mut *bytes, value).expect("plain values always become JSON");
    bytes.push(b'\n');
    bytes
}

#[derive(Serialize)]
struct StoredFile<'a> {
    version: u64,
    connections: Vec<StoredConnection<'a>>,
    #[serde(flatten)]
    unknown: &'a Object,
}

#[derive(Serialize)]
struct StoredConnection<'a> {
    id: &'a ConnectionId,
    key_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a StoredSecret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a StoredSecret>,
    desired: Desired,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<StoredResource<&'a AzureResource, &'a Object>>,
    #[serde(flatten)]
    unknown: &'a Object,
}

#[derive(Serialize, Deserialize)]
struct StoredResource<R, U> {
    #[serde(flatten)]
    known: R,
    #[serde(flatten)]
    unknown: U,
}

impl<'a> StoredConnection<'a> {
    fn of(connection: &'a HybridConnection, kept: &'a Kept) -> Self {
        let secret = |kind| (kept.kind == kind).then_some(&kept.secret);
        Self {
            id: &connection.id,
            key_name: connection.credential.key_name(),
            key: secret(Kind::Key),
            signature: secret(Kind::Signature),
            desired: connection.desired,
            endpoint: connection.last_endpoint.as_ref(),
            resource: connection
                .resource
                .as_ref()
                .map(|known| StoredResource { known, unknown: &kept.resource }),
            unknown: &kept.entry,
        }
    }
}

/// Refuses what could be written and not be read again, so that it is noticed now
/// and not at the next start.
fn check_readable(connection: &HybridConnection, kept: &Kept) -> Result<(), SaveError> {
    let stored = StoredConnection::of(connection, kept);
    let entry = serde_json::to_value(&stored).expect("plain values always become JSON");
    let mut problem = String::new();
    match read_entry(entry, &mut |tolerated| problem = tolerated.to_owned()) {
        Ok(read) if read.is(connection, kept) => return Ok(()),
        Ok(_) => {}
        Err(error) => problem = error,
    }
    Err(SaveError::Unstorable { id: connection.id.clone(), problem })
}

/// How a person finds an entry: by its place, and its name if it has a proper one.
fn entry_name(at: usize, entry: &Value) -> String {
    let id = entry.get("id").and_then(|id| ConnectionId::deserialize(id).ok());
    let id = id.map_or_else(String::new, |id| format!(" ({id})"));
    format!("entry {}{id}", at + 1)
}

/// One entry, whose secret may be sealed.
struct Entry {
    id: ConnectionId,
    key_name: String,
    desired: Desired,
    last_endpoint: Option<Endpoint>,
    resource: Option<AzureResource>,
    kept: Kept,
}

impl Entry {
    /// The connection; also one whose secret cannot be unsealed.
    fn unseal(self, protection: &Protection) -> (HybridConnection, Kept) {
        let Self { id, key_name: name, desired, last_endpoint, resource, kept } = self;
        let credential = match (protection.read(&kept.secret, &entropy_of(&id)), kept.kind) {
            (Ok(key), Kind::Key) => Credential::Key { name, key },
            (Ok(token), Kind::Signature) => Credential::Signature { name, token },
            (Err(problem), kind) => {
                let what = match kind {
                    Kind::Key => "key",
                    Kind::Signature => "signature",
                };
                Credential::Sealed { why: format!("the {what} of the rule {name} {problem}"), name }
            }
        };
        (HybridConnection { id, credential, desired, last_endpoint, resource }, kept)
    }

    /// Whether this is `connection` with the secret of `kept`.
    fn is(&self, connection: &HybridConnection, kept: &Kept) -> bool {
        self.id == connection.id
            && self.key_name == connection.credential.key_name()
            && self.desired == connection.desired
            && self.last_endpoint == connection.last_endpoint
            && self.resource == connection.resource
            && self.kept.kind == kept.kind
            && self.kept.secret == kept.secret
    }
}

/// Reads one entry, or says what is wrong with it without any of its values. What it
/// can be used without goes to `tolerate`.
fn read_entry(entry: Value, tolerate: &mut dyn FnMut(&str)) -> Result<Entry, String> {
    let Value::Object(mut entry) = entry else {
        return Err("is not an object".to_owned());
    };
    let id = ConnectionId::try_from(take_text(&mut entry, "id")?)
        .map_err(|_| "has an \"id\" that is not of the form HOST/NAME".to_owned())?;
    let key_name = take_text(&mut entry, "key_name")?;
    let (key, signature) = (take_secret(&mut entry, "key")?, take_secret(&mut entry, "signature")?);
    let (kind, secret) = match (key, signature) {
        (Some(key), None) => (Kind::Key, key),
        (None, Some(token)) => (Kind::Signature, token),
        (None, None) => return Err("has no \"key\" and no \"signature\"".to_owned()),
        (Some(_), Some(_)) => return Err("has both a \"key\" and a \"signature\"".to_owned()),
    };
    let desired = match entry.remove("desired") {
        None => Desired::default(),
        Some(value) => Desired::deserialize(value).map_err(|_| {
            "has a \"desired\" that is neither \"enabled\" nor \"disabled\"".to_owned()
        })?,
    };
    let last_endpoint = match entry.remove("endpoint") {
        None | Some(Value::Null) => None,
        Some(value) => Endpoint::deserialize(value).ok().or_else(|| {
            tolerate("has an \"endpoint\" that is not of the form host:port; it is read anew");
            None
        }),
    };
    let resource: Option<StoredResource<AzureResource, Object>> = match entry.remove("resource") {
        None | Some(Value::Null) => None,
        Some(value) => StoredResource::deserialize(value).ok().or_else(|| {
            tolerate("has a \"resource\" that does not say where it is in Azure");
            None
        }),
    };
    let (resource, of_resource) = resource.map(|it| (it.known, it.unknown)).unzip();
    let kept = Kept { kind, secret, entry, resource: of_resource.unwrap_or_default() };
    Ok(Entry { id, key_name, desired, last_endpoint, resource, kept })
}

fn take_secret(entry: &mut Object, name: &str) -> Result<Option<StoredSecret>, String> {
    let Some(stored) = entry.remove(name) else { return Ok(None) };
    let within = |problem: String| format!("has a \"{name}\" that {problem}");
    StoredSecret::read(stored).map(Some).map_err(within)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem_of(change: impl FnOnce(&mut Value)) -> String {
        let mut entry = json!({
            "id": "contoso.servicebus.windows.net/sql",
            "key_name": "listen",
            "key": {"protection": "none", "value": "c2VjcmV0"},
            "desired": "disabled",
            "endpoint": "db:1433",
        });
        read_entry(entry.clone(), &mut |problem| panic!("{problem}")).unwrap();
        change(&mut entry);
        let mut tolerated = String::new();
        match read_entry(entry, &mut |problem| tolerated = problem.to_owned()) {
            Ok(_) => tolerated,
            Err(problem) => problem,
        }
    }

    #[test]
    fn each_mistake_in_an_entry_is_named_without_its_value() {
        type Change = fn(&mut Value);
        let cases: [(Change, &str); 12] = [
            (|entry| *entry = json!("c2VjcmV0"), "is not an object"),
            (|entry| entry["id"] = json!("c2VjcmV0"), "HOST/NAME"),
            (|entry| entry["id"] = json!(["c2VjcmV0"]), "\"id\" that is not a text"),
            (|entry| entry["key_name"] = json!(""), "empty \"key_name\""),
            (|entry| entry["key"] = json!("c2VjcmV0"), "\"key\" that is not an object"),
            (|entry| entry["key"]["value"] = json!(5), "\"key\" that has a \"value\""),
            (|entry| entry["key"]["protection"] = json!("c2VjcmV0"), "cannot undo"),
            (|entry| entry["signature"] = entry["key"].clone(), "both"),
            (|entry| entry["desired"] = json!("c2VjcmV0"), "neither"),
            (|entry| entry["endpoint"] = json!("c2VjcmV0"), "host:port; it is read anew"),
            (|entry| entry["resource"] = json!({"id": "c2VjcmV0"}), "where it is in Azure"),
            (
                |entry| {
                    entry.as_object_mut().unwrap().remove("key");
                },
                "no \"key\" and no",
            ),
        ];
        for (change, expected) in cases {
            let problem = problem_of(change);
            assert!(problem.contains(expected), "{problem}");
            assert!(!problem.contains("c2Vj"), "{problem}");
        }
    }
}
