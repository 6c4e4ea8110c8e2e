//! What a sign-in needs to know: the cloud, the application, and the way to Azure.

use super::cloud::Cloud;
use super::error::{AzureError, AzureErrorKind};
use crate::model::settings::SettingError;
use crate::model::{Proxy, ProxyChoice, Secret, Settings};

/// What a sign-in needs to know.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The cloud.
    pub cloud: Cloud,
    /// Client id of the application that is signed in to.
    pub client_id: String,
    /// Tenant that is signed in to; without one, that of the account.
    pub tenant: Option<String>,
    /// PEM file with CA certificates trusted besides the system's.
    pub extra_ca: Option<String>,
    /// The proxy on the way to Azure, as it is set.
    pub proxy: ProxyChoice,
}

/// The setting with the proxy.
const PROXY: &str = "network.proxy";

impl Setup {
    /// What the settings say.
    ///
    /// # Errors
    /// [`AzureErrorKind::BadSetting`].
    pub fn of(settings: &Settings) -> Result<Self, AzureError> {
        Ok(Self {
            cloud: Cloud::of(&settings.azure)?,
            client_id: settings.azure.client_id().to_owned(),
            tenant: settings.azure.tenant.clone(),
            extra_ca: settings.network.extra_ca_certificates.clone(),
            proxy: settings.network.proxy.clone(),
        })
    }

    /// The settings as the service tells them, by name; those that this version does not
    /// know are left out. The service does not tell the proxy's password, so a proxy that
    /// wants one needs `proxy_password`.
    ///
    /// # Errors
    /// [`AzureErrorKind::ProxyPassword`], [`AzureErrorKind::BadSetting`].
    pub fn settings_of<'a>(
        told: impl IntoIterator<Item = (&'a str, &'a str)>,
        proxy_password: Option<&Secret>,
    ) -> Result<Settings, AzureError> {
        let bad = |error: &dyn std::error::Error| {
            AzureError::new(AzureErrorKind::BadSetting, error.to_string())
        };
        let mut settings = Settings::default();
        for (name, value) in told {
            if name == PROXY && Proxy::hides_password(value) {
                let password = proxy_password.ok_or_else(|| {
                    AzureError::new(AzureErrorKind::ProxyPassword, value.to_owned())
                })?;
                let proxy = Proxy::parse_shown(value, password);
                settings.network.proxy = ProxyChoice::Through(proxy.map_err(|error| bad(&error))?);
                continue;
            }
            match settings.set(name, value) {
                Ok(()) | Err(SettingError::Unknown { .. }) => {}
                Err(error) => return Err(bad(&error)),
            }
        }
        Ok(settings)
    }

    /// Whether [`Self::settings_of`] needs the proxy's password for this value of the
    /// setting `network.proxy`.
    pub fn wants_proxy_password(proxy: &str) -> bool {
        Proxy::hides_password(proxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_does_not_tell_the_password_of_the_proxy() {
        let told = [("network.proxy", "http://me:***@proxy:3128"), ("future.setting", "x")];
        let error = Setup::settings_of(told, None).unwrap_err();
        assert_eq!(error.kind, AzureErrorKind::ProxyPassword);
        let password = Secret::new("p@ss:w%rd");
        let settings = Setup::settings_of(told, Some(&password)).unwrap();
        let setup = Setup::of(&settings).unwrap();
        let proxy = setup.proxy.proxy().unwrap();
        assert_eq!(proxy.password(), Some(&password));
        assert_eq!(proxy.address().to_string(), "proxy:3128");
        assert!(Setup::wants_proxy_password(told[0].1));
    }

    #[test]
    fn a_setting_that_does_not_fit_is_named() {
        let error = Setup::settings_of([("azure.cloud", "moon")], None).unwrap_err();
        assert!(error.to_string().contains("azure.cloud"), "{error}");
    }
}
