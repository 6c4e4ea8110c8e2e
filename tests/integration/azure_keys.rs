//! Keys of hybrid connections that were chosen at the emulator's Azure.

use hybrid_connection_manager::azure::{Azure, AzureErrorKind, FoundConnection, Subscription};
use hybrid_connection_manager::emulator::{
    AzureConfig, DeniedConfig, EmulatorConfig, HybridConnectionConfig, NamespaceConfig, Right,
    RuleConfig,
};
use hybrid_connection_manager::model::ConnectionString;

use crate::azure_account::Cloud;
use crate::azure_browse::subscription;
use crate::bed::within;

const SUBSCRIPTION: &str = "Contoso Production";

fn sql() -> HybridConnectionConfig {
    HybridConnectionConfig::new("team/sql").endpoint("db:1433")
}

/// `contoso/team/sql` as Azure tells it, with this configuration.
async fn chosen(
    hybrid_connection: HybridConnectionConfig,
    azure: AzureConfig,
) -> (Cloud, Azure, FoundConnection) {
    let listen_all = RuleConfig::new("listen-all", [Right::Listen]);
    let namespace =
        NamespaceConfig::new("contoso").rule(listen_all).hybrid_connection(hybrid_connection);
    let cloud = Cloud::of(EmulatorConfig::new().namespace(namespace).azure(azure)).await;
    let azure = cloud.you().await;
    let subscription: Subscription = subscription(&azure, SUBSCRIPTION).await;
    let found = azure.find(&subscription, "rg-integration", "contoso", "team/sql");
    let found = within(found).await.unwrap();
    (cloud, azure, found)
}

/// The name of the rule whose key comes, checked against the emulator's own string.
async fn rule(cloud: &Cloud, azure: &Azure, found: &FoundConnection) -> String {
    let key = within(azure.connection_string(found)).await.unwrap();
    let read = ConnectionString::parse(key.expose()).unwrap();
    assert_eq!(&read.id, &found.usable.as_ref().unwrap().id);
    let rule = read.credential.key_name().to_owned();
    let own = cloud.emulator.connection_string("contoso", "team/sql", &rule).unwrap();
    assert_eq!(read, ConnectionString::parse(own.expose()).unwrap());
    rule
}

#[tokio::test]
async fn the_key_of_the_listener_is_what_the_emulator_would_give() {
    for with_path in [false, true] {
        let config = AzureConfig::new().keys_with_entity_path(with_path);
        let (cloud, azure, found) = chosen(sql(), config).await;
        assert_eq!(rule(&cloud, &azure, &found).await, "defaultListener");
        let counters = cloud.emulator.azure_counters();
        assert_eq!((counters.of("listKeys"), counters.of("rules")), (1, 1));
    }
}

#[tokio::test]
async fn a_rule_that_may_do_more_is_taken_before_the_namespaces() {
    let all = RuleConfig::new("all", [Right::Manage, Right::Send, Right::Listen]);
    let send = RuleConfig::new("send", [Right::Send]);
    let (cloud, azure, found) = chosen(sql().rule(send).rule(all), AzureConfig::new()).await;
    assert_eq!(rule(&cloud, &azure, &found).await, "all");
}

#[tokio::test]
async fn the_namespaces_rule_helps_out() {
    let send = RuleConfig::new("send", [Right::Send]);
    let (cloud, azure, found) = chosen(sql().rule(send), AzureConfig::new()).await;
    assert_eq!(rule(&cloud, &azure, &found).await, "listen-all");
    let denied = DeniedConfig::new().action("hybridConnections/authorizationRules/listKeys/action");
    let (cloud, azure, found) = chosen(sql(), AzureConfig::new().denied(denied)).await;
    assert_eq!(rule(&cloud, &azure, &found).await, "listen-all");
}

#[tokio::test]
async fn the_permission_that_is_missing_is_named_as_azure_names_it() {
    let config = AzureConfig::new().denied(DeniedConfig::new().action("listKeys/action"));
    let (cloud, azure, found) = chosen(sql(), config).await;
    let error = within(azure.connection_string(&found)).await.unwrap_err();
    assert_eq!(error.kind, AzureErrorKind::Forbidden);
    assert_eq!(error.code.as_deref(), Some("AuthorizationFailed"));
    let expected = format!(
        "Microsoft.Relay/namespaces/hybridConnections/authorizationRules/listKeys/action on {}",
        found.resource_id
    );
    assert!(error.detail.starts_with(&expected), "{error}");
    assert_eq!(cloud.emulator.azure_counters().of("listKeys"), 2);
}
