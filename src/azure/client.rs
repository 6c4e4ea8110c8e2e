//! A signed-in account, and what can be done with it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::arm::{Arm, check_resource_id};
use super::browse::{self, BrowseEvent, FoundConnection, Subscription, Subscriptions};
use super::cloud::Cloud;
use super::error::AzureError;
use super::http::Http;
use super::keys;
use super::setup::Setup;
use super::sign_in::{Account, SignedIn};
use crate::model::{AzureResource, Secret};

/// Calls to Resource Manager at the same time.
const AT_ONCE: usize = 16;
/// Events of a list that nobody has taken yet.
const EVENTS: usize = 64;

/// One signed-in account; cheap to clone. Whatever it does ends when its future is dropped.
#[derive(Clone)]
pub struct Azure(Arc<Inner>);

struct Inner {
    /// One for all: what Azure says to one call holds for the others.
    arm: Arm,
    cloud: Cloud,
    account: Account,
    ends_at: Option<Timestamp>,
}

impl fmt::Debug for Azure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Azure").field(self.account()).finish()
    }
}

impl Azure {
    /// An account that has just signed in.
    pub(crate) fn new(setup: &Setup, http: Http, signed_in: SignedIn) -> Self {
        let cloud = setup.cloud.clone();
        let SignedIn { account, tenants, ends_at } = signed_in;
        let arm = Arm::new(http, &cloud, tenants, AT_ONCE);
        Self(Arc::new(Inner { arm, cloud, account, ends_at }))
    }

    /// Who is signed in.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// When the first access token ends.
    pub fn token_ends(&self) -> Option<Timestamp> {
        self.0.ends_at
    }

    /// The cloud that was signed in to.
    pub fn cloud(&self) -> &Cloud {
        &self.0.cloud
    }

    /// All subscriptions that the account can see, in every tenant it belongs to. A tenant
    /// that refuses is a problem in the list.
    ///
    /// # Errors
    /// If there is nothing to show at all.
    pub async fn subscriptions(&self) -> Result<Subscriptions, AzureError> {
        browse::subscriptions(&self.0.arm, self.account()).await
    }

    /// Reads all hybrid connections of `subscription` in the background, until
    /// [`BrowseEvent::Done`]. Dropping the receiver ends it. It asks for no key.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn browse(&self, subscription: &Subscription) -> mpsc::Receiver<BrowseEvent> {
        let (events, receiver) = mpsc::channel(EVENTS);
        let pauses = events.downgrade();
        let arm = self.0.arm.telling_pauses(move |seconds| {
            // Who has that many events still to take does not miss this one.
            let _ =
                pauses.upgrade().map(|events| events.try_send(BrowseEvent::Waiting { seconds }));
        });
        let tenant = self.tenant_of(subscription);
        tokio::spawn(browse::read(arm, subscription.clone(), tenant, events));
        receiver
    }

    /// Looks one hybrid connection up by its names.
    ///
    /// # Errors
    /// [`AzureErrorKind::NotFound`](super::AzureErrorKind::NotFound) names what is missing.
    pub async fn find(
        &self,
        subscription: &Subscription,
        resource_group: &str,
        namespace: &str,
        name: &str,
    ) -> Result<FoundConnection, AzureError> {
        let tenant = self.tenant_of(subscription);
        let names = [resource_group, namespace, name];
        browse::find(&self.0.arm, subscription, tenant.as_deref(), names).await
    }

    /// Asks for a key of `found` and makes its connection string: of a rule with the Listen
    /// right alone if there is one, then of one that has it too, then of its namespace's.
    ///
    /// # Errors
    /// [`AzureErrorKind::Forbidden`](super::AzureErrorKind::Forbidden) names the permission
    /// that is missing; no error shows a key.
    pub async fn connection_string(&self, found: &FoundConnection) -> Result<Secret, AzureError> {
        check_resource_id(&found.resource_id)?;
        let tenant = self.tenant_of(&found.subscription);
        keys::connection_string(&self.0.arm, tenant.as_deref(), found).await
    }

    /// Where `found` is in Azure, as the service keeps it.
    pub fn resource(&self, found: &FoundConnection) -> AzureResource {
        let subscription = &found.subscription;
        let tenant = Some(&subscription.tenant_id).filter(|id| !id.is_empty());
        AzureResource {
            id: found.resource_id.clone(),
            subscription_id: subscription.id.clone(),
            subscription: subscription.name.clone(),
            resource_group: found.namespace.resource_group.clone(),
            region: found.namespace.region.clone(),
            tenant_id: tenant.cloned(),
            portal: self.0.cloud.portal.clone(),
        }
    }

    /// The tenant whose token shows `subscription`; none for that which was signed in to.
    fn tenant_of(&self, subscription: &Subscription) -> Option<String> {
        let own = self.account().tenant_id.as_deref();
        let tenant = subscription.reached_by.as_ref().unwrap_or(&subscription.tenant_id);
        let is_own = own.is_some_and(|own| own.eq_ignore_ascii_case(tenant));
        (!is_own && !tenant.is_empty()).then(|| tenant.clone())
    }
}
