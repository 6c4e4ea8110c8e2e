//! Sealed secrets in the files: what is written, what comes back, and that what cannot be
//! unsealed is neither lost nor in the way.

use hybrid_connection_manager::model::{
    Credential, Desired, Fault, FaultCode, HybridConnection, Secret,
};
use hybrid_connection_manager::platform::seal::{self, DPAPI_MACHINE, DPAPI_USER, Scope};
use hybrid_connection_manager::store::{Opened, SaveError, Store};
use serde_json::{Value, json};

use crate::sealer::FakeSealer;
use crate::store::{Home, KEY, connection, entry, file, put};

const PASSWORD: &str = "p@ss of the proxy";
const PROXY: &str = "http://me:p%40ss%20of%20the%20proxy@proxy.corp:8080";
const SHOWN_PROXY: &str = "http://me:***@proxy.corp:8080";

/// Opens the files on the machine of `sealer`, which shows no secret.
fn open(home: &Home, sealer: &FakeSealer) -> Opened {
    let opened = Store::open(&home.paths, sealer.boxed()).unwrap();
    let shown = format!("{opened:?} {:?}", opened.store);
    assert!(!shown.contains(KEY) && !shown.contains(PASSWORD), "a secret is shown: {shown}");
    opened
}

/// No file has a secret in it.
fn assert_nothing_plain(home: &Home) {
    for (name, bytes) in home.files() {
        let text = String::from_utf8(bytes).unwrap();
        for secret in [KEY, PASSWORD, "p%40ss"] {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}

fn connections_of(home: &Home) -> Value {
    serde_json::from_str(&home.connections_text()).unwrap()
}

fn settings_of(home: &Home) -> Value {
    serde_json::from_slice(&home.files()["settings.json"]).unwrap()
}

fn signed(name: &str) -> HybridConnection {
    HybridConnection {
        credential: Credential::Signature { name: "r".into(), token: Secret::new(KEY) },
        ..connection(name)
    }
}

/// A home whose key and signature, "sql" and "web", and proxy were sealed by `sealer`.
fn sealed_home(sealer: &FakeSealer) -> Home {
    let home = Home::new();
    let mut store = open(&home, sealer).store;
    store.update_connections(|list| list.extend([connection("sql"), signed("web")])).unwrap();
    store.update_settings(|settings| settings.set("network.proxy", PROXY)).unwrap().unwrap();
    home
}

fn disable(connections: &mut [HybridConnection]) {
    connections.iter_mut().for_each(|one| one.desired = Desired::Disabled);
}

fn why_sealed(connection: &HybridConnection) -> &str {
    match &connection.credential {
        Credential::Sealed { name, why } => {
            assert!(["listen", "r"].contains(&name.as_str()));
            why
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_sealed_comes_back_and_stands_nowhere_in_plain_text() {
    let sealer = FakeSealer::of("a");
    let home = sealed_home(&sealer);
    assert_nothing_plain(&home);
    let stored = connections_of(&home);
    assert_eq!(stored["version"], 2);
    assert_eq!(stored["connections"][0]["key"]["protection"], DPAPI_MACHINE);
    assert_eq!(stored["connections"][1]["signature"]["protection"], DPAPI_MACHINE);
    let network = &settings_of(&home)["network"];
    assert_eq!(network["proxy"], SHOWN_PROXY);
    assert_eq!(network["proxy_password"]["protection"], DPAPI_MACHINE);

    let before = home.files();
    let opened = open(&home, &sealer);
    assert_eq!(opened.connections, [connection("sql"), signed("web")]);
    let proxy = opened.settings.network.proxy.proxy().unwrap().clone();
    assert_eq!(proxy.to_secret().expose(), PROXY);
    assert!(opened.faults.is_empty() && opened.sealed == 0, "{:?}", opened.faults);
    assert_eq!(home.files(), before, "to read writes nothing");
}

#[test]
fn what_this_system_seals_comes_back() {
    for scope in [Scope::Machine, Scope::User] {
        let home = Home::new();
        let open = || Store::open(&home.paths, seal::sealer(scope)).unwrap();
        let mut store = open().store;
        store.update_connections(|list| list.extend([connection("sql"), signed("web")])).unwrap();
        store.update_settings(|settings| settings.set("network.proxy", PROXY)).unwrap().unwrap();
        drop(store);
        let is_plain = home.connections_text().contains(KEY);
        assert_eq!(is_plain, seal::sealer(scope).is_none());
        let opened = open();
        assert_eq!(opened.connections, [connection("sql"), signed("web")]);
        let proxy = opened.settings.network.proxy.proxy().unwrap();
        assert_eq!(proxy.password().unwrap().expose(), PASSWORD);
        assert!(opened.faults.is_empty(), "{:?}", opened.faults);
    }
}

#[test]
fn only_what_changes_is_sealed_anew() {
    let sealer = FakeSealer::of("a");
    let home = sealed_home(&sealer);
    let (before, times) = (connections_of(&home), sealer.times_sealed());
    let mut store = open(&home, &sealer).store;
    store.update_connections(|list| disable(list)).unwrap();
    store.update_settings(|settings| settings.set("log.level", "warn")).unwrap().unwrap();
    assert_eq!(sealer.times_sealed(), times);
    let other = Credential::Key { name: "listen".into(), key: Secret::new("b3RoZXI=") };
    store.update_connections(|list| list[0].credential = other.clone()).unwrap();
    assert_eq!(sealer.times_sealed(), times + 1);
    let after = connections_of(&home);
    let key = |stored: &Value| stored["connections"][0]["key"].clone();
    assert_ne!(key(&after), key(&before));
    let token = |stored: &Value| stored["connections"][1]["signature"].clone();
    assert_eq!(token(&after), token(&before));
    drop(store);
    assert_eq!(open(&home, &sealer).connections[0].credential, other);
}

#[test]
fn what_is_in_plain_text_is_sealed_at_once() {
    let sealer = FakeSealer::of("a");
    let mut noted = entry("web");
    noted["key"]["note"] = json!("kept");
    let home = Home::with_connections(file(&[entry("sql"), noted]));
    let settings = json!({"version": 1, "network": {"proxy": PROXY, "dns": "x"}});
    put(&home.paths.settings_file, settings.to_string());
    let opened = open(&home, &sealer);
    assert_eq!(opened.connections, [connection("sql"), connection("web")]);
    assert_eq!((opened.sealed, opened.faults.len()), (3, 0), "{:?}", opened.faults);
    assert_nothing_plain(&home);
    assert_eq!(connections_of(&home)["connections"][1]["key"]["note"], "kept");
    assert_eq!(settings_of(&home)["network"]["dns"], "x");
    drop(opened);

    // An administrator puts a key and a password in by hand, beside what is sealed.
    let mut stored = connections_of(&home);
    stored["connections"].as_array_mut().unwrap().push(entry("new"));
    put(&home.paths.connections_file, stored.to_string());
    let mut settings = settings_of(&home);
    settings["network"]["proxy"] = json!("http://you:other@proxy.corp:8080");
    put(&home.paths.settings_file, settings.to_string());
    let opened = open(&home, &sealer);
    assert_eq!(opened.connections.len(), 3);
    assert_eq!((opened.sealed, opened.faults.len()), (2, 0), "{:?}", opened.faults);
    let proxy = opened.settings.network.proxy.proxy().unwrap().clone();
    assert_eq!(proxy.password().unwrap().expose(), "other");
    assert_nothing_plain(&home);
    assert!(!settings_of(&home).to_string().contains("other"));
    drop(opened);
    assert_eq!(open(&home, &sealer).sealed, 0);
}

#[test]
fn what_was_sealed_for_an_account_is_sealed_for_the_machine_where_it_can_be() {
    let home = sealed_home(&FakeSealer::giving("a", DPAPI_USER));
    assert_eq!(connections_of(&home)["connections"][0]["key"]["protection"], DPAPI_USER);
    let opened = open(&home, &FakeSealer::of("a"));
    assert_eq!((opened.sealed, opened.faults.len()), (3, 0));
    assert_eq!(connections_of(&home)["connections"][0]["key"]["protection"], DPAPI_MACHINE);
}

#[test]
fn damage_and_plain_keys_in_one_file_are_both_seen_to() {
    let sealer = FakeSealer::of("a");
    let home = Home::with_connections(file(&[entry("sql"), json!(1)]));
    let opened = open(&home, &sealer);
    assert_eq!(opened.sealed, 1);
    assert_eq!(opened.faults[0].code, FaultCode::StoreDamaged);
    assert!(!home.connections_text().contains(KEY));
    drop(opened);
    assert!(open(&home, &sealer).faults.is_empty());
}

#[test]
fn what_another_machine_has_sealed_is_named_and_kept_through_every_change() {
    let home = sealed_home(&FakeSealer::of("a"));
    let before = connections_of(&home);
    let here = FakeSealer::of("b");
    let opened = open(&home, &here);
    assert_eq!(connections_of(&home), before, "nothing is written for it");
    let [sql, web] = &opened.connections[..] else { panic!() };
    let expected = "the key of the rule listen is sealed (dpapi-machine), and the system says: key not valid here";
    assert_eq!(why_sealed(sql), expected);
    assert!(why_sealed(web).starts_with("the signature of the rule r is sealed"));
    assert_eq!(sql.last_endpoint, connection("sql").last_endpoint);
    let mut store = opened.store;
    store.update_connections(|list| disable(list)).unwrap();
    store.update_connections(|list| list.push(connection("new"))).unwrap();
    store.update_connections(|list| list.retain(|one| one.id.name() != "new")).unwrap();
    let mut expected = before;
    for at in 0..2 {
        expected["connections"][at]["desired"] = json!("disabled");
    }
    assert_eq!(connections_of(&home), expected);

    // A new connection string mends one of them.
    let found = connection("sql").credential;
    store.update_connections(|list| list[0].credential = found).unwrap();
    drop(store);
    let opened = open(&home, &here);
    assert_eq!(opened.connections[0].credential, connection("sql").credential);
    why_sealed(&opened.connections[1]);
    drop(opened);
    // And back where it came from, the other one is as good as ever.
    let opened = open(&home, &FakeSealer::of("a"));
    why_sealed(&opened.connections[0]);
    assert_eq!(opened.connections[1].credential, signed("web").credential);
}

#[test]
fn a_file_of_windows_is_kept_where_nothing_unseals_it() {
    let home = sealed_home(&FakeSealer::of("a"));
    let (before, settings) = (connections_of(&home), settings_of(&home));
    let opened = Store::open(&home.paths, None).unwrap();
    let why = why_sealed(&opened.connections[0]);
    assert!(why.ends_with("sealed (dpapi-machine), which this system cannot undo"), "{why}");
    let codes: Vec<_> = opened.faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [FaultCode::ProxyPasswordSealed]);
    let mut store = opened.store;
    store.update_connections(|list| list.push(connection("new"))).unwrap();
    store.update_settings(|settings| settings.set("log.level", "warn")).unwrap().unwrap();
    let after = connections_of(&home);
    assert_eq!(after["connections"][0], before["connections"][0]);
    assert_eq!(after["connections"][2], entry("new"));
    assert_eq!(settings_of(&home)["network"], settings["network"]);
}

#[test]
fn a_sealed_key_is_of_no_use_in_another_entry() {
    let sealer = FakeSealer::of("a");
    let home = sealed_home(&sealer);
    let mut stored = connections_of(&home);
    let key = stored["connections"][0]["key"].clone();
    let mut moved = entry("moved");
    moved["key"] = key;
    stored["connections"].as_array_mut().unwrap().push(moved);
    // The name's case tells no two apart.
    stored["connections"][0]["id"] = json!("Contoso.servicebus.windows.net/SQL");
    put(&home.paths.connections_file, stored.to_string());
    let opened = open(&home, &sealer);
    assert_eq!(opened.connections[0].credential, connection("sql").credential);
    why_sealed(&opened.connections[2]);
}

#[test]
fn damaged_seals_keep_their_entries() {
    for (value, words) in
        [(json!("not base64!"), "it is not base64"), (json!("c2VjcmV0"), "key not valid here")]
    {
        let sealer = FakeSealer::of("a");
        let home = sealed_home(&sealer);
        let mut stored = connections_of(&home);
        stored["connections"][0]["key"]["value"] = value;
        put(&home.paths.connections_file, stored.to_string());
        let mut opened = open(&home, &sealer);
        let why = why_sealed(&opened.connections[0]);
        assert!(why.contains(words), "{why}");
        assert!(!why.contains("c2Vj") && opened.faults.is_empty());
        assert_eq!(opened.connections[1], signed("web"));
        opened.store.update_connections(|list| list[1].desired = Desired::Disabled).unwrap();
        let after = connections_of(&home);
        assert_eq!(after["connections"][0], stored["connections"][0]);
    }
}

#[test]
fn a_key_that_cannot_be_sealed_is_not_saved_in_plain_text() {
    let sealer = FakeSealer::of("a");
    let home = sealed_home(&sealer);
    let mut store = open(&home, &sealer).store;
    let before = home.files();
    sealer.set_broken(true);
    let error = store.update_connections(|list| list.push(connection("new"))).unwrap_err();
    assert!(matches!(error, SaveError::NotSealed { .. }), "{error}");
    let text = error.to_string();
    for words in ["contoso/new", "could not be sealed, so nothing was changed", "out of wax"] {
        assert!(text.contains(words), "{text}");
    }
    let set = |settings: &mut hybrid_connection_manager::model::Settings| {
        settings.set("network.proxy", "http://me:new@proxy.corp:8080")
    };
    let error = store.update_settings(set).unwrap_err();
    assert!(error.to_string().contains("the password of the proxy"), "{error}");
    assert_eq!(store.connections().len(), 2);
    assert_eq!(store.settings().get("network.proxy").unwrap(), SHOWN_PROXY);
    assert_eq!(home.files(), before);
    // What needs no seal is saved.
    store.update_connections(|list| disable(list)).unwrap();
    store.update_settings(|settings| settings.set("log.level", "warn")).unwrap().unwrap();
    sealer.set_broken(false);
    store.update_connections(|list| list.push(connection("new"))).unwrap();
    drop(store);
    assert_eq!(open(&home, &sealer).connections.len(), 3);
}

#[test]
fn plain_keys_that_cannot_be_sealed_are_used_and_said() {
    let text = file(&[entry("sql")]);
    let home = Home::with_connections(&text);
    put(&home.paths.settings_file, json!({"network": {"proxy": PROXY}}).to_string());
    let before = home.files();
    let sealer = FakeSealer::of("a");
    sealer.set_broken(true);
    let opened = open(&home, &sealer);
    assert_eq!(opened.connections, [connection("sql")]);
    assert_eq!(opened.sealed, 0);
    let said = |fault: &Fault| {
        assert_eq!(fault.code, FaultCode::NotSealed);
        assert!(fault.detail.contains("out of wax"), "{fault}");
    };
    assert_eq!(opened.faults.len(), 2);
    opened.faults.iter().for_each(said);
    assert_eq!(home.files(), before);
    drop(opened);
    sealer.set_broken(false);
    assert_eq!(open(&home, &sealer).sealed, 2);
}

#[test]
fn a_proxy_whose_password_is_sealed_elsewhere_stays_until_it_is_set_again() {
    let home = sealed_home(&FakeSealer::of("a"));
    let before = settings_of(&home);
    let here = FakeSealer::of("b");
    let mut opened = open(&home, &here);
    let [fault] = &opened.faults[..] else { panic!("{:?}", opened.faults) };
    assert_eq!(fault.code, FaultCode::ProxyPasswordSealed);
    for words in [SHOWN_PROXY, "is sealed (dpapi-machine)", "key not valid here"] {
        assert!(fault.detail.contains(words), "{fault}");
    }
    let proxy = opened.settings.network.proxy.proxy().unwrap().clone();
    assert!(proxy.password_is_sealed());
    let set = |store: &mut Store, name: &str, value: &str| {
        store.update_settings(|settings| settings.set(name, value)).unwrap()
    };
    set(&mut opened.store, "log.level", "warn").unwrap();
    let after = settings_of(&home);
    assert_eq!(after["network"], before["network"]);
    assert_eq!(after["log"]["level"], "warn");
    set(&mut opened.store, "network.proxy", SHOWN_PROXY).unwrap_err();
    set(&mut opened.store, "network.proxy", PROXY).unwrap();
    drop(opened);
    let opened = open(&home, &here);
    assert!(opened.faults.is_empty(), "{:?}", opened.faults);
    assert_eq!(opened.settings.network.proxy.proxy().unwrap().to_secret().expose(), PROXY);
    assert_nothing_plain(&home);
}

#[test]
fn a_sealed_password_that_is_none_is_set_aside_with_its_proxy() {
    let sealer = FakeSealer::of("a");
    let home = sealed_home(&sealer);
    let mut stored = settings_of(&home);
    stored["network"]["proxy_password"]["protection"] = json!("tpm");
    put(&home.paths.settings_file, stored.to_string());
    let opened = open(&home, &sealer);
    assert_eq!(opened.settings.network.proxy.proxy(), None);
    let [fault] = &opened.faults[..] else { panic!("{:?}", opened.faults) };
    assert_eq!(fault.code, FaultCode::SettingsDamaged);
    assert!(fault.detail.contains("network.proxy_password is protected in a way"), "{fault}");
    assert_eq!(home.aside(), stored.to_string().as_bytes());
}

#[test]
fn a_proxy_without_a_password_needs_no_seal() {
    let sealer = FakeSealer::of("a");
    let home = Home::new();
    let mut store = open(&home, &sealer).store;
    for proxy in ["http://proxy.corp:8080", "http://me@proxy.corp:8080"] {
        store.update_settings(|settings| settings.set("network.proxy", proxy)).unwrap().unwrap();
        let network = settings_of(&home)["network"].clone();
        assert_eq!(network, json!({"proxy": proxy}));
    }
    assert_eq!(sealer.times_sealed(), 0);
}
