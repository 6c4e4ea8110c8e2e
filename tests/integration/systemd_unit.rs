//! Holds the names of the files for systemd to those of the code.

use std::fs;
use std::path::Path;

use hybrid_connection_manager::model::Settings;
use hybrid_connection_manager::platform::product;
use hybrid_connection_manager::store::HandOver;

fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("installer/linux").join(file);
    fs::read_to_string(path).unwrap()
}

fn unit() -> String {
    text(&format!("systemd/{}.service", product::SERVICE_NAME))
}

/// The values of `key` in the unit.
fn values(unit: &str, key: &str) -> Vec<String> {
    let value = |line: &str| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned());
    unit.lines().filter_map(value).collect()
}

#[test]
fn the_unit_uses_the_names_of_the_code() {
    let (unit, name) = (unit(), product::SERVICE_NAME);
    for (key, expected) in [
        ("Description", product::SERVICE_DISPLAY_NAME.to_owned()),
        ("User", name.to_owned()),
        ("Group", product::MANAGERS_GROUP.to_owned()),
        ("StateDirectory", name.to_owned()),
        ("LogsDirectory", name.to_owned()),
        ("RuntimeDirectory", format!("{name} {name}-status")),
        (
            "LoadCredentialEncrypted",
            format!("{0}:/etc/credstore.encrypted/{0}", product::CREDENTIAL),
        ),
        ("SetCredential", format!("{}:none", product::CREDENTIAL)),
    ] {
        assert_eq!(values(&unit, key), [expected], "{key}");
    }
    let accounts = text(&format!("sysusers.d/{name}.conf"));
    let makes = |start: &str| accounts.lines().any(|line| line.starts_with(start));
    assert!(makes(&format!("u {name} ")), "{accounts}");
    assert!(makes(&format!("g {} ", product::MANAGERS_GROUP)), "{accounts}");
}

#[test]
fn the_upgrader_is_started_by_what_the_service_leaves() {
    let name = product::SERVICE_NAME;
    let path = text(&format!("systemd/{name}-upgrade.path"));
    let home = Path::new("/var/lib").join(name);
    let asked = HandOver::in_home(&home).folder().join(HandOver::ASKED);
    let begun = format!("/var/lib/{name}-upgrade/working/plan.json");
    assert_eq!(values(&path, "PathExists"), [asked.to_str().unwrap(), &begun]);
    let upgrader = text(&format!("systemd/{name}-upgrade.service"));
    let program = format!("/usr/bin/{name}-service upgrade");
    assert_eq!(values(&upgrader, "ExecStart"), [program]);
    assert_eq!(values(&upgrader, "StateDirectory"), [format!("{name}-upgrade")]);
    assert!(values(&unit(), "Wants").contains(&format!("{name}-upgrade.path")));
}

#[test]
fn the_unit_waits_for_the_streams_and_has_room_for_ten_thousand() {
    let unit = unit();
    let number = |key: &str| values(&unit, key)[0].parse::<u32>().unwrap();
    let drain = Settings::default().service.drain_seconds;
    assert!(number("TimeoutStopSec") >= drain + 15);
    assert!(number("LimitNOFILE") >= 2 * 10_000 + 1024);
}
