//! Resources as Azure Resource Manager writes them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::directory::{ResourceGroup, Subscription, Tenant};
use crate::emulator::entity::Rule;
use crate::emulator::registry::Found;

pub(super) fn tenant(tenant: &Tenant, is_home: bool) -> Value {
    json!({
        "id": format!("/tenants/{}", tenant.id),
        "tenantId": tenant.id,
        "countryCode": "DE",
        "displayName": tenant.name,
        "domains": [tenant.domain],
        "defaultDomain": tenant.domain,
        "tenantCategory": if is_home { "Home" } else { "ProjectedBy" },
        "tenantType": "AAD",
    })
}

pub(super) fn subscription(subscription: &Subscription) -> Value {
    json!({
        "id": subscription.path(),
        "authorizationSource": "RoleBased",
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    })
}

pub(super) fn group(subscription: &Subscription, group: &ResourceGroup) -> Value {
    json!({
        "id": group_path(subscription, group),
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": {},
        "properties": { "provisioningState": "Succeeded" },
    })
}

pub(super) fn namespace(
    subscription: &Subscription,
    group: &ResourceGroup,
    host: &str,
    port: u16,
    created: Timestamp,
) -> Value {
    let (name, created) = (label(host), time(created));
    json!({
        "id": namespace_path(subscription, group, host),
        "name": name,
        "type": "Microsoft.Relay/Namespaces",
        "location": group.location,
        "tags": {},
        "sku": { "name": "Standard", "tier": "Standard" },
        "properties": {
            "provisioningState": "Succeeded",
            "createdAt": created,
            "updatedAt": created,
            "metricId": format!("{}:{name}", subscription.id),
            "serviceBusEndpoint": format!("https://{host}:{port}/"),
        },
    })
}

pub(super) fn hybrid_connection(namespace: &str, found: &Found) -> Value {
    let name = resource_name(found.id.name());
    let mut properties = json!({
        "createdAt": time(found.created_at),
        "updatedAt": time(found.updated_at),
        "listenerCount": found.listener_count,
        "requiresClientAuthorization": found.requires_client_authorization,
    });
    if let Some(metadata) = &found.user_metadata {
        properties["userMetadata"] = json!(metadata);
    }
    json!({
        "id": format!("{namespace}/hybridConnections/{name}"),
        "name": name,
        "type": "Microsoft.Relay/Namespaces/HybridConnections",
        "properties": properties,
    })
}

/// A rule below `owner`, a hybrid connection's path or a namespace's.
pub(super) fn rule(owner: &str, is_namespaces: bool, rule: &Rule) -> Value {
    let kind = if is_namespaces {
        "Microsoft.Relay/Namespaces/AuthorizationRules"
    } else {
        "Microsoft.Relay/Namespaces/HybridConnections/AuthorizationRules"
    };
    json!({
        "id": format!("{owner}/authorizationRules/{}", rule.config.name),
        "name": rule.config.name,
        "type": kind,
        "properties": { "rights": rule.config.rights },
    })
}

/// The keys of a rule of the namespace at `host:port`, with the hybrid connection's name
/// where it is to be in the connection strings.
pub(super) fn keys(rule: &Rule, host: &str, port: u16, entity_path: Option<&str>) -> Value {
    let name = &rule.config.name;
    let (primary, secondary) = (rule.keys.primary.expose(), rule.keys.secondary.expose());
    let path = entity_path.map(|path| format!(";EntityPath={path}")).unwrap_or_default();
    let connection_string = |key: &str| {
        format!(
            "Endpoint=sb://{host}:{port}/;SharedAccessKeyName={name};SharedAccessKey={key}{path}"
        )
    };
    json!({
        "keyName": name,
        "primaryKey": primary,
        "secondaryKey": secondary,
        "primaryConnectionString": connection_string(primary),
        "secondaryConnectionString": connection_string(secondary),
    })
}

pub(super) fn group_path(subscription: &Subscription, group: &ResourceGroup) -> String {
    format!("{}/resourceGroups/{}", subscription.path(), group.name)
}

pub(super) fn namespace_path(
    subscription: &Subscription,
    group: &ResourceGroup,
    host: &str,
) -> String {
    let group = group_path(subscription, group);
    format!("{group}/providers/Microsoft.Relay/namespaces/{}", label(host))
}

/// The name of a namespace: the first part of its host.
pub(super) fn label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host)
}

/// How Resource Manager writes a hybrid connection's name: a slash would end it.
pub(super) fn resource_name(name: &str) -> String {
    name.replace('/', "~")
}

/// A time with seven decimals, as .NET writes it.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}
