//! `hcm login` and `hcm add` with an Azure account, against the emulator's Azure: without a
//! terminal, as scripts use them.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hybrid_connection_manager::emulator::{
    AzureConfig, AzureFault, DeniedConfig, EmulatorConfig, HybridConnectionConfig, NamespaceConfig,
    SubscriptionConfig, UserConfig,
};
use hybrid_connection_manager::model::Secret;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::bed::Host;
use crate::cli_support::{FakeService, Home, KEY, LIMIT, Ran, hcm_in, string};
use crate::emulator_azure::{self, Azure, YOU};

/// The Azure CLI and the browser of the tests.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
const APPLICATION: &str = "6f0c2a1e-1111-4222-8333-444455556666";
const APPLICATION_SECRET: &str = "bm90LWEtcmVhbC1zZWNyZXQtb2YtYW4tYXBw";

/// Azure, and a service whose settings lead to it.
pub(crate) struct Bed {
    pub(crate) azure: Azure,
    pub(crate) home: Home,
    pub(crate) service: FakeService,
}

/// Two subscriptions: one with `contoso/sql`, `contoso/web` and a hybrid connection that
/// tells no endpoint, and one with `fabrikam/orders`.
pub(crate) fn usual() -> EmulatorConfig {
    let odd = HybridConnectionConfig::new("broken").user_metadata("no metadata at all");
    EmulatorConfig::new()
        .hybrid_connection("contoso", "sql", "sql01.corp:1433")
        .hybrid_connection("contoso", "web", "web.corp:80")
        .hybrid_connection("fabrikam", "orders", "orders.corp:5432")
        .namespace(NamespaceConfig::new("odd").hybrid_connection(odd))
}

pub(crate) fn account() -> AzureConfig {
    let production = SubscriptionConfig::new("Contoso Production", "contoso.com");
    let test = SubscriptionConfig::new("Contoso Test", "contoso.com");
    AzureConfig::new()
        .tenant("Contoso", "contoso.com")
        .user(UserConfig::new(YOU, "contoso.com"))
        .service_principal(APPLICATION, Secret::new(APPLICATION_SECRET), "contoso.com")
        .device_code(Duration::from_secs(1), Duration::from_secs(600))
        .subscription(production.resource_group(
            "rg-integration",
            "West Europe",
            ["contoso", "odd"],
        ))
        .subscription(test.resource_group("rg-test", "North Europe", ["fabrikam"]))
}

impl Bed {
    pub(crate) async fn start(config: EmulatorConfig) -> Self {
        let azure = emulator_azure::start(config).await;
        let home = Home::new();
        let service = home.serve(vec![]);
        let ca = home.path().join("ca.pem");
        tokio::fs::write(&ca, azure.emulator.ca_pem()).await.unwrap();
        service.set("network.extra_ca_certificates", ca.to_str().unwrap());
        service.set("azure.cloud", "custom");
        service.set("azure.authority", &azure.emulator.authority());
        service.set("azure.resource_manager", &azure.emulator.resource_manager());
        Self { azure, home, service }
    }

    pub(crate) async fn usual() -> Self {
        Self::start(usual().azure(account())).await
    }

    /// `hcm` beside an Azure CLI that is signed in.
    pub(crate) async fn signed_in(&self, arguments: &[&str]) -> Command {
        let token = self.azure.token("organizations", YOU).await;
        self.with_azure_cli(arguments, &answer(&token))
    }

    /// `hcm` beside an Azure CLI that does what `script` says.
    pub(crate) fn with_azure_cli(&self, arguments: &[&str], script: &str) -> Command {
        let mut command = self.home.command(arguments);
        command.env("PATH", PROGRAMS).env("FAKE_AZURE_CLI", script);
        command
    }

    /// Runs `hcm` beside an Azure CLI that is signed in, with `input`.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.signed_in(arguments).await;
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may end before it has read all of it.
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.ok();
        let ran = Ran::of(child).await;
        self.check(&ran.out);
        self.check(&ran.err);
        ran
    }

    /// Nothing that was shown is a secret.
    pub(crate) fn check(&self, shown: &str) {
        assert!(!shown.contains("eyJ") && !shown.contains("SharedAccessKey="), "{shown}");
        assert!(!shown.contains(APPLICATION_SECRET), "{shown}");
        for (namespace, name) in [("contoso", "sql"), ("contoso", "web"), ("fabrikam", "orders")] {
            let emulator = &self.azure.emulator;
            let Ok(string) = emulator.connection_string(namespace, name, "defaultListener") else {
                continue;
            };
            let key = string.expose().split("SharedAccessKey=").nth(1).unwrap();
            assert!(!shown.contains(&key[..16]), "{shown}");
        }
    }

    /// The names of what the service was given.
    pub(crate) fn added(&self) -> Vec<String> {
        let strings = self.service.strings();
        strings.iter().map(|string| string.id.short()).collect()
    }

    /// `hcm` beside a browser, which tells the pipe `page` what it was opened with.
    pub(crate) fn with_browser(&self, arguments: &[&str], page: &Path) -> Command {
        self.with_browser_named("browser", arguments, page)
    }

    /// The same with another of the tests' browsers.
    pub(crate) fn with_browser_named(
        &self,
        program: &str,
        arguments: &[&str],
        page: &Path,
    ) -> Command {
        mknodat(CWD, page, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let mut command = self.home.command(arguments);
        command.env("BROWSER", format!("{PROGRAMS}/{program}")).env("FAKE_BROWSER_PIPE", page);
        command
    }

    /// Does what a person does on the page that the browser was opened with.
    pub(crate) async fn sign_in_at(&self, page: &Path) {
        let address = tokio::time::timeout(LIMIT, tokio::fs::read_to_string(page)).await;
        let address = address.expect("no browser was opened").unwrap();
        let choose = format!("{}&account={YOU}", address.trim());
        let answer = self.azure.send(self.azure.http.get(choose)).await;
        assert_eq!(answer.status, 302, "{}", answer.text);
        let back = answer.header("location").to_owned();
        assert_eq!(self.azure.send(self.azure.http.get(back)).await.status, 200);
    }

    fn keys_asked_for(&self) -> u64 {
        self.azure.emulator.azure_counters().of("listKeys")
    }
}

/// What an Azure CLI does that is signed in.
fn answer(token: &str) -> String {
    let answer = json!({
        "accessToken": token,
        "expiresOn": "2038-01-01 00:00:00.000000",
        "expires_on": 2_145_916_800_u32,
        "subscription": "s",
        "tenant": "t",
        "tokenType": "Bearer",
    });
    format!("echo '{answer}'")
}

#[tokio::test]
async fn login_tells_for_whom_the_azure_cli_works() {
    let bed = Bed::usual().await;
    let ran = bed.run(&["login"], "").await;
    let first = ran.expect(0).out.lines().next().unwrap();
    assert!(first.starts_with("Azure CLI      works for you@contoso.com, tenant "), "{ran:?}");
    assert!(first.ends_with(", until 2038-01-01 00:00:00"), "{ran:?}");
    assert!(ran.out.contains("Environment    The environment names neither"), "{ran:?}");
    assert!(ran.out.contains("\n\nSubscription        Id\nContoso Production  "), "{ran:?}");
    assert!(ran.err.contains("Nothing of this is kept"), "{ran:?}");

    let ran = bed.run(&["login", "--sign-in", "azure-cli", "-o", "json"], "").await;
    let shown = ran.expect(0).json();
    assert_eq!(shown["SignIns"][0]["Account"], YOU);
    assert_eq!(shown["SignIns"][0]["ExpiresOn"], "2038-01-01T00:00:00Z");
    assert_eq!(shown["SignIns"].as_array().unwrap().len(), 1);
    assert_eq!(shown["Subscriptions"][1]["Subscription"], "Contoso Test");
    assert_eq!(ran.err, "");
}

#[tokio::test]
async fn names_from_azure_steer_no_terminal() {
    let odd = SubscriptionConfig::new("Odd\u{202e}\u{2028}name", "contoso.com");
    let odd = odd.resource_group("rg", "West Europe", [] as [&str; 0]);
    let bed = Bed::start(usual().azure(account().subscription(odd))).await;
    let numbered = bed.run(&["add"], "3\n").await;
    let named =
        ["add", "-s", "other\u{1b}[2J", "-rg", "rg", "-ns", "contoso", "-n", "a\u{1b}[2J\u{202e}b"];
    let named = bed.run(&named, "").await;
    for ran in [bed.run(&["login"], "").await, numbered, named] {
        let shown = format!("{}{}", ran.out, ran.err);
        let is_bad =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2028}');
        assert!(shown.contains("Odd name") && !shown.contains(is_bad), "{shown:?}");
    }
}

#[tokio::test]
async fn an_account_that_sees_no_subscription_is_signed_in() {
    let nobody = AzureConfig::new()
        .tenant("Contoso", "contoso.com")
        .tenant("Fabrikam", "fabrikam.com")
        .user(UserConfig::new(YOU, "fabrikam.com"))
        .subscription(SubscriptionConfig::new("Contoso Production", "contoso.com"));
    let bed = Bed::start(usual().azure(nobody)).await;
    let ran = bed.run(&["login"], "").await;
    assert!(ran.expect(0).out.contains("The account sees no subscription; use another"), "{ran:?}");
    assert!(bed.run(&["add"], "").await.expect(4).err.contains("sees no subscription; use"));
}

#[tokio::test]
async fn login_says_why_nothing_works() {
    let bed = Bed::usual().await;
    let out = "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1";
    let ran = Ran::of(bed.with_azure_cli(&["login"], out).spawn().unwrap()).await;
    assert!(ran.expect(12).out.contains("Azure CLI      Nobody is signed in"), "{ran:?}");
    assert!(ran.err.contains("no sign-in to Azure works"), "{ran:?}");

    bed.service.set("azure.authority", &bed.azure.emulator.resource_manager());
    let mut command = bed.home.command(&["login", "--sign-in", "environment", "-o", "json"]);
    command.env("AZURE_CLIENT_ID", APPLICATION).env("AZURE_CLIENT_SECRET", "wrong");
    command.env("AZURE_TENANT_ID", "contoso.com");
    let ran = Ran::of(command.spawn().unwrap()).await;
    let error = &ran.expect(12).errors()[0];
    assert_eq!(error["code"], "bad-credentials", "{ran:?}");
    assert_eq!(error["azureCode"], "AADSTS7000215", "{ran:?}");
    assert_eq!(ran.json()["SignIns"][0]["Works"], false);
    assert!(!ran.err.contains("wrong\""), "{ran:?}");
}

#[tokio::test]
async fn a_service_principal_needs_no_person() {
    let bed = Bed::usual().await;
    // Azure's library sends no secret without TLS.
    bed.service.set("azure.authority", &bed.azure.emulator.resource_manager());
    let with_application = |arguments: &[&str]| {
        let mut command = bed.home.command(arguments);
        command.env("AZURE_CLIENT_ID", APPLICATION).env("AZURE_TENANT_ID", "contoso.com");
        command.env("AZURE_CLIENT_SECRET", APPLICATION_SECRET);
        command
    };
    let ran = Ran::of(with_application(&["login", "-o", "json"]).spawn().unwrap()).await;
    assert_eq!(ran.expect(0).json()["SignIns"][1]["Method"], "environment");
    assert_eq!(ran.json()["SignIns"][1]["Works"], true, "{ran:?}");
    let arguments =
        ["add", "-s", "contoso test", "-rg", "rg-test", "-ns", "fabrikam", "-n", "orders"];
    let ran = Ran::of(with_application(&arguments).spawn().unwrap()).await;
    assert_eq!(ran.expect(0).out, "Added fabrikam/orders: Connecting\n");
    bed.check(&ran.err);
}

#[tokio::test]
async fn a_code_signs_in_from_another_device() {
    let bed = Bed::usual().await;
    let mut child = bed.home.command(&["login", "--sign-in", "device-code", "-q"]).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let code = tokio::time::timeout(LIMIT, async {
        let first = said.next_line().await.unwrap().unwrap();
        assert!(first.ends_with("/devicelogin"), "{first}");
        let second = said.next_line().await.unwrap().unwrap();
        assert_eq!(second, "in a browser on any device and type the code");
        assert_eq!(said.next_line().await.unwrap().unwrap(), "");
        said.next_line().await.unwrap().unwrap().trim().to_owned()
    });
    bed.azure.emulator.approve_device_code(&code.await.unwrap(), YOU).unwrap();
    let ran = Ran::of(child).await;
    assert!(ran.expect(0).out.contains("Device code    works for you@contoso.com"), "{ran:?}");
}

#[tokio::test]
async fn one_who_does_not_want_to_wait_for_a_code_leaves() {
    let bed = Bed::usual().await;
    let mut child = bed.home.command(&["add", "--sign-in", "device-code"]).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).await.unwrap();
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("error: interrupted; nothing was added\n"), "{rest}");
    Ran::of(child).await.expect(130);
}

#[tokio::test]
async fn the_browser_that_the_environment_names_signs_in() {
    let bed = Bed::usual().await;
    let page = bed.home.path().join("page");
    let arguments = ["login", "--sign-in", "browser", "-o", "json"];
    let child = bed.with_browser(&arguments, &page).spawn().unwrap();
    bed.sign_in_at(&page).await;
    let ran = Ran::of(child).await;
    assert_eq!(ran.expect(0).json()["SignIns"][0]["Account"], YOU, "{ran:?}");
    assert!(ran.err.contains("Opening the browser to sign in to Azure"), "{ran:?}");
    bed.check(&ran.out);
}

#[tokio::test]
async fn numbers_choose_where_there_is_no_terminal() {
    let bed = Bed::usual().await;
    let ran = bed.run(&["add"], "production\n3\n1\n2-1\nall\n").await;
    let expected = "Added contoso/sql: Connecting\nAdded contoso/web: Connecting\n";
    assert_eq!(ran.expect(0).out, expected, "{ran:?}");
    for said in [
        "Signed in to Azure as you@contoso.com (Azure CLI).",
        "  1  Contoso Production  ",
        "Which subscription? (type its number): ",
        "\"production\" is no number; the numbers are 1 to 2",
        "there is no number 3; the numbers are 1 to 2",
        "These cannot be added:\n  odd/broken: ",
        "No.  Name  Endpoint         Namespace  Resource group  Listeners",
        "  1  sql   sql01.corp:1433  contoso    rg-integration  0 listeners",
        "2-1 goes backwards; write the smaller number first",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let sent = bed.service.strings();
    assert_eq!(sent[0].id, bed.azure.emulator.connection_id("contoso", "sql"));
    let resource = bed.service.resources()[0].clone().unwrap();
    assert_eq!(resource.subscription, "Contoso Production");
    assert_eq!(resource.resource_group, "rg-integration");
    assert_eq!(resource.region, "West Europe");
    assert!(resource.id.ends_with("/hybridConnections/sql"), "{}", resource.id);
    assert_eq!(bed.keys_asked_for(), 2);

    // All is there now.
    let ran = bed.run(&["add"], "1\n").await;
    assert!(ran.expect(5).err.contains("Here already: contoso/sql, contoso/web"), "{ran:?}");
    let ran = bed.run(&["add", "--replace", "-o", "json"], "1\n2\n").await;
    assert_eq!(ran.expect(0).json()["Name"], "web");
    assert_eq!(ran.json()["SubscriptionId"], resource.subscription_id);
    assert_eq!(bed.keys_asked_for(), 3);
}

#[tokio::test]
async fn no_answer_adds_nothing() {
    let bed = Bed::usual().await;
    for input in ["", "1\n", "1\n\n", "1\nnone"] {
        let ran = bed.run(&["add"], input).await;
        assert!(ran.expect(2).err.contains("standard input ended"), "{input:?}: {ran:?}");
    }
    let ran = bed.run(&["add"], &format!("{}\n", string("sql"))).await;
    assert!(ran.expect(2).err.contains("pass connection strings with: hcm add -"), "{ran:?}");
    assert!(!ran.err.contains(&KEY[..8]), "{ran:?}");
    assert_eq!((bed.added().len(), bed.keys_asked_for()), (0, 0));
}

#[tokio::test]
async fn scripts_name_what_they_want() {
    let bed = Bed::usual().await;
    let place = |names: &[&'static str]| {
        let place = ["add", "-s", "Contoso Production", "-rg", "rg-integration", "-ns", "contoso"];
        let names = names.iter().flat_map(|name| ["-n", *name]);
        place.into_iter().chain(names).collect::<Vec<_>>()
    };
    let ran = bed.run(&place(&["sql"]), "").await;
    assert_eq!(ran.expect(0).out, "Added contoso/sql: Connecting\n");
    let ran = bed.run(&place(&["sql"]), "").await;
    assert!(ran.expect(5).err.contains("here already; hcm add --replace updates"), "{ran:?}");
    assert_eq!(bed.keys_asked_for(), 1);
    let ran = bed.run(&[&place(&["sql"])[..], &["--replace", "-o", "json"]].concat(), "").await;
    assert_eq!(ran.expect(0).json()["Name"], "sql");

    // One of several is not there: the others are added.
    let names = place(&["web", "nowhere"]);
    let ran = bed.run(&[&names[..], &["-o", "json"]].concat(), "").await;
    assert_eq!(ran.expect(4).json()[0]["Name"], "web", "{ran:?}");
    let error = &ran.errors()[0];
    assert_eq!(
        (&error["code"], &error["connection"]),
        (&json!("not-found"), &json!("contoso/nowhere"))
    );

    let ran = bed.run(&["add", "-s", "other", "-rg", "g", "-ns", "contoso", "-n", "sql"], "").await;
    assert!(ran.expect(4).err.contains("it sees Contoso Production ("), "{ran:?}");
    let odd =
        ["add", "-s", "Contoso Production", "-rg", "rg-integration", "-ns", "odd", "-n", "broken"];
    let ran = bed.run(&odd, "").await;
    assert!(ran.expect(6).err.contains("odd/broken cannot be added"), "{ran:?}");
}

#[tokio::test]
async fn one_that_may_not_be_listened_on_does_not_hold_up_the_others() {
    let bed = Bed::usual().await;
    for path in
        ["/hybridConnections/web/authorizationRules", "/namespaces/contoso/authorizationRules"]
    {
        let fault = AzureFault::Refuse {
            path: Some(path.to_owned()),
            status: 403,
            code: "AuthorizationFailed".to_owned(),
            message: "The client does not have authorization.".to_owned(),
            retry_after: None,
            times: None,
        };
        bed.azure.emulator.inject_azure(fault).unwrap();
    }
    let mut arguments = vec!["add", "-s", "Contoso Production", "-rg", "rg-integration"];
    arguments.extend(["-ns", "contoso", "-n", "sql", "-n", "web", "-o", "json"]);
    let ran = bed.run(&arguments, "").await;
    let error = &ran.expect(13).errors()[0];
    assert_eq!(
        (&error["code"], &error["connection"]),
        (&json!("forbidden"), &json!("contoso/web"))
    );
    assert_eq!(error["azureCode"], "AuthorizationFailed", "{ran:?}");
    assert!(error["correlationId"].is_string(), "{ran:?}");
    assert_eq!(bed.added(), ["contoso/sql"]);
    let ran = bed.run(&["add", "--replace"], "1\n2\n").await;
    assert!(ran.expect(13).err.contains("error: The account may not do this (403)"), "{ran:?}");
    assert_eq!((ran.out.as_str(), bed.added().len()), ("", 1));
}

#[tokio::test]
async fn a_missing_permission_is_named_with_who_can_give_it() {
    let denied = DeniedConfig::new().action("listKeys/action");
    let bed = Bed::start(usual().azure(account().denied(denied))).await;
    let ran = bed.run(&["add"], "1\nall\n").await;
    for name in ["contoso/sql", "contoso/web"] {
        let said = format!("error: {name}: The account may not do this (403)");
        assert!(ran.expect(13).err.contains(&said), "{ran:?}");
    }
    assert!(ran.err.contains("authorizationRules/listKeys/action on /subscriptions/"), "{ran:?}");
    assert!(ran.err.contains("An owner of the resource"), "{ran:?}");
    assert!(bed.added().is_empty());
}

#[tokio::test]
async fn azure_that_is_away_or_played_by_someone_else_is_told() {
    let bed = Bed::usual().await;
    let html = AzureFault::Html { path: Some("/subscriptions".into()), times: None };
    bed.azure.emulator.inject_azure(html).unwrap();
    let ran = bed.run(&["add"], "").await;
    assert!(ran.expect(14).err.contains("Something that is not Azure answers"), "{ran:?}");
    bed.azure.emulator.clear_faults();
    let mut command = bed.signed_in(&["add", "-o", "json"]).await;
    let Bed { azure, home: _home, service } = bed;
    azure.emulator.shutdown().await;
    let ran = Ran::of(command.spawn().unwrap()).await;
    assert_eq!(ran.expect(14).errors()[0]["code"], "unreachable", "{ran:?}");
    assert!(service.strings().is_empty());
}

#[tokio::test]
async fn the_proxys_password_comes_from_the_environment() {
    let bed = Bed::usual().await;
    bed.service.set("network.proxy", "http://me:secret@127.0.0.1:1");
    let ran = bed.run(&["login", "-o", "json"], "").await;
    assert_eq!(ran.expect(6).errors()[0]["code"], "proxy-password", "{ran:?}");
    let mut command = bed.signed_in(&["login", "--sign-in", "azure-cli", "-o", "json"]).await;
    let ran = Ran::of(command.env("HCM_PROXY_PASSWORD", "secret").spawn().unwrap()).await;
    assert_eq!(ran.expect(14).errors()[0]["code"], "proxy-unreachable", "{ran:?}");
    assert!(!ran.err.contains("secret"), "{ran:?}");
}

#[tokio::test]
async fn what_was_added_listens() {
    let azure = emulator_azure::start(usual().azure(account())).await;
    let mut host = Host::start(&azure.emulator).await;
    host.set("azure.cloud", "custom").await;
    host.set("azure.authority", &azure.emulator.authority()).await;
    host.set("azure.resource_manager", &azure.emulator.resource_manager()).await;
    host.set("azure.portal", "https://portal.azure.com").await;
    let token = azure.token("organizations", YOU).await;
    let hcm = |arguments: &[&str]| {
        let mut command = hcm_in(host.home.path(), arguments);
        command.env("PATH", PROGRAMS).env("FAKE_AZURE_CLI", answer(&token));
        command.spawn().unwrap()
    };
    let place = ["add", "-s", "Contoso Production", "-rg", "rg-integration", "-ns", "contoso"];
    Ran::of(hcm(&[&place[..], &["-n", "sql"]].concat())).await.expect(0);
    let ran = Ran::of(hcm(&["show", "contoso/sql", "-o", "json"])).await;
    let shown = ran.expect(0).json();
    assert_eq!(shown["ResourceGroup"], "rg-integration");
    let address = shown["PortalAddress"].as_str().unwrap();
    assert!(address.starts_with("https://portal.azure.com/#@"), "{address}");
    assert!(address.ends_with("/namespaces/contoso/hybridConnections/sql"), "{address}");
    host.until_connected("sql").await;
    host.stop().await;
}
