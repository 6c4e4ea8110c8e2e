//! Tenants, people and subscriptions as requests find them: with ids and without
//! anything left open.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::config::{AzureConfig, DeniedConfig};
use crate::emulator::config::{EmulatorConfig, host_of};
use crate::model::Secret;

/// The resource group and the place of namespaces that no subscription names.
const USUAL_GROUP: (&str, &str) = ("rg-integration", "West Europe");

/// Everything of Azure that does not change while the emulator runs.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) users: Vec<User>,
    pub(crate) service_principals: Vec<ServicePrincipal>,
    pub(crate) managed_identity: Option<ManagedIdentity>,
    pub(crate) subscriptions: Vec<Subscription>,
    denied: Vec<DeniedConfig>,
}

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) domain: String,
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) object_id: String,
    /// Tenant ids: the home tenant first.
    pub(crate) tenants: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ServicePrincipal {
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    pub(crate) object_id: String,
    pub(crate) tenant: String,
}

#[derive(Debug)]
pub(crate) struct ManagedIdentity {
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    pub(crate) tenant: String,
    pub(crate) header: Secret,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tenant: String,
    pub(crate) groups: Vec<ResourceGroup>,
}

#[derive(Debug)]
pub(crate) struct ResourceGroup {
    pub(crate) name: String,
    pub(crate) location: String,
    /// Hosts.
    pub(crate) namespaces: Vec<String>,
}

/// Who a token was issued to.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// The user's name, or the client id of a service principal.
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) object_id: String,
    /// Tenant ids: the home tenant first.
    pub(crate) tenants: Vec<String>,
}

impl Directory {
    /// What `config` means. It has been checked; a tenant that is not there is left out.
    pub(crate) fn new(config: &EmulatorConfig) -> Self {
        let azure = &config.azure;
        let tenants = tenants_of(azure);
        let id_of = |reference: &str| {
            tenants.iter().find(|tenant| tenant.is(reference)).map(|tenant| tenant.id.clone())
        };
        let users = users_of(azure, &tenants, &id_of);
        let service_principals = azure.service_principals.iter().filter_map(|principal| {
            Some(ServicePrincipal {
                client_id: principal.client_id.clone(),
                secret: principal.secret.clone(),
                object_id: id_from(&format!("service-principal:{}", principal.client_id)),
                tenant: id_of(&principal.tenant)?,
            })
        });
        let managed_identity = azure.managed_identity.as_ref().and_then(|identity| {
            let generated = || Secret::new(Uuid::new_v4().simple().to_string().to_uppercase());
            Some(ManagedIdentity {
                client_id: identity
                    .client_id
                    .clone()
                    .unwrap_or_else(|| id_from("managed-identity:client")),
                object_id: id_from("managed-identity:object"),
                tenant: id_of(&identity.tenant)?,
                header: identity.header.clone().unwrap_or_else(generated),
            })
        });
        Self {
            service_principals: service_principals.collect(),
            managed_identity,
            subscriptions: subscriptions_of(config, &tenants, &id_of),
            denied: azure.denied.clone(),
            users,
            tenants,
        }
    }

    /// The tenant with this id, name or domain.
    pub(crate) fn tenant(&self, reference: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.is(reference))
    }

    /// What the tenant that a path names is called; where it may be any, the first one.
    pub(crate) fn tenant_name(&self, reference: &str) -> &str {
        let tenant = self.tenant(reference).or(self.tenants.first());
        tenant.map_or("", |tenant| &tenant.name)
    }

    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id.eq_ignore_ascii_case(id))
    }

    /// Whether `principal` may do `action` at `scope`.
    pub(crate) fn allows(&self, principal: &Principal, action: &str, scope: &str) -> bool {
        let (action, scope) = (action.to_ascii_lowercase(), scope.to_ascii_lowercase());
        !self.denied.iter().any(|denied| {
            let is_whom =
                denied.user.as_ref().is_none_or(|user| user.eq_ignore_ascii_case(&principal.name));
            let is_where = denied.scope.as_ref().is_none_or(|above| is_in(&scope, above));
            let is_what = denied
                .action
                .as_ref()
                .is_none_or(|end| action.ends_with(&end.to_ascii_lowercase()));
            is_whom && is_where && is_what
        })
    }
}

/// Whether `scope`, in lower case, is `above` or below it.
fn is_in(scope: &str, above: &str) -> bool {
    let above = above.trim_end_matches('/').to_ascii_lowercase();
    scope.strip_prefix(&above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Tenant {
    pub(crate) fn is(&self, reference: &str) -> bool {
        [&self.id, &self.domain, &self.name].iter().any(|own| own.eq_ignore_ascii_case(reference))
    }
}

impl User {
    pub(crate) fn is_in(&self, tenant: &str) -> bool {
        self.tenants.iter().any(|there| there == tenant)
    }

    pub(crate) fn principal(&self) -> Principal {
        Principal {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            object_id: self.object_id.clone(),
            tenants: self.tenants.clone(),
        }
    }
}

impl Subscription {
    pub(crate) fn group(&self, name: &str) -> Option<&ResourceGroup> {
        self.groups.iter().find(|group| group.name.eq_ignore_ascii_case(name))
    }

    /// Its scope.
    pub(crate) fn path(&self) -> String {
        format!("/subscriptions/{}", self.id)
    }
}

/// An id that is the same for the same name.
pub(crate) fn id_from(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(name.to_ascii_lowercase())[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn tenants_of(azure: &AzureConfig) -> Vec<Tenant> {
    let tenant = |id: Option<&String>, name: &str, domain: &str| Tenant {
        id: id.map_or_else(|| id_from(&format!("tenant:{domain}")), |id| id.to_ascii_lowercase()),
        name: name.to_owned(),
        domain: domain.to_owned(),
    };
    if azure.tenants.is_empty() {
        return vec![tenant(None, "Contoso", "contoso.com")];
    }
    let given = azure.tenants.iter();
    given.map(|given| tenant(given.id.as_ref(), &given.name, &given.domain)).collect()
}

fn users_of(
    azure: &AzureConfig,
    tenants: &[Tenant],
    id_of: &impl Fn(&str) -> Option<String>,
) -> Vec<User> {
    let user = |name: String, display_name: Option<String>, tenants: Vec<String>| User {
        object_id: id_from(&format!("user:{name}")),
        display_name: display_name.unwrap_or_else(|| name.clone()),
        name,
        tenants,
    };
    if azure.users.is_empty() {
        let first = tenants.first().map(|tenant| {
            let name = format!("you@{}", tenant.domain);
            user(name, Some("You".to_owned()), vec![tenant.id.clone()])
        });
        return first.into_iter().collect();
    }
    let given = azure.users.iter().map(|given| {
        let all = std::iter::once(&given.tenant).chain(&given.guest_of);
        let tenants = all.filter_map(|reference| id_of(reference)).collect();
        user(given.name.clone(), given.display_name.clone(), tenants)
    });
    given.collect()
}

fn subscriptions_of(
    config: &EmulatorConfig,
    tenants: &[Tenant],
    id_of: &impl Fn(&str) -> Option<String>,
) -> Vec<Subscription> {
    let given = config.azure.subscriptions.iter().filter_map(|given| {
        let groups = given.resource_groups.iter().map(|group| ResourceGroup {
            name: group.name.clone(),
            location: group.location.clone(),
            namespaces: group.namespaces.iter().map(|name| host_of(name)).collect(),
        });
        let id = given.id.as_ref().map(|id| id.to_ascii_lowercase());
        Some(Subscription {
            id: id.unwrap_or_else(|| id_from(&format!("subscription:{}", given.name))),
            name: given.name.clone(),
            tenant: id_of(&given.tenant)?,
            groups: groups.collect(),
        })
    });
    let mut all: Vec<Subscription> = given.collect();
    if all.is_empty()
        && let Some(tenant) = tenants.first()
    {
        let name = format!("{} Production", tenant.name);
        let id = id_from(&format!("subscription:{name}"));
        all.push(Subscription { id, name, tenant: tenant.id.clone(), groups: Vec::new() });
    }
    let is_named = |host: &String| {
        all.iter().flat_map(|s| &s.groups).any(|group| group.namespaces.contains(host))
    };
    let hosts = config.namespaces.iter().map(|namespace| namespace.host());
    let left: Vec<String> = hosts.filter(|host| !is_named(host)).collect();
    if let Some(first) = all.first_mut() {
        if first.groups.is_empty() {
            let (name, location) = (USUAL_GROUP.0.to_owned(), USUAL_GROUP.1.to_owned());
            first.groups.push(ResourceGroup { name, location, namespaces: Vec::new() });
        }
        if let Some(group) = first.groups.first_mut() {
            group.namespaces.extend(left);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::azure::{SubscriptionConfig, UserConfig};

    #[test]
    fn without_a_configuration_there_is_one_of_each() {
        let config = EmulatorConfig::new().hybrid_connection("contoso", "sql", "h:1");
        let directory = Directory::new(&config);
        assert_eq!(directory.tenants[0].domain, "contoso.com");
        assert_eq!(directory.users[0].name, "you@contoso.com");
        let subscription = &directory.subscriptions[0];
        assert_eq!(subscription.name, "Contoso Production");
        assert_eq!(subscription.groups[0].name, "rg-integration");
        assert_eq!(subscription.groups[0].namespaces, ["contoso.servicebus.localhost"]);
        assert_eq!(Directory::new(&config).subscriptions[0].id, subscription.id);
    }

    #[test]
    fn what_no_subscription_names_is_in_the_first() {
        let azure = AzureConfig::new()
            .tenant("Contoso", "contoso.com")
            .tenant("Fabrikam", "fabrikam.com")
            .user(UserConfig::new("a@contoso.com", "contoso.com").guest_of("Fabrikam"))
            .subscription(SubscriptionConfig::new("One", "contoso.com"))
            .subscription(SubscriptionConfig::new("Two", "fabrikam.com").resource_group(
                "rg",
                "West US",
                ["second"],
            ));
        let config = EmulatorConfig::new()
            .hybrid_connection("first", "a", "h:1")
            .hybrid_connection("second", "a", "h:1")
            .azure(azure);
        let directory = Directory::new(&config);
        assert_eq!(directory.subscriptions[0].groups[0].namespaces, ["first.servicebus.localhost"]);
        assert_eq!(directory.subscriptions[1].groups[0].namespaces.len(), 1);
        assert_eq!(directory.users[0].tenants.len(), 2);
    }

    #[test]
    fn a_right_is_taken_away_below_its_scope() {
        let denied = DeniedConfig::new()
            .user("You@contoso.com")
            .scope("/subscriptions/S/resourceGroups/rg")
            .action("listKeys/action");
        let config = EmulatorConfig::new().azure(AzureConfig::new().denied(denied));
        let directory = Directory::new(&config);
        let you = directory.users[0].principal();
        let other = Principal { name: "other".into(), ..you.clone() };
        let keys = "Microsoft.Relay/namespaces/authorizationRules/listKeys/action";
        let inside = "/subscriptions/s/resourcegroups/RG/providers/Microsoft.Relay/namespaces/n";
        assert!(!directory.allows(&you, keys, inside));
        assert!(directory.allows(&other, keys, inside));
        assert!(directory.allows(&you, "Microsoft.Relay/namespaces/read", inside));
        assert!(directory.allows(&you, keys, "/subscriptions/s/resourceGroups/rg2"));
    }
}
