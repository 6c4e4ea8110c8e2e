//! The emulator's Azure Resource Manager.

use std::time::Duration;

use futures_util::future::join_all;
use hybrid_connection_manager::emulator::{
    AzureConfig, AzureFault, DeniedConfig, EmulatorConfig, HybridConnectionConfig, NamespaceConfig,
    SubscriptionConfig, UserConfig,
};

use crate::emulator_azure::{Azure, YOU, azure, each, start};

const GUEST: &str = "guest@contoso.com";

/// Two tenants, three subscriptions, three namespaces.
fn config() -> EmulatorConfig {
    let azure = AzureConfig::new()
        .tenant("Contoso", "contoso.com")
        .tenant("Fabrikam", "fabrikam.com")
        .user(UserConfig::new(YOU, "contoso.com"))
        .user(UserConfig::new(GUEST, "contoso.com").guest_of("fabrikam.com"))
        .subscription(
            SubscriptionConfig::new("Production", "contoso.com")
                .resource_group("rg-a", "West Europe", ["one"])
                .resource_group("rg-b", "West US", ["two"]),
        )
        .subscription(SubscriptionConfig::new("Test", "contoso.com"))
        .subscription(SubscriptionConfig::new("Guests", "fabrikam.com").resource_group(
            "rg",
            "North Europe",
            ["three"],
        ));
    let mut one = NamespaceConfig::new("one");
    for name in ["a", "b", "c", "team/d", "e"] {
        one = one.hybrid_connection(HybridConnectionConfig::new(name).endpoint("db:1433"));
    }
    EmulatorConfig::new()
        .namespace(one)
        .namespace(
            NamespaceConfig::new("two")
                .hybrid_connection(HybridConnectionConfig::new("bad").user_metadata("[{")),
        )
        .hybrid_connection("three", "x", "h:1")
        .azure(azure.page_size(2))
}

/// All pages of a list, and how many there were.
async fn all(azure: &Azure, path: &str, token: &str) -> (Vec<String>, usize) {
    let mut answer = azure.get(path, token).await;
    let (mut names, mut pages) = (Vec::new(), 1);
    loop {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let list = answer.json();
        names.extend(each(&list, "name"));
        let Some(next) = list["nextLink"].as_str() else { return (names, pages) };
        assert!(next.starts_with(&azure.emulator.resource_manager()), "{next}");
        answer = azure.send(azure.http.get(next).bearer_auth(token)).await;
        pages += 1;
    }
}

#[tokio::test]
async fn everything_is_listed_page_by_page() {
    let azure = start(config()).await;
    let token = azure.token("organizations", YOU).await;
    let tenants = azure.get("/tenants", &token).await.json();
    assert_eq!(each(&tenants, "displayName"), ["Contoso"]);
    let list = azure.get("/subscriptions", &token).await;
    assert!(list.headers.contains_key("x-ms-request-id"));
    assert!(list.headers.contains_key("x-ms-correlation-request-id"));
    let mut names = each(&list.json(), "displayName");
    names.sort();
    assert_eq!(names, ["Production", "Test"]);
    let path = azure.subscription_called("Production", &token).await;
    assert_eq!(azure.get(&path, &token).await.json()["state"], "Enabled");

    let namespaces = format!("{path}/providers/Microsoft.Relay/namespaces");
    assert_eq!(all(&azure, &namespaces, &token).await.0, ["one", "two"]);
    let item = azure.get(&namespaces, &token).await.json()["value"][0].clone();
    let host = format!("https://one.servicebus.localhost:{}/", azure.emulator.port());
    assert_eq!(item["properties"]["serviceBusEndpoint"], host);
    assert_eq!(item["location"], "West Europe");
    let id = item["id"].as_str().unwrap();
    assert_eq!(azure.get(&id.to_uppercase(), &token).await.json()["id"], id, "in any case");
    let (names, pages) = all(&azure, &format!("{id}/hybridConnections"), &token).await;
    assert_eq!(
        (names.as_slice(), pages),
        (["a", "b", "c", "e", "team~d"].map(String::from).as_slice(), 3)
    );
    let item = azure.get(&format!("{id}/hybridconnections/team~d"), &token).await.json();
    assert_eq!(item["properties"]["userMetadata"], r#"[{"key":"endpoint","value":"db:1433"}]"#);
    assert_eq!(item["properties"]["listenerCount"], 0);
    let groups = azure.get(&format!("{path}/resourcegroups"), &token).await.json();
    assert_eq!(each(&groups, "name"), ["rg-a", "rg-b"]);
    let group = format!("{path}/resourceGroups/RG-B/providers/Microsoft.Relay/namespaces");
    assert_eq!(all(&azure, &group, &token).await.0, ["two"]);
}

#[tokio::test]
async fn a_list_may_change_under_its_reader() {
    let azure = start(config()).await;
    let token = azure.token("organizations", YOU).await;
    let path = azure.subscription_called("Production", &token).await;
    let group = format!("{path}/resourceGroups/rg-a/providers/Microsoft.Relay/namespaces");
    let first = azure.get(&format!("{group}/one/hybridConnections"), &token).await.json();
    assert_eq!(each(&first, "name"), ["a", "b"]);
    azure.emulator.remove_hybrid_connection("one", "b").unwrap();
    azure.emulator.remove_hybrid_connection("one", "c").unwrap();
    let new = HybridConnectionConfig::new("bb");
    azure.emulator.create_hybrid_connection("one", &new).unwrap();
    let next = first["nextLink"].as_str().unwrap();
    let second = azure.send(azure.http.get(next).bearer_auth(&token)).await.json();
    assert_eq!(each(&second, "name"), ["bb", "e"], "none twice, none left out");
    let broken = next.replace("skiptoken=", "skiptoken=%20");
    let answer = azure.send(azure.http.get(broken).bearer_auth(&token)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidSkipToken"));
}

#[tokio::test]
async fn keys_are_those_of_the_relay() {
    for with_entity_path in [false, true] {
        let azure = azure(AzureConfig::new().keys_with_entity_path(with_entity_path)).await;
        let token = azure.token("organizations", YOU).await;
        let namespace = namespace(&azure, &token).await;
        let rules = format!("{namespace}/hybridConnections/sql/authorizationRules");
        let list = azure.get(&rules, &token).await.json();
        assert_eq!(each(&list, "name"), ["defaultListener", "defaultSender"]);
        assert_eq!(list["value"][0]["properties"]["rights"], serde_json::json!(["Listen"]));
        assert_eq!(azure.emulator.azure_counters().of("listKeys"), 0);
        let keys = azure.ask("POST", &format!("{rules}/defaultListener/listKeys"), &token).await;
        let keys = keys.json();
        assert_eq!(keys["keyName"], "defaultListener");
        let text = keys["primaryConnectionString"].as_str().unwrap();
        assert_eq!(text.contains(";EntityPath=sql"), with_entity_path);
        let whole =
            if with_entity_path { text.to_owned() } else { format!("{text};EntityPath=sql") };
        let own = azure.emulator.connection_string("contoso", "sql", "defaultListener").unwrap();
        assert_eq!(whole, own.expose());
        let root = format!("{namespace}/authorizationRules");
        let list = azure.get(&root, &token).await.json();
        assert_eq!(each(&list, "type"), ["Microsoft.Relay/Namespaces/AuthorizationRules"]);
        let root = format!("{root}/RootManageSharedAccessKey/listKeys");
        let keys = azure.ask("POST", &root, &token).await.json();
        assert!(!keys["primaryConnectionString"].as_str().unwrap().contains("EntityPath"));
        assert_eq!(azure.emulator.azure_counters().of("listKeys"), 2);
        let get = azure.get(&format!("{rules}/defaultListener/listKeys"), &token).await;
        assert_eq!(get.status, 405, "keys are asked for with POST");
    }
}

/// The path of the first namespace.
async fn namespace(azure: &Azure, token: &str) -> String {
    let path = azure.subscription(token).await;
    let list = azure.get(&format!("{path}/providers/Microsoft.Relay/namespaces"), token).await;
    list.json()["value"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_guest_needs_a_token_for_each_tenant() {
    let azure = start(config()).await;
    let home = azure.token("organizations", GUEST).await;
    let tenants = azure.get("/tenants", &home).await.json();
    assert_eq!(tenants["value"].as_array().unwrap().len(), 2);
    let away = azure.token("fabrikam.com", GUEST).await;
    let list = azure.get("/subscriptions", &away).await.json();
    assert_eq!(each(&list, "displayName"), ["Guests"]);
    let path = list["value"][0]["id"].as_str().unwrap();
    let wrong = azure.get(path, &home).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "InvalidAuthenticationTokenTenant"));
    let tenant = list["value"][0]["tenantId"].as_str().unwrap();
    let challenge = wrong.header("www-authenticate");
    assert!(challenge.contains(&format!("{}/{tenant}\"", azure.emulator.authority())));
}

#[tokio::test]
async fn a_token_is_looked_at() {
    let azure = azure(AzureConfig::new()).await;
    let token = azure.token("organizations", YOU).await;
    let address =
        format!("{}/subscriptions?api-version=2020-01-01", azure.emulator.resource_manager());
    let missing = azure.send(azure.http.get(&address)).await;
    assert_eq!((missing.status, missing.code().as_str()), (401, "AuthenticationFailed"));
    assert!(missing.header("www-authenticate").starts_with("Bearer authorization_uri=\"http"));
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[2] = "forged";
    let forged = azure.get("/subscriptions", &parts.join(".")).await;
    assert_eq!((forged.status, forged.code().as_str()), (401, "InvalidAuthenticationToken"));
    let scope = [("scope", "openid profile"), ("account", YOU)];
    let code = azure.authorize("organizations", &scope).await;
    let code = crate::emulator_azure::query(code.header("location"))["code"].clone();
    let graph = azure.redeem(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
    let other = azure.get("/subscriptions", &graph).await;
    assert_eq!(other.code(), "InvalidAuthenticationTokenAudience");
    azure.emulator.inject_azure(AzureFault::ExpireTokens).unwrap();
    let expired = azure.get("/subscriptions", &token).await;
    assert_eq!((expired.status, expired.code().as_str()), (401, "ExpiredAuthenticationToken"));
}

#[tokio::test]
async fn versions_and_names_are_checked() {
    let azure = azure(AzureConfig::new()).await;
    let token = azure.token("organizations", YOU).await;
    let manager = azure.emulator.resource_manager();
    let raw =
        |path: String| azure.send(azure.http.get(format!("{manager}{path}")).bearer_auth(&token));
    assert_eq!(raw("/subscriptions".into()).await.code(), "MissingApiVersionParameter");
    let unknown = raw("/subscriptions?api-version=1999-01-01".into()).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (400, "InvalidApiVersionParameter"));
    let path = azure.subscription(&token).await;
    let relay = format!("{path}/providers/Microsoft.Relay/namespaces?api-version=1999-01-01");
    assert_eq!(raw(relay).await.code(), "NoRegisteredProviderFound");
    let group =
        format!("{path}/resourceGroups/rg-integration/providers/Microsoft.Relay/namespaces");
    for (path, code) in [
        ("/subscriptions/00000000-0000-0000-0000-000000000000".to_owned(), "SubscriptionNotFound"),
        (
            format!("{path}/resourceGroups/nix/providers/Microsoft.Relay/namespaces"),
            "ResourceGroupNotFound",
        ),
        (format!("{group}/nix"), "ResourceNotFound"),
        (format!("{group}/contoso/hybridConnections/nix"), "ResourceNotFound"),
        (format!("{group}/contoso/authorizationRules/nix"), "ResourceNotFound"),
        (format!("{path}/nonsense"), "InvalidResourceType"),
    ] {
        let answer = azure.get(&path, &token).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, code), "{path}");
    }
}

#[tokio::test]
async fn a_missing_right_is_told_as_azure_tells_it() {
    let keys = DeniedConfig::new().user(YOU).action("listKeys/action");
    let azure = azure(AzureConfig::new().denied(keys)).await;
    let token = azure.token("organizations", YOU).await;
    let namespace = namespace(&azure, &token).await;
    let rules = format!("{namespace}/hybridConnections/sql/authorizationRules");
    assert_eq!(azure.get(&rules, &token).await.status, 200);
    let denied = azure.ask("POST", &format!("{rules}/defaultListener/listKeys"), &token).await;
    assert_eq!((denied.status, denied.code().as_str()), (403, "AuthorizationFailed"));
    let message = denied.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("The client 'you@contoso.com' with object id '"), "{message}");
    let action =
        "'Microsoft.Relay/namespaces/hybridConnections/authorizationRules/listKeys/action'";
    assert!(message.contains(action) && message.contains(&namespace), "{message}");

    let read = DeniedConfig::new().scope(namespace.clone()).action("hybridConnections/read");
    let subscription = DeniedConfig::new().action("subscriptions/read");
    let azure = crate::emulator_azure::azure(AzureConfig::new().denied(read)).await;
    let token = azure.token("organizations", YOU).await;
    assert_eq!(azure.get(&namespace, &token).await.status, 200);
    assert_eq!(azure.get(&format!("{namespace}/hybridConnections"), &token).await.status, 403);
    // What is denied at one hybrid connection is denied below it, and nowhere else.
    let one = format!("{namespace}/hybridConnections/sql");
    let azure =
        crate::emulator_azure::azure(AzureConfig::new().denied(DeniedConfig::new().scope(&one)))
            .await;
    let token = azure.token("organizations", YOU).await;
    let rule = format!("{one}/authorizationRules/defaultListener");
    for (path, scope) in
        [(&one, &one), (&format!("{one}/authorizationRules"), &one), (&rule, &rule)]
    {
        let answer = azure.get(path, &token).await;
        assert_eq!(answer.status, 403, "{path}");
        let told = answer.json().to_string();
        assert!(told.contains(&format!("'{scope}'")), "{told}");
    }
    assert_eq!(azure.ask("POST", &format!("{rule}/listKeys"), &token).await.status, 403);
    for path in ["hybridConnections", "authorizationRules"] {
        assert_eq!(azure.get(&format!("{namespace}/{path}"), &token).await.status, 200, "{path}");
    }
    let azure = crate::emulator_azure::azure(AzureConfig::new().denied(subscription)).await;
    let token = azure.token("organizations", YOU).await;
    let list = azure.get("/subscriptions", &token).await.json();
    assert_eq!(list["value"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn faults_happen_where_and_as_often_as_they_should() {
    let azure = azure(AzureConfig::new()).await;
    let token = azure.token("organizations", YOU).await;
    let path = Some("subscriptions".to_owned());
    let inject = |fault| azure.emulator.inject_azure(fault).unwrap();
    inject(AzureFault::Throttle { path: path.clone(), retry_after: 7, times: Some(1) });
    let answer = azure.get("/subscriptions", &token).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    assert_eq!(azure.get("/subscriptions", &token).await.status, 200, "once");
    inject(AzureFault::Html { path: path.clone(), times: Some(1) });
    let answer = azure.get("/subscriptions", &token).await;
    assert!(answer.status == 200 && answer.header("content-type").starts_with("text/html"));
    inject(AzureFault::Cut { path: path.clone(), times: Some(1) });
    let address =
        format!("{}/subscriptions?api-version=2020-01-01", azure.emulator.resource_manager());
    let cut = azure.try_send(azure.http.get(address).bearer_auth(&token)).await;
    assert!(cut.is_err(), "{cut:?}");
    let refuse = |path| AzureFault::Refuse {
        path,
        status: 503,
        code: "ServerBusy".to_owned(),
        message: "Later.".to_owned(),
        retry_after: Some(2),
        times: None,
    };
    inject(refuse(path));
    assert_eq!(azure.get("/subscriptions", &token).await.code(), "ServerBusy");
    assert_eq!(azure.get("/tenants", &token).await.status, 200);
    azure.emulator.clear_faults();
    assert_eq!(azure.get("/subscriptions", &token).await.status, 200);
    inject(refuse(Some("/token".to_owned())));
    let code = azure.code("organizations", YOU).await;
    let answer = azure.redeem(&code, &[]).await;
    assert_eq!((answer.status, &answer.json()["error"]), (503, &"ServerBusy".into()));
}

#[tokio::test]
async fn slow_answers_wait_side_by_side() {
    let config = EmulatorConfig::new().many(3, 2);
    let azure = start(config.azure(AzureConfig::new().latency(Duration::from_millis(1)))).await;
    let token = azure.token("organizations", YOU).await;
    azure.emulator.inject_azure(AzureFault::Slow { path: None, millis: 300 }).unwrap();
    let asked = join_all((0..8).map(|_| azure.get("/subscriptions", &token)));
    let all_wait = azure.emulator.wait_for_azure(|counters| counters.in_flight == 8);
    let (answers, ()) = tokio::join!(asked, all_wait);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(azure.emulator.azure_counters().most_in_flight, 8);
    assert_eq!(azure.emulator.azure_counters().in_flight, 0);
    azure.emulator.clear_faults();
    let path = azure.subscription(&token).await;
    let namespaces = format!("{path}/providers/Microsoft.Relay/namespaces");
    assert_eq!(all(&azure, &namespaces, &token).await.0, ["load-001", "load-002", "load-003"]);
}
