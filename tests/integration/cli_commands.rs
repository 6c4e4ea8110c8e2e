//! Every verb of the real `hcm` against a service.

use std::process::Stdio;
use std::time::Duration;

use hybrid_connection_manager::ipc::codec::MessageWriter;
use hybrid_connection_manager::ipc::protocol::{ErrorCode, RequestError, ServerMessage};
use hybrid_connection_manager::model::{ConnectionId, ConnectionStatus, Desired, VERSION};
use hybrid_connection_manager::platform::Paths;
use hybrid_connection_manager::platform::local_socket::{self, Callers};
use serde_json::json;

use crate::cli_support::{Home, KEY, Ran, connected, faulted, id, string, view};

#[tokio::test]
async fn without_a_service_every_verb_says_how_to_start_one() {
    let home = Home::new();
    for verb in [
        &["list"][..],
        &["list", "--watch"],
        &["show", "a/b"],
        &["remove", "a/b"],
        &["restart", "--all"],
        &["enable", "a/b"],
        &["disable", "a/b"],
        &["status"],
        &["upgrade", "--check"],
        &["logs"],
        &["settings", "get"],
        &["settings", "set", "log.level", "debug"],
        &["add", &string("sql")],
    ] {
        let ran = home.hcm(verb).await;
        ran.expect(3);
        let start = format!("service run --home \"{}\"", home.path().display());
        assert!(ran.err.contains("the service does not run"), "{verb:?}: {ran:?}");
        assert!(ran.err.contains(&start), "{verb:?}: {ran:?}");
        assert_eq!(ran.out, "", "{verb:?}");
    }
    let ran = home.hcm(&["list", "-o", "json"]).await;
    assert_eq!(ran.expect(3).errors()[0]["code"], "service-not-reachable");
}

#[tokio::test]
async fn every_good_string_is_added_and_every_bad_one_is_named() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let bad = string("x").replace("EntityPath=x", "Entity=x");
    let text = format!("{}\n\n# the second\n{bad}\n{}\n", string("one"), string("three"));
    let ran = home.hcm_with(&["add", "-"], &text).await;
    ran.expect(6);
    assert_eq!(ran.out, "Added contoso/one: Connecting\nAdded contoso/three: Connecting\n");
    assert_eq!(
        ran.err,
        "error: line 4: \"Entity\" is not a part of a connection string; the parts are Endpoint, EntityPath, SharedAccessKeyName and SharedAccessKey\n"
    );
    let sent: Vec<String> = service.strings().iter().map(|sent| sent.id.full()).collect();
    assert_eq!(sent, [id("one").full(), id("three").full()]);

    let bad = string("x").replace(&format!("SharedAccessKey={KEY}"), "SharedAccessKey=");
    let ran = home.hcm_with(&["add", "-", "-o", "json"], &format!("{bad}\n{}", string("4"))).await;
    ran.expect(6);
    assert_eq!(
        ran.errors(),
        [json!({
            "code": "invalid-connection-string",
            "message": "SharedAccessKey has no value",
            "field": "SharedAccessKey",
            "line": 1,
        })]
    );
    assert_eq!(ran.json()[0]["Name"], "4");
}

#[tokio::test]
async fn one_string_may_be_an_argument_and_is_one_object() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let ran = home.hcm(&["add", &string("sql"), "-o", "json"]).await;
    ran.expect(0);
    assert_eq!(ran.json()["Name"], "sql");
    assert_eq!(ran.json()["Status"], "Connecting");
    assert_eq!(ran.err, "");
    let ran = home.hcm(&["add", &string("noted")]).await;
    assert!(ran.expect(0).err.contains("next time: hcm add -"), "{ran:?}");

    let ran = home.hcm(&["add", "-q", &string("sql")]).await;
    ran.expect(5);
    assert_eq!(ran.err, "error: contoso/sql is there already; hcm add --replace updates its key\n");
    let ran = home.hcm(&["add", "-q", "--replace", &string("SQL")]).await;
    assert_eq!((ran.expect(0).out.as_str(), ran.err.as_str()), ("", ""));
    let ran = home.hcm_with(&["add", "--replace", "-"], &string("sql")).await;
    assert_eq!(ran.expect(0).out, "Updated the key of contoso/sql: Connecting\n");
    assert_eq!(ran.err, "");
    assert_eq!(service.strings().len(), 5);
}

#[tokio::test]
async fn strings_come_from_a_file_too() {
    let home = Home::new();
    let _service = home.serve(vec![]);
    let file = home.path().join("strings.txt");
    let utf16: Vec<u8> = format!("\u{feff}{}\r\n", string("sql"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    tokio::fs::write(&file, utf16).await.unwrap();
    let ran = home.hcm(&["add", "--file", file.to_str().unwrap()]).await;
    assert_eq!(ran.expect(0).out, "Added contoso/sql: Connecting\n");
    let ran = home.hcm(&["add", "--file", "/nowhere/at/all"]).await;
    assert!(ran.expect(6).err.contains("the file /nowhere/at/all cannot be read"), "{ran:?}");
}

#[tokio::test]
async fn nothing_to_add_is_an_error_in_words() {
    let home = Home::new();
    let _service = home.serve(vec![]);
    let ran = home.hcm(&["add"]).await;
    assert!(ran.expect(12).err.contains("no sign-in to Azure works"), "{ran:?}");
    assert!(ran.err.contains("--sign-in device-code"), "{ran:?}");
    let ran = home.hcm_with(&["add", "-"], "\n# nothing\n").await;
    assert!(ran.expect(6).err.contains("there is no connection string"), "{ran:?}");
}

#[tokio::test]
async fn an_account_is_asked_for_only_where_the_service_is_there_to_take_what_it_gives() {
    let home = Home::new();
    for arguments in [&["add"][..], &["add", "-s", "1", "-rg", "g", "-ns", "contoso", "-n", "sql"]]
    {
        let ran = home.hcm(arguments).await;
        assert!(ran.expect(3).err.contains("the service does not run"), "{ran:?}");
    }
    let ran = home.hcm(&["add", "-s", "1", "-ns", "contoso"]).await;
    assert!(ran.expect(2).err.contains("missing: --resource-group, --name."), "{ran:?}");
    let ran = home.hcm(&["login"]).await;
    assert!(ran.expect(12).err.contains("the settings of the service"), "{ran:?}");
    assert!(ran.out.contains("The Azure CLI is not installed"), "{ran:?}");
    let ran = home.hcm(&["login", "-o", "json"]).await;
    assert_eq!(ran.expect(12).errors()[0]["code"], "not-signed-in");
    assert_eq!(ran.json()["SignIns"][0]["Error"]["Code"], "no-azure-cli");
}

#[tokio::test]
async fn the_list_is_a_table_or_an_array() {
    let home = Home::new();
    let _service =
        home.serve(vec![view("files", ConnectionStatus::Disabled), view("sql", connected())]);
    let ran = home.hcm(&["list"]).await;
    assert_eq!(
        ran.expect(0).out,
        "\
Status     Name   Endpoint         Namespace  Listeners  Active  Traffic
Disabled   files  files.corp:1433  contoso            -       0  0 B in · 0 B out
Connected  sql    sql.corp:1433    contoso            -       0  0 B in · 0 B out
"
    );
    let ran = home.hcm(&["list", "--output", "json"]).await;
    let list = ran.expect(0).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(list[1]["ServiceBusEndpoint"], "contoso.servicebus.windows.net");
    let painted = home.hcm(&["list", "--color", "always"]).await;
    assert!(painted.out.contains("\u{1b}[32mConnected\u{1b}[0m"), "{painted:?}");
}

#[tokio::test]
async fn one_connection_is_shown_however_it_is_named() {
    let home = Home::new();
    let mut other = view("sql", connected());
    let host = "fabrikam.servicebus.localhost:10443/web".to_owned();
    other.id = ConnectionId::try_from(host).unwrap();
    let mut twin = other.clone();
    twin.id = ConnectionId::try_from("fabrikam.servicebus.windows.net/web".to_owned()).unwrap();
    let _service = home.serve(vec![view("sql", connected()), other, twin]);
    for name in [
        &["contoso/sql"][..],
        &["CONTOSO/SQL"],
        &["-ns", "contoso", "-n", "sql"],
        &["-ns=contoso", "-n=sql"],
        &["--namespace", "contoso.servicebus.windows.net", "--name", "sql"],
    ] {
        let ran = home.hcm(&[&["show"], name].concat()).await;
        assert!(ran.expect(0).out.starts_with("contoso/sql\n  Status"), "{name:?}: {ran:?}");
    }
    let ran = home.hcm(&["show", "contoso/sql", "-o", "json"]).await;
    assert_eq!(ran.expect(0).json()["Events"], json!([]));
    let ran = home.hcm(&["show", "contoso/other", "-o", "json"]).await;
    assert_eq!(ran.expect(4).errors()[0]["code"], "not-found");
    let ran = home.hcm(&["show", "fabrikam/web"]).await;
    assert!(ran.expect(6).err.contains("fabrikam.servicebus.localhost:10443/web"), "{ran:?}");
    home.hcm(&["show", "fabrikam:10443/web"]).await.expect(0);
}

#[tokio::test]
async fn a_script_is_not_asked_before_removing() {
    let home = Home::new();
    let service = home.serve(vec![view("a", connected()), view("b", connected())]);
    let ran = home.hcm(&["remove", "contoso/a", "contoso/x", "contoso/b"]).await;
    ran.expect(4);
    assert_eq!(ran.out, "Removed contoso/a\nRemoved contoso/b\n");
    assert!(ran.err.contains("there is no hybrid connection contoso/x"), "{ran:?}");
    assert_eq!(
        service.changes(),
        [
            "remove contoso.servicebus.windows.net:443/a",
            "remove contoso.servicebus.windows.net:443/b"
        ]
    );
    let ran = home.hcm(&["remove", "-ns", "contoso", "-n", "a"]).await;
    assert!(ran.expect(4).err.contains("nor any other"), "{ran:?}");
}

#[tokio::test]
async fn verbs_act_on_some_or_on_all() {
    let home = Home::new();
    let service = home.serve(vec![view("a", connected()), view("b", connected())]);
    let ran = home.hcm(&["disable", "--all", "-o", "json"]).await;
    assert_eq!(
        ran.expect(0).json()[1],
        json!({
            "Namespace": "contoso",
            "Name": "b",
            "Id": "contoso.servicebus.windows.net/b",
            "Result": "disabled",
        })
    );
    let ran = home.hcm(&["enable", "contoso/b"]).await;
    assert_eq!(ran.expect(0).out, "Enabled contoso/b\n");
    let ran = home.hcm(&["restart", "-ns", "contoso", "-n", "a"]).await;
    assert_eq!(ran.expect(0).out, "Restarting contoso/a\n");
    let host = "contoso.servicebus.windows.net:443";
    assert_eq!(
        service.changes(),
        ["disable a", "disable b", "enable b", "restart a"].map(|change| {
            let (verb, name) = change.split_once(' ').unwrap();
            format!("{verb} {host}/{name}")
        })
    );
}

#[tokio::test]
async fn status_is_an_exit_code() {
    let home = Home::new();
    let service =
        home.serve(vec![view("off", ConnectionStatus::Disabled), view("sql", connected())]);
    let ran = home.hcm(&["status"]).await;
    assert_eq!(ran.expect(0).out, "1 of 1 enabled hybrid connection is connected (1 disabled).\n");
    home.hcm(&["status", "contoso/off"]).await.expect(7);
    home.hcm(&["status", "contoso/none"]).await.expect(4);
    service.change(view("web", ConnectionStatus::Starting));
    let ran = home.hcm(&["status", "-o", "json"]).await;
    let status = ran.expect(7).json();
    assert_eq!((&status["Healthy"], &status["Enabled"]), (&json!(false), &json!(2)));
    home.hcm(&["status", "-ns", "contoso", "-n", "sql"]).await.expect(0);
}

#[tokio::test]
async fn status_waits() {
    let home = Home::new();
    // Started before there is any service.
    let waiting = home.command(&["status", "--wait", "15"]).spawn().unwrap();
    let service = home.serve(vec![view("sql", ConnectionStatus::Starting)]);
    let named = home.command(&["status", "contoso/sql", "--wait", "15"]).spawn().unwrap();
    let ran = home.hcm(&["status", "--wait", "1", "-o", "json"]).await;
    assert_eq!(ran.expect(8).errors()[0]["message"], "not connected within 1 s");
    assert_eq!(ran.json()["Healthy"], false);
    service.change(view("sql", connected()));
    Ran::of(waiting).await.expect(0);
    assert_eq!(Ran::of(named).await.expect(0).out, "Connected: contoso/sql\n");

    service.change(view("sql", faulted()));
    let ran = home.hcm(&["status", "--wait", "15"]).await;
    assert!(ran.expect(7).out.contains("has expired: It cannot be renewed"), "{ran:?}");
    let mut stopping = view("sql", connected());
    stopping.desired = Desired::Disabled;
    service.change(stopping);
    home.hcm(&["status", "contoso/sql", "--wait", "15"]).await.expect(7);
}

#[tokio::test]
async fn the_log_is_shown() {
    let home = Home::new();
    let service = home.serve(vec![]);
    for message in ["first", "second", "third\nline"] {
        service.log(message);
    }
    let ran = home.hcm(&["logs", "-n", "2"]).await;
    let lines: Vec<&str> = ran.expect(0).out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with(" INFO  fake  second"), "{ran:?}");
    assert!(lines[1].ends_with(" INFO  fake  third line"), "{ran:?}");
    let ran = home.hcm(&["logs", "--lines", "1", "-o", "json"]).await;
    assert_eq!(ran.expect(0).json()["Message"], "third\nline");
}

#[tokio::test]
async fn both_versions_are_told_and_one_alone_too() {
    let home = Home::new();
    let own = VERSION;
    let ran = home.hcm(&["version"]).await;
    let first = format!("hcm      {own}\nservice  not known: the service does not run");
    assert!(ran.expect(0).out.starts_with(&first), "{ran:?}");
    let _service = home.serve(vec![]);
    let ran = home.hcm(&["version", "-o", "json"]).await;
    assert_eq!(
        ran.expect(0).json(),
        json!({ "Version": own, "ServiceVersion": own, "ServiceMessage": null, "Upgrade": null })
    );
    assert_eq!(home.hcm(&["--version"]).await.expect(0).out, format!("hcm {own}\n"));
}

#[tokio::test]
async fn settings_are_read_and_changed() {
    let home = Home::new();
    let service = home.serve(vec![]);
    let ran = home.hcm(&["settings", "get"]).await;
    assert_eq!(
        ran.expect(0).out,
        "azure.audience is not set\nazure.authority is not set\nazure.client_id = 04b07795-8ddb-461a-bbee-02f9e1bf7b46\nazure.cloud = public\nazure.portal is not set\nazure.resource_manager is not set\nazure.tenant is not set\nlog.connections is not set\nlog.format = text\nlog.keep_files = 14\nlog.level = info\nmetrics.listen is not set\nnetwork.extra_ca_certificates is not set\nnetwork.proxy is not set\nservice.drain_seconds = 30\nservice.status_for_all = on\nupgrade.channel = stable\nupgrade.feed = github\n"
    );
    let ran = home.hcm(&["settings", "set", "log.level", "DEBUG"]).await;
    assert_eq!(ran.expect(0).out, "log.level = debug\n");
    assert_eq!(home.hcm(&["settings", "get", "log.level"]).await.expect(0).out, "debug\n");
    let ran = home.hcm(&["settings", "set", "log.level", "loud", "-o", "json"]).await;
    let error = &ran.expect(6).errors()[0];
    assert_eq!((&error["code"], &error["field"]), (&json!("invalid-setting"), &json!("log.level")));
    let ran = home.hcm(&["settings", "get", "log.lvl"]).await;
    assert!(ran.expect(6).err.contains("there are: azure.audience, "), "{ran:?}");

    tokio::fs::write(home.path().join("ca.pem"), "-----BEGIN CERTIFICATE-----\n").await.unwrap();
    let set = ["settings", "set", "network.extra_ca_certificates"];
    let relative = home.command(&[&set[..], &["ca.pem"]].concat()).current_dir(home.path()).spawn();
    let ran = Ran::of(relative.unwrap()).await;
    let whole = home.path().join("ca.pem");
    assert_eq!(ran.expect(0).out, format!("network.extra_ca_certificates = {}\n", whole.display()));
    let ran = home.hcm(&[&set[..], &["missing.pem"]].concat()).await;
    assert!(ran.expect(6).err.contains("missing.pem cannot be read"), "{ran:?}");
    let ran = home.hcm(&[&set[..], &["", "-o", "json"]].concat()).await;
    assert_eq!(ran.expect(0).json(), json!({ "network.extra_ca_certificates": "" }));

    let ran = home.hcm(&["settings", "set", "network.proxy", "me:c2Vj@proxy:8080"]).await;
    assert_eq!(ran.expect(0).out, "network.proxy = http://me:***@proxy:8080\n");
    let ran = home.hcm(&["settings", "set", "network.proxy", "socks4://me:c2Vj@proxy:1080"]).await;
    assert!(ran.expect(6).err.contains("with https:// or socks5://"), "{ran:?}");
    assert!(!ran.err.contains("c2Vj"), "{ran:?}");
    assert_eq!(service.changes().len(), 6);
}

#[tokio::test]
async fn a_wrong_command_line_is_usage_and_shows_no_key() {
    let home = Home::new();
    for line in [
        &["nonsense"][..],
        &["show"],
        &["show", "sql"],
        &["show", &string("x")],
        &["list", &string("x")],
        &["add", &string("x"), &string("y")],
        &["status", "--wait", KEY],
        &["--wrong", KEY],
        &["show", "--namespace", KEY],
    ] {
        let ran = home.hcm(line).await;
        assert!(!ran.expect(2).err.is_empty());
        let ran = home.hcm(&[line, &["-o", "json"]].concat()).await;
        assert_eq!(ran.expect(2).errors()[0]["code"], "usage", "{line:?}");
    }
    // A name that is an error only later.
    let ran = home.hcm(&["show", "--namespace", "x y", "--name", KEY]).await;
    assert!(ran.expect(2).err.contains("(not shown)"), "{ran:?}");
    let ran = home.hcm(&["add", "--file", &string("x")]).await;
    assert!(ran.expect(6).err.contains("(not shown)"), "{ran:?}");
}

#[tokio::test]
async fn the_help_has_the_exit_codes_and_the_shapes() {
    let home = Home::new();
    for line in [&["help", "exit-codes"][..], &["exit-codes"]] {
        let ran = home.hcm(line).await;
        assert!(ran.expect(0).out.contains("130  interrupted"), "{ran:?}");
    }
    let ran = home.hcm(&["help", "json"]).await;
    assert!(ran.expect(0).out.contains("NumberOfListeners"), "{ran:?}");
    let ran = home.hcm(&["help", "add"]).await;
    assert!(ran.expect(0).out.contains("all that can be added are added"), "{ran:?}");
    for shell in ["bash", "powershell"] {
        let ran = home.hcm(&["completions", shell]).await;
        assert!(ran.expect(0).out.contains("settings"), "{ran:?}");
    }
    let ran = home.hcm(&[]).await;
    assert!(ran.expect(2).err.contains("Usage: hcm"), "{ran:?}");
    assert!(home.hcm(&["help"]).await.expect(0).out.contains("Hybrid Connection Manager CLI"));
}

#[tokio::test]
async fn a_service_that_turns_hcm_away_has_its_own_codes() {
    for (code, exit) in [(ErrorCode::Denied, 9), (ErrorCode::VersionMismatch, 10)] {
        let home = Home::new();
        let address = Paths::in_home(home.path()).unwrap().channel;
        let listener = local_socket::Listener::bind(&address, Callers::Managers).unwrap();
        let refusing = tokio::spawn(async move {
            let mut writer = MessageWriter::new(listener.accept().await.unwrap(), 4096);
            let error = RequestError::new(code, "not you");
            writer.send(&ServerMessage::Refused { error }).await.unwrap();
        });
        let ran = home.hcm(&["list"]).await;
        assert!(ran.expect(exit).err.contains("not you"), "{ran:?}");
        refusing.await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_that_has_gone_is_no_failure() {
    let home = Home::new();
    let service = home.serve(vec![view("sql", connected())]);
    let mut child = home.command(&["list", "--watch", "-o", "json"]).spawn().unwrap();
    let mut first = [0_u8; 16];
    let mut stdout = child.stdout.take().unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut stdout, &mut first).await.unwrap();
    drop(stdout);
    // A process that is just being started may hold the pipe for a moment longer.
    let go_on = async {
        loop {
            service.change(view("sql", connected()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ran = tokio::select! {
        ran = Ran::of(child) => ran,
        () = go_on => unreachable!("it has no end"),
    };
    assert_eq!(ran.expect(0).err, "");

    let mut child = home.command(&["help", "json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    Ran::of(child).await.expect(0);
}

#[tokio::test]
async fn a_code_is_explained_without_a_service() {
    let home = Home::new();
    let ran = home.hcm(&["explain", "unauthorized"]).await;
    ran.expect(0);
    for part in ["Azure refused the key (401)", "Usual cause", "every 60 s"] {
        assert!(ran.out.contains(part), "{ran:?}");
    }
    let ran = home.hcm(&["explain", "forbidden", "-o", "json"]).await;
    let found: serde_json::Value = serde_json::from_str(&ran.expect(0).out).unwrap();
    assert_eq!(found[0]["About"], "fault");
    assert_eq!(found[0]["Retry"], "slowly");
    assert_eq!(found[1]["About"], "azure-account");
    let ran = home.hcm(&["explain"]).await;
    assert!(ran.expect(0).out.contains("\n  channel-lost "), "{ran:?}");
    let ran = home.hcm(&["explain", "unauthorised", "-o", "json"]).await;
    let error = &ran.expect(6).errors()[0];
    assert_eq!(error["code"], "invalid-input");
    assert!(error["message"].as_str().unwrap().contains("unauthorized"), "{error}");
    let ran = home.hcm(&["completions", "bash"]).await;
    assert!(ran.expect(0).out.contains("endpoint-refused"), "the shell offers the codes");
}

#[tokio::test]
async fn the_log_is_searched_by_connection_level_and_time() {
    let home = Home::new();
    let service = home.serve(vec![]);
    for message in ["one connection=contoso/sql", "two connection=contoso/web", "three"] {
        service.log(message);
    }
    let lines = |ran: &Ran| -> Vec<String> {
        let messages = ran.out.lines().filter_map(|line| line.split("fake  ").nth(1));
        messages.map(|message| message.split(' ').next().unwrap().to_owned()).collect()
    };
    let ran = home.hcm(&["logs", "--connection", "contoso/sql"]).await;
    assert_eq!(lines(ran.expect(0)), ["one"], "also of a service that does not choose");
    let ran = home.hcm(&["logs", "--since", "1h", "-n", "2"]).await;
    assert_eq!(lines(ran.expect(0)), ["two", "three"]);
    let ran = home.hcm(&["logs", "--level", "warn"]).await;
    assert_eq!(lines(ran.expect(0)), Vec::<String>::new());
    let ran = home.hcm(&["logs", "--since", "tomorrow"]).await;
    assert!(ran.expect(2).err.contains("10m"), "{ran:?}");
    let ran = home.hcm(&["logs", "--level", "loud"]).await;
    assert!(ran.expect(2).err.contains("debug"), "{ran:?}");
}
