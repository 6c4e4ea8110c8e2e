//! Options about an Azure account.

use clap::{Args, ValueEnum};

use crate::azure::Method;
use crate::model::CloudName;
use crate::model::azure_settings::is_tenant;

/// How to sign in to Azure, and where.
#[derive(Args, Clone, Debug, Default)]
#[group(id = "account", multiple = true)]
pub(in crate::cli) struct Account {
    /// How to sign in: azure-cli, environment, browser or device-code
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "METHOD",
        help_heading = "Azure account"
    )]
    pub(in crate::cli) sign_in: Option<SignIn>,
    /// Tenant to sign in to, its id or domain, instead of the setting azure.tenant
    #[arg(long, value_parser = tenant, help_heading = "Azure account")]
    pub(in crate::cli) tenant: Option<String>,
    /// Cloud: public, china, us-government or custom, instead of the setting azure.cloud
    #[arg(long, value_enum, hide_possible_values = true, help_heading = "Azure account")]
    pub(in crate::cli) cloud: Option<Cloud>,
    /// Application to sign in to, instead of the setting azure.client_id
    #[arg(long, value_name = "ID", value_parser = client_id, help_heading = "Azure account")]
    pub(in crate::cli) client_id: Option<String>,
}

/// A way to sign in, as it is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SignIn {
    /// The login of the Azure CLI
    AzureCli,
    /// A service principal or managed identity that the environment names
    Environment,
    /// The browser of this machine
    Browser,
    /// A browser on any device, with a code
    DeviceCode,
}

/// One of Azure's clouds, as it is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Cloud {
    /// The worldwide one
    Public,
    /// Azure operated by 21Vianet
    China,
    /// Azure Government
    UsGovernment,
    /// One that the settings describe
    Custom,
}

impl From<SignIn> for Method {
    fn from(sign_in: SignIn) -> Self {
        match sign_in {
            SignIn::AzureCli => Self::AzureCli,
            SignIn::Environment => Self::Environment,
            SignIn::Browser => Self::Browser,
            SignIn::DeviceCode => Self::DeviceCode,
        }
    }
}

impl From<Cloud> for CloudName {
    fn from(cloud: Cloud) -> Self {
        match cloud {
            Cloud::Public => Self::Public,
            Cloud::China => Self::China,
            Cloud::UsGovernment => Self::UsGovernment,
            Cloud::Custom => Self::Custom,
        }
    }
}

/// Where a hybrid connection is in Azure, option by option as in Microsoft's `hcm`.
#[derive(Args, Debug, Default)]
#[group(id = "place", multiple = true, conflicts_with_all = ["string", "file"])]
pub(in crate::cli) struct Place {
    /// Subscription, by its id or name
    #[arg(short = 's', long, help_heading = "Azure account")]
    pub(in crate::cli) subscription: Option<String>,
    /// Resource group of the namespace; also -rg
    #[arg(long, value_name = "GROUP", help_heading = "Azure account")]
    pub(in crate::cli) resource_group: Option<String>,
    /// Namespace; also -ns
    #[arg(long, help_heading = "Azure account")]
    pub(in crate::cli) namespace: Option<String>,
    /// Hybrid connection in it; may be repeated
    #[arg(short = 'n', long, help_heading = "Azure account")]
    pub(in crate::cli) name: Vec<String>,
}

/// A place whose every part is there.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct WholePlace {
    pub(in crate::cli) subscription: String,
    pub(in crate::cli) resource_group: String,
    pub(in crate::cli) namespace: String,
    /// At least one, each once.
    pub(in crate::cli) names: Vec<String>,
}

impl Place {
    /// The place, if any option of it is there.
    ///
    /// # Errors
    /// Words that name the options that are missing.
    pub(in crate::cli) fn whole(self) -> Result<Option<WholePlace>, String> {
        let Self { subscription, resource_group, namespace, mut name } = self;
        let given = [
            ("--subscription", subscription.is_some()),
            ("--resource-group", resource_group.is_some()),
            ("--namespace", namespace.is_some()),
            ("--name", !name.is_empty()),
        ];
        if given.iter().all(|(_, is_given)| !is_given) {
            return Ok(None);
        }
        let missing = given.iter().filter(|(_, is_given)| !is_given).map(|(option, _)| *option);
        let missing = missing.collect::<Vec<_>>().join(", ");
        let mut seen = std::collections::BTreeSet::new();
        name.retain(|name| seen.insert(name.to_ascii_lowercase()));
        match (subscription, resource_group, namespace) {
            (Some(subscription), Some(resource_group), Some(namespace)) if !name.is_empty() => {
                Ok(Some(WholePlace { subscription, resource_group, namespace, names: name }))
            }
            _ => Err(format!(
                "a hybrid connection of an Azure account takes --subscription, --resource-group, --namespace and --name together; missing: {missing}. hcm add without options asks for all of it"
            )),
        }
    }
}

fn tenant(text: &str) -> Result<String, String> {
    if is_tenant(text) {
        Ok(text.to_owned())
    } else {
        Err("a tenant is named by its id or by one of its domains, contoso.com for example".into())
    }
}

fn client_id(text: &str) -> Result<String, String> {
    match uuid::Uuid::try_parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("it is the application (client) id of an app registration, a GUID".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_whole_or_says_what_is_missing() {
        assert_eq!(Place::default().whole(), Ok(None));
        let some = |text: &str| Some(text.to_owned());
        let place =
            Place { subscription: some("1-2"), name: vec!["sql".into()], ..Place::default() };
        let missing = place.whole().unwrap_err();
        assert!(missing.contains("missing: --resource-group, --namespace."), "{missing}");
        let place = Place {
            subscription: some("1-2"),
            resource_group: some("rg"),
            namespace: some("contoso"),
            name: vec!["sql".into(), "web".into(), "SQL".into()],
        };
        assert_eq!(place.whole().unwrap().unwrap().names, ["sql", "web"]);
    }

    #[test]
    fn tenants_and_applications_are_checked() {
        assert!(tenant("contoso.com").is_ok() && tenant("../x").is_err());
        assert!(client_id("04b07795-8ddb-461a-bbee-02f9e1bf7b46").is_ok());
        assert!(client_id("me").is_err());
    }
}
