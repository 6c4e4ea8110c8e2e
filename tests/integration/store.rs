//! The files of one home: what survives, what is refused, and that nothing is lost.

use std::collections::BTreeMap;
use std::path::Path;

use hybrid_connection_manager::model::{
    ConnectionId, Credential, Desired, Endpoint, FaultCode, HybridConnection, NamespaceAddress,
    Secret, Settings,
};
use hybrid_connection_manager::platform::{Paths, permissions};
use hybrid_connection_manager::store::{OpenError, Opened, SaveError, Store};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const KEY: &str = "c2VjcmV0IGtleSBmb3IgdGVzdHM=";

pub(crate) struct Home {
    _dir: TempDir,
    pub(crate) paths: Paths,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(dir.path()).unwrap();
        Self { _dir: dir, paths }
    }

    pub(crate) fn with_connections(contents: impl AsRef<[u8]>) -> Self {
        let home = Self::new();
        put(&home.paths.connections_file, contents);
        home
    }

    fn open(&self) -> Opened {
        let opened = Store::open(&self.paths, None).unwrap();
        let shown = format!("{opened:?} {:?}", opened.store);
        assert!(!shown.contains(KEY), "a key is shown: {shown}");
        opened
    }

    pub(crate) fn connections_text(&self) -> String {
        std::fs::read_to_string(&self.paths.connections_file).unwrap()
    }

    /// Name and bytes of every file but the lock.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = self.paths.home.read_dir().unwrap().map(Result::unwrap);
        let files = entries.filter(|entry| entry.path().is_file()).map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        });
        files.filter(|(name, _)| name != "service.lock").collect()
    }

    /// The only file that was set aside.
    pub(crate) fn aside(&self) -> Vec<u8> {
        let files = self.files();
        let aside: Vec<_> = files.iter().filter(|(name, _)| name.contains(".damaged-")).collect();
        assert_eq!(aside.len(), 1, "{:?}", files.keys());
        aside[0].1.clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "damage is not written durably")]
pub(crate) fn put(path: &Path, contents: impl AsRef<[u8]>) {
    std::fs::write(path, contents).unwrap();
    permissions::restrict_path(path).unwrap();
}

pub(crate) fn connection(name: &str) -> HybridConnection {
    let namespace = NamespaceAddress::new("contoso.servicebus.windows.net", 443);
    HybridConnection {
        id: ConnectionId::new(namespace, name),
        credential: Credential::Key { name: "listen".into(), key: Secret::new(KEY) },
        desired: Desired::Enabled,
        last_endpoint: Some(Endpoint::new("db.corp", 1433)),
        resource: None,
    }
}

pub(crate) fn entry(name: &str) -> Value {
    json!({
        "id": format!("contoso.servicebus.windows.net/{name}"),
        "key_name": "listen",
        "key": {"protection": "none", "value": KEY},
        "desired": "enabled",
        "endpoint": "db.corp:1433",
    })
}

pub(crate) fn file(entries: &[Value]) -> String {
    json!({"version": 1, "connections": entries}).to_string()
}

#[test]
fn what_is_saved_is_there_after_a_restart() {
    let home = Home::new();
    let mut opened = home.open();
    assert!(opened.faults.is_empty() && opened.connections.is_empty());
    assert_eq!(opened.settings, Settings::default());
    assert!(home.files().is_empty(), "nothing is written before something changes");
    let signed = HybridConnection {
        credential: Credential::Signature {
            name: "r".into(),
            token: Secret::new("SharedAccessSignature sr=x"),
        },
        desired: Desired::Disabled,
        last_endpoint: None,
        ..connection("team/web")
    };
    let both = vec![connection("sql"), signed];
    let added = opened.store.update_connections(|list| {
        list.extend(both.clone());
        list.len()
    });
    assert_eq!(added.unwrap(), 2);
    let set = opened.store.update_settings(|settings| settings.set("log.level", "debug"));
    set.unwrap().unwrap();
    drop(opened);

    let opened = home.open();
    assert_eq!(opened.connections, both);
    assert_eq!(opened.store.connections(), both);
    assert_eq!(opened.settings.get("log.level").unwrap(), "debug");
    assert_eq!(opened.store.settings(), &opened.settings);
    assert!(opened.faults.is_empty());
}

#[test]
fn what_a_newer_version_added_survives_at_every_level() {
    let mut newer = entry("sql");
    newer["note"] = json!({"by": ["them"]});
    newer["key"]["sealed_at"] = json!(5);
    newer["resource"] = json!({
        "id": "/subscriptions/1/x",
        "subscription_id": "1",
        "subscription": "Production",
        "resource_group": "rg",
        "region": "West Europe",
        "kind": {"z": [1]},
    });
    let mut whole = json!({"version": 1, "connections": [newer], "future": {"a": null}});
    let home = Home::with_connections(whole.to_string());
    put(&home.paths.settings_file, r#"{"version":1,"log":{"level":"warn","x":1},"proxy":{"y":2}}"#);
    let mut store = home.open().store;
    let read = |home: &Home| serde_json::from_str::<Value>(&home.connections_text()).unwrap();

    store.update_connections(|list| list[0].desired = Desired::Disabled).unwrap();
    whole["version"] = json!(2);
    let mut expected = whole;
    expected["connections"][0]["desired"] = json!("disabled");
    assert_eq!(read(&home), expected);

    // What was said about the old key says nothing about a new one.
    let replaced = Credential::Key { name: "listen".into(), key: Secret::new("bmV3") };
    store.update_connections(|list| list[0].credential = replaced).unwrap();
    expected["connections"][0]["key"] = json!({"protection": "none", "value": "bmV3"});
    assert_eq!(read(&home), expected);

    // Nor what was said about where it was.
    let elsewhere = |list: &mut Vec<HybridConnection>| {
        list[0].resource.as_mut().unwrap().region = "East US".to_owned();
    };
    store.update_connections(elsewhere).unwrap();
    let resource = &mut expected["connections"][0]["resource"];
    resource["region"] = json!("East US");
    resource.as_object_mut().unwrap().remove("kind");
    assert_eq!(read(&home), expected);

    store.update_connections(|list| list.clear()).unwrap();
    store.update_connections(|list| list.push(connection("sql"))).unwrap();
    expected["connections"][0] = entry("sql");
    assert_eq!(read(&home), expected);

    store.update_settings(|settings| settings.set("log.keep_files", "3")).unwrap().unwrap();
    let text = std::fs::read_to_string(&home.paths.settings_file).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["version"], 2);
    assert_eq!(settings["log"], json!({"level": "warn", "keep_files": 3, "x": 1}));
    assert_eq!(settings["proxy"], json!({"y": 2}));
}

#[test]
fn a_damaged_file_is_set_aside_and_never_overwritten() {
    let good = file(&[entry("sql")]);
    for (damage, words) in [
        (&b""[..], "is empty"),
        (b"\0\0\0\0", "not valid JSON (line 1, column 1)"),
        (&good.as_bytes()[..good.len() - 4], "ends too early (line 1, column"),
        (b"{\"connections\": \xff\xfe}", "not UTF-8 text (line 1, column 17)"),
        (b"[]", "not a JSON object"),
        (b"{}", "no list \"connections\""),
        (b"{\"connections\":{}}", "no list \"connections\""),
        (b"{\"version\":\"1\",\"connections\":[]}", "whole number"),
    ] {
        let home = Home::with_connections(damage);
        let mut opened = home.open();
        let [fault] = &opened.faults[..] else { panic!("{:?}", opened.faults) };
        assert_eq!(fault.code, FaultCode::StoreDamaged);
        assert!(fault.detail.contains(words), "{}", fault.detail);
        assert!(fault.detail.contains("connections.json.damaged-"), "{}", fault.detail);
        assert_eq!(home.aside(), damage);
        opened.store.update_connections(|list| list.push(connection("new"))).unwrap();
        drop(opened);
        let opened = home.open();
        assert_eq!(opened.connections, [connection("new")]);
        assert!(opened.faults.is_empty());
        assert_eq!(home.aside(), damage);
    }
}

#[test]
fn a_damaged_settings_file_leaves_the_connections_alone() {
    let home = Home::with_connections(file(&[entry("sql")]));
    put(&home.paths.settings_file, "{\"log\": {\"level\": }");
    let opened = home.open();
    assert_eq!(opened.connections.len(), 1);
    assert_eq!(opened.settings, Settings::default());
    assert_eq!(opened.faults.len(), 1);
    assert_eq!(opened.faults[0].code, FaultCode::SettingsDamaged);
    assert!(opened.faults[0].detail.contains("line 1, column 19"), "{}", opened.faults[0].detail);
    assert_eq!(home.aside(), b"{\"log\": {\"level\": }");
}

#[test]
fn one_bad_setting_does_not_lose_the_others() {
    let home = Home::new();
    let text = r#"{"log":{"level":"loud","keep_files":3},"service":{"drain_seconds":7}}"#;
    put(&home.paths.settings_file, text);
    let opened = home.open();
    assert_eq!(opened.settings.log.keep_files, 3);
    assert_eq!(opened.settings.service.drain_seconds, 7);
    assert_eq!(opened.settings.get("log.level").unwrap(), "info");
    assert!(opened.faults[0].detail.contains("log.level must be error, warn"));
    assert_eq!(home.aside(), text.as_bytes());
    drop(opened);
    assert!(home.open().faults.is_empty(), "it is reported once");
}

#[test]
fn one_bad_entry_does_not_lose_the_others() {
    let mut nameless = entry("x");
    nameless["id"] = json!(KEY);
    let mut sealed = entry("Sealed");
    sealed["key"]["protection"] = json!("tpm");
    let mut no_port = entry("no-port");
    no_port["endpoint"] = json!("db.corp");
    let mut twice = entry("SQL");
    twice["key"]["value"] = json!("b3RoZXI=");
    let text = file(&[entry("sql"), nameless, sealed, no_port, twice, entry("web")]);
    let home = Home::with_connections(&text);
    let opened = home.open();
    let unknown_endpoint = HybridConnection { last_endpoint: None, ..connection("no-port") };
    let usable = [connection("sql"), unknown_endpoint, connection("web")];
    assert_eq!(opened.connections, usable);
    let [fault] = &opened.faults[..] else { panic!("{:?}", opened.faults) };
    assert_eq!(fault.code, FaultCode::StoreDamaged);
    for words in [
        "entry 2 has an \"id\"",
        "entry 3 (contoso/Sealed) has a \"key\" that is protected",
        "entry 4 (contoso/no-port) has an \"endpoint\"",
        "entry 5 (contoso/SQL) is there twice",
        "it is kept as ",
    ] {
        assert!(fault.detail.contains(words), "{}", fault.detail);
    }
    assert_eq!(home.aside(), text.as_bytes());
    drop(opened);
    let opened = home.open();
    assert!(opened.faults.is_empty(), "it is reported once");
    assert_eq!(opened.connections, usable);
}

#[test]
fn many_bad_entries_make_one_short_fault() {
    let home = Home::with_connections(file(&vec![json!(1); 500]));
    let opened = home.open();
    assert!(opened.faults[0].detail.contains("; and 495 more"), "{}", opened.faults[0].detail);
    assert!(opened.faults[0].detail.len() < 600);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let text = r#"{"version":3,"connections":"in a new form"}"#;
    let home = Home::with_connections(text);
    put(&home.paths.settings_file, r#"{"version":7}"#);
    let before = home.files();
    let mut opened = home.open();
    let codes: Vec<_> = opened.faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [FaultCode::StoreUnusable, FaultCode::SettingsUnusable]);
    assert!(opened.faults[0].detail.contains("newer version"), "{}", opened.faults[0].detail);
    let error = opened.store.update_connections(|list| list.push(connection("x"))).unwrap_err();
    assert!(matches!(error, SaveError::LeftAlone { .. }));
    assert!(error.to_string().contains("newer version"), "{error}");
    let error = opened.store.update_settings(|settings| settings.set("log.level", "warn"));
    assert!(matches!(error, Err(SaveError::LeftAlone { .. })));
    assert!(opened.store.connections().is_empty());
    assert_eq!(opened.store.settings(), &Settings::default());
    assert_eq!(home.files(), before);
}

#[test]
fn what_is_no_file_is_left_alone() {
    let home = Home::new();
    std::fs::create_dir(&home.paths.connections_file).unwrap();
    let mut opened = home.open();
    assert_eq!(opened.faults[0].code, FaultCode::StoreUnusable);
    assert!(opened.faults[0].detail.contains("is not a file"));
    let error = opened.store.update_connections(|list| list.push(connection("x"))).unwrap_err();
    assert!(matches!(error, SaveError::LeftAlone { .. }), "{error}");
    assert!(home.paths.connections_file.is_dir());
}

#[test]
fn a_save_that_fails_changes_nothing() {
    let home = Home::with_connections(file(&[entry("sql")]));
    let mut store = home.open().store;
    // A folder with something in it cannot be replaced by a file, by no account.
    std::fs::remove_file(&home.paths.connections_file).unwrap();
    std::fs::create_dir_all(home.paths.connections_file.join("x")).unwrap();
    let error = store.update_connections(|list| list.push(connection("web"))).unwrap_err();
    assert!(matches!(error, SaveError::NotWritten { .. }));
    let text = error.to_string();
    assert!(text.contains("connections.json") && text.contains("nothing was changed"), "{text}");
    assert_eq!(store.connections(), [connection("sql")]);
    assert!(home.files().is_empty(), "no unfinished file stays");

    std::fs::remove_dir_all(&home.paths.connections_file).unwrap();
    store.update_connections(|list| list.push(connection("web"))).unwrap();
    drop(store);
    assert_eq!(home.open().connections, [connection("sql"), connection("web")]);
}

#[test]
fn what_could_not_be_read_again_is_refused() {
    let home = Home::with_connections(file(&[entry("sql")]));
    let before = home.files();
    let mut store = home.open().store;
    let error = store.update_connections(|list| list.push(connection("SQL"))).unwrap_err();
    assert!(matches!(&error, SaveError::Duplicate(id) if id.name() == "SQL"), "{error}");
    for unreadable in [
        HybridConnection { last_endpoint: Some(Endpoint::new("a b", 1)), ..connection("x") },
        HybridConnection {
            credential: Credential::Key { name: String::new(), key: Secret::new(KEY) },
            ..connection("x")
        },
        HybridConnection {
            id: ConnectionId::new(NamespaceAddress::new("a b", 443), "x"),
            ..connection("x")
        },
        connection("/x/"),
    ] {
        let error = store.update_connections(|list| list.push(unreadable)).unwrap_err();
        assert!(matches!(error, SaveError::Unstorable { .. }), "{error}");
        assert!(!error.to_string().contains(KEY));
    }
    assert_eq!(store.connections(), [connection("sql")]);
    assert_eq!(home.files(), before);
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let text = file(&[entry("sql")]);
    let home = Home::with_connections(&text);
    let mut store = home.open().store;
    let found = store.update_connections(|list| list.iter().any(|one| one.id.name() == "x"));
    assert!(!found.unwrap());
    assert_eq!(home.connections_text(), text);
}

#[test]
fn a_second_service_on_one_home_is_refused() {
    let home = Home::new();
    let first = home.open();
    let error = Store::open(&home.paths, None).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    let text = error.to_string();
    let pid = format!("process id {}", std::process::id());
    assert!(cfg!(windows) || text.contains(&pid), "{text}");
    assert!(text.contains("stop it first") && text.contains("--home"), "{text}");
    drop(first);
    home.open();
}

#[test]
fn what_a_killed_service_left_half_written_is_removed() {
    let home = Home::with_connections(file(&[entry("sql")]));
    put(&home.paths.home.join(".connections.json.Xy12.tmp"), KEY);
    put(&home.paths.home.join(".settings.json.Xy12.tmp"), "{");
    assert_eq!(home.open().connections.len(), 1);
    assert_eq!(home.files().into_keys().collect::<Vec<_>>(), ["connections.json"]);
}

#[cfg(unix)]
#[test]
fn the_files_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let home = Home::with_connections(file(&[entry("sql"), json!(1)]));
    for file in [&home.paths.connections_file, &home.paths.settings_file] {
        if !file.exists() {
            put(file, "{}");
        }
        set(file, 0o644);
        let error = Store::open(&home.paths, None).unwrap_err();
        let command = format!("chmod 600 {}", file.display());
        assert!(error.to_string().ends_with(&command), "{error}");
        assert_eq!(mode(file), 0o644, "what is refused is not touched");
        set(file, 0o600);
    }
    let mut opened = home.open();
    opened.store.update_connections(|list| list.clear()).unwrap();
    opened.store.update_settings(|settings| settings.set("log.level", "warn")).unwrap().unwrap();
    for name in home.files().keys() {
        assert_eq!(mode(&home.paths.home.join(name)), 0o600, "{name}");
    }
    drop(opened);
    set(&home.paths.home, 0o777);
    let error = Store::open(&home.paths, None).unwrap_err();
    assert!(matches!(error, OpenError::Folder(_)), "{error}");
}

/// Opens a home whose connections file has `contents`; nothing of it may be lost,
/// and no fault may show the key in it.
fn nothing_is_lost(contents: &[u8]) -> Result<Vec<HybridConnection>, TestCaseError> {
    let home = Home::with_connections(contents);
    let opened = home.open();
    let files = home.files();
    prop_assert!(files.values().any(|bytes| bytes == contents), "{:?}", opened.faults);
    for fault in &opened.faults {
        prop_assert!(!fault.to_string().contains("c2Vj"), "{}", fault);
    }
    drop(opened);
    let again = home.open();
    prop_assert!(again.faults.iter().all(|fault| fault.code != FaultCode::StoreDamaged));
    Ok(again.connections)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn arbitrary_bytes_are_kept(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        nothing_is_lost(&bytes)?;
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_kept(
        at in 0_usize..600,
        replacement in proptest::option::of("[\"{}\\[\\],:0-9a-z\u{0}-]"),
    ) {
        let text = file(&[entry("sql"), entry("web")]);
        let at = at % text.len();
        let damaged = match replacement {
            Some(other) => format!("{}{other}{}", &text[..at], &text[at + 1..]),
            None => text[..at].to_owned(),
        };
        nothing_is_lost(damaged.as_bytes())?;
    }

    #[test]
    fn a_bad_entry_takes_no_good_one_with_it(
        entries in proptest::collection::vec(any_json(), 0..4),
        at in 0_usize..4,
    ) {
        let mut all = entries;
        all.insert(at.min(all.len()), entry("sql"));
        let read = nothing_is_lost(file(&all).as_bytes())?;
        prop_assert!(read.contains(&connection("sql")));
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] =
        &["id", "key_name", "key", "signature", "protection", "value", "desired", "x"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "[a-z./:]{0,12}".prop_map(Value::from),
        Just(json!("a.b/c")),
        Just(json!("none")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(proptest::sample::select(NAMES), inner, 0..6).prop_map(
                |map| { map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
            ),
        ]
    })
}
