//! "Select with Azure", as it is being filled in. No token and no key is in it.

mod list;

use jiff::Timestamp;

pub(crate) use list::{Added, Checked, Listing, NotAdded, Reading};

use super::{PastedText, Ticket};
use crate::azure::{
    Account, AzureError, AzureErrorKind, BROWSER_LIMIT, DeviceCode, Method, Setup, Subscription,
    Subscriptions,
};
use crate::model::{CloudName, Secret, Settings};

/// The tab "Select with Azure". It lives as long as its dialog.
#[derive(Debug, Default)]
pub(crate) struct AzureForm {
    /// The settings of the service that the sign-in goes by.
    pub settings: SettingsOfSignIn,
    /// The cloud that was chosen.
    pub cloud: CloudName,
    /// The password of the proxy, where the settings do not tell it.
    pub proxy_password: PastedText,
    /// Who is signed in, or signs in.
    pub sign_in: SignIn,
    /// Who was signed in last.
    pub last: Option<Account>,
    /// The tenant that was signed in to last, where it was not the settings' own choice.
    pub tenant: Option<String>,
    /// The subscriptions of the account.
    pub subscriptions: Reads,
    /// Id of the chosen subscription.
    pub chosen: Option<String>,
    /// What is in it.
    pub listing: Option<Listing>,
    /// What could not be read is shown one by one.
    pub problems_open: bool,
    /// Somebody has begun to sign in with this form.
    pub was_used: bool,
}

/// The settings of the service, as far as the sign-in needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SettingsOfSignIn {
    /// Not asked for.
    #[default]
    Unknown,
    /// Asked for.
    Asked,
    /// Names and values, as the service tells them: without passwords.
    Known(Vec<(String, String)>),
    /// Not to be had, and why.
    Failed(String),
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// Nobody; and why the last try came to nothing.
    Out(Option<(Method, AzureError)>),
    /// Somebody, in a moment.
    Running(SigningIn),
    /// This account.
    In(Account),
}

impl Default for SignIn {
    fn default() -> Self {
        Self::Out(None)
    }
}

/// A sign-in that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SigningIn {
    /// Names it.
    pub run: Ticket,
    /// How.
    pub method: Method,
    /// To which tenant, where it is not the settings' own choice.
    pub tenant: Option<String>,
    /// Since when.
    pub begun: Timestamp,
    /// What is to be typed elsewhere.
    pub code: Option<DeviceCode>,
}

impl SigningIn {
    /// When nobody waits for it any longer, where that is known.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        match (self.method, &self.code) {
            (Method::Browser, _) => Some(self.begun + BROWSER_LIMIT),
            (_, Some(code)) => Some(code.expires_at),
            _ => None,
        }
    }
}

/// The subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reads {
    /// Not asked for.
    #[default]
    Not,
    /// Asked for.
    Running(Ticket),
    /// There.
    Done(Subscriptions),
    /// Not to be had.
    Failed(AzureError),
}

impl AzureForm {
    /// What a sign-in goes by.
    pub(crate) fn setup(&self) -> Result<Setup, AzureError> {
        let told = match &self.settings {
            SettingsOfSignIn::Known(told) => told.as_slice(),
            _ => &[],
        };
        let password = &self.proxy_password.0;
        let password = (!password.is_empty()).then(|| Secret::new(password.as_str()));
        let told = told.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut settings: Settings = Setup::settings_of(told, password.as_ref())?;
        settings.azure.cloud = self.cloud;
        Setup::of(&settings)
    }

    /// The value of a setting; empty where it is not known.
    pub(crate) fn setting(&self, name: &str) -> &str {
        let SettingsOfSignIn::Known(told) = &self.settings else { return "" };
        told.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The clouds to choose from: a custom one only where the settings describe it.
    pub(crate) fn clouds(&self) -> Vec<CloudName> {
        let is_described = ["azure.authority", "azure.resource_manager"]
            .iter()
            .all(|name| !self.setting(name).is_empty());
        let is_there =
            |cloud: &CloudName| *cloud != CloudName::Custom || is_described || *cloud == self.cloud;
        CloudName::ALL.into_iter().filter(is_there).collect()
    }

    /// The password of the proxy is to be asked for.
    pub(crate) fn wants_proxy_password(&self) -> bool {
        Setup::wants_proxy_password(self.setting("network.proxy"))
    }

    /// The account that is signed in.
    pub(crate) fn account(&self) -> Option<&Account> {
        match &self.sign_in {
            SignIn::In(account) => Some(account),
            _ => None,
        }
    }

    /// All subscriptions, once they are there.
    pub(crate) fn all(&self) -> &[Subscription] {
        match &self.subscriptions {
            Reads::Done(subscriptions) => &subscriptions.list,
            _ => &[],
        }
    }

    /// The chosen subscription.
    pub(crate) fn subscription(&self) -> Option<&Subscription> {
        let chosen = self.chosen.as_ref()?;
        self.all().iter().find(|subscription| subscription.id == *chosen)
    }

    /// Forgets what an account could see.
    pub(crate) fn forget_account(&mut self) {
        self.sign_in = SignIn::Out(None);
        self.last = None;
        self.tenant = None;
        self.subscriptions = Reads::Not;
        self.chosen = None;
        self.listing = None;
        self.problems_open = false;
    }

    /// What was chosen is being added.
    pub(crate) fn is_creating(&self) -> bool {
        self.listing.as_ref().is_some_and(Listing::is_creating)
    }
}

/// Whether a sign-in to the tenant itself is what mends this: another step, or a consent.
pub(crate) fn wants_tenant(error: &AzureError) -> bool {
    matches!(
        error.kind,
        AzureErrorKind::InteractionRequired
            | AzureErrorKind::ConditionalAccess
            | AzureErrorKind::ConsentRequired
    )
}

/// Whether another sign-in is what mends this.
pub(crate) fn wants_sign_in(error: &AzureError) -> bool {
    matches!(
        error.kind,
        AzureErrorKind::TokenRefused
            | AzureErrorKind::InteractionRequired
            | AzureErrorKind::AzureCliSignedOut
    )
}
