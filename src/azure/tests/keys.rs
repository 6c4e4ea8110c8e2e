//! The key of what was chosen.

use serde_json::json;

use super::server::{Reply, Server, connection, connection_path, namespace, namespace_path};
use super::*;

const KEY: &str = "c2VjcmV0IGtleQ==";

fn rules(of: &str, rules: &[(&str, &[&str])]) -> Reply {
    let item = |(name, rights): &(&str, &[&str])| {
        json!({
            "id": format!("{of}/authorizationRules/{name}"),
            "name": name,
            "properties": { "rights": rights },
        })
    };
    Reply::list(&rules.iter().map(item).collect::<Vec<_>>())
}

fn keys(rule: &str) -> Reply {
    let endpoint = "sb://contoso.servicebus.windows.net/";
    let text = format!("Endpoint={endpoint};SharedAccessKeyName={rule};SharedAccessKey={KEY}");
    let more = json!({ "keyName": rule, "primaryKey": KEY, "primaryConnectionString": text });
    Reply::json(&more)
}

fn expected(rule: &str) -> String {
    format!(
        "Endpoint=sb://contoso.servicebus.example/;SharedAccessKeyName={rule};SharedAccessKey={KEY};EntityPath=sql"
    )
}

fn denied() -> Reply {
    Reply::error(403, "AuthorizationFailed", "no")
}

/// A hybrid connection and the server it was found at.
async fn chosen() -> (Server, Azure, FoundConnection) {
    let server = Server::start().await;
    let (namespace_path, path) = (namespace_path("contoso"), connection_path("contoso", "sql"));
    server
        .on(&format!("GET {namespace_path}"), [Reply::json(&namespace("contoso"))])
        .on(&format!("GET {path}"), [Reply::json(&connection("contoso", "sql"))]);
    let azure = account(&server);
    let found = within(azure.find(&subscription(), "rg", "contoso", "sql")).await.unwrap();
    (server, azure, found)
}

/// What one rule's keys are asked for with.
fn list_keys(of: &str, rule: &str) -> String {
    format!("POST {of}/authorizationRules/{rule}/listKeys")
}

#[tokio::test]
async fn the_rule_that_may_only_listen_is_asked_for_its_key() {
    let (server, azure, found) = chosen().await;
    let path = connection_path("contoso", "sql");
    server
        .on(
            &format!("GET {path}/authorizationRules"),
            [rules(&path, &[("all", &["Manage", "Listen", "Send"]), ("listen", &["Listen"])])],
        )
        .on(&list_keys(&path, "listen"), [keys("listen")]);
    let key = within(azure.connection_string(&found)).await.unwrap();
    assert_eq!(key.expose(), expected("listen"));
    assert_eq!(server.counters().all, 4);
}

#[tokio::test]
async fn a_rule_that_is_gone_gives_way_to_the_next() {
    let (server, azure, found) = chosen().await;
    let path = connection_path("contoso", "sql");
    server
        .on(
            &format!("GET {path}/authorizationRules"),
            [rules(&path, &[("all", &["Send", "Listen"]), ("gone", &["Listen"])])],
        )
        .on(&list_keys(&path, "all"), [keys("all")]);
    let key = within(azure.connection_string(&found)).await.unwrap();
    assert_eq!(key.expose(), expected("all"));
}

#[tokio::test]
async fn the_namespaces_rules_come_last() {
    let path = connection_path("contoso", "sql");
    let above = namespace_path("contoso");
    for (own, keys_of_own) in [
        (rules(&path, &[("send", &["Send"])]), denied()),
        (denied(), denied()),
        (rules(&path, &[("listen", &["Listen"])]), denied()),
    ] {
        let (server, azure, found) = chosen().await;
        server
            .on(&format!("GET {path}/authorizationRules"), [own])
            .on(&list_keys(&path, "listen"), [keys_of_own])
            .on(
                &format!("GET {above}/authorizationRules"),
                [rules(&above, &[("RootManageSharedAccessKey", &["Listen", "Manage", "Send"])])],
            )
            .on(&list_keys(&above, "RootManageSharedAccessKey"), [keys("root")]);
        let key = within(azure.connection_string(&found)).await.unwrap();
        assert_eq!(key.expose(), expected("root"));
    }
}

#[tokio::test]
async fn the_permission_that_is_missing_is_named() {
    let (server, azure, found) = chosen().await;
    let path = connection_path("contoso", "sql");
    let above = namespace_path("contoso");
    server
        .on(&format!("GET {path}/authorizationRules"), [rules(&path, &[("listen", &["Listen"])])])
        .on(&list_keys(&path, "listen"), [denied()])
        .on(&format!("GET {above}/authorizationRules"), [denied()]);
    let error = within(azure.connection_string(&found)).await.unwrap_err();
    assert_eq!(error.kind, AzureErrorKind::Forbidden);
    assert_eq!(
        error.detail,
        format!(
            "Microsoft.Relay/namespaces/hybridConnections/authorizationRules/listKeys/action on {path}/authorizationRules/listen is missing"
        )
    );
}

#[tokio::test]
async fn no_rule_that_may_listen_is_said() {
    let (server, azure, found) = chosen().await;
    let path = connection_path("contoso", "sql");
    let above = namespace_path("contoso");
    server
        .on(&format!("GET {path}/authorizationRules"), [rules(&path, &[])])
        .on(&format!("GET {above}/authorizationRules"), [rules(&above, &[("s", &["Send"])])]);
    let error = within(azure.connection_string(&found)).await.unwrap_err();
    assert_eq!((error.kind, error.detail.as_str()), (AzureErrorKind::NoListenRule, "contoso/sql"));
}

#[tokio::test]
async fn what_was_removed_meanwhile_is_not_found() {
    let (_server, azure, found) = chosen().await;
    let error = within(azure.connection_string(&found)).await.unwrap_err();
    assert_eq!(error.kind, AzureErrorKind::NotFound);
}

#[tokio::test]
async fn no_error_shows_a_key() {
    let path = connection_path("contoso", "sql");
    let body = json!({ "primaryConnectionString": format!("Endpoint=x;SharedAccessKey={KEY}") });
    for odd in [
        Reply::json(&body),
        Reply::json(&json!({ "primaryKey": KEY })),
        Reply::json(&json!(KEY)),
        Reply::text(200, "application/json", KEY),
    ] {
        let (server, azure, found) = chosen().await;
        server
            .on(
                &format!("GET {path}/authorizationRules"),
                [rules(&path, &[("listen", &["Listen"])])],
            )
            .on(&list_keys(&path, "listen"), [odd]);
        let error = within(azure.connection_string(&found)).await.unwrap_err();
        assert_eq!(error.kind, AzureErrorKind::BadAnswer);
        assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
    }
}

#[tokio::test]
async fn a_lock_and_a_refusal_are_told_as_such() {
    let locked = Reply::error(409, "ScopeLocked", "The scope is locked.");
    let disabled = Reply::error(409, "ReadOnlyDisabledSubscription", "It is read only.");
    let path = connection_path("contoso", "sql");
    let above = namespace_path("contoso");
    for (refusal, kind, answers) in
        [(locked, AzureErrorKind::Locked, 4), (disabled, AzureErrorKind::Refused, 2)]
    {
        let (server, azure, found) = chosen().await;
        for of in [&path, &above] {
            server
                .on(&format!("GET {of}/authorizationRules"), [rules(of, &[("all", &["Listen"])])])
                .on(&list_keys(of, "all"), [refusal.clone()]);
        }
        let error = within(azure.connection_string(&found)).await.unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(server.counters().all, 2 + answers);
    }
}
