//! `hcm apply` and `hcm export` with a real service, and Azure on loopback.

use hybrid_connection_manager::emulator::EmulatorConfig;
use hybrid_connection_manager::model::{ConnectionString, Credential, Secret, StatusLabel};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bed::{Bed, Endpoint, Host, NAME, NAMESPACE, add, listener_string};
use crate::cli_support::{Ran, hcm_in};
use crate::sealer::FakeSealer;

/// The second hybrid connection of these beds.
const WEB: &str = "web";

/// A bed with two hybrid connections in Azure and none here.
async fn bed() -> Bed {
    let endpoint = Endpoint::bind().await;
    let config = EmulatorConfig::new()
        .hybrid_connection(NAMESPACE, NAME, &endpoint.address())
        .hybrid_connection(NAMESPACE, WEB, &endpoint.address());
    Bed::of(config, endpoint).await
}

fn key_of(string: &Secret) -> String {
    let parsed = ConnectionString::parse(string.expose()).unwrap();
    let Credential::Key { key, .. } = parsed.credential else { panic!("the emulator gives keys") };
    key.expose().to_owned()
}

/// A folder with a declared file and what it refers to.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        tokio::fs::write(&path, text).await.unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A declared file with these connections.
    async fn declare(&self, connections: &str) -> String {
        self.put("declared.yaml", &format!("version: 1\nconnections:\n{connections}")).await
    }
}

/// Runs `hcm`; the emulator's keys must not be in what it says.
async fn hcm(bed: &Bed, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = hcm_in(bed.host.home.path(), arguments);
    let ran = Ran::of(command.envs(variables.iter().copied()).spawn().unwrap()).await;
    for name in [NAME, WEB] {
        let key = key_of(&listener_string(&bed.emulator, name));
        assert!(!ran.err.contains(&key[..12]), "a key on standard error: {}", ran.err);
        let is_meant = arguments.contains(&"--with-keys");
        assert!(is_meant || !ran.out.contains(&key[..12]), "a key: {}", ran.out);
    }
    ran
}

#[tokio::test]
async fn what_is_as_declared_is_not_touched() {
    let mut bed = bed().await;
    let folder = Folder::new();
    let string = listener_string(&bed.emulator, NAME);
    folder.put("web.txt", &format!("{}\n", listener_string(&bed.emulator, WEB).expose())).await;
    let file = folder
        .declare("  - connectionString: {env: SQL}\n  - connectionString: {file: web.txt}\n    enabled: false\n")
        .await;
    let variables = [("SQL", string.expose())];
    let ran = hcm(&bed, &["apply", "-f", &file, "--dry-run"], &variables).await;
    let table = "\
Apply         Name  Namespace  From
Add           hc    contoso    declared.yaml:3
Add, disable  web   contoso    declared.yaml:4
";
    assert_eq!(ran.expect(15).out, table);
    assert!(ran.err.contains("Nothing was changed"), "{ran:?}");
    assert!(bed.host.snapshot().await.connections.is_empty());

    let ran = hcm(&bed, &["apply", "-f", &file], &variables).await;
    let done = "Added contoso/hc\nAdded, disabled, contoso/web\n";
    assert_eq!(ran.expect(0).out, format!("{table}{done}"));
    bed.host.until_connected(NAME).await;
    bed.host.until_label(WEB, StatusLabel::Disabled).await;
    let listener = bed.tracking_id();
    let kept = bed.host.home.path().join("connections.json");
    let written = kept.metadata().unwrap().modified().unwrap();

    for options in [&[][..], &["--dry-run"], &["--prune"]] {
        let ran = hcm(&bed, &[&["apply", "-f", &file], options].concat(), &variables).await;
        assert!(ran.expect(0).err.contains("Nothing to do"), "{ran:?}");
        assert_eq!(ran.out.matches("Unchanged").count(), 2, "{ran:?}");
    }
    assert_eq!((bed.tracking_id(), bed.azure().total_listeners), (listener, 1));
    assert_eq!(kept.metadata().unwrap().modified().unwrap(), written);
    let web = bed.emulator.state();
    assert_eq!(web.hybrid_connection(NAMESPACE, WEB).unwrap().total_listeners, 0);
    bed.end().await;
}

#[tokio::test]
async fn another_key_is_taken_up_and_a_switch_too() {
    let mut bed = bed().await;
    let folder = Folder::new();
    folder.put("hc", listener_string(&bed.emulator, NAME).expose()).await;
    let secrets = folder.0.path().to_str().unwrap().to_owned();
    let file = folder.declare("  - connectionString: {secret: hc}\n").await;
    let apply = ["apply", "-f", &file, "--secrets", &secrets];
    hcm(&bed, &apply, &[]).await.expect(0);
    bed.host.until_connected(NAME).await;

    bed.emulator.regenerate_keys(NAMESPACE, Some(NAME), "defaultListener").unwrap();
    folder.put("hc", listener_string(&bed.emulator, NAME).expose()).await;
    let ran = hcm(&bed, &[&apply[..], &["--dry-run", "-o", "json"]].concat(), &[]).await;
    let shown = ran.expect(15).json();
    assert_eq!(shown["Connections"][0]["Steps"], json!(["replace-key"]));
    assert_eq!(shown["Connections"][0]["Result"], "planned");
    let ran = hcm(&bed, &apply, &[]).await;
    assert!(ran.expect(0).out.ends_with("Updated the key of contoso/hc\n"), "{ran:?}");
    bed.azure_until(|azure| azure.total_listeners == 2 && azure.listeners.len() == 1).await;
    bed.host.until_connected(NAME).await;

    folder.declare("  - {namespace: contoso, name: hc, enabled: false}\n").await;
    let ran = hcm(&bed, &[&apply[..], &["-o", "json"]].concat(), &[]).await;
    assert_eq!(ran.expect(0).json()["Connections"][0]["Result"], "changed");
    bed.host.until_label(NAME, StatusLabel::Disabled).await;
    folder.declare("  - connectionString: {secret: hc}\n    enabled: true\n").await;
    hcm(&bed, &apply, &[]).await.expect(0);
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn what_is_not_declared_is_removed_on_wish_alone() {
    let mut bed = bed().await;
    let folder = Folder::new();
    bed.host.request(add(listener_string(&bed.emulator, WEB), false)).await.unwrap();
    bed.host.add(&bed.emulator, NAME).await;
    let file = folder.declare("  - {namespace: contoso, name: hc}\n").await;
    let ran = hcm(&bed, &["apply", "-f", &file], &[]).await;
    assert!(ran.expect(0).out.contains("Not declared, left alone"), "{ran:?}");
    assert_eq!(bed.host.snapshot().await.connections.len(), 2);
    let ran = hcm(&bed, &["apply", "-f", &file, "--prune", "--dry-run"], &[]).await;
    assert!(ran.expect(15).out.contains("Remove"), "{ran:?}");
    assert_eq!(bed.host.snapshot().await.connections.len(), 2);
    let ran = hcm(&bed, &["apply", "-f", &file, "--prune"], &[]).await;
    assert!(ran.expect(0).out.ends_with("Removed contoso/web\n"), "{ran:?}");
    let left = bed.host.snapshot().await.connections;
    assert!(left.len() == 1 && left[0].id.name() == NAME, "{left:?}");
    bed.end().await;
}

#[tokio::test]
async fn where_anything_is_wrong_nothing_is_applied() {
    let mut bed = bed().await;
    let folder = Folder::new();
    let string = listener_string(&bed.emulator, NAME);
    let cut = string.expose().replace(&format!(";EntityPath={NAME}"), "");
    let good = "  - connectionString: {env: SQL}\n";
    let file =
        folder.declare(&format!("{good}  - connectionString: {cut}\n    enable: true\n")).await;
    let before = bed.host.snapshot().await;
    let variables = [("SQL", string.expose())];
    let ran = hcm(&bed, &["apply", "-f", &file, "-o", "json"], &variables).await;
    let errors = ran.expect(6).errors();
    let places: Vec<_> =
        errors.iter().map(|error| (error["line"].as_u64(), error["column"].as_u64())).collect();
    assert_eq!(places, [(Some(5), Some(5)), (Some(4), Some(23))], "{errors:?}");
    assert_eq!(errors[1]["field"], "EntityPath");
    assert_eq!(errors[1]["file"], file.as_str());

    let ran = hcm(&bed, &["apply", "-f", &file], &variables).await;
    let said = format!("{file}, line 4, column 23: the connection string has no EntityPath");
    assert!(ran.expect(6).err.contains(&said), "{ran:?}");

    // The service alone knows these.
    for (text, words) in [
        ("  - {namespace: contoso, name: other}\n", "line 4, column 5: contoso/other is not here"),
        ("settings: {network.extra_ca_certificates: no.pem}\n", "line 4, column 12: "),
    ] {
        let file = folder.declare(&format!("{good}{text}")).await;
        let ran = hcm(&bed, &["apply", "-f", &file], &variables).await;
        assert!(ran.expect(6).err.contains(words), "{ran:?}");
    }
    for text in ["", "connections: [", "version: 1\nconnections: []\nmore: 1\n"] {
        let file = folder.put("bad.yaml", text).await;
        hcm(&bed, &["apply", "-f", &file], &[]).await.expect(6);
    }
    hcm(&bed, &["apply", "-f", "/no/such/file.yaml"], &[]).await.expect(6);
    hcm(&bed, &["apply"], &[]).await.expect(2);
    assert_eq!(bed.host.snapshot().await, before);
    bed.end().await;
}

#[tokio::test]
async fn settings_are_set_first_and_once() {
    let bed = bed().await;
    let folder = Folder::new();
    let text = "version: 1\nconnections: []\nsettings:\n  service.drain_seconds: 7\n  network.proxy: {env: PROXY}\n";
    let file = folder.put("settings.yaml", text).await;
    let variables = [("PROXY", "http://me:c2Vj@127.0.0.1:1")];
    let ran = hcm(&bed, &["apply", "-f", &file], &variables).await;
    let lines = "\
Set service.drain_seconds: 30 -> 7 (settings.yaml:4)
Set network.proxy: not set -> http://me:***@127.0.0.1:1 (settings.yaml:5)
Set service.drain_seconds
Set network.proxy
";
    assert_eq!(ran.expect(0).out, lines);
    let ran = hcm(&bed, &["apply", "-f", &file], &variables).await;
    assert_eq!(ran.expect(0).out, "");
    let variables = [("PROXY", "http://me:b3Ro@127.0.0.1:1")];
    let ran = hcm(&bed, &["apply", "-f", &file, "--dry-run"], &variables).await;
    assert!(ran.expect(15).out.contains("another password"), "{ran:?}");
    bed.end().await;
}

#[tokio::test]
async fn what_is_exported_is_declared_elsewhere() {
    let mut bed = bed().await;
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.request(add(listener_string(&bed.emulator, WEB), false)).await.unwrap();
    bed.host.until_connected(NAME).await;
    let folder = Folder::new();
    let plain = hcm(&bed, &["export"], &[]).await;
    assert!(plain.expect(0).out.contains("name: \"hc\"\n    enabled: true\n"), "{plain:?}");
    let file = folder.put("plain.yaml", &plain.out).await;
    let ran = hcm(&bed, &["apply", "-f", &file], &[]).await;
    assert!(ran.expect(0).err.contains("Nothing to do"), "{ran:?}");
    let shown = hcm(&bed, &["export", "-o", "json"], &[]).await.expect(0).json();
    let names = shown["connections"].as_array().unwrap().iter();
    let names: Vec<&Value> = names.map(|one| &one["name"]).collect();
    assert_eq!((names, &shown["version"]), (vec![&json!(NAME), &json!(WEB)], &json!(1)));

    let whole = hcm(&bed, &["export", "--with-keys", "-o", "yaml"], &[]).await;
    assert!(whole.expect(0).err.contains("the keys are in it"), "{whole:?}");
    for name in [NAME, WEB] {
        let string = listener_string(&bed.emulator, name);
        assert!(whole.out.contains(&key_of(&string)), "no key of {name}");
    }
    let with_keys = folder.put("whole.yaml", &whole.out).await;
    bed.host.stop().await;
    bed.host = Host::start(&bed.emulator).await;
    let ran = hcm(&bed, &["apply", "-f", &file], &[]).await;
    assert_eq!(ran.expect(6).err.matches("is not here").count(), 2, "{ran:?}");
    hcm(&bed, &["apply", "-f", &with_keys], &[]).await.expect(0);
    bed.host.until_connected(NAME).await;
    let again = hcm(&bed, &["export", "--with-keys"], &[]).await;
    assert_eq!(again.expect(0).out, whole.out);
    hcm(&bed, &["list", "-o", "yaml"], &[]).await.expect(2);
    bed.end().await;
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_not_exported() {
    let bed = bed().await;
    let Bed { emulator, endpoint, host, azure } = bed;
    let home = host.stop().await;
    let mut host = Host::start_sealing(home, FakeSealer::of("here").boxed()).await;
    host.add(&emulator, NAME).await;
    let home = host.stop().await;
    let host = Host::start_sealing(home, FakeSealer::of("there").boxed()).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    let ran = hcm(&bed, &["export", "--with-keys"], &[]).await;
    assert!(ran.expect(0).out.contains("# its key cannot be read"), "{ran:?}");
    assert!(!ran.out.contains("connectionString:"), "{ran:?}");
    assert!(ran.err.contains("contoso/hc: its key cannot be read"), "{ran:?}");

    let folder = Folder::new();
    let file = folder.declare("  - connectionString: {env: SQL}\n").await;
    let string = listener_string(&bed.emulator, NAME);
    let ran = hcm(&bed, &["apply", "-f", &file], &[("SQL", string.expose())]).await;
    assert!(ran.expect(0).out.contains("Updated the key of contoso/hc"), "{ran:?}");
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn nothing_is_removed_where_something_is_refused() {
    let bed = bed().await;
    let Bed { emulator, endpoint, host, azure } = bed;
    let sealer = FakeSealer::of("here");
    let mut host = Host::start_sealing(host.stop().await, sealer.boxed()).await;
    host.add(&emulator, WEB).await;
    let mut bed = Bed { emulator, endpoint, host, azure };
    let folder = Folder::new();
    let file = folder.declare("  - connectionString: {env: SQL}\n").await;
    let string = listener_string(&bed.emulator, NAME);
    sealer.set_broken(true);
    let apply = ["apply", "-f", &file, "--prune"];
    let ran = hcm(&bed, &apply, &[("SQL", string.expose())]).await;
    assert!(ran.expect(1).err.contains("contoso/web: it is not removed"), "{ran:?}");
    assert!(ran.err.contains("out of wax"), "{ran:?}");
    assert_eq!(bed.host.snapshot().await.connections.len(), 1);
    sealer.set_broken(false);
    hcm(&bed, &apply, &[("SQL", string.expose())]).await.expect(0);
    let left = bed.host.snapshot().await.connections;
    assert!(left.len() == 1 && left[0].id.name() == NAME, "{left:?}");
    bed.end().await;
}
