//! `connections.json` of version 1.x: a list of objects, one for each hybrid connection.
//!
//! `Namespace` is the first label of the namespace's host, `Uri` the address of the hybrid
//! connection (`sb://HOST/NAME`). `EndpointHost` and `EndpointPort` are what Azure told last:
//! the service asks Azure itself.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::lines::Lines;
use super::{Contents, Entry, EntryError, FileError, Importable, Manager, resource};
use crate::model::{ConnectionString, ConnectionStringError, PartProblem, Secret};

/// Host of a namespace whose entry has no `Uri`: the manager knows the public cloud alone.
const PUBLIC_CLOUD: &str = "servicebus.windows.net";

/// An entry, as far as it is taken over.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Item {
    namespace: Option<String>,
    name: Option<String>,
    uri: Option<String>,
    key_name: Option<String>,
    key_value: Option<Key>,
    subscription_id: Option<String>,
    resource_group: Option<String>,
}

#[derive(Deserialize)]
struct Key(#[serde(with = "crate::model::secret::exposed")] Secret);

/// Reads a text that begins with `[` or `{`.
pub(super) fn read(text: &str) -> Result<Contents, FileError> {
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|error| FileError::Json { line: error.line(), column: error.column() })?;
    if !text.trim_start().starts_with('[') {
        return Err(if is_of_this_product(text) { FileError::Own } else { FileError::NoList });
    }
    let mut lines = Lines::of(text);
    let entries =
        items(text).into_iter().map(|(at, item)| entry(lines.line_of(at), item)).collect();
    Ok(Contents { manager: Manager::Current, entries, proxy: None })
}

fn is_of_this_product(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Own {
        #[serde(rename = "version")]
        _version: u32,
        #[serde(rename = "connections")]
        _connections: Vec<IgnoredAny>,
    }
    serde_json::from_str::<Own>(text).is_ok()
}

/// Each item of a list with the byte where it begins; `list` is valid JSON.
fn items(list: &str) -> Vec<(usize, &str)> {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    let mut begin = 0;
    let mut found = Vec::new();
    for (at, byte) in list.bytes().enumerate() {
        if in_text {
            in_text = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
            continue;
        }
        let ends = match byte {
            b'"' => {
                in_text = true;
                false
            }
            b'[' | b'{' => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
                false
            }
            b']' | b'}' => {
                depth -= 1;
                depth == 0
            }
            b',' => depth == 1,
            _ => false,
        };
        if ends {
            let item = &list[begin..at];
            let space = item.len() - item.trim_start().len();
            found.push((begin + space, item.trim()));
            begin = at + 1;
        }
    }
    found.retain(|(_, item)| !item.is_empty());
    found
}

fn entry(line: usize, item: &str) -> Entry {
    let read = match serde_json::from_str::<Item>(item) {
        Ok(read) if item.starts_with('{') => read,
        Ok(_) => return of_other_kind(line, line),
        Err(error) => return of_other_kind(line, line + error.line().saturating_sub(1)),
    };
    let name = match (given(&read.namespace), given(&read.name)) {
        (Some(namespace), Some(name)) => Some(format!("{namespace}/{name}")),
        _ => None,
    };
    let id = given(&read.uri).and_then(|uri| ConnectionString::id_at(uri, given(&read.name)).ok());
    Entry { line, name, id, value: importable(&read) }
}

fn of_other_kind(line: usize, line_of_value: usize) -> Entry {
    let value = Err(EntryError::OtherKind { line: line_of_value });
    Entry { line, name: None, id: None, value }
}

fn importable(item: &Item) -> Result<Importable, EntryError> {
    let namespace = need(&item.namespace, "Namespace")?;
    let name = need(&item.name, "Name")?;
    let key_name = need(&item.key_name, "KeyName")?;
    let key = item.key_value.as_ref().map(|key| &key.0);
    let key = key.filter(|key| !key.expose().trim().is_empty());
    let key = key.ok_or(EntryError::Missing("KeyValue"))?;
    let address = match given(&item.uri) {
        Some(uri) => uri.to_owned(),
        None if namespace.contains('.') => format!("sb://{namespace}/"),
        None => format!("sb://{namespace}.{PUBLIC_CLOUD}/"),
    };
    let string = ConnectionString::of_parts(&address, name, key_name, key).map_err(wrong)?;
    let host = string.id.namespace();
    let is_same = [host.label(), host.host()].iter().any(|one| one.eq_ignore_ascii_case(namespace));
    if !is_same {
        return Err(EntryError::Differs("Namespace"));
    }
    let resource = match (given(&item.subscription_id), given(&item.resource_group)) {
        (Some(subscription), Some(group)) => resource::of(&string.id, subscription, group),
        _ => None,
    };
    Ok(Importable { string, resource })
}

/// What is there and not empty.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|value| !value.is_empty())
}

fn need<'a>(value: &'a Option<String>, field: &'static str) -> Result<&'a str, EntryError> {
    given(value).ok_or(EntryError::Missing(field))
}

fn wrong(error: ConnectionStringError) -> EntryError {
    if matches!(error, ConnectionStringError::Wrong { problem: PartProblem::DiffersFromPath, .. }) {
        return EntryError::Differs("Name");
    }
    let field = match error.part() {
        Some("Endpoint") => Some("Uri"),
        Some("EntityPath") => Some("Name"),
        Some("SharedAccessKeyName") => Some("KeyName"),
        Some("SharedAccessKey") => Some("KeyValue"),
        _ => None,
    };
    EntryError::Wrong { field, error }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "dGVzdC1rZXktbm90LXJlYWw=";

    fn sql() -> Value {
        json!({
            "Namespace": "contoso",
            "Name": "sql",
            "Uri": "sb://contoso.servicebus.windows.net/sql",
            "KeyName": "defaultListener",
            "KeyValue": KEY,
            "EndpointHost": "sql01.corp",
            "EndpointPort": 1433,
            "ResourceGroup": null,
            "SubscriptionId": null,
            "Status": "Connected",
            "CreatedOn": "1/2/2026 10:00:00 AM",
            "LastUpdated": "3/4/2026 11:30:00 AM",
            "NumberOfListeners": 1,
        })
    }

    fn with(field: &str, value: impl Into<Value>) -> Value {
        let mut item = sql();
        item[field] = value.into();
        item
    }

    fn one(item: Value) -> Entry {
        let text = serde_json::to_string_pretty(&vec![item]).unwrap();
        let mut contents = read(&text).unwrap();
        assert_eq!((contents.manager, contents.entries.len()), (Manager::Current, 1));
        contents.entries.remove(0)
    }

    fn id(entry: &Entry) -> String {
        entry.value.as_ref().unwrap().string.id.full()
    }

    #[test]
    fn an_entry_is_read_whole() {
        let entry = one(sql());
        assert_eq!((entry.line, entry.name.as_deref()), (2, Some("contoso/sql")));
        assert_eq!(id(&entry), "contoso.servicebus.windows.net/sql");
        let taken = entry.value.unwrap();
        assert_eq!(taken.string.credential.key_name(), "defaultListener");
        assert!(taken.string.to_secret().expose().contains(KEY));
        assert_eq!(taken.resource, None);
    }

    #[test]
    fn the_address_tells_the_host() {
        let china = one(with("Uri", "sb://contoso.servicebus.chinacloudapi.cn/sql"));
        assert_eq!(id(&china), "contoso.servicebus.chinacloudapi.cn/sql");
        let bare = one(with("Uri", "sb://contoso.servicebus.windows.net/"));
        assert_eq!(id(&bare), "contoso.servicebus.windows.net/sql");
        for missing in [json!(null), json!("")] {
            assert_eq!(id(&one(with("Uri", missing))), "contoso.servicebus.windows.net/sql");
        }
        let mut whole = with("Uri", json!(null));
        whole["Namespace"] = "contoso.servicebus.usgovcloudapi.net".into();
        assert_eq!(id(&one(whole)), "contoso.servicebus.usgovcloudapi.net/sql");
    }

    #[test]
    fn where_it_is_in_azure_comes_along() {
        let mut item = with("SubscriptionId", "0a1b2c3d-1111-4222-8333-444455556666");
        assert_eq!(one(item.clone()).value.unwrap().resource, None);
        item["ResourceGroup"] = "rg-integration".into();
        let resource = one(item).value.unwrap().resource.unwrap();
        assert_eq!(resource.resource_group, "rg-integration");
    }

    #[test]
    fn an_entry_that_cannot_be_added_says_why() {
        for (item, field, words) in [
            (with("KeyValue", json!(null)), "KeyValue", "no key to listen with"),
            (with("KeyValue", " "), "KeyValue", "no key to listen with"),
            (
                with("KeyValue", "dGVz dC1r"),
                "KeyValue",
                "KeyValue: SharedAccessKey has white space",
            ),
            (with("KeyName", ""), "KeyName", "it has no KeyName; add it"),
            (with("Name", json!(null)), "Name", "it has no Name"),
            (with("Namespace", json!(null)), "Namespace", "it has no Namespace"),
            (with("Name", "web"), "Name", "its Name and its Uri name different things"),
            (with("Namespace", "fabrikam"), "Namespace", "its Namespace and its Uri"),
            (with("Uri", "http://contoso.b/sql"), "Uri", "Uri: Endpoint begins with a scheme"),
            (with("Name", "s;q"), "Name", "Name: EntityPath has the character ';'"),
        ] {
            let error = one(item).value.unwrap_err();
            assert_eq!(error.field(), Some(field), "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert!(!error.to_string().contains("dGVz"), "{error}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_found_by_its_line() {
        let text = format!(
            "[\n  {{ \"Name\": \"sql\",\n    \"KeyValue\": [\"{KEY}\"] }},\n  7, [], null, {},\n  {{}}\n]",
            sql()
        );
        let entries = read(&text).unwrap().entries;
        let lines: Vec<usize> = entries.iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [2, 4, 4, 4, 4, 5]);
        assert_eq!(entries[0].value, Err(EntryError::OtherKind { line: 3 }));
        for entry in &entries[1..4] {
            assert_eq!(entry.value, Err(EntryError::OtherKind { line: 4 }));
        }
        assert_eq!(id(&entries[4]), "contoso.servicebus.windows.net/sql");
        assert_eq!(entries[5].value, Err(EntryError::Missing("Namespace")));
    }

    #[test]
    fn brackets_and_quotes_in_a_text_end_nothing() {
        let mut item = with("Status", r#"]},"\ "{["#);
        item["More"] = json!([{ "a": ["\\", "\\\""] }]);
        let text = json!([item, sql()]).to_string();
        let entries = read(&text).unwrap().entries;
        assert_eq!(entries.len(), 2);
        assert!(entries.iter().all(|entry| entry.value.is_ok()));
    }

    #[test]
    fn what_is_no_list_is_told_apart() {
        assert_eq!(read("[]").unwrap().entries, []);
        assert_eq!(read("[{]"), Err(FileError::Json { line: 1, column: 3 }));
        assert_eq!(read("[]\n]"), Err(FileError::Json { line: 2, column: 1 }));
        assert_eq!(read("{}"), Err(FileError::NoList));
        let own = r#"{"version":1,"connections":[]}"#;
        assert_eq!(read(own), Err(FileError::Own));
    }
}
