//! `connections.json`.
//!
//! ```json
//! {
//!   "version": 1,
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
//! the value is sealed; this version knows `none`, where the file's mode protects it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::file::{Codes, SaveError, StoreFile};
use super::schema::{Object, Schema};
use crate::model::{
    AzureResource, ConnectionId, Credential, Desired, Endpoint, Fault, FaultCode, HybridConnection,
    Secret,
};

const SCHEMA: Schema = Schema { migrations: &[] };
const NO_PROTECTION: &str = "none";

/// The file, with what this version does not know in it.
pub(super) struct ConnectionsFile {
    file: StoreFile,
    unknown: Object,
    unknown_of: HashMap<ConnectionId, Unknown>,
}

/// What a newer version wrote into one entry.
#[derive(Clone, Debug, Default, PartialEq)]
struct Unknown {
    entry: Object,
    /// Beside the key or signature, and about this one alone.
    secret: Object,
    /// In `resource`, and about this one alone.
    resource: Object,
}

impl ConnectionsFile {
    /// Reads the file at `path`. Reports what cannot be used.
    pub(super) fn open(
        path: &Path,
        now: Timestamp,
        faults: &mut Vec<Fault>,
    ) -> (Self, Vec<HybridConnection>) {
        let codes = Codes { damaged: FaultCode::StoreDamaged, unusable: FaultCode::StoreUnusable };
        let file = StoreFile::new(path, codes);
        let mut this = Self { file, unknown: Object::new(), unknown_of: HashMap::new() };
        let connections = this.read(now, faults).unwrap_or_default();
        (this, connections)
    }

    fn read(&mut self, now: Timestamp, faults: &mut Vec<Fault>) -> Option<Vec<HybridConnection>> {
        let mut contents = self.file.read(&SCHEMA, now, faults)?;
        let Some(Value::Array(entries)) = contents.object.remove("connections") else {
            return self.file.set_aside("has no list \"connections\"", now, faults);
        };
        self.unknown = std::mem::take(&mut contents.object);
        let mut problems = Vec::new();
        let mut connections: Vec<HybridConnection> = Vec::new();
        let mut seen = HashSet::new();
        for (at, entry) in entries.into_iter().enumerate() {
            let name = entry_name(at, &entry);
            match read_entry(entry, &mut |problem| problems.push(format!("{name} {problem}"))) {
                Err(problem) => problems.push(format!("{name} {problem}")),
                Ok((connection, _)) if !seen.insert(connection.id.clone()) => {
                    problems.push(format!("{name} is there twice; the first one is used"));
                }
                Ok((connection, unknown)) => {
                    if unknown != Unknown::default() {
                        self.unknown_of.insert(connection.id.clone(), unknown);
                    }
                    connections.push(connection);
                }
            }
        }
        if !problems.is_empty() && self.file.keep_copy(&contents, &problems, now, faults) {
            // Else the next start would report the same parts again.
            if let Err(error) = self.file.save(&self.to_bytes(&connections)) {
                tracing::warn!(%error, "the usable connections were not written back");
            }
        }
        Some(connections)
    }

    /// Writes `edited` in the place of `before`.
    pub(super) fn save(
        &mut self,
        before: &[HybridConnection],
        edited: &[HybridConnection],
    ) -> Result<(), SaveError> {
        for connection in edited {
            check_readable(connection)?;
        }
        let mut unknown_of = HashMap::new();
        for connection in edited {
            let Some(unknown) = self.unknown_of.get(&connection.id) else { continue };
            let mut unknown = unknown.clone();
            let old = before.iter().find(|old| old.id == connection.id);
            if old.is_none_or(|old| old.credential != connection.credential) {
                unknown.secret.clear();
            }
            if old.is_none_or(|old| old.resource != connection.resource) {
                unknown.resource.clear();
            }
            unknown_of.insert(connection.id.clone(), unknown);
        }
        let kept = std::mem::replace(&mut self.unknown_of, unknown_of);
        let saved = self.file.save(&self.to_bytes(edited));
        if saved.is_err() {
            self.unknown_of = kept;
        }
        saved
    }

    fn to_bytes(&self, connections: &[HybridConnection]) -> Zeroizing<Vec<u8>> {
        let nothing = Unknown::default();
        let entries = connections.iter().map(|connection| {
            let unknown = self.unknown_of.get(&connection.id).unwrap_or(&nothing);
            StoredConnection::of(connection, unknown)
        });
        let stored = StoredFile {
            version: SCHEMA.version(),
            connections: entries.collect(),
            unknown: &self.unknown,
        };
        to_text(&stored)
    }
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
    key: Option<StoredSecret<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<StoredSecret<'a>>,
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

#[derive(Serialize)]
struct StoredSecret<'a> {
    protection: &'a str,
    value: &'a str,
    #[serde(flatten)]
    unknown: &'a Object,
}

impl<'a> StoredConnection<'a> {
    fn of(connection: &'a HybridConnection, unknown: &'a Unknown) -> Self {
        let stored = |secret: &'a Secret| StoredSecret {
            protection: NO_PROTECTION,
            value: secret.expose(),
            unknown: &unknown.secret,
        };
        let (key, signature) = match &connection.credential {
            Credential::Key { key, .. } => (Some(stored(key)), None),
            Credential::Signature { token, .. } => (None, Some(stored(token))),
        };
        Self {
            id: &connection.id,
            key_name: connection.credential.key_name(),
            key,
            signature,
            desired: connection.desired,
            endpoint: connection.last_endpoint.as_ref(),
            resource: connection
                .resource
                .as_ref()
                .map(|known| StoredResource { known, unknown: &unknown.resource }),
            unknown: &unknown.entry,
        }
    }
}

/// Refuses what could be written and not be read again, so that it is noticed now
/// and not at the next start.
fn check_readable(connection: &HybridConnection) -> Result<(), SaveError> {
    let nothing = Unknown::default();
    let stored = StoredConnection::of(connection, &nothing);
    let entry = serde_json::to_value(&stored).expect("plain values always become JSON");
    let mut problem = String::new();
    match read_entry(entry, &mut |tolerated| problem = tolerated.to_owned()) {
        Ok((read, _)) if read == *connection => return Ok(()),
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

/// Reads one entry, or says what is wrong with it without any of its values. What it
/// can be used without goes to `tolerate`.
fn read_entry(
    entry: Value,
    tolerate: &mut dyn FnMut(&str),
) -> Result<(HybridConnection, Unknown), String> {
    let Value::Object(mut entry) = entry else {
        return Err("is not an object".to_owned());
    };
    let id = ConnectionId::try_from(take_text(&mut entry, "id")?)
        .map_err(|_| "has an \"id\" that is not of the form HOST/NAME".to_owned())?;
    let name = take_text(&mut entry, "key_name")?;
    let (key, signature) = (take_secret(&mut entry, "key")?, take_secret(&mut entry, "signature")?);
    let (credential, secret) = match (key, signature) {
        (Some((key, unknown)), None) => (Credential::Key { name, key }, unknown),
        (None, Some((token, unknown))) => (Credential::Signature { name, token }, unknown),
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
    let connection = HybridConnection { id, credential, desired, last_endpoint, resource };
    let unknown = Unknown { entry, secret, resource: of_resource.unwrap_or_default() };
    Ok((connection, unknown))
}

fn take_secret(entry: &mut Object, name: &str) -> Result<Option<(Secret, Object)>, String> {
    let mut sealed = match entry.remove(name) {
        None => return Ok(None),
        Some(Value::Object(sealed)) => sealed,
        Some(_) => return Err(format!("has a \"{name}\" that is not an object")),
    };
    let within = |problem: String| format!("has a \"{name}\" that {problem}");
    let protection = take_text(&mut sealed, "protection").map_err(within)?;
    if protection != NO_PROTECTION {
        return Err(within("is protected in a way that this version cannot undo".to_owned()));
    }
    let value = take_text(&mut sealed, "value").map_err(within)?;
    Ok(Some((Secret::new(value), sealed)))
}

fn take_text(object: &mut Object, name: &str) -> Result<String, String> {
    match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(Value::String(_)) => Err(format!("has an empty \"{name}\"")),
        Some(_) => Err(format!("has a \"{name}\" that is not a text")),
        None => Err(format!("has no \"{name}\"")),
    }
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
