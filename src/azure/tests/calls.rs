//! What a call does about an answer that is none.

use std::time::Instant;

use super::server::{
    NAMESPACES, Reply, Server, connection, connection_path, connections, namespace, namespace_path,
    with_namespaces,
};
use super::*;

#[tokio::test]
async fn everybody_waits_while_azure_wants_a_pause() {
    let server = with_namespaces(&["one", "two", "three"]).await;
    let throttled = Reply::error(429, "TooManyRequests", "slow down").with("retry-after", "1");
    for name in ["one", "two"] {
        let answer = Reply::list(&[connection(name, "sql")]);
        server.on(&connections(name), [throttled.clone(), answer]);
    }
    let begin = Instant::now();
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.done, Some(Ok(())));
    assert_eq!(told.names(), ["one/sql", "three/sql", "two/sql"]);
    assert_eq!(told.waits, [1]);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.counters().all, 1 + 3 + 2);
}

#[tokio::test]
async fn a_pause_that_is_too_long_ends_it() {
    let server = with_namespaces(&["one", "two"]).await;
    let throttled =
        Reply::error(429, "SubscriptionRequestsThrottled", "slow").with("retry-after", "300");
    server.on(&connections("one"), [throttled]);
    let told = Told::by(&account(&server)).await;
    assert_eq!(told.error().kind, AzureErrorKind::Throttled);
    assert_eq!(told.error().code.as_deref(), Some("SubscriptionRequestsThrottled"));
    assert!(told.waits.is_empty());
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all() {
    let names: Vec<_> = (0..16).map(|number| format!("ns-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let server = with_namespaces(&names).await;
    for name in &names {
        let refused = Reply::error(401, "ExpiredAuthenticationToken", "expired");
        let answer = Reply::list(&[connection(name, "sql")]);
        server.on(&connections(name), [refused, answer]);
    }
    let tokens = Arc::default();
    let told = Told::by(&account_with(&server, Method::Browser, &tokens)).await;
    assert_eq!((told.done.as_ref(), told.found.len()), (Some(&Ok(())), 16));
    assert_eq!(tokens.renewals(), 1);
}

#[tokio::test]
async fn a_token_that_stays_refused_ends_it() {
    for (code, kind) in [
        ("InvalidAuthenticationToken", AzureErrorKind::TokenRefused),
        ("InvalidAuthenticationTokenTenant", AzureErrorKind::WrongTenant),
    ] {
        let server = Server::start().await;
        server.on(NAMESPACES, [Reply::error(401, code, "no")]);
        let tokens = Arc::default();
        let told = Told::by(&account_with(&server, Method::Browser, &tokens)).await;
        assert_eq!(told.error().kind, kind);
        assert_eq!((server.counters().all, tokens.renewals()), (2, 1));
    }
}

#[tokio::test]
async fn no_token_is_no_call() {
    let server = Server::start().await;
    let azure = account_with(
        &server,
        Method::Browser,
        &Tokens::refusing(HOME, AzureErrorKind::InteractionRequired),
    );
    let told = Told::by(&azure).await;
    assert_eq!(told.error().kind, AzureErrorKind::InteractionRequired);
    assert_eq!(server.counters().all, 0);
}

#[tokio::test]
async fn a_call_that_fails_is_tried_again() {
    let server = with_namespaces(&["one", "two"]).await;
    let answer = |name| Reply::list(&[connection(name, "sql")]);
    let failed = Reply::text(502, "text/html", "<html>Bad gateway</html>");
    server
        .on(&connections("one"), [answer("one").cut(), answer("one").cut(), answer("one")])
        .on(&connections("two"), [failed, answer("two")]);
    let told = Told::by(&account(&server)).await;
    assert_eq!((told.done.as_ref(), &told.failed[..]), (Some(&Ok(())), &[][..]));
    assert_eq!(told.names(), ["one/sql", "two/sql"]);
}

#[tokio::test]
async fn a_call_is_tried_three_times_and_no_more() {
    let server = with_namespaces(&["one", "two"]).await;
    server
        .on(&connections("one"), [Reply::list(&[]).cut()])
        .on(&connections("two"), [Reply::error(500, "InternalServerError", "oh")]);
    let mut told = Told::by(&account(&server)).await;
    assert_eq!(told.done, Some(Ok(())));
    told.failed.sort_by_key(|(name, _)| name.clone());
    let kinds: Vec<_> = told.failed.iter().map(|(_, error)| error.kind).collect();
    assert_eq!(kinds, [AzureErrorKind::Interrupted, AzureErrorKind::AzureFailed]);
    for name in ["one", "two"] {
        assert_eq!(server.count(&connections(name)), 3);
    }
}

#[tokio::test]
async fn a_captive_portal_is_told_from_azure() {
    let page = "<!DOCTYPE html><title>Welcome to the airport</title>";
    for portal in [
        Reply::text(200, "text/html", page),
        Reply::text(403, "text/html", page),
        Reply::text(302, "text/plain", "").with("location", "https://wifi.example/login?x=1"),
    ] {
        let server = with_namespaces(&["one", "two"]).await;
        server.on(&connections("two"), [portal]);
        let told = Told::by(&account(&server)).await;
        assert_eq!(told.error().kind, AzureErrorKind::NotAzure);
        assert!(!told.error().to_string().contains("airport"));
    }
}

#[tokio::test]
async fn a_pause_holds_for_everything_that_an_account_does() {
    let server = with_namespaces(&["one"]).await;
    let throttled = Reply::error(429, "TooManyRequests", "slow down").with("retry-after", "2");
    server
        .on(NAMESPACES, [throttled, Reply::list(&[namespace("one")])])
        .on(&format!("GET {}", namespace_path("one")), [Reply::json(&namespace("one"))])
        .on(
            &format!("GET {}", connection_path("one", "sql")),
            [Reply::json(&connection("one", "sql"))],
        );
    let azure = account(&server);
    let mut first = azure.browse(&subscription());
    assert_eq!(within(first.recv()).await, Some(BrowseEvent::Waiting { seconds: 2 }));
    let begin = Instant::now();
    let subscription = subscription();
    let looking = azure.find(&subscription, "rg", "one", "sql");
    let (told, found) = within(async { tokio::join!(Told::by(&azure), looking) }).await;
    found.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));
    // A list that begins in the pause tells of it as well.
    assert_eq!(told.done, Some(Ok(())));
    assert!(matches!(told.waits[..], [1 | 2]), "{:?}", told.waits);
}

#[tokio::test]
async fn a_look_up_does_not_wait_for_a_long_list() {
    let names: Vec<_> = (0..100).map(|number| format!("ns-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let server = with_namespaces(&names).await;
    let path = format!("GET {}", connection_path("ns-0", "sql"));
    server
        .on(&format!("GET {}", namespace_path("ns-0")), [Reply::json(&namespace("ns-0"))])
        .on(&path, [Reply::json(&connection("ns-0", "sql"))]);
    let azure = account(&server);
    let mut events = azure.browse(&subscription());
    let progress = BrowseEvent::Progress { read: 0, found: 100, is_complete: false };
    assert_eq!(within(events.recv()).await, Some(progress));
    within(azure.find(&subscription(), "rg", "ns-0", "sql")).await.unwrap();
    let before = server.asked().iter().position(|asked| asked.what == path).unwrap();
    assert!(before < 60, "{before} calls came first");
    let told = Told::from(events).await;
    assert_eq!((told.done.as_ref(), told.found.len()), (Some(&Ok(())), 100));
    assert!(server.counters().most_in_flight <= 16);
}
