//! What a sign-in needs to know: the service's settings, and what this command overrides.

use zeroize::Zeroizing;

use crate::azure::Setup;
use crate::cli::args::Account;
use crate::cli::commands::settings;
use crate::cli::failure::Failure;
use crate::cli::prompt;
use crate::cli::render::printer::Printer;
use crate::cli::render::text::plain;
use crate::ipc::Client;
use crate::model::{Secret, Settings};

/// The environment's variable with the password of the proxy.
const PROXY_PASSWORD: &str = "HCM_PROXY_PASSWORD";

/// What the settings of the service at `client` say, and `options` instead of them.
///
/// # Errors
/// A service that does not answer, a proxy without its password, settings that do not fit.
pub(in crate::cli) async fn of_service(
    printer: &Printer,
    client: &mut Client,
    options: &Account,
) -> Result<Setup, Failure> {
    let told = settings::all(client).await?;
    let proxy = told.iter().find(|(name, _)| name == "network.proxy");
    let proxy = proxy.map(|(_, value)| value.as_str()).filter(|it| Setup::wants_proxy_password(it));
    let password = match proxy {
        Some(proxy) => proxy_password(printer, proxy).await?,
        None => None,
    };
    let pairs = told.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    of(Setup::settings_of(pairs, password.as_ref())?, options)
}

/// The defaults, and `options` instead of them.
///
/// # Errors
/// Options that need settings.
pub(in crate::cli) fn of_defaults(options: &Account) -> Result<Setup, Failure> {
    of(Settings::default(), options)
}

fn of(mut settings: Settings, options: &Account) -> Result<Setup, Failure> {
    let Account { sign_in: _, tenant, cloud, client_id } = options;
    let azure = &mut settings.azure;
    if let Some(tenant) = tenant {
        azure.tenant = Some(tenant.clone());
    }
    if let Some(cloud) = cloud {
        azure.cloud = (*cloud).into();
    }
    if let Some(client_id) = client_id {
        azure.client_id = Some(client_id.clone());
    }
    Ok(Setup::of(&settings)?)
}

/// The password, from the environment or from a person.
async fn proxy_password(printer: &Printer, proxy: &str) -> Result<Option<Secret>, Failure> {
    if let Ok(password) = std::env::var(PROXY_PASSWORD) {
        return Ok(Some(Secret::new(&*Zeroizing::new(password))));
    }
    if !prompt::can_ask() {
        return Ok(None);
    }
    let question = format!("Password of the proxy {}", plain(proxy));
    Ok(Some(prompt::password(printer, question).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cloud;
    use crate::model::CloudName;

    #[test]
    fn options_stand_before_settings() {
        let mut settings = Settings::default();
        settings.set("azure.tenant", "fabrikam.com").unwrap();
        settings.set("azure.cloud", "china").unwrap();
        let setup = of(settings.clone(), &Account::default()).unwrap();
        assert_eq!(setup.tenant.as_deref(), Some("fabrikam.com"));
        assert_eq!(setup.cloud.name, CloudName::China);
        let client_id = "8f0e8d2a-1111-4222-8333-444455556666";
        let options = Account {
            sign_in: None,
            tenant: Some("contoso.com".into()),
            cloud: Some(Cloud::UsGovernment),
            client_id: Some(client_id.into()),
        };
        let setup = of(settings, &options).unwrap();
        assert_eq!(setup.tenant.as_deref(), Some("contoso.com"));
        assert_eq!(setup.cloud.name, CloudName::UsGovernment);
        assert_eq!(setup.client_id, client_id);
    }

    #[test]
    fn a_custom_cloud_needs_settings() {
        let options = Account { cloud: Some(Cloud::Custom), ..Account::default() };
        let failure = of_defaults(&options).unwrap_err();
        assert_eq!(failure.code, "bad-setting");
        assert!(failure.message.contains("azure.authority"), "{failure}");
    }
}
