//! What of Azure the emulator plays: tenants, people, subscriptions and rights.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::model::Secret;

/// Azure beside the relay: Microsoft Entra and Azure Resource Manager. Built in code, or
/// read from `"azure"` of the JSON file; every member may be left out:
///
/// ```json
/// { "tenants": [ { "name": "Contoso", "domain": "contoso.com" } ],
///   "users": [ { "name": "you@contoso.com", "displayName": "You",
///                "tenant": "contoso.com", "guestOf": [] } ],
///   "servicePrincipals": [ { "clientId": "6f0c…", "secret": "…", "tenant": "contoso.com" } ],
///   "managedIdentity": { "tenant": "contoso.com", "header": "…" },
///   "subscriptions": [
///     { "name": "Contoso Production", "tenant": "contoso.com",
///       "resourceGroups": [
///         { "name": "rg-integration", "location": "West Europe",
///           "namespaces": ["contoso"] } ] } ],
///   "denied": [ { "user": "you@contoso.com", "scope": "/subscriptions/…",
///                 "action": "listKeys/action" } ],
///   "pageSize": 100, "tokenSeconds": 3600, "latencyMillis": 0,
///   "deviceCodeIntervalSeconds": 5, "deviceCodeSeconds": 900, "keysWithEntityPath": false }
/// ```
///
/// Without tenants there is "Contoso" (contoso.com), without users `you@` the first
/// tenant's domain, without subscriptions "Contoso Production". A namespace that no
/// subscription names is in the first resource group of the first subscription
/// (`rg-integration` where there is none). Ids that are not given are made from the
/// names, the same every time.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AzureConfig {
    pub(crate) tenants: Vec<TenantConfig>,
    pub(crate) users: Vec<UserConfig>,
    pub(crate) service_principals: Vec<ServicePrincipalConfig>,
    pub(crate) managed_identity: Option<ManagedIdentityConfig>,
    pub(crate) subscriptions: Vec<SubscriptionConfig>,
    pub(crate) denied: Vec<DeniedConfig>,
    pub(crate) page_size: usize,
    pub(crate) token_seconds: u64,
    pub(crate) latency_millis: u64,
    pub(crate) device_code_interval_seconds: u64,
    pub(crate) device_code_seconds: u64,
    pub(crate) keys_with_entity_path: bool,
}

/// An organisation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantConfig {
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) domain: String,
}

/// A person who can sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserConfig {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    pub(crate) tenant: String,
    #[serde(default)]
    pub(crate) guest_of: Vec<String>,
}

/// A program that signs in with a secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServicePrincipalConfig {
    pub(crate) client_id: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) secret: Secret,
    pub(crate) tenant: String,
}

/// The managed identity of an App Service app on this machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManagedIdentityConfig {
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    pub(crate) tenant: String,
    /// What `X-IDENTITY-HEADER` has to say; generated when it is not given.
    #[serde(default, deserialize_with = "optional_secret")]
    pub(crate) header: Option<Secret>,
}

/// A subscription.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubscriptionConfig {
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) tenant: String,
    #[serde(default)]
    pub(crate) resource_groups: Vec<ResourceGroupConfig>,
}

/// A resource group and the namespaces in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceGroupConfig {
    pub(crate) name: String,
    #[serde(default = "west_europe")]
    pub(crate) location: String,
    #[serde(default)]
    pub(crate) namespaces: Vec<String>,
}

/// A right that is taken away.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeniedConfig {
    /// From whom; from all without it.
    #[serde(default)]
    pub(crate) user: Option<String>,
    /// In and below what; everywhere without it.
    #[serde(default)]
    pub(crate) scope: Option<String>,
    /// The end of the action, `listKeys/action` for example; every action without it.
    #[serde(default)]
    pub(crate) action: Option<String>,
}

fn west_europe() -> String {
    "West Europe".to_owned()
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| text.map(Secret::new))
}

impl Default for AzureConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl AzureConfig {
    /// One tenant, one person, one subscription.
    pub fn new() -> Self {
        Self {
            tenants: Vec::new(),
            users: Vec::new(),
            service_principals: Vec::new(),
            managed_identity: None,
            subscriptions: Vec::new(),
            denied: Vec::new(),
            page_size: 100,
            token_seconds: 3600,
            latency_millis: 0,
            device_code_interval_seconds: 5,
            device_code_seconds: 900,
            keys_with_entity_path: false,
        }
    }

    /// Adds a tenant by its name and domain.
    #[must_use]
    pub fn tenant(mut self, name: impl Into<String>, domain: impl Into<String>) -> Self {
        self.tenants.push(TenantConfig { id: None, name: name.into(), domain: domain.into() });
        self
    }

    /// Adds a person, `you@contoso.com` for example.
    #[must_use]
    pub fn user(mut self, user: UserConfig) -> Self {
        self.users.push(user);
        self
    }

    /// Adds a program that signs in with a secret.
    #[must_use]
    pub fn service_principal(
        mut self,
        client_id: impl Into<String>,
        secret: Secret,
        tenant: impl Into<String>,
    ) -> Self {
        let (client_id, tenant) = (client_id.into(), tenant.into());
        self.service_principals.push(ServicePrincipalConfig { client_id, secret, tenant });
        self
    }

    /// Gives programs on this machine a managed identity in `tenant`.
    #[must_use]
    pub fn managed_identity(mut self, tenant: impl Into<String>) -> Self {
        let tenant = tenant.into();
        self.managed_identity =
            Some(ManagedIdentityConfig { client_id: None, tenant, header: None });
        self
    }

    /// Adds a subscription.
    #[must_use]
    pub fn subscription(mut self, subscription: SubscriptionConfig) -> Self {
        self.subscriptions.push(subscription);
        self
    }

    /// Takes a right away.
    #[must_use]
    pub fn denied(mut self, denied: DeniedConfig) -> Self {
        self.denied.push(denied);
        self
    }

    /// How many items a page of a list has; 100 unless said otherwise.
    #[must_use]
    pub fn page_size(mut self, items: usize) -> Self {
        self.page_size = items;
        self
    }

    /// How long tokens are valid, in whole seconds; an hour unless said otherwise.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_seconds = lifetime.as_secs();
        self
    }

    /// How much later every answer of Resource Manager comes.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency_millis = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// How often a device may ask, and how long its code is valid, in whole seconds;
    /// 5 seconds and 15 minutes unless said otherwise.
    #[must_use]
    pub fn device_code(mut self, interval: Duration, lifetime: Duration) -> Self {
        self.device_code_interval_seconds = interval.as_secs();
        self.device_code_seconds = lifetime.as_secs();
        self
    }

    /// Whether the connection strings of a hybrid connection's rules name it. Azure
    /// answers both ways; without it unless said otherwise.
    #[must_use]
    pub fn keys_with_entity_path(mut self, with: bool) -> Self {
        self.keys_with_entity_path = with;
        self
    }
}

impl UserConfig {
    /// A person of `tenant` (its id, name or domain).
    pub fn new(name: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self { name: name.into(), display_name: None, tenant: tenant.into(), guest_of: Vec::new() }
    }

    /// How the person is called.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Makes the person a guest of another tenant.
    #[must_use]
    pub fn guest_of(mut self, tenant: impl Into<String>) -> Self {
        self.guest_of.push(tenant.into());
        self
    }
}

impl SubscriptionConfig {
    /// A subscription of `tenant` (its id, name or domain).
    pub fn new(name: impl Into<String>, tenant: impl Into<String>) -> Self {
        let (name, tenant) = (name.into(), tenant.into());
        Self { id: None, name, tenant, resource_groups: Vec::new() }
    }

    /// Gives it this id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds a resource group with these namespaces (labels or hosts).
    #[must_use]
    pub fn resource_group(
        mut self,
        name: impl Into<String>,
        location: impl Into<String>,
        namespaces: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.resource_groups.push(ResourceGroupConfig {
            name: name.into(),
            location: location.into(),
            namespaces: namespaces.into_iter().map(Into::into).collect(),
        });
        self
    }
}

impl DeniedConfig {
    /// Every right of everyone everywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only of this person, or of the service principal with this client id.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Only in and below this scope, `/subscriptions/…` for example.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Only actions that end so, `listKeys/action` or `hybridConnections/read` for example.
    #[must_use]
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }
}
