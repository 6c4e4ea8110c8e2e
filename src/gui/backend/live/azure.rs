//! The Azure account of the window: there while the dialog uses it, and gone with it.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use url::Url;

use super::Outbox;
use crate::azure::{
    Azure, AzureError, AzureErrorKind, BrowseEvent, FoundConnection, Method, Setup, Subscription,
};
use crate::gui::backend::{AzureNews, News};
use crate::gui::effect::AzureWork;
use crate::gui::state::Ticket;

/// Opens an address in the browser.
pub(crate) type Opener = fn(&Url) -> io::Result<()>;

/// What is found within this time is one picture.
const TOGETHER: Duration = Duration::from_millis(40);
/// What is found at once, at the most.
const MOST_EVENTS: usize = 256;
/// Keys that are asked for at the same time.
const KEYS_AT_ONCE: usize = 8;

/// The account, and what is done with it. Whatever is under way ends when its task is dropped.
pub(super) struct Desk {
    outbox: Outbox,
    open: Opener,
    /// Filled by the sign-in. Each has a place of its own, so that one that was given up
    /// leaves nothing here.
    account: Arc<OnceLock<Azure>>,
    /// The page of the sign-in that is under way.
    page: Arc<OnceLock<Url>>,
    sign_in: Option<Task>,
    subscriptions: Option<Task>,
    browse: Option<Task>,
    keys: Option<Task>,
}

/// Something under way, which ends when this is dropped.
struct Task(JoinHandle<()>);

impl Task {
    fn start(work: impl Future<Output = ()> + Send + 'static) -> Option<Self> {
        Some(Self(tokio::spawn(work)))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where the news of one piece of work go.
#[derive(Clone)]
struct Teller {
    run: Ticket,
    outbox: Outbox,
}

impl Teller {
    async fn tell(&self, news: AzureNews) {
        self.outbox.tell(News::Azure { run: self.run, news }).await;
    }
}

impl Desk {
    pub(super) fn new(outbox: Outbox, open: Opener) -> Self {
        Self {
            outbox,
            open,
            account: Arc::default(),
            page: Arc::default(),
            sign_in: None,
            subscriptions: None,
            browse: None,
            keys: None,
        }
    }

    pub(super) fn begin(&mut self, run: Ticket, work: AzureWork) {
        let teller = Teller { run, outbox: self.outbox.clone() };
        match work {
            AzureWork::SignIn(method, setup) => self.sign_in(method, *setup, teller),
            AzureWork::OpenPage => self.open_page(teller),
            AzureWork::Subscriptions => {
                let account = self.account.get().cloned();
                self.subscriptions = Task::start(async move {
                    let result = match account {
                        Some(azure) => azure.subscriptions().await,
                        None => Err(nobody()),
                    };
                    teller.tell(AzureNews::Subscriptions(result)).await;
                });
            }
            AzureWork::Browse(subscription) => {
                let account = self.account.get().cloned();
                self.browse = Task::start(browse(account, *subscription, teller));
            }
            AzureWork::StopBrowse => self.browse = None,
            AzureWork::Keys(chosen) => {
                let account = self.account.get().cloned();
                self.keys = Task::start(keys(account, chosen, teller));
            }
            AzureWork::StopKeys => self.keys = None,
            // A sign-in that has just come through leaves no account either.
            AzureWork::StopSignIn | AzureWork::Forget => {
                *self = Self::new(self.outbox.clone(), self.open)
            }
        }
    }

    /// Signs in. What the account before was read for goes on no longer.
    fn sign_in(&mut self, method: Method, setup: Setup, teller: Teller) {
        *self = Self::new(self.outbox.clone(), self.open);
        let (account, page, open) = (self.account.clone(), self.page.clone(), self.open);
        self.sign_in = Task::start(async move {
            let result = sign_in(method, &setup, page, open, &teller).await;
            let result = result.map(|azure| {
                let who = azure.account().clone();
                account.get_or_init(|| azure);
                who
            });
            if let Err(error) = &result {
                tracing::info!(%error, method = method.as_str(), "nobody is signed in to Azure");
            }
            teller.tell(AzureNews::SignedIn(result)).await;
        });
    }

    fn open_page(&self, teller: Teller) {
        let Some(page) = self.page.get().cloned() else { return };
        let open = self.open;
        tokio::spawn(async move {
            let opened = tokio::task::spawn_blocking(move || open(&page)).await;
            if let Ok(Err(error)) = opened {
                teller.tell(AzureNews::NotOpened(error.to_string())).await;
            }
        });
    }
}

async fn sign_in(
    method: Method,
    setup: &Setup,
    page: Arc<OnceLock<Url>>,
    open: Opener,
    teller: &Teller,
) -> Result<Azure, AzureError> {
    match method {
        Method::AzureCli => Azure::with_azure_cli(setup).await,
        Method::Environment => Azure::with_environment(setup).await,
        Method::Browser => {
            let show = move |address: &Url| {
                page.get_or_init(|| address.clone());
                open(address)
            };
            Azure::with_browser(setup, show).await
        }
        Method::DeviceCode => {
            let teller = teller.clone();
            let show = move |code| {
                let teller = teller.clone();
                tokio::spawn(async move { teller.tell(AzureNews::Code(code)).await });
            };
            Azure::with_device_code(setup, show).await
        }
    }
}

/// Reads a subscription, and tells what is found in parts of a size that a frame can take.
async fn browse(account: Option<Azure>, subscription: Subscription, teller: Teller) {
    let Some(azure) = account else {
        let events = vec![BrowseEvent::Done(Err(nobody()))];
        return teller.tell(AzureNews::Browsed(events)).await;
    };
    let mut found = azure.browse(&subscription);
    loop {
        let mut events = Vec::new();
        if found.recv_many(&mut events, MOST_EVENTS).await == 0 {
            return;
        }
        teller.tell(AzureNews::Browsed(events)).await;
        sleep(TOGETHER).await;
    }
}

/// Asks for the keys of these, some at a time, and tells each as it comes.
async fn keys(account: Option<Azure>, chosen: Vec<FoundConnection>, teller: Teller) {
    let ask = |one: FoundConnection| {
        let account = account.clone();
        async move {
            let outcome = match &account {
                Some(azure) => azure
                    .connection_string(&one)
                    .await
                    .map(|string| (string, Box::new(azure.resource(&one)))),
                None => Err(nobody()),
            };
            AzureNews::Key { key: one.resource_id, outcome }
        }
    };
    let mut asked = stream::iter(chosen.into_iter().map(ask)).buffer_unordered(KEYS_AT_ONCE);
    while let Some(news) = asked.next().await {
        teller.tell(news).await;
    }
}

/// The account has gone, which only a sign-in mends.
fn nobody() -> AzureError {
    AzureError::new(AzureErrorKind::TokenRefused, "")
}
