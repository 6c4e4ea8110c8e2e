//! What an account can see: subscriptions, and the hybrid connections in them.

mod found;
mod read;
mod subscriptions;

use super::error::AzureError;
use crate::model::metadata::MetadataError;
use crate::model::{ConnectionId, Endpoint};

pub(super) use read::{find, read};
pub(super) use subscriptions::subscriptions;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id, a GUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Id of the tenant it belongs to.
    pub tenant_id: String,
    /// Name of that tenant, where it is known and not the account's own.
    pub tenant: Option<String>,
    /// Azure's word for a subscription that cannot be used fully, "Disabled" for example.
    pub state: Option<String>,
    /// Id of the tenant whose token shows it, where that is known. It is not always its own:
    /// who manages one for somebody else (Azure Lighthouse) sees it from home.
    pub reached_by: Option<String>,
}

/// All subscriptions that an account can see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// Ordered by name.
    pub list: Vec<Subscription>,
    /// What could not be read, and why.
    pub problems: Vec<(Unread, AzureError)>,
}

/// A part of the subscriptions that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// The list of tenants: there may be others.
    Tenants,
    /// The subscriptions of a tenant.
    Tenant {
        /// Its name, or its id where it has none.
        name: String,
        /// Its id, where it is known.
        id: Option<String>,
    },
}

/// A Relay namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its resource id, as Azure wrote it.
    pub resource_id: String,
    /// Its name.
    pub name: String,
    /// Its resource group.
    pub resource_group: String,
    /// Its region, "West Europe" for example.
    pub region: String,
}

/// A hybrid connection that was found in a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundConnection {
    /// Its resource id, as Azure wrote it; unique.
    pub resource_id: String,
    /// Its name.
    pub name: String,
    /// The namespace it is in.
    pub namespace: std::sync::Arc<Namespace>,
    /// The subscription it is in.
    pub subscription: std::sync::Arc<Subscription>,
    /// Listeners of all machines.
    pub listeners: Option<u32>,
    /// What can be added, or why it cannot.
    pub usable: Result<Usable, Unusable>,
}

/// A hybrid connection that can be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usable {
    /// Its id here, with the host that Azure names.
    pub id: ConnectionId,
    /// Its endpoint.
    pub endpoint: Endpoint,
    /// Its metadata was the malformed sample of Microsoft's documentation, and was mended.
    pub mended: bool,
}

/// Why a hybrid connection cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Its namespace has no usable address.
    #[error("its namespace tells no usable Service Bus endpoint ({0})")]
    NoAddress(String),
    /// What Azure says of it has another shape than it should.
    #[error("Azure describes it in a way that cannot be understood")]
    OddShape,
    /// Its metadata names no endpoint.
    #[error("{0}")]
    NoEndpoint(#[from] MetadataError),
}

/// What comes while a subscription is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrowseEvent {
    /// How far it is.
    Progress {
        /// Namespaces whose hybrid connections are all there, or could not be read.
        read: usize,
        /// Namespaces that are known so far.
        found: usize,
        /// All namespaces are known.
        is_complete: bool,
    },
    /// More hybrid connections. One that changes its place while the list is read may come
    /// again; the later one counts.
    Found(Vec<FoundConnection>),
    /// The hybrid connections of a namespace could not be read, all or the rest.
    NamespaceFailed {
        /// Which.
        namespace: std::sync::Arc<Namespace>,
        /// Why.
        error: AzureError,
    },
    /// Azure wants a pause; reading goes on by itself.
    Waiting {
        /// For how many seconds.
        seconds: u64,
    },
    /// The end: everything was read, or the list of namespaces could not be.
    Done(Result<(), AzureError>),
}
