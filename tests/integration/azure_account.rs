//! An account at the emulator's Azure, and a person in a browser.

use std::io;
use std::sync::{Arc, Mutex};

use hybrid_connection_manager::azure::{Azure, AzureError, Setup};
use hybrid_connection_manager::emulator::{AzureConfig, Emulator, EmulatorConfig};
use hybrid_connection_manager::model::Settings;
use tempfile::NamedTempFile;
use url::Url;

use crate::emulator_azure::YOU;

/// An emulator, and a setup for it.
pub(crate) struct Cloud {
    pub(crate) emulator: Emulator,
    ca: NamedTempFile,
}

impl Cloud {
    /// One with `contoso/sql`.
    pub(crate) async fn start(azure: AzureConfig) -> Self {
        let config = EmulatorConfig::new().hybrid_connection("contoso", "sql", "127.0.0.1:1433");
        Self::of(config.azure(azure)).await
    }

    pub(crate) async fn of(config: EmulatorConfig) -> Self {
        use std::io::Write as _;
        let emulator = Emulator::start(config.port(0)).await.unwrap();
        let mut ca = NamedTempFile::new().unwrap();
        ca.write_all(emulator.ca_pem().as_bytes()).unwrap();
        Self { emulator, ca }
    }

    /// The settings that lead to it.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in [
            ("network.extra_ca_certificates", self.ca.path().display().to_string()),
            ("azure.cloud", "custom".to_owned()),
            ("azure.authority", self.emulator.authority()),
            ("azure.resource_manager", self.emulator.resource_manager()),
        ] {
            settings.set(name, &value).unwrap();
        }
        settings
    }

    pub(crate) fn setup(&self) -> Setup {
        Setup::of(&self.settings()).unwrap()
    }

    /// You, signed in with a browser.
    pub(crate) async fn you(&self) -> Azure {
        let person = Person::picking(YOU);
        Azure::with_browser(&self.setup(), person.opener()).await.unwrap()
    }
}

/// What a person does in the browser: opens the page and picks an account.
#[derive(Clone)]
pub(crate) struct Person {
    /// What is added to the address of the sign-in page.
    choice: (&'static str, String),
    runtime: tokio::runtime::Handle,
    /// The page at the end: its status and text.
    pub(crate) last_page: Arc<Mutex<Option<(u16, String)>>>,
    /// The address that brought the answer.
    pub(crate) answer: Arc<Mutex<Option<Url>>>,
}

impl Person {
    pub(crate) fn picking(user: &str) -> Self {
        Self::choosing("account", user)
    }

    /// One who follows the link with this member.
    pub(crate) fn choosing(name: &'static str, value: &str) -> Self {
        Self {
            choice: (name, value.to_owned()),
            runtime: tokio::runtime::Handle::current(),
            last_page: Arc::default(),
            answer: Arc::default(),
        }
    }

    pub(crate) fn opener(&self) -> impl Fn(&Url) -> io::Result<()> + Send + Sync + 'static {
        let person = self.clone();
        move |page| {
            let (person, page) = (person.clone(), page.clone());
            person.runtime.clone().spawn(async move { person.browse(page).await });
            Ok(())
        }
    }

    async fn browse(&self, mut page: Url) {
        page.query_pairs_mut().append_pair(self.choice.0, &self.choice.1);
        let answer = redirect_of(page).await;
        *self.answer.lock().unwrap() = Some(answer.clone());
        let (status, text) = get(answer).await;
        *self.last_page.lock().unwrap() = Some((status, text));
    }
}

/// Where the sign-in page sends the browser.
pub(crate) async fn redirect_of(page: Url) -> Url {
    let client = browser();
    let response = client.get(page.clone()).send().await.unwrap();
    let location = response.headers().get("location");
    let location = location.unwrap_or_else(|| panic!("{page} redirects nowhere"));
    Url::parse(location.to_str().unwrap()).unwrap()
}

pub(crate) async fn get(address: Url) -> (u16, String) {
    let response = browser().get(address).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn browser() -> reqwest::Client {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.no_proxy().build().unwrap()
}

/// The error of what must not succeed.
pub(crate) fn refused<T>(result: Result<T, AzureError>) -> AzureError {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error,
    }
}
