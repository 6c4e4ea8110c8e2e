use std::fs;

use proptest::prelude::*;

use super::plan::{Here, Row, plan};
use super::*;
use crate::model::ConnectionId;
use crate::model::{KeyState, NamespaceAddress};

const KEY: &str = "q2hJ8sKx0P4tV9zYb1LmN3oR5uW7eA6cDfGhJkLmNoP=";

fn string(name: &str) -> String {
    format!(
        "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey={KEY};EntityPath={name}"
    )
}

fn id(name: &str) -> ConnectionId {
    ConnectionId::new(NamespaceAddress::new("contoso.servicebus.windows.net", 443), name)
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    match name {
        "SQL" => Some(format!(" {}\n", string("sql")).into()),
        "LEVEL" => Some("loud".into()),
        _ => None,
    }
}

fn read_in(folder: &Path, text: &str) -> Result<Declared, Vec<DeclaredError>> {
    let secrets = folder.join("secrets");
    let places = Places { secrets: &secrets, variable };
    read(&[Source { name: "x.yaml", folder, text }], Declared::default(), &places)
}

/// All that is wrong with `text`, a line each.
fn problems(text: &str) -> Vec<String> {
    let errors = read_in(Path::new("/nowhere"), text).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

fn connections(list: &str) -> String {
    format!("version: 1\nconnections:\n{list}")
}

fn names(declared: &Declared) -> Vec<String> {
    let which = declared.connections.iter().map(|one| match &one.which {
        Which::WithKey(string) => format!("{} {:?}", string.id, one.desired),
        Which::Present(selector) => format!("{selector} is here {:?}", one.desired),
    });
    which.collect()
}

#[test]
fn a_connection_string_is_there_or_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("secrets")).unwrap();
    for (name, of) in [("web.txt", "web"), ("secrets/reports", "reports")] {
        std::io::Write::write_all(
            &mut fs::File::create(path.join(name)).unwrap(),
            format!("{}\n", string(of)).as_bytes(),
        )
        .unwrap();
    }
    let text = connections(&format!(
        "  - connectionString: {}
  - connectionString: {{env: SQL}}
    enabled: false
  - connectionString:
      file: web.txt
    enabled: true
  - connectionString: {{secret: reports}}
    namespace: contoso
    name: Reports
  - {{namespace: contoso.servicebus.windows.net, name: old}}
",
        string("files")
    ));
    let declared = read_in(path, &text).unwrap();
    assert_eq!(
        names(&declared),
        [
            "contoso/files None",
            "contoso/sql Some(Disabled)",
            "contoso/web Some(Enabled)",
            "contoso/reports None",
            "contoso.servicebus.windows.net/old is here None",
        ]
    );
    assert_eq!(declared.connections[2].place.to_string(), "x.yaml, line 6, column 5");
    assert!(!format!("{declared:?}").contains(&KEY[..8]));
}

#[test]
fn json_declares_the_same() {
    let text = format!(
        r#"{{"version": 1, "settings": {{"log.level": "debug"}}, "connections": [
  {{"connectionString": "{}", "enabled": false}}]}}"#,
        string("sql")
    );
    let declared = read_in(Path::new("/"), &text).unwrap();
    assert_eq!(names(&declared), ["contoso/sql Some(Disabled)"]);
    assert_eq!(declared.settings[0].name, "log.level");
}

#[test]
fn settings_are_named_as_everywhere() {
    let text = "version: 1
connections: []
settings:
  log.level: debug
  service.status_for_all: false
  service.drain_seconds: 5
  network.extra_ca_certificates: ca.pem
  azure.tenant:
";
    let folder = tempfile::tempdir().unwrap();
    let declared = read_in(folder.path(), text).unwrap();
    let values: Vec<_> =
        declared.settings.iter().map(|one| (one.name, one.value.expose().to_owned())).collect();
    let ca = folder.path().join("ca.pem").display().to_string();
    let expected = [
        ("log.level", "debug"),
        ("service.status_for_all", "off"),
        ("service.drain_seconds", "5"),
        ("network.extra_ca_certificates", &ca),
        ("azure.tenant", ""),
    ];
    assert_eq!(values, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text = "version: 2
connectoins: []
settings:
  log.levle: debug
  log.level: loud
  log.keep_files: {env: LEVEL}
";
    assert_eq!(
        problems(text),
        [
            "x.yaml, line 2, column 1: \"connectoins\" is not a member here; there are: version, settings, connections",
            "x.yaml, line 1, column 10: \"version\" must be 1, which this program reads",
            &format!(
                "x.yaml, line 4, column 3: \"log.levle\" is not a setting; there are: {}",
                crate::model::Settings::NAMES.join(", ")
            ),
            "x.yaml, line 5, column 14: \"loud\" does not fit the setting log.level: error, warn, info, debug or trace",
            "x.yaml, line 6, column 19: the environment variable LEVEL does not fit the setting log.keep_files: a whole number of files from 1 to 3650",
            "x.yaml, line 1, column 1: there is no \"connections\"; write [] for none",
        ]
    );
    let cases = [
        ("  - 7", "line 3, column 5: a connection must be members with names"),
        ("  - {}", "line 3, column 5: a connection has a \"connectionString\", or both"),
        ("  - {name: x}", "line 3, column 5: a connection has a \"connectionString\", or both"),
        (
            "  - {namespace: 'a b', name: x}",
            "line 3, column 17: \"namespace\" and \"name\" name no",
        ),
        ("  - connectionString: [a]", "line 3, column 23: \"connectionString\" must be a text"),
        (
            "  - connectionString: {env: A, file: b}",
            "line 3, column 23: \"connectionString\" must be a text, or one of",
        ),
        (
            "  - connectionString: {env: NO}",
            "line 3, column 29: the environment variable NO is not set",
        ),
        ("  - connectionString: {env: a-b}", "line 3, column 29: \"env\" takes the name"),
        ("  - connectionString: {file: no.txt}", "line 3, column 30: the file "),
        (
            "  - connectionString: {secret: ../x}",
            "line 3, column 32: a secret is named by its file alone",
        ),
        (
            "  - connectionString: {env: SQL}\n    name: web",
            "line 4, column 11: the connection string is of sql",
        ),
        (
            "  - connectionString: {env: SQL}\n    namespace: fabrikam",
            "line 4, column 16: the connection string is of the namespace contoso.servicebus.windows.net",
        ),
        (
            "  - {namespace: a, name: b, enabled: yes}",
            "line 3, column 38: \"enabled\" must be true or false",
        ),
        (
            "  - {namespace: a, name: b, enabled: 'true'}",
            "line 3, column 38: \"enabled\" must be true or false",
        ),
        (
            "  - connectionString: {env: SQL}\n  - connectionString: {env: SQL}",
            "line 4, column 5: contoso/sql is declared twice; first in x.yaml, line 3, column 5",
        ),
    ];
    for (list, words) in cases {
        let problems = problems(&connections(list));
        let expected = format!("x.yaml, {words}");
        assert!(problems.len() == 1 && problems[0].starts_with(&expected), "{list}: {problems:?}");
    }
}

#[test]
fn a_wrong_connection_string_names_its_part() {
    let cut = string("sql").replace(";EntityPath=sql", "");
    let text = connections(&format!("  - connectionString: \"{cut}\""));
    let errors = read_in(Path::new("/"), &text).unwrap_err();
    assert_eq!(errors[0].field.as_deref(), Some("EntityPath"));
    assert_eq!(errors[0].place.mark, Some(Mark { line: 3, column: 23 }));
}

#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    let text = string("sql");
    for list in [
        format!("  - {text}: x"),
        format!("  - {KEY}: x"),
        format!("  - connectionString: {{env: \"{text}\"}}"),
        format!("  - connectionString: {{file: \"{text}\"}}"),
        format!("  - connectionString: {{secret: \"{text}\"}}"),
        format!("  - connectionString: {{env: \"{KEY}\"}}"),
        format!("  - connectionString: \"{text};x={KEY}\""),
    ] {
        let said = problems(&connections(&list)).join("\n");
        assert!(!said.contains(&KEY[..8]) && !said.contains(&KEY[20..28]), "{list}: {said}");
    }
}

fn steps(text: &str, here: &[Here], keys: &[Option<KeyState>], prune: bool) -> Vec<String> {
    let declared = read_in(Path::new("/"), text).unwrap();
    let rows = plan(&declared, here, keys, prune).unwrap();
    rows.iter().map(|Row { id, steps, .. }| format!("{id} {steps:?}")).collect()
}

fn here(name: &str, desired: Desired) -> Here {
    Here { id: id(name), desired }
}

#[test]
fn the_plan_is_what_differs() {
    let text = connections(&format!(
        "  - {{connectionString: \"{}\"}}
  - {{connectionString: \"{}\", enabled: false}}
  - {{connectionString: \"{}\", enabled: true}}
  - {{connectionString: \"{}\"}}
  - {{namespace: contoso, name: old, enabled: false}}
",
        string("new"),
        string("new-off"),
        string("off"),
        string("same"),
    ));
    let known = [
        here("other", Desired::Enabled),
        here("off", Desired::Disabled),
        here("same", Desired::Disabled),
        here("Old", Desired::Enabled),
    ];
    use KeyState::{New, Other, Same};
    let keys = [Some(New), Some(New), Some(Other), Some(Same), None];
    let expected = [
        "contoso/new [Add]",
        "contoso/new-off [Add, Disable]",
        "contoso/off [ReplaceKey, Enable]",
        "contoso/same []",
        "contoso/Old [Disable]",
    ];
    let without = steps(&text, &known, &keys, false);
    assert_eq!(without[..5], expected);
    assert_eq!(without[5..], ["contoso/other []"]);
    let pruned = steps(&text, &known, &keys, true);
    assert_eq!(pruned[5..], ["contoso/other [Remove]"]);
}

#[test]
fn what_has_no_key_must_be_here() {
    let text =
        connections("  - {namespace: contoso, name: old}\n  - {namespace: contoso, name: OLD}");
    let declared = read_in(Path::new("/"), &text).unwrap();
    let told = |here: &[Here]| {
        let errors = plan(&declared, here, &[None, None], false).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let missing = told(&[]);
    assert_eq!(missing.len(), 2);
    assert!(missing[0].starts_with("x.yaml, line 3, column 5: contoso/old is not here"));
    let twice = told(&[here("old", Desired::Enabled)]);
    assert_eq!(
        twice,
        [
            "x.yaml, line 4, column 5: contoso/old is declared twice; first in x.yaml, line 3, column 5"
        ]
    );
    let local =
        ConnectionId::new(NamespaceAddress::new("contoso.servicebus.localhost", 443), "old");
    let several = [here("old", Desired::Enabled), Here { id: local, desired: Desired::Enabled }];
    assert!(told(&several)[0].ends_with("contoso/old may mean several; name the whole host"));
}

#[test]
fn what_is_written_is_read_again() {
    let (sql, web) = (id("sql"), id("team/web#1: x"));
    let secret = Secret::new(string("sql"));
    let entries = [
        write::Entry { id: &sql, desired: Desired::Disabled, string: Some(&secret), remark: None },
        write::Entry { id: &web, desired: Desired::Enabled, string: None, remark: Some("a\nb") },
    ];
    let yaml = write::yaml(&["one", "two"], &entries);
    let expected = format!(
        "# one
# two
version: 1
connections:
  - namespace: \"contoso.servicebus.windows.net\"
    name: \"sql\"
    connectionString: \"{}\"
    enabled: false
  - namespace: \"contoso.servicebus.windows.net\"
    name: \"team/web#1: x\"
    # a b
    enabled: true
",
        string("sql")
    );
    assert_eq!(*yaml, expected);
    for text in [yaml, write::json(&entries)] {
        let declared = read_in(Path::new("/"), &text).unwrap();
        assert_eq!(
            names(&declared),
            [
                "contoso/sql Some(Disabled)",
                "contoso.servicebus.windows.net/team/web#1: x is here Some(Enabled)",
            ]
        );
    }
    assert!(read_in(Path::new("/"), &write::yaml(&[], &[])).unwrap().connections.is_empty());
}

proptest! {
    #[test]
    fn a_damaged_file_shows_no_key(at in 0_usize..700, removed in 0_usize..5, put in "[\"'{}\\[\\]:,&*#|> \n\\-x1]{0,3}") {
        let file = format!(
            "version: 1\nsettings:\n  log.level: debug\nconnections:\n  - connectionString: \"{}\"\n    enabled: true\n  - connectionString: {}\n",
            string("sql"),
            string("web")
        );
        let at = at % file.len();
        let end = (at + removed).min(file.len());
        let damaged = format!("{}{put}{}", &file[..at], &file[end..]);
        if let Err(errors) = read_in(Path::new("/"), &damaged) {
            for error in errors {
                let said = error.to_string();
                for piece in [&KEY[..9], &KEY[17..26], &KEY[34..43]] {
                    prop_assert!(!said.contains(piece), "{said}");
                }
            }
        }
    }
}
