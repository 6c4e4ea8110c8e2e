//! Reading the hybrid connections of a subscription.

use super::server::{
    NAMESPACES, Reply, Server, connection, connections, namespace, namespace_path, with_namespaces,
};
use super::*;

#[tokio::test]
async fn all_pages_of_everything_are_read() {
    let server = Server::start().await;
    let second = "/subscriptions/s1/providers/Microsoft.Relay/namespaces?$skiptoken=a%20b";
    let third = format!("{}/hybridConnections?$skiptoken=c", namespace_path("one"));
    server
        .on(NAMESPACES, [Reply::page(&[namespace("one")], &server.link(second))])
        .on(&format!("GET {second}"), [Reply::list(&[namespace("two"), namespace("three")])])
        .on(&connections("one"), [Reply::page(&[connection("one", "a")], &server.link(&third))])
        .on(&format!("GET {third}"), [Reply::page(&[connection("one", "b")], "")])
        .on(&connections("two"), [Reply::list(&[connection("two", "c")])])
        .on(&connections("three"), [Reply::list(&[])]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.done, Some(Ok(())));
    assert_eq!(told.names(), ["one/a", "one/b", "two/c"]);
    assert_eq!(told.progress.last(), Some(&(3, 3, true)));
    assert!(told.progress.is_sorted_by_key(|progress| progress.0));
    let found = told.found.iter().find(|found| found.name == "c").unwrap();
    assert_eq!(found.usable.as_ref().unwrap().id.full(), "two.servicebus.example/c");
    assert_eq!(found.namespace.region, "West Europe");
    assert_eq!(found.subscription.name, "Production");
    assert!(server.asked().iter().all(|asked| asked.token == "home-0"));
}

#[tokio::test]
async fn a_namespace_that_fails_leaves_the_rest() {
    let server = with_namespaces(&["one", "two", "three"]).await;
    let message = "The client 'you' with object id 'o' does not have authorization to perform action 'Microsoft.Relay/namespaces/hybridConnections/read' over scope '/subscriptions/s1/x' or the scope is invalid.";
    server
        .on(&connections("two"), [Reply::error(403, "AuthorizationFailed", message)])
        .on(&connections("three"), [Reply::json(&serde_json::json!({ "odd": true }))]);
    let mut told = Told::by(&account(&server)).await;
    assert_eq!(told.done, Some(Ok(())));
    assert_eq!(told.names(), ["one/sql"]);
    assert_eq!(told.progress.last(), Some(&(3, 3, true)));
    told.failed.sort_by_key(|(name, _)| name.clone());
    let [(three, odd), (two, forbidden)] = &told.failed[..] else { panic!("{:?}", told.failed) };
    assert_eq!((three.as_str(), two.as_str()), ("three", "two"));
    assert_eq!(odd.kind, AzureErrorKind::BadAnswer);
    assert_eq!(
        forbidden.to_string(),
        "The account may not do this (403): Microsoft.Relay/namespaces/hybridConnections/read on /subscriptions/s1/x is missing. An owner of the resource, or an administrator of its subscription, can give that permission; the role Azure Relay Owner has it. (Azure's code: AuthorizationFailed, correlation id: correlation-1)"
    );
}

#[tokio::test]
async fn a_list_that_changes_is_read_to_its_end() {
    let server = with_namespaces(&["one", "gone"]).await;
    let second = "/subscriptions/s1/providers/Microsoft.Relay/namespaces?page=2";
    let first = [namespace("one"), namespace("gone")];
    server
        .on(NAMESPACES, [Reply::page(&first, &server.link(second))])
        .on(&format!("GET {second}"), [Reply::list(&[namespace("ONE"), namespace("gone")])])
        .on(&connections("gone"), [Reply::error(404, "ResourceNotFound", "gone")]);
    let told = Told::by(&account(&server)).await;
    assert_eq!((told.done.as_ref(), &told.failed[..]), (Some(&Ok(())), &[][..]));
    assert_eq!(told.names(), ["one/sql"]);
    assert_eq!(told.progress.last(), Some(&(2, 2, true)));
}

#[tokio::test]
async fn a_subscription_that_is_not_there_is_an_error() {
    let server = Server::start().await;
    let message = "The subscription 's1' could not be found.";
    server.on(NAMESPACES, [Reply::error(404, "SubscriptionNotFound", message)]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.error().kind, AzureErrorKind::NotFound);
    assert_eq!(told.error().code.as_deref(), Some("SubscriptionNotFound"));
    assert_eq!(told.error().detail, message);
}

#[tokio::test]
async fn a_subscription_that_never_had_a_relay_is_empty() {
    let server = Server::start().await;
    server.on(NAMESPACES, [Reply::error(409, "MissingSubscriptionRegistration", "no")]);
    let told = Told::by(&account(&server)).await;
    assert_eq!((told.done, told.found.len()), (Some(Ok(())), 0));
}

#[tokio::test]
async fn what_was_found_stays_when_a_later_page_fails() {
    let server = with_namespaces(&["one"]).await;
    let gone = server.link("/subscriptions/s1/gone");
    server.on(NAMESPACES, [Reply::page(&[namespace("one")], &gone)]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.names(), ["one/sql"]);
    assert_eq!(told.error().kind, AzureErrorKind::NotFound);
}

#[tokio::test]
async fn no_token_goes_to_another_host() {
    let other = with_namespaces(&["evil"]).await;
    let server = with_namespaces(&["one", "two"]).await;
    let stolen = other.link("/subscriptions/s1/providers/Microsoft.Relay/namespaces");
    server
        .on(NAMESPACES, [Reply::page(&[namespace("one"), namespace("two")], &stolen)])
        .on(&connections("two"), [Reply::page(&[connection("two", "sql")], &stolen)]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.names(), ["one/sql", "two/sql"]);
    assert_eq!(told.error().kind, AzureErrorKind::BadAnswer);
    assert!(told.error().detail.contains("127.0.0.1"), "{}", told.error());
    assert_eq!(told.failed.len(), 1);
    assert_eq!(other.counters().all, 0);
}

#[tokio::test]
async fn pages_that_go_round_in_a_circle_end() {
    let server = with_namespaces(&["one"]).await;
    let second = "/subscriptions/s1/providers/Microsoft.Relay/namespaces?page=2";
    server
        .on(NAMESPACES, [Reply::page(&[namespace("one")], &server.link(second))])
        .on(&format!("GET {second}"), [Reply::page(&[], &server.link(second))]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.names(), ["one/sql"]);
    assert!(told.error().detail.contains("circle"), "{}", told.error());
}

#[tokio::test]
async fn an_id_that_is_none_gets_no_call() {
    let server = with_namespaces(&["one"]).await;
    let mut odd = namespace("odd");
    odd["id"] = "/subscriptions/../tenants".into();
    server.on(NAMESPACES, [Reply::list(&[namespace("one"), odd])]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.names(), ["one/sql"]);
    assert_eq!(told.failed[0].1.kind, AzureErrorKind::BadAnswer);
    assert_eq!(server.counters().all, 2);
}

#[tokio::test]
async fn no_key_is_asked_for_and_every_namespace_once() {
    let names: Vec<_> = (0..50).map(|number| format!("ns-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let server = with_namespaces(&names).await;
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.found.len(), 50);
    let counters = server.counters();
    assert_eq!(counters.all, 51);
    assert!(counters.most_in_flight <= 16, "{counters:?}");
    assert!(server.asked().iter().all(|asked| !asked.what.contains("listKeys")));
}

#[tokio::test]
async fn nobody_listens_and_all_calls_end() {
    let names: Vec<_> = (0..50).map(|number| format!("ns-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let server = with_namespaces(&names).await;
    for name in &names {
        server.on(&connections(name), [Reply::list(&[]).late()]);
    }
    let mut events = account(&server).browse(&subscription());
    let progress = BrowseEvent::Progress { read: 0, found: 50, is_complete: false };
    assert_eq!(within(events.recv()).await, Some(progress));
    server.until(|counters| counters.in_flight == 16).await;
    drop(events);
    let counters = server.until(|counters| counters.in_flight == 0).await;
    assert_eq!(counters.all, 17);
}

#[tokio::test]
async fn a_list_that_breaks_off_has_an_end() {
    let server = Server::start().await;
    let subscription = Subscription { reached_by: Some(BROKEN.to_owned()), ..subscription() };
    let told = Told::from(account(&server).browse(&subscription)).await;
    assert_eq!(told.error().kind, AzureErrorKind::BadAnswer);
    assert!(told.error().detail.contains("mistake of this program"), "{}", told.error());
}

#[tokio::test]
async fn a_reader_that_takes_its_time_misses_nothing() {
    let names: Vec<_> = (0..200).map(|number| format!("ns-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let server = with_namespaces(&names).await;
    let events = account(&server).browse(&subscription());
    // Nothing is taken until the channel is full and reading has come to rest.
    server.until(|counters| counters.all > 64 && counters.in_flight == 0).await;
    let told = Told::from(events).await;
    assert_eq!((told.done.as_ref(), told.found.len()), (Some(&Ok(())), 200));
}

#[tokio::test]
async fn one_is_looked_up_by_its_names() {
    let server = Server::start().await;
    let path = namespace_path("contoso");
    server
        .on(&format!("GET {path}"), [Reply::json(&namespace("contoso"))])
        .on(
            &format!("GET {path}/hybridConnections/a~b"),
            [Reply::json(&connection("contoso", "a~b"))],
        )
        .on(
            "GET /subscriptions/s1/resourceGroups/rg/providers/Microsoft.Relay/namespaces/closed",
            [Reply::error(403, "AuthorizationFailed", "no")],
        );
    let azure = account(&server);
    let found = within(azure.find(&subscription(), "rg", "contoso", "a/b")).await.unwrap();
    assert_eq!(found.usable.as_ref().unwrap().id.full(), "contoso.servicebus.example/a/b");
    assert_eq!(found.name, "a/b");
    let resource = azure.resource(&found);
    assert_eq!(resource.subscription, "Production");
    assert_eq!((resource.resource_group.as_str(), resource.region.as_str()), ("rg", "West Europe"));
    assert_eq!(resource.tenant_id.as_deref(), Some(HOME));
    assert_eq!(resource.portal.as_deref(), Some("https://portal.example"));
    let missing = within(azure.find(&subscription(), "rg", "contoso", "other")).await.unwrap_err();
    assert_eq!(missing.kind, AzureErrorKind::NotFound);
    let closed = within(azure.find(&subscription(), "rg", "closed", "a")).await.unwrap_err();
    assert_eq!(closed.kind, AzureErrorKind::Forbidden);
    assert!(closed.detail.starts_with("Microsoft.Relay/namespaces/read on /subscriptions/s1/"));
    let odd = within(azure.find(&subscription(), "..", "contoso", "a")).await.unwrap_err();
    assert_eq!(odd.detail, "\"..\" is no name");
}
