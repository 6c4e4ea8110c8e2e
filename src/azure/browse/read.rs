//! Reads all hybrid connections of a subscription, many calls at once.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join;
use reqwest::Method;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use super::found::Place;
use super::{BrowseEvent, FoundConnection, Namespace, Subscription};
use crate::azure::arm::{
    self, Arm, Call, HybridConnectionItem, NamespaceItem, Pages, of_path, of_resource,
    resource_name,
};
use crate::azure::error::{AzureError, AzureErrorKind};

const LIST_NAMESPACES: &str = "Microsoft.Relay/namespaces/read";
const LIST_CONNECTIONS: &str = "Microsoft.Relay/namespaces/hybridConnections/read";

/// Reads `subscription` with the token of `tenant` and tells `events`, [`BrowseEvent::Done`]
/// last. It ends when nobody listens any more.
pub(in crate::azure) async fn read(
    arm: Arm,
    subscription: Subscription,
    tenant: Option<String>,
    events: mpsc::Sender<BrowseEvent>,
) {
    let subscription = Arc::new(subscription);
    let reader = Arc::new(Reader { arm, subscription, tenant, events });
    // A task of its own: whatever becomes of it, the end is told.
    let mut reading = JoinSet::new();
    let work = reader.clone();
    reading.spawn(async move { work.read().await });
    // What is dropped here takes all calls along that are under way.
    let done = tokio::select! {
        () = reader.events.closed() => return,
        done = reading.join_next() => done,
    };
    let done = done.unwrap_or(Ok(Ok(()))).unwrap_or_else(|error| Err(broken(&error)));
    reader.tell(BrowseEvent::Done(done)).await;
}

/// The error for work that panicked.
fn broken(error: &JoinError) -> AzureError {
    tracing::error!(%error, "reading a subscription broke off");
    AzureError::new(AzureErrorKind::BadAnswer, "reading broke off by a mistake of this program")
}

/// Looks one hybrid connection up.
pub(in crate::azure) async fn find(
    arm: &Arm,
    subscription: &Subscription,
    tenant: Option<&str>,
    names: [&str; 3],
) -> Result<FoundConnection, AzureError> {
    let [resource_group, namespace, name] = names;
    let name = resource_name(name);
    let path = [
        "subscriptions",
        &subscription.id,
        "resourceGroups",
        resource_group,
        "providers",
        "Microsoft.Relay",
        "namespaces",
        namespace,
        "hybridConnections",
        &name,
    ];
    let get = async |parts: &[&str], action| {
        let address = of_path(arm.base(), parts, arm::RELAY)?;
        arm.send(&Call { tenant, method: Method::GET, address, action }).await
    };
    // A namespace that is missing or closed says more than the same of what is in it.
    let (place, item) = join(get(&path[..8], LIST_NAMESPACES), get(&path, LIST_CONNECTIONS)).await;
    let place = Place::of(place?.json::<NamespaceItem>()?);
    let item = item?.json::<HybridConnectionItem>()?;
    Ok(place.connection(item, &Arc::new(subscription.clone())))
}

struct Reader {
    arm: Arm,
    subscription: Arc<Subscription>,
    tenant: Option<String>,
    events: mpsc::Sender<BrowseEvent>,
}

/// A piece of work that has ended.
enum Step {
    /// A page of namespaces, and where the next one is.
    Namespaces(Pages, Option<Result<Vec<NamespaceItem>, AzureError>>),
    /// The hybrid connections of a namespace.
    Read(Arc<Namespace>, Result<(), AzureError>),
}

impl Reader {
    async fn read(self: &Arc<Self>) -> Result<(), AzureError> {
        let parts =
            ["subscriptions", &self.subscription.id, "providers", "Microsoft.Relay", "namespaces"];
        let first = of_path(self.arm.base(), &parts, arm::RELAY)?;
        let pages = Pages::new(self.tenant.as_deref(), first, LIST_NAMESPACES);
        // Tasks of their own: calls get on while the events wait to be taken.
        let mut work = JoinSet::new();
        work.spawn(self.clone().namespaces(pages));
        let mut known = HashSet::new();
        let (mut read, mut is_complete) = (0, false);
        let mut result = Ok(());
        while let Some(step) = work.join_next().await {
            match step.map_err(|error| broken(&error))? {
                Step::Namespaces(pages, Some(Ok(items))) => {
                    work.spawn(self.clone().namespaces(pages));
                    for item in items {
                        // A list that changes while it is read may show one twice.
                        if known.insert(item.id.to_ascii_lowercase()) {
                            work.spawn(self.clone().connections(Place::of(item)));
                        }
                    }
                }
                Step::Namespaces(_, end) => {
                    is_complete = true;
                    match end {
                        Some(Err(error)) if is_about_all(&error) => return Err(error),
                        // Azure Relay was never used in this subscription.
                        Some(Err(error)) if is_unregistered(&error) => {}
                        Some(Err(error)) => result = Err(error),
                        Some(Ok(_)) | None => {}
                    }
                }
                Step::Read(namespace, outcome) => {
                    read += 1;
                    match outcome {
                        Err(error) if is_about_all(&error) => return Err(error),
                        // It was removed since it was listed.
                        Err(error) if error.kind == AzureErrorKind::NotFound => {}
                        Err(error) => {
                            self.tell(BrowseEvent::NamespaceFailed { namespace, error }).await;
                        }
                        Ok(()) => {}
                    }
                }
            }
            self.tell(BrowseEvent::Progress { read, found: known.len(), is_complete }).await;
        }
        result
    }

    async fn namespaces(self: Arc<Self>, mut pages: Pages) -> Step {
        let page = pages.next(&self.arm).await;
        Step::Namespaces(pages, page)
    }

    async fn connections(self: Arc<Self>, place: Place) -> Step {
        let outcome = self.read_connections(&place).await;
        Step::Read(place.namespace, outcome)
    }

    async fn read_connections(&self, place: &Place) -> Result<(), AzureError> {
        let id = &place.namespace.resource_id;
        let first = of_resource(self.arm.base(), id, &["hybridConnections"], arm::RELAY)?;
        let mut pages = Pages::new(self.tenant.as_deref(), first, LIST_CONNECTIONS);
        while let Some(page) = pages.next::<HybridConnectionItem>(&self.arm).await {
            let found: Vec<_> =
                page?.into_iter().map(|item| place.connection(item, &self.subscription)).collect();
            if !found.is_empty() {
                self.tell(BrowseEvent::Found(found)).await;
            }
        }
        Ok(())
    }

    async fn tell(&self, event: BrowseEvent) {
        // Whoever stopped listening has ended `read` as well.
        self.events.send(event).await.ok();
    }
}

/// Whether an error is not about one namespace: every other call would fail with it, each
/// after its tries.
fn is_about_all(error: &AzureError) -> bool {
    !matches!(
        error.kind,
        AzureErrorKind::Forbidden
            | AzureErrorKind::Locked
            | AzureErrorKind::Refused
            | AzureErrorKind::NotFound
            | AzureErrorKind::AzureFailed
            | AzureErrorKind::BadAnswer
            | AzureErrorKind::Interrupted
            | AzureErrorKind::TimedOut
    )
}

fn is_unregistered(error: &AzureError) -> bool {
    error.code.as_deref() == Some("MissingSubscriptionRegistration")
}
