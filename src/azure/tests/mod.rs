//! An account against a server that answers as it is told.

mod browse;
mod calls;
mod keys;
mod server;
mod subscriptions;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use server::Server;
use tokio::sync::mpsc;

use super::http::Http;
use super::sign_in::{SignedIn, Tenants};
use super::{Account, Azure, AzureError, AzureErrorKind, BrowseEvent, Cloud, Method, Setup};
use super::{FoundConnection, Subscription, Subscriptions, Unread};
use crate::model::CloudName;

const HOME: &str = "home";
/// The tenant that everything breaks with.
const BROKEN: &str = "broken";

/// A limit that only a hanging test meets.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("nothing came")
}

fn setup(server: &Server) -> Setup {
    Setup {
        cloud: Cloud {
            name: CloudName::Custom,
            authority: server.address(),
            resource_manager: server.address(),
            audience: "https://arm.example".to_owned(),
            portal: Some("https://portal.example".to_owned()),
        },
        client_id: "app".to_owned(),
        tenant: None,
        extra_ca: None,
        proxy: crate::model::ProxyChoice::Automatic,
    }
}

/// An account that `tokens` signs in, in the way `method`.
fn account_with(server: &Server, method: Method, tokens: &Arc<Tokens>) -> Azure {
    let setup = setup(server);
    let account =
        Account { name: "you@contoso.com".to_owned(), tenant_id: Some(HOME.to_owned()), method };
    let signed_in = SignedIn { account, tenants: tokens.clone(), ends_at: None };
    Azure::new(&setup, Http::new(&setup).unwrap(), signed_in)
}

fn account(server: &Server) -> Azure {
    account_with(server, Method::Browser, &Arc::default())
}

/// The subscription that most tests read.
fn subscription() -> Subscription {
    Subscription {
        id: "s1".to_owned(),
        name: "Production".to_owned(),
        tenant_id: HOME.to_owned(),
        tenant: None,
        state: None,
        reached_by: None,
    }
}

/// What one reading of [`subscription`] told.
#[derive(Default)]
struct Told {
    found: Vec<FoundConnection>,
    failed: Vec<(String, AzureError)>,
    waits: Vec<u64>,
    progress: Vec<(usize, usize, bool)>,
    done: Option<Result<(), AzureError>>,
}

impl Told {
    async fn by(azure: &Azure) -> Self {
        Self::from(azure.browse(&subscription())).await
    }

    async fn from(mut events: mpsc::Receiver<BrowseEvent>) -> Self {
        let mut told = Self::default();
        while let Some(event) = within(events.recv()).await {
            assert!(told.done.is_none(), "{event:?} after the end");
            match event {
                BrowseEvent::Found(mut found) => told.found.append(&mut found),
                BrowseEvent::NamespaceFailed { namespace, error } => {
                    told.failed.push((namespace.name.clone(), error));
                }
                BrowseEvent::Waiting { seconds } => told.waits.push(seconds),
                BrowseEvent::Progress { read, found, is_complete } => {
                    told.progress.push((read, found, is_complete));
                }
                BrowseEvent::Done(done) => told.done = Some(done),
            }
        }
        told
    }

    /// `NAMESPACE/NAME` of all that was found, in order.
    fn names(&self) -> Vec<String> {
        let name = |found: &FoundConnection| format!("{}/{}", found.namespace.name, found.name);
        let mut names: Vec<_> = self.found.iter().map(name).collect();
        names.sort();
        names
    }

    fn error(&self) -> &AzureError {
        self.done.as_ref().unwrap().as_ref().unwrap_err()
    }
}

/// Credentials that make their tokens up: `TENANT-NUMBER`, with a new number after each
/// `forget`.
#[derive(Default)]
struct Tokens {
    numbers: Arc<Mutex<HashMap<String, u32>>>,
    refused: HashMap<String, AzureErrorKind>,
}

impl Tokens {
    /// Without a token for `tenant`.
    fn refusing(tenant: &str, kind: AzureErrorKind) -> Arc<Self> {
        let refused = HashMap::from([(tenant.to_owned(), kind)]);
        Arc::new(Self { refused, ..Self::default() })
    }

    /// How often the token of the sign-in was renewed.
    fn renewals(&self) -> u32 {
        self.numbers.lock().unwrap().get(HOME).copied().unwrap_or_default()
    }
}

#[async_trait]
impl Tenants for Tokens {
    fn for_tenant(&self, tenant: Option<&str>) -> Result<Arc<dyn TokenCredential>, AzureError> {
        let tenant = tenant.unwrap_or(HOME).to_owned();
        assert_ne!(tenant, BROKEN, "a mistake, made on purpose");
        if let Some(kind) = self.refused.get(&tenant) {
            return Err(AzureError::new(*kind, "no token"));
        }
        Ok(Arc::new(Token { tenant, numbers: self.numbers.clone() }))
    }

    async fn forget(&self, tenant: Option<&str>) {
        *self.numbers.lock().unwrap().entry(tenant.unwrap_or(HOME).to_owned()).or_default() += 1;
    }
}

#[derive(Debug)]
struct Token {
    tenant: String,
    numbers: Arc<Mutex<HashMap<String, u32>>>,
}

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert_eq!(scopes, ["https://arm.example/.default"]);
        let number = self.numbers.lock().unwrap().get(&self.tenant).copied().unwrap_or_default();
        let ends = OffsetDateTime::now_utc() + Duration::from_secs(3600);
        Ok(AccessToken::new(format!("{}-{number}", self.tenant), ends))
    }
}
