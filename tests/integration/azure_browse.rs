//! Finding hybrid connections at the emulator's Azure.

use hybrid_connection_manager::azure::{
    Azure, AzureError, AzureErrorKind, BrowseEvent, FoundConnection, Subscription, Unusable,
};
use hybrid_connection_manager::emulator::{
    AzureConfig, AzureFault, DeniedConfig, EmulatorConfig, HybridConnectionConfig, NamespaceConfig,
    SubscriptionConfig, UserConfig,
};
use hybrid_connection_manager::model::metadata::MetadataError;
use tokio::sync::mpsc;

use crate::azure_account::Cloud;
use crate::bed::within;
use crate::emulator_azure::YOU;

/// The malformed metadata of a published sample.
const SAMPLE: &str = r#"[{"key": "endpoint", "value : "db.corp:1433"}]"#;

/// The id of the subscription "Production".
const PRODUCTION: &str = "5d1b8f0a-3c3e-4d52-9a57-0c8b7a1f2e11";

/// Two tenants, in both of which you are.
fn azure() -> AzureConfig {
    AzureConfig::new()
        .tenant("Contoso", "contoso.com")
        .tenant("Fabrikam", "fabrikam.com")
        .user(UserConfig::new(YOU, "contoso.com").guest_of("fabrikam.com"))
        .subscription(
            SubscriptionConfig::new("Production", "contoso.com")
                .id(PRODUCTION)
                .resource_group("rg-a", "West Europe", ["one"])
                .resource_group("rg-b", "West US", ["two", "three"]),
        )
        .subscription(SubscriptionConfig::new("archive", "contoso.com"))
        .subscription(SubscriptionConfig::new("Guests", "fabrikam.com").resource_group(
            "rg",
            "North Europe",
            ["four"],
        ))
        .page_size(2)
}

/// Their namespaces, with metadata of every kind.
fn config() -> EmulatorConfig {
    let mut one = NamespaceConfig::new("one");
    for name in ["a", "b", "c", "team/d", "e"] {
        one = one.hybrid_connection(HybridConnectionConfig::new(name).endpoint("db:1433"));
    }
    let two = NamespaceConfig::new("two")
        .hybrid_connection(HybridConnectionConfig::new("bare"))
        .hybrid_connection(HybridConnectionConfig::new("sample").user_metadata(SAMPLE));
    EmulatorConfig::new()
        .namespace(one)
        .namespace(two)
        .namespace(NamespaceConfig::new("three"))
        .hybrid_connection("four", "x", "h:1")
        .azure(azure())
}

/// The subscription with this name.
pub(crate) async fn subscription(azure: &Azure, name: &str) -> Subscription {
    let all = within(azure.subscriptions()).await.unwrap();
    let found = all.list.into_iter().find(|one| one.name == name);
    found.unwrap_or_else(|| panic!("there is no {name}: {:?}", all.problems))
}

/// What one reading told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) found: Vec<FoundConnection>,
    failed: Vec<(String, AzureError)>,
    waits: Vec<u64>,
    pub(crate) done: Option<Result<(), AzureError>>,
}

impl Told {
    pub(crate) async fn from(mut events: mpsc::Receiver<BrowseEvent>) -> Self {
        let mut told = Self::default();
        while let Some(event) = within(events.recv()).await {
            told.take(event);
        }
        told
    }

    fn take(&mut self, event: BrowseEvent) {
        match event {
            BrowseEvent::Found(mut found) => self.found.append(&mut found),
            BrowseEvent::NamespaceFailed { namespace, error } => {
                self.failed.push((namespace.name.clone(), error));
            }
            BrowseEvent::Waiting { seconds } => self.waits.push(seconds),
            BrowseEvent::Progress { read, found, .. } => assert!(read <= found),
            BrowseEvent::Done(done) => self.done = Some(done),
        }
    }

    /// `NAMESPACE/NAME` of all that was found, in order.
    fn names(&self) -> Vec<String> {
        let name = |found: &FoundConnection| format!("{}/{}", found.namespace.name, found.name);
        let mut names: Vec<_> = self.found.iter().map(name).collect();
        names.sort();
        names
    }

    fn error(&self) -> &AzureError {
        self.done.as_ref().unwrap().as_ref().unwrap_err()
    }
}

const ALL: [&str; 7] = ["one/a", "one/b", "one/c", "one/e", "one/team/d", "two/bare", "two/sample"];

/// A reading of the subscription "Production", with something in the way.
async fn read(cloud: &Cloud, faults: impl IntoIterator<Item = AzureFault>) -> Told {
    let azure = cloud.you().await;
    let subscription = subscription(&azure, "Production").await;
    for fault in faults {
        cloud.emulator.inject_azure(fault).unwrap();
    }
    Told::from(azure.browse(&subscription)).await
}

#[tokio::test]
async fn all_that_an_account_can_see_is_found_with_its_reasons() {
    let cloud = Cloud::of(config()).await;
    let azure = cloud.you().await;
    let subscriptions = within(azure.subscriptions()).await.unwrap();
    assert!(subscriptions.problems.is_empty(), "{subscriptions:?}");
    let names: Vec<_> = subscriptions
        .list
        .iter()
        .map(|one| (one.name.as_str(), one.tenant.as_deref(), one.state.as_deref()))
        .collect();
    let expected =
        [("archive", None, None), ("Guests", Some("Fabrikam"), None), ("Production", None, None)];
    assert_eq!(names, expected);

    let told = Told::from(azure.browse(&subscriptions.list[2])).await;
    assert_eq!((told.done.as_ref(), &told.failed[..]), (Some(&Ok(())), &[][..]));
    assert_eq!(told.names(), ALL);
    let found = |name: &str| told.found.iter().find(|found| found.name == name).unwrap();
    let usable = found("team/d").usable.as_ref().unwrap();
    assert_eq!(usable.id, cloud.emulator.connection_id("one", "team/d"));
    assert_eq!((usable.endpoint.to_string().as_str(), usable.mended), ("db:1433", false));
    assert!(found("sample").usable.as_ref().unwrap().mended);
    assert_eq!(found("bare").usable, Err(Unusable::NoEndpoint(MetadataError::Empty)));
    assert_eq!(found("bare").namespace.resource_group, "rg-b");
    assert_eq!(found("bare").namespace.region, "West US");
    assert_eq!(found("a").listeners, Some(0));

    let told = Told::from(azure.browse(&subscriptions.list[0])).await;
    assert_eq!((told.done, told.found.len()), (Some(Ok(())), 0));
    // With the token of the other tenant.
    let told = Told::from(azure.browse(&subscriptions.list[1])).await;
    assert_eq!((told.done.as_ref(), told.names()), (Some(&Ok(())), vec!["four/x".to_owned()]));
    assert_eq!(cloud.emulator.azure_counters().of("listKeys"), 0);
}

#[tokio::test]
async fn one_is_looked_up_by_its_names() {
    let cloud = Cloud::of(config()).await;
    let azure = cloud.you().await;
    let subscription = subscription(&azure, "Production").await;
    let found = within(azure.find(&subscription, "RG-A", "One", "team/d")).await.unwrap();
    assert_eq!(found.usable.unwrap().id, cloud.emulator.connection_id("one", "team/d"));
    for (group, namespace, name) in
        [("rg-a", "one", "z"), ("rg-a", "zzz", "a"), ("rg-z", "one", "a"), ("a/../b", "one", "a")]
    {
        let error = within(azure.find(&subscription, group, namespace, name)).await.unwrap_err();
        assert_eq!(error.kind, AzureErrorKind::NotFound, "{error}");
        assert!(error.correlation_id.is_some(), "{error}");
    }
}

#[tokio::test]
async fn azure_gets_its_pause_and_the_list_is_whole() {
    let cloud = Cloud::of(config()).await;
    let path = Some("hybridConnections".to_owned());
    let throttle = AzureFault::Throttle { path, retry_after: 1, times: Some(2) };
    let told = read(&cloud, [throttle]).await;
    assert_eq!((told.done.as_ref(), told.names()), (Some(&Ok(())), ALL.map(Into::into).to_vec()));
    assert!(!told.waits.is_empty() && told.waits.iter().all(|wait| *wait == 1), "{told:?}");
}

#[tokio::test]
async fn a_network_that_cuts_and_stumbles_gives_the_whole_list() {
    let cloud = Cloud::of(config()).await;
    let cut = AzureFault::Cut { path: Some("hybridConnections".to_owned()), times: Some(2) };
    let failed = AzureFault::Refuse {
        path: Some("/one/".to_owned()),
        status: 502,
        code: "BadGateway".to_owned(),
        message: "later".to_owned(),
        retry_after: None,
        times: Some(1),
    };
    let told = read(&cloud, [cut, failed, AzureFault::ExpireTokens]).await;
    assert_eq!((told.done.as_ref(), &told.failed[..]), (Some(&Ok(())), &[][..]));
    assert_eq!(told.names(), ALL);
}

#[tokio::test]
async fn a_captive_portal_ends_it_in_words() {
    let cloud = Cloud::of(config()).await;
    let path = Some("hybridConnections".to_owned());
    let told = read(&cloud, [AzureFault::Html { path, times: None }]).await;
    assert_eq!(told.error().kind, AzureErrorKind::NotAzure);
}

#[tokio::test]
async fn a_sign_in_that_has_ended_is_said() {
    let cloud = Cloud::of(config()).await;
    let told = read(&cloud, [AzureFault::RevokeRefreshTokens, AzureFault::ExpireTokens]).await;
    assert_eq!(told.error().code.as_deref(), Some("AADSTS70043"), "{}", told.error());
}

#[tokio::test]
async fn what_may_not_be_read_is_named_and_the_rest_is_there() {
    let one = format!("/subscriptions/{PRODUCTION}/resourceGroups/rg-a");
    let denied = DeniedConfig::new().action("hybridConnections/read").scope(&one);
    let cloud = Cloud::of(config().azure(azure().denied(denied))).await;
    let told = read(&cloud, []).await;
    assert_eq!(told.done, Some(Ok(())));
    assert_eq!(told.names(), ["two/bare", "two/sample"]);
    let [(failed, error)] = &told.failed[..] else { panic!("{told:?}") };
    assert_eq!((failed.as_str(), error.kind), ("one", AzureErrorKind::Forbidden));
    let expected = format!("Microsoft.Relay/namespaces/hybridConnections/read on {one}/");
    assert!(error.detail.starts_with(&expected), "{error}");
    assert_eq!(error.code.as_deref(), Some("AuthorizationFailed"));
}

#[tokio::test]
async fn a_list_that_changes_under_its_reader_is_read_to_its_end() {
    let cloud = Cloud::of(config()).await;
    let azure = cloud.you().await;
    let subscription = subscription(&azure, "Production").await;
    cloud.emulator.inject_azure(AzureFault::Slow { path: None, millis: 20 }).unwrap();
    let mut events = azure.browse(&subscription);
    let mut told = Told::default();
    while let Some(event) = within(events.recv()).await {
        let is_first = told.found.is_empty() && matches!(event, BrowseEvent::Found(_));
        told.take(event);
        if is_first {
            for name in ["c", "e"] {
                cloud.emulator.remove_hybrid_connection("one", name).unwrap();
            }
            let new = HybridConnectionConfig::new("zz").endpoint("db:1433");
            cloud.emulator.create_hybrid_connection("one", &new).unwrap();
        }
    }
    assert_eq!(told.done, Some(Ok(())));
    for name in ["one/a", "one/b", "one/team/d", "two/bare"] {
        assert!(told.names().iter().any(|found| found == name), "{name}: {:?}", told.names());
    }
}

#[tokio::test]
async fn who_stops_listening_stops_the_calls() {
    let config = EmulatorConfig::new().many(50, 1);
    let cloud = Cloud::of(config).await;
    let azure = cloud.you().await;
    let subscription = subscription(&azure, "Contoso Production").await;
    let path = Some("hybridConnections".to_owned());
    cloud.emulator.inject_azure(AzureFault::Slow { path, millis: 300_000 }).unwrap();
    let events = azure.browse(&subscription);
    within(cloud.emulator.wait_for_azure(|counters| counters.in_flight == 16)).await;
    drop(events);
    within(cloud.emulator.wait_for_azure(|counters| counters.in_flight == 0)).await;
    let counters = cloud.emulator.azure_counters();
    assert_eq!(counters.of("hybridConnections"), 16, "{counters:?}");
}

#[tokio::test]
async fn a_thousand_are_found_by_a_reader_who_is_slow() {
    let cloud = Cloud::of(EmulatorConfig::new().many(50, 20)).await;
    let azure = cloud.you().await;
    let subscription = subscription(&azure, "Contoso Production").await;
    let mut events = azure.browse(&subscription);
    let mut told = Told::default();
    while let Some(event) = within(events.recv()).await {
        told.take(event);
        tokio::task::yield_now().await;
    }
    assert_eq!((told.done.as_ref(), told.found.len()), (Some(&Ok(())), 1000));
    let counters = cloud.emulator.azure_counters();
    assert!(counters.most_in_flight <= 16, "{counters:?}");
    assert_eq!(counters.of("listKeys"), 0);
}
