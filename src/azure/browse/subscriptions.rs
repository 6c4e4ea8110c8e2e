//! The subscriptions of an account, tenant by tenant.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream;

use super::{Subscription, Subscriptions, Unread};
use crate::azure::arm::{self, Arm, Pages, SubscriptionItem, TenantItem, of_path};
use crate::azure::error::{AzureError, AzureErrorKind};
use crate::azure::sign_in::{Account, Method};

/// Tenants that are read at the same time.
const AT_ONCE: usize = 8;
const LIST_SUBSCRIPTIONS: &str = "Microsoft.Resources/subscriptions/read";
const LIST_TENANTS: &str = "Microsoft.Resources/tenants/read";

/// A tenant whose subscriptions are read.
struct Tenant {
    /// Its id, if another token than that of the sign-in is needed.
    other: Option<String>,
    /// Its id, where it is known.
    id: Option<String>,
    name: Option<String>,
}

impl Tenant {
    /// It, as people know it.
    fn unread(&self) -> Unread {
        let name = self.name.clone().or_else(|| self.id.clone()).unwrap_or_default();
        Unread::Tenant { name, id: self.id.clone() }
    }
}

/// All subscriptions that the account can see.
pub(in crate::azure) async fn subscriptions(
    arm: &Arm,
    account: &Account,
) -> Result<Subscriptions, AzureError> {
    let (tenants, own) = join(tenants(arm), of_tenant(arm, None)).await;
    let mut problems = Vec::new();
    // A service principal and a managed identity live in one tenant.
    let has_one = account.method == Method::Environment;
    let tenants = tenants.unwrap_or_else(|error| {
        if !has_one {
            problems.push((Unread::Tenants, error));
        }
        Vec::new()
    });
    let is_own = |id: &str| account.tenant_id.as_deref().is_some_and(|own| same(own, id));
    let mut names: HashMap<String, String> = HashMap::new();
    let mut others = Vec::new();
    let mut home = Tenant { other: None, id: account.tenant_id.clone(), name: None };
    for TenantItem { tenant_id: id, display_name: name } in tenants {
        if is_own(&id) {
            home.name = name;
        } else if let Entry::Vacant(entry) = names.entry(folded(&id)) {
            entry.insert(name.clone().unwrap_or_else(|| id.clone()));
            others.push(Tenant { other: Some(id.clone()), id: Some(id), name });
        }
    }
    let is_cli = account.method == Method::AzureCli;
    if has_one {
        others.clear();
    }
    let mut read = stream::iter(others)
        .map(|tenant| async move {
            let items = of_tenant(arm, tenant.other.as_deref()).await;
            (tenant, items)
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    read.insert(0, (home, own));
    let mut list: HashMap<String, Subscription> = HashMap::new();
    let mut home_error = None;
    for (tenant, items) in read {
        let items = match items {
            Ok(items) => items,
            Err(error) if tenant.other.is_none() => {
                problems.push((tenant.unread(), error.clone()));
                home_error = Some(error);
                continue;
            }
            Err(error) if is_cli && is_elsewhere(&error) => continue,
            Err(error) => {
                problems.push((tenant.unread(), error));
                continue;
            }
        };
        for item in items {
            let key = folded(&item.subscription_id);
            let owner = item.tenant_id.clone().or_else(|| tenant.id.clone()).unwrap_or_default();
            // Seen from several tenants, its own counts.
            let from_its_own = tenant.id.as_deref().is_some_and(|id| same(id, &owner));
            if list.contains_key(&key) && !from_its_own {
                continue;
            }
            let name = names.get(&folded(&owner)).cloned();
            let name = name.or_else(|| tenant.name.clone().filter(|_| from_its_own));
            let tenant_name = name.filter(|_| !is_own(&owner));
            let reached_by = tenant.id.clone();
            list.insert(key, Subscription { reached_by, ..subscription(item, owner, tenant_name) });
        }
    }
    match home_error {
        Some(error) if list.is_empty() => return Err(error),
        _ => {}
    }
    let mut list: Vec<_> = list.into_values().collect();
    list.sort_by_cached_key(|one| (one.name.to_lowercase(), one.id.clone()));
    problems.sort_by_cached_key(|(what, _)| match what {
        Unread::Tenants => None,
        Unread::Tenant { name, .. } => Some(name.to_lowercase()),
    });
    Ok(Subscriptions { list, problems })
}

fn subscription(item: SubscriptionItem, tenant_id: String, tenant: Option<String>) -> Subscription {
    let name = item.display_name.filter(|name| !name.trim().is_empty());
    Subscription {
        name: name.unwrap_or_else(|| item.subscription_id.clone()),
        id: item.subscription_id,
        tenant_id,
        tenant,
        state: item.state.filter(|state| !state.eq_ignore_ascii_case("Enabled")),
        reached_by: None,
    }
}

async fn tenants(arm: &Arm) -> Result<Vec<TenantItem>, AzureError> {
    let address = of_path(arm.base(), &["tenants"], arm::SUBSCRIPTIONS)?;
    Pages::new(None, address, LIST_TENANTS).all(arm).await
}

async fn of_tenant(arm: &Arm, tenant: Option<&str>) -> Result<Vec<SubscriptionItem>, AzureError> {
    let address = of_path(arm.base(), &["subscriptions"], arm::SUBSCRIPTIONS)?;
    Pages::new(tenant, address, LIST_SUBSCRIPTIONS).all(arm).await
}

/// Whether the Azure CLI has no login for a tenant: it has those that somebody signed in to,
/// and another one is no news.
fn is_elsewhere(error: &AzureError) -> bool {
    matches!(error.kind, AzureErrorKind::AzureCliSignedOut | AzureErrorKind::NotInTenant)
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn folded(id: &str) -> String {
    id.to_ascii_lowercase()
}
