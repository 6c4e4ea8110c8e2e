//! An Azure account that is made up: three subscriptions, one of which has 40 hybrid
//! connections in every condition.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::azure::{
    Account, AzureError, AzureErrorKind, BrowseEvent, DeviceCode, FoundConnection, Method,
    Namespace, Subscription, Subscriptions, Unusable, Usable,
};
use crate::gui::backend::{AzureNews, News};
use crate::gui::effect::AzureWork;
use crate::gui::sample;
use crate::gui::state::Ticket;
use crate::model::metadata::MetadataError;
use crate::model::{AzureResource, Secret};

/// How long everything takes for somebody who looks at it.
const STEP: SignedDuration = SignedDuration::from_millis(600);
/// A key that opens nothing.
const KEY: &str = "q7Zk0v3XbPpT9cWm1LrYh8sNfUeGd2AoJi6BtQxE4yM=";

/// The made-up account.
#[derive(Debug, Default)]
pub(super) struct Azure {
    /// What is told, and when.
    later: VecDeque<(Timestamp, Ticket, AzureNews)>,
    step: SignedDuration,
}

impl Azure {
    /// Everything takes a moment, as it does with the real one.
    pub(super) fn takes_its_time(&mut self) {
        self.step = STEP;
    }

    /// The next news whose time has come.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<News> {
        let place = self.later.iter().position(|(at, ..)| *at <= now)?;
        let (_, run, news) = self.later.remove(place)?;
        Some(News::Azure { run, news })
    }

    /// When there is more to tell.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.later.iter().map(|(at, ..)| *at).min()
    }

    pub(super) fn begin(&mut self, run: Ticket, work: AzureWork, now: Timestamp) {
        match work {
            AzureWork::SignIn(method, _) => {
                if method == Method::DeviceCode {
                    let expires_at = now + SignedDuration::from_mins(15);
                    let address = "https://microsoft.com/devicelogin".to_owned();
                    let code = DeviceCode { address, code: "FQX7KP2ND".to_owned(), expires_at };
                    self.tell(now, 1, run, AzureNews::Code(code));
                }
                let result = match method {
                    Method::AzureCli => Err(AzureError::new(AzureErrorKind::NoAzureCli, "")),
                    _ => Ok(account(method)),
                };
                self.tell(now, 5, run, AzureNews::SignedIn(result));
            }
            AzureWork::Subscriptions => {
                self.tell(now, 1, run, AzureNews::Subscriptions(Ok(subscriptions())));
            }
            AzureWork::Browse(subscription) => {
                for (step, events) in (1..).zip(browse(&Arc::new(*subscription))) {
                    self.tell(now, step, run, AzureNews::Browsed(events));
                }
            }
            AzureWork::Keys(chosen) => {
                for (step, one) in (1..).zip(chosen) {
                    let key = one.resource_id.clone();
                    self.tell(now, step, run, AzureNews::Key { key, outcome: key_of(&one) });
                }
            }
            AzureWork::StopSignIn
            | AzureWork::StopBrowse
            | AzureWork::StopKeys
            | AzureWork::Forget => {
                self.later.clear();
            }
            AzureWork::OpenPage => {}
        }
    }

    fn tell(&mut self, now: Timestamp, step: i32, run: Ticket, news: AzureNews) {
        self.later.push_back((now + self.step * step, run, news));
    }
}

fn account(method: Method) -> Account {
    let tenant_id = Some("11111111-aaaa-4bbb-8ccc-000000000001".to_owned());
    Account { name: "you@contoso.com".to_owned(), tenant_id, method }
}

fn subscription(number: u32, name: &str, tenant: Option<&str>) -> Subscription {
    Subscription {
        id: format!("22222222-0000-4000-8000-{number:012}"),
        name: name.to_owned(),
        tenant_id: format!("11111111-aaaa-4bbb-8ccc-{:012}", 1 + u32::from(tenant.is_some())),
        tenant: tenant.map(str::to_owned),
        state: Some("Enabled".to_owned()),
        reached_by: None,
    }
}

/// What the account can see.
fn subscriptions() -> Subscriptions {
    let list = vec![
        subscription(1, "Contoso Production", None),
        subscription(2, "Contoso Test", None),
        subscription(3, "Shared Services", Some("Fabrikam")),
    ];
    Subscriptions { list, problems: Vec::new() }
}

fn namespace(subscription: &Subscription, name: &str, group: &str, region: &str) -> Arc<Namespace> {
    let id = &subscription.id;
    Arc::new(Namespace {
        resource_id: format!(
            "/subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.Relay/namespaces/{name}"
        ),
        name: name.to_owned(),
        resource_group: group.to_owned(),
        region: region.to_owned(),
    })
}

/// What is told while `subscription` is read: a batch each step.
fn browse(subscription: &Arc<Subscription>) -> Vec<Vec<BrowseEvent>> {
    let progress = |read, found, is_complete| BrowseEvent::Progress { read, found, is_complete };
    if subscription.name == "Contoso Test" {
        return vec![vec![progress(0, 0, true), BrowseEvent::Done(Ok(()))]];
    }
    let spaces = [
        namespace(subscription, "contoso-weu", "rg-integration", "West Europe"),
        namespace(subscription, "contoso-neu", "rg-edi", "North Europe"),
        namespace(subscription, "contoso-ops", "rg-operations", "West Europe"),
    ];
    let found = |space: usize, rows: &[(&str, &str, u32)]| {
        let found = rows.iter().map(|(name, endpoint, listeners)| {
            row(subscription, &spaces[space], name, endpoint, *listeners)
        });
        BrowseEvent::Found(found.collect())
    };
    let first = [
        ("crm-sql", "crm01.corp.contoso.com:1433", 1),
        ("print-server", "print.corp.contoso.com:631", 0),
        ("erp-sql", "sql01.corp.contoso.com:1433", 2),
        ("no-metadata", "", 0),
        ("from-bicep", "billing.corp.contoso.com:443", 0),
        ("payroll-locked", "payroll.corp.contoso.com:5432", 0),
    ];
    let many: Vec<(String, String, u32)> = (1..=32)
        .map(|number| {
            let name = format!("plant-{number:02}-scada");
            (name, format!("plc{number:02}.plant.contoso.com:4840"), number % 3)
        })
        .collect();
    let many: Vec<(&str, &str, u32)> =
        many.iter().map(|(name, host, count)| (name.as_str(), host.as_str(), *count)).collect();
    let locked = namespace(subscription, "contoso-hr", "rg-hr", "West Europe");
    let detail =
        format!("Microsoft.Relay/namespaces/hybridConnections/read on {}", locked.resource_id);
    let error = AzureError::new(AzureErrorKind::Forbidden, detail).with_azure(
        Some("AuthorizationFailed".to_owned()),
        Some("7d0c6f2e-1f5e-4a08-9a53-0c1de8a1b0f4".to_owned()),
    );
    vec![
        vec![progress(0, 3, false), found(0, &first), progress(1, 4, true)],
        vec![found(1, &[("edi-gateway", "edi.corp.contoso.com:8443", 2)]), progress(2, 4, true)],
        vec![BrowseEvent::NamespaceFailed { namespace: locked, error }, progress(3, 4, true)],
        vec![found(2, &many), progress(4, 4, true), BrowseEvent::Done(Ok(()))],
    ]
}

fn row(
    subscription: &Arc<Subscription>,
    namespace: &Arc<Namespace>,
    name: &str,
    endpoint: &str,
    listeners: u32,
) -> FoundConnection {
    let usable = match endpoint.parse() {
        Ok(endpoint) => {
            let id = sample::id(&namespace.name, name);
            Ok(Usable { id, endpoint, mended: name == "from-bicep" })
        }
        Err(_) => Err(Unusable::NoEndpoint(MetadataError::Empty)),
    };
    FoundConnection {
        resource_id: format!("{}/hybridConnections/{name}", namespace.resource_id),
        name: name.to_owned(),
        namespace: namespace.clone(),
        subscription: subscription.clone(),
        listeners: Some(listeners),
        usable,
    }
}

/// The connection string of `one`; one of them may not be had.
fn key_of(one: &FoundConnection) -> Result<(Secret, Box<AzureResource>), AzureError> {
    if one.name == "payroll-locked" {
        let detail = format!(
            "Microsoft.Relay/namespaces/hybridConnections/authorizationRules/listKeys/action on {}",
            one.resource_id
        );
        return Err(AzureError::new(AzureErrorKind::Forbidden, detail).with_azure(
            Some("AuthorizationFailed".to_owned()),
            Some("51c3a7be-90bb-4f7e-8a55-6a3f0a1d77c2".to_owned()),
        ));
    }
    let string = format!(
        "Endpoint=sb://{}.servicebus.windows.net/;SharedAccessKeyName=defaultListener;\
         SharedAccessKey={KEY};EntityPath={}",
        one.namespace.name, one.name
    );
    let resource = AzureResource {
        id: one.resource_id.clone(),
        subscription_id: one.subscription.id.clone(),
        subscription: one.subscription.name.clone(),
        resource_group: one.namespace.resource_group.clone(),
        region: one.namespace.region.clone(),
        tenant_id: Some(one.subscription.tenant_id.clone()),
        portal: Some("https://portal.azure.com".to_owned()),
    };
    Ok((Secret::new(string), Box::new(resource)))
}
