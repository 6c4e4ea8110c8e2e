//! The Azure of the demo: who can sign in, and what there is to select.

use crate::emulator::{
    AzureConfig, DeniedConfig, EmulatorConfig, HybridConnectionConfig, NamespaceConfig,
    SubscriptionConfig, UserConfig,
};

/// The tenant whose account signs in.
const HOME: &str = "contoso.com";
/// A tenant in which that account is a guest.
const OTHER: &str = "fabrikam.com";
/// Id of the first subscription.
const PRODUCTION: &str = "0f6d8a52-3c1e-4b7a-9d24-5e8f1a2b3c4d";

/// `config` with an Azure that has `demo`, and more hybrid connections, all of them leading
/// to `endpoint`, that can be selected with an account.
pub(super) fn add_to(config: EmulatorConfig, endpoint: &str) -> EmulatorConfig {
    let usable = |name: &str| HybridConnectionConfig::new(name).endpoint(endpoint);
    // As the published sample of the documentation has it: a quote is missing.
    let malformed = format!("[{{\"key\": \"endpoint\", \"value : \"{endpoint}\"}}]");
    let weu = NamespaceConfig::new("contoso-weu")
        .hybrid_connection(usable("crm-sql"))
        .hybrid_connection(usable("print-server"))
        .hybrid_connection(HybridConnectionConfig::new("old-soap").user_metadata(malformed))
        .hybrid_connection(HybridConnectionConfig::new("draft"));
    let neu = NamespaceConfig::new("contoso-neu").hybrid_connection(usable("edi-gateway"));
    let vault = NamespaceConfig::new("contoso-vault").hybrid_connection(usable("payroll"));
    let hub = NamespaceConfig::new("fabrikam-hub").hybrid_connection(usable("partner-api"));
    let production = SubscriptionConfig::new("Contoso Production", HOME)
        .id(PRODUCTION)
        .resource_group("rg-integration", "West Europe", ["demo", "contoso-weu"])
        .resource_group("rg-edi", "North Europe", ["contoso-neu"])
        .resource_group("rg-vault", "West Europe", ["contoso-vault"]);
    let shared = SubscriptionConfig::new("Fabrikam Shared", OTHER).resource_group(
        "rg-hub",
        "France Central",
        ["fabrikam-hub"],
    );
    // Seen in the list; its keys are for others.
    let vault_keys = DeniedConfig::new()
        .scope(format!("/subscriptions/{PRODUCTION}/resourceGroups/rg-vault"))
        .action("listKeys/action");
    let azure = AzureConfig::new()
        .tenant("Contoso", HOME)
        .tenant("Fabrikam", OTHER)
        .user(UserConfig::new("you@contoso.com", HOME).guest_of(OTHER))
        .user(UserConfig::new("helpdesk@contoso.com", HOME))
        .subscription(production)
        .subscription(SubscriptionConfig::new("Contoso Test", HOME))
        .subscription(shared)
        .denied(vault_keys);
    config.namespace(weu).namespace(neu).namespace(vault).namespace(hub).azure(azure)
}
