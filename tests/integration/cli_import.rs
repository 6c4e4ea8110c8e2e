//! `hcm import` over files as Microsoft's managers write them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hybrid_connection_manager::model::{ConnectionStatus, ConnectionString};
use hybrid_connection_manager::platform::microsoft_managers;
use serde_json::{Value, json};

use crate::cli_support::{FakeService, Home, KEY, Ran, connected, id, view};

/// An entry of `connections.json`.
fn entry(name: &str) -> Value {
    json!({
        "Namespace": "contoso",
        "Name": name,
        "Uri": format!("sb://contoso.servicebus.windows.net/{name}"),
        "KeyName": "listen",
        "KeyValue": KEY,
        "EndpointHost": "elsewhere.corp",
        "EndpointPort": 1,
        "ResourceGroup": null,
        "SubscriptionId": null,
        "Status": "Connected",
        "CreatedOn": "1/2/2026 10:00:00 AM",
        "LastUpdated": "1/2/2026 10:00:00 AM",
        "NumberOfListeners": 1,
    })
}

/// A `.config` with these `Endpoint`s and what follows the keys of each.
fn config(items: &[(&str, &str)], more: &str) -> String {
    let items: String = items
        .iter()
        .map(|(endpoint, end)| {
            format!(
                "      <hybridConnection connectionString=\"Endpoint={endpoint};SharedAccessKeyName=listen;SharedAccessKey={KEY}{end}\" />\n"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<configuration>\n  <hybridConnections>\n    <connectionStrings>\n{items}    </connectionStrings>\n  </hybridConnections>\n{more}</configuration>\n"
    )
}

/// A file of Microsoft's manager, which nobody may change.
struct Theirs {
    path: PathBuf,
    bytes: Vec<u8>,
    modified: SystemTime,
}

impl Theirs {
    async fn put(home: &Home, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let (path, bytes) = (home.path().join(name), bytes.into());
        tokio::fs::write(&path, &bytes).await.unwrap();
        let modified = Self::modified(&path);
        Self { path, bytes, modified }
    }

    async fn list(home: &Home, entries: &[Value]) -> Self {
        let text = serde_json::to_string_pretty(entries).unwrap();
        Self::put(home, "connections.json", text).await
    }

    fn modified(path: &Path) -> SystemTime {
        path.metadata().unwrap().modified().unwrap()
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Runs `hcm import` on it, and makes sure that the file is as it was.
    async fn import(&self, home: &Home, options: &[&str]) -> Ran {
        let ran = home.hcm(&[&["import", self.path()], options].concat()).await;
        assert_eq!(std::fs::read(&self.path).unwrap(), self.bytes, "the file was changed");
        assert_eq!(Self::modified(&self.path), self.modified, "the file was touched");
        ran
    }
}

fn sent(service: &FakeService) -> Vec<String> {
    service.strings().iter().map(|string| string.id.full()).collect()
}

#[tokio::test]
async fn what_the_newer_manager_has_is_added() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let mut web = entry("web");
    web["SubscriptionId"] = "0a1b2c3d-1111-4222-8333-444455556666".into();
    web["ResourceGroup"] = "rg-integration".into();
    let file = Theirs::list(&home, &[entry("sql"), web]).await;
    let ran = file.import(&home, &[]).await;
    assert_eq!(
        ran.expect(0).out,
        "\
Import  Name  Namespace  Key name  From
Add     sql   contoso    listen    connections.json:2
Add     web   contoso    listen    connections.json:17
Added contoso/sql: Connecting
Added contoso/web: Connecting
"
    );
    let found = format!("{}: 2 hybrid connections of Microsoft's manager 1.x\n", file.path());
    assert!(ran.err.starts_with(&found), "{ran:?}");
    assert!(ran.err.contains("Azure spreads the streams over both"), "{ran:?}");
    assert!(ran.err.contains("sc stop HybridConnectionManagerService"), "{ran:?}");
    assert_eq!(sent(&service), [id("sql").full(), id("web").full()]);
    assert!(service.strings()[0].to_secret().expose().contains(KEY));
    let resources = service.resources();
    assert_eq!(resources[0], None);
    let resource = resources[1].as_ref().unwrap();
    assert_eq!(resource.resource_group, "rg-integration");
    assert!(resource.portal_address().is_some());

    let ran = home.hcm(&["show", "contoso/web"]).await;
    assert!(
        ran.expect(0).out.contains("Subscription           0a1b2c3d-1111-4222-8333-444455556666\n"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("Region"), "{ran:?}");
    let ran = home.hcm(&["show", "contoso/web", "-o", "json"]).await;
    let shown = ran.expect(0).json();
    assert_eq!((&shown["Subscription"], &shown["Region"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn what_the_classic_manager_has_is_added_in_both_forms() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let proxy = "<system.net><defaultProxy><proxy usesystemdefault=\"True\" proxyaddress=\"http://me:c2Vj@proxy.corp:3128\"/></defaultProxy></system.net>\n";
    let text = config(
        &[
            ("sb://contoso.servicebus.windows.net/sql", ""),
            ("sb://contoso.servicebus.windows.net/", ";EntityPath=web"),
        ],
        proxy,
    );
    let utf16: Vec<u8> =
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file =
        Theirs::put(&home, "Microsoft.HybridConnectionManager.Listener.exe.config", utf16).await;
    let ran = file.import(&home, &[]).await;
    ran.expect(0);
    assert!(ran.out.ends_with("Added contoso/sql: Connecting\nAdded contoso/web: Connecting\n"));
    assert_eq!(sent(&service), [id("sql").full(), id("web").full()]);
    for words in [
        "2 hybrid connections of Microsoft's manager 0.7.x",
        "Listener.exe.config, line 9: it goes through the proxy http://me:***@proxy.corp:3128, which is not taken over",
        "hcm settings set network.proxy http://me:***@proxy.corp:3128, with the password",
        "sc stop HybridConnectionManager)",
    ] {
        assert!(ran.err.contains(words), "{words}: {ran:?}");
    }
    assert!(!ran.err.contains("c2Vj"), "{ran:?}");
    assert!(service.changes().is_empty(), "a setting was changed: {:?}", service.changes());
}

#[tokio::test]
async fn a_dry_run_only_shows() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", connected())]);
    let mut broken = entry("files");
    broken["KeyValue"] = Value::Null;
    let file = Theirs::list(&home, &[entry("sql"), broken, entry("web")]).await;
    let ran = file.import(&home, &["--dry-run", "--replace"]).await;
    assert_eq!(
        ran.expect(6).out,
        "\
Import           Name   Namespace  Key name  From
Replace key      sql    contoso    listen    connections.json:2
Cannot be added  files  contoso    -         connections.json:17
Add              web    contoso    listen    connections.json:32
"
    );
    assert!(ran.err.contains("Nothing was changed (--dry-run).\n"), "{ran:?}");
    assert!(sent(&service).is_empty());

    let ran = file.import(&home, &["--dry-run", "-o", "json"]).await;
    // What is here already, and what has no key.
    let shown = ran.expect(1).json();
    assert_eq!(shown["DryRun"], true);
    assert_eq!(shown["Files"][0]["Connections"], 3);
    let results: Vec<&Value> =
        shown["Connections"].as_array().unwrap().iter().map(|one| &one["Result"]).collect();
    assert_eq!(results, ["already-there", "skipped", "add"]);
    let errors = ran.errors();
    assert_eq!(errors[0]["code"], "already-exists");
    assert_eq!(
        errors[1],
        json!({
            "code": "invalid-connection-string",
            "message": "it has no KeyValue, so there is no key to listen with; add it with its connection string: hcm add",
            "field": "KeyValue",
            "line": 17,
            "file": file.path(),
            "connection": "contoso/files",
        })
    );
    assert!(sent(&service).is_empty());
}

#[tokio::test]
async fn one_that_is_here_keeps_its_key_until_it_is_to_be_replaced() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", connected())]);
    let file = Theirs::list(&home, &[entry("sql"), entry("web")]).await;
    let ran = file.import(&home, &[]).await;
    assert!(
        ran.expect(5)
            .err
            .contains("error: contoso/sql is here already; hcm import --replace updates its key\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("Already there  sql "), "{ran:?}");
    assert!(ran.out.ends_with("\nAdded contoso/web: Connecting\n"), "{ran:?}");
    assert_eq!(sent(&service), [id("web").full()]);

    let ran = file.import(&home, &["--replace", "-q"]).await;
    assert_eq!((ran.expect(0).out.as_str(), ran.err.as_str()), ("", ""));
    let ran = file.import(&home, &["--replace"]).await;
    assert!(
        ran.expect(0).out.ends_with(
            "Updated the key of contoso/sql: Connecting\nUpdated the key of contoso/web: Connecting\n"
        ),
        "{ran:?}"
    );
    let ran = file.import(&home, &["--replace", "-o", "json"]).await;
    assert_eq!(ran.expect(0).err, "");
    let shown = ran.json();
    assert_eq!(shown["DryRun"], false);
    assert_eq!(shown["Connections"][1]["Result"], "replaced");
    assert_eq!(shown["Connections"][1]["Id"], id("web").full());
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_where_and_what_to_do() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let list = serde_json::to_string_pretty(&[entry("sql")]).unwrap();
    let xml = config(&[("sb://contoso.servicebus.windows.net/sql", "")], "");
    for (bytes, words) in [
        (list.replace("\"Name\"", "Name").into_bytes(), "line 9, column 5: this is no valid JSON"),
        (list.trim_end_matches(']').to_owned().into_bytes(), "this is no valid JSON"),
        (format!("{{\"version\":1,\"connections\":{list}}}").into_bytes(), "of this product"),
        (
            xml.replace("</connectionStrings>", "").into_bytes(),
            "an element ends that has not begun",
        ),
        (xml.replace("<configuration>", "<!DOCTYPE a><configuration>").into_bytes(), "a DTD"),
        (xml.replace("SharedAccessKey=", "SharedAccessKey=\"").into_bytes(), "line 5, column"),
        (format!("Endpoint=sb://x/;SharedAccessKey={KEY}").into_bytes(), "hcm add --file"),
        (b"<configuration>\xff</configuration>".to_vec(), "no text in UTF-8 or UTF-16"),
        (vec![b' '; (4 << 20) + 1], "longer than 4194304 bytes"),
    ] {
        let file = Theirs::put(&home, "theirs", bytes).await;
        let ran = file.import(&home, &[]).await;
        assert!(ran.expect(6).err.contains(words), "{words}: {ran:?}");
        assert!(ran.err.contains(file.path()) && ran.out.is_empty(), "{ran:?}");
        let ran = file.import(&home, &["-o", "json"]).await;
        assert_eq!(ran.expect(6).errors()[0]["code"], "invalid-input");
    }
    for text in ["", "[]", "<configuration/>"] {
        let file = Theirs::put(&home, "theirs", text).await;
        let ran = file.import(&home, &[]).await;
        assert!(
            ran.expect(4).err.contains("there is no hybrid connection to take over"),
            "{ran:?}"
        );
    }
    let ran = home.hcm(&["import", "/nowhere/connections.json"]).await;
    assert!(ran.expect(6).err.contains("the file /nowhere/connections.json cannot be read"));
    assert!(sent(&service).is_empty());
}

#[tokio::test]
async fn without_a_file_it_says_where_it_looked() {
    let known = microsoft_managers::files();
    // On a machine with one of them there is something to find.
    if known.iter().any(|path| path.exists()) {
        return;
    }
    let home = Home::new();
    let _service = home.serve(vec![]);
    let ran = home.hcm(&["import"]).await;
    ran.expect(4);
    for path in known {
        assert!(ran.err.contains(&path.display().to_string()), "{ran:?}");
    }
    assert!(ran.err.contains("hcm import FILE"), "{ran:?}");
}

#[tokio::test]
async fn without_a_service_a_file_is_checked_all_the_same() {
    let home = Home::new();
    let mut broken = entry("files");
    broken["Name"] = Value::Null;
    let file = Theirs::list(&home, &[broken, entry("sql")]).await;
    let ran = file.import(&home, &[]).await;
    assert!(ran.expect(3).err.contains("line 2: it has no Name"), "{ran:?}");
    assert!(ran.err.contains("the service does not run") && ran.out.is_empty(), "{ran:?}");
    let ran = file.import(&home, &["--dry-run"]).await;
    assert!(ran.expect(3).out.contains("Add              sql "), "{ran:?}");
    assert!(ran.err.contains("the service does not run"), "{ran:?}");
}

#[cfg(feature = "emulator")]
mod real {
    use super::*;
    use crate::bed::{Bed, NAME, NAMESPACE, listener_string};
    use crate::cli_support::hcm_in;

    #[tokio::test]
    async fn a_real_service_listens_on_what_was_taken_over() {
        let mut bed = Bed::start().await;
        let string = listener_string(&bed.emulator, NAME);
        let parsed = ConnectionString::parse(string.expose()).unwrap();
        let key = string.expose().split("SharedAccessKey=").nth(1).unwrap();
        let key = key.split(';').next().unwrap();
        let host = parsed.id.namespace();
        let item = json!({
            "Namespace": NAMESPACE, "Name": NAME, "Uri": format!("sb://{host}/{NAME}"),
            "KeyName": parsed.credential.key_name(), "KeyValue": key,
            "EndpointHost": "elsewhere.corp", "EndpointPort": 1,
        });
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("connections.json");
        tokio::fs::write(&list, json!([item]).to_string()).await.unwrap();
        let classic = folder.path().join("x.config");
        let classic_text = format!(
            "<configuration><hybridConnections><connectionStrings><hybridConnection connectionString=\"Endpoint=sb://{host}/{NAME};SharedAccessKeyName={};SharedAccessKey={key}\"/></connectionStrings></hybridConnections></configuration>",
            parsed.credential.key_name()
        );
        tokio::fs::write(&classic, classic_text).await.unwrap();
        let import = async |file: &Path, options: &[&str], home: &Path| {
            let arguments = [&["import", file.to_str().unwrap()], options].concat();
            let ran = Ran::of(hcm_in(home, &arguments).spawn().unwrap()).await;
            assert!(!format!("{ran:?}").contains(&key[..12]), "a key is shown: {ran:?}");
            ran
        };
        let home = bed.host.home.path().to_owned();
        let ran = import(&list, &[], &home).await;
        assert!(ran.expect(0).out.contains("Added contoso/hc"), "{ran:?}");
        let view = bed.host.until_connected(NAME).await;
        // That of the file is not asked.
        assert_eq!(view.endpoint.unwrap().to_string(), bed.endpoint.address());
        import(&classic, &[], &home).await.expect(5);
        let ran = import(&classic, &["--replace"], &home).await;
        assert!(ran.expect(0).out.contains("Updated the key of contoso/hc"), "{ran:?}");
        let view = bed.host.until_connected(NAME).await;
        assert!(matches!(view.status, ConnectionStatus::Connected { .. }));
        let stream = bed.stream().await;
        drop(stream);
        bed.end().await;
    }
}
