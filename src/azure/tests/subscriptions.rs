//! The subscriptions of an account.

use serde_json::{Value, json};

use super::server::{Asked, Reply, Server};
use super::*;

fn tenant(id: &str, name: &str) -> Value {
    json!({ "id": format!("/tenants/{id}"), "tenantId": id, "displayName": name })
}

fn item(id: &str, name: &str, tenant: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"),
        "subscriptionId": id,
        "tenantId": tenant,
        "displayName": name,
        "state": if name == "Old" { "Disabled" } else { "Enabled" },
    })
}

/// A server that knows three tenants, and answers each token for itself.
async fn with_tenants(home: Reply, guest: Reply) -> Server {
    let server = Server::start().await;
    let tenants = [tenant(HOME, "Contoso"), tenant("guest", "Fabrikam"), tenant("GUEST", "Again")];
    server
        .on("GET /tenants", [Reply::list(&tenants)])
        .on_token("home", "GET /subscriptions", [home])
        .on_token("guest", "GET /subscriptions", [guest]);
    server
}

fn names(subscriptions: &Subscriptions) -> Vec<(&str, Option<&str>)> {
    subscriptions.list.iter().map(|one| (one.name.as_str(), one.tenant.as_deref())).collect()
}

#[tokio::test]
async fn every_tenant_is_asked_and_the_list_is_in_order() {
    let home = [item("1", "production", HOME), item("2", "Old", HOME), item("3", "", HOME)];
    let guest = [item("4", "Fabrikam", "guest"), item("1", "production", HOME)];
    let server = with_tenants(Reply::list(&home), Reply::list(&guest)).await;
    let azure = account(&server);
    let subscriptions = within(azure.subscriptions()).await.unwrap();
    assert!(subscriptions.problems.is_empty());
    assert_eq!(
        names(&subscriptions),
        [("3", None), ("Fabrikam", Some("Fabrikam")), ("Old", None), ("production", None)]
    );
    let old = subscriptions.list.iter().find(|one| one.name == "Old").unwrap();
    assert_eq!((old.state.as_deref(), old.tenant_id.as_str()), (Some("Disabled"), HOME));
    assert_eq!(server.counters().all, 3);
    // Each is read with the token that shows it.
    let fabrikam = &subscriptions.list[1];
    Told::from(azure.browse(fabrikam)).await;
    let asked = server.asked().pop().unwrap();
    let what = "GET /subscriptions/4/providers/Microsoft.Relay/namespaces".to_owned();
    assert_eq!(asked, Asked { what, token: "guest-0".to_owned() });
}

#[tokio::test]
async fn a_subscription_that_is_managed_for_somebody_is_reached_from_home() {
    let home = [item("7", "Customer", "customer")];
    let server = with_tenants(Reply::list(&home), Reply::list(&[])).await;
    let azure = account(&server);
    let subscriptions = within(azure.subscriptions()).await.unwrap();
    assert_eq!(subscriptions.list[0].tenant_id, "customer");
    Told::from(azure.browse(&subscriptions.list[0])).await;
    assert_eq!(server.asked().pop().unwrap().token, "home-0");
    // The way to it survives a new sign-in.
    Told::from(account(&server).browse(&subscriptions.list[0])).await;
    assert_eq!(server.asked().pop().unwrap().token, "home-0");
    // One that was never listed is reached through its own tenant.
    let other = Subscription { reached_by: None, ..subscriptions.list[0].clone() };
    Told::from(azure.browse(&other)).await;
    assert_eq!(server.asked().pop().unwrap().token, "customer-0");
}

#[tokio::test]
async fn a_tenant_that_refuses_is_a_problem_of_its_own() {
    let server =
        with_tenants(Reply::list(&[item("1", "Production", HOME)]), Reply::list(&[])).await;
    for method in [Method::Browser, Method::AzureCli] {
        for kind in [AzureErrorKind::InteractionRequired, AzureErrorKind::TimedOut] {
            let azure = account_with(&server, method, &Tokens::refusing("guest", kind));
            let subscriptions = within(azure.subscriptions()).await.unwrap();
            assert_eq!(names(&subscriptions), [("Production", None)]);
            let [(Unread::Tenant { name, id }, error)] = &subscriptions.problems[..] else {
                panic!("{method:?} {kind:?}")
            };
            assert_eq!((name.as_str(), error.kind), ("Fabrikam", kind));
            assert_eq!(id.as_deref(), Some("guest"));
        }
    }
}

#[tokio::test]
async fn the_azure_cli_has_the_tenants_that_somebody_signed_in_to() {
    let server =
        with_tenants(Reply::list(&[item("1", "Production", HOME)]), Reply::list(&[])).await;
    for kind in [AzureErrorKind::AzureCliSignedOut, AzureErrorKind::NotInTenant] {
        for (method, problems) in [(Method::AzureCli, 0), (Method::Browser, 1)] {
            let azure = account_with(&server, method, &Tokens::refusing("guest", kind));
            let subscriptions = within(azure.subscriptions()).await.unwrap();
            assert_eq!(subscriptions.problems.len(), problems, "{method:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn an_identity_of_the_environment_has_one_tenant() {
    let guest = Reply::list(&[item("4", "Fabrikam", "guest")]);
    let server = with_tenants(Reply::list(&[item("1", "Production", HOME)]), guest).await;
    let azure = account_with(&server, Method::Environment, &Arc::default());
    let subscriptions = within(azure.subscriptions()).await.unwrap();
    assert_eq!(names(&subscriptions), [("Production", None)]);
    assert_eq!(server.counters().all, 2);
}

#[tokio::test]
async fn home_may_fail_while_there_is_something_to_show() {
    let denied = Reply::error(403, "AuthorizationFailed", "no");
    let guest = Reply::list(&[item("4", "Fabrikam", "guest")]);
    let server = with_tenants(denied.clone(), guest).await;
    let subscriptions = within(account(&server).subscriptions()).await.unwrap();
    assert_eq!(names(&subscriptions), [("Fabrikam", Some("Fabrikam"))]);
    let (name, id) = ("Contoso".to_owned(), Some(HOME.to_owned()));
    assert_eq!(subscriptions.problems[0].0, Unread::Tenant { name, id });
    let server = with_tenants(denied, Reply::list(&[])).await;
    let error = within(account(&server).subscriptions()).await.unwrap_err();
    assert_eq!(error.kind, AzureErrorKind::Forbidden);
}

#[tokio::test]
async fn without_the_list_of_tenants_there_is_home() {
    let server =
        with_tenants(Reply::list(&[item("1", "Production", HOME)]), Reply::list(&[])).await;
    server.on("GET /tenants", [Reply::error(403, "AuthorizationFailed", "no")]);
    let subscriptions = within(account(&server).subscriptions()).await.unwrap();
    assert_eq!(names(&subscriptions), [("Production", None)]);
    assert_eq!(subscriptions.problems[0].0, Unread::Tenants);
    // An identity of the environment needs none.
    let azure = account_with(&server, Method::Environment, &Arc::default());
    assert!(within(azure.subscriptions()).await.unwrap().problems.is_empty());
}
