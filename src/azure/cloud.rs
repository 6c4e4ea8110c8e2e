//! Azure's clouds and their addresses.

use url::Url;

use super::error::{AzureError, AzureErrorKind};
use crate::model::{AzureSettings, CloudName};

/// One of Azure's clouds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Which.
    pub name: CloudName,
    /// Where people sign in, `https://login.microsoftonline.com/` for example.
    pub authority: Url,
    /// Where Resource Manager is, `https://management.azure.com/` for example.
    pub resource_manager: Url,
    /// What tokens are asked for, without a slash at its end.
    pub audience: String,
    /// Where its portal is, if it has one.
    pub portal: Option<String>,
}

impl Cloud {
    /// The cloud that the settings choose.
    ///
    /// # Errors
    /// [`AzureErrorKind::BadSetting`] names what a custom cloud lacks.
    pub fn of(settings: &AzureSettings) -> Result<Self, AzureError> {
        // Login, Resource Manager and portal, as the Azure CLI's list of clouds has them.
        let (authority, resource_manager, portal) = match settings.cloud {
            CloudName::Public => (
                "https://login.microsoftonline.com",
                "https://management.azure.com",
                Some("https://portal.azure.com"),
            ),
            CloudName::China => (
                "https://login.chinacloudapi.cn",
                "https://management.chinacloudapi.cn",
                Some("https://portal.azure.cn"),
            ),
            CloudName::UsGovernment => (
                "https://login.microsoftonline.us",
                "https://management.usgovcloudapi.net",
                Some("https://portal.azure.us"),
            ),
            CloudName::Custom => (
                needed(settings.authority.as_deref(), "azure.authority")?,
                needed(settings.resource_manager.as_deref(), "azure.resource_manager")?,
                settings.portal.as_deref(),
            ),
        };
        let audience = match settings.cloud {
            CloudName::Custom => settings.audience.as_deref().unwrap_or(resource_manager),
            _ => resource_manager,
        };
        Ok(Self {
            name: settings.cloud,
            authority: base(authority, "azure.authority")?,
            resource_manager: base(resource_manager, "azure.resource_manager")?,
            audience: audience.trim_end_matches('/').to_owned(),
            portal: portal.map(str::to_owned),
        })
    }

    /// The scope of a token for Resource Manager.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.audience)
    }
}

fn needed<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, AzureError> {
    value.ok_or_else(|| {
        let detail = format!("a custom cloud needs the setting {name}");
        AzureError::new(AzureErrorKind::BadSetting, detail)
    })
}

/// An address under which paths are put.
fn base(text: &str, name: &str) -> Result<Url, AzureError> {
    let text = format!("{}/", text.trim_end_matches('/'));
    Url::parse(&text).map_err(|error| {
        AzureError::new(AzureErrorKind::BadSetting, format!("{name} is no address ({error})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_cloud_has_its_addresses() {
        let of = |cloud| Cloud::of(&AzureSettings { cloud, ..AzureSettings::default() });
        let public = of(CloudName::Public).unwrap();
        assert_eq!(public.authority.as_str(), "https://login.microsoftonline.com/");
        assert_eq!(public.scope(), "https://management.azure.com/.default");
        assert_eq!(of(CloudName::China).unwrap().portal.unwrap(), "https://portal.azure.cn");
        let government = of(CloudName::UsGovernment).unwrap();
        assert_eq!(government.resource_manager.host_str(), Some("management.usgovcloudapi.net"));
        let error = of(CloudName::Custom).unwrap_err();
        assert!(error.to_string().contains("azure.authority"), "{error}");
    }

    #[test]
    fn a_custom_cloud_is_what_the_settings_say() {
        let settings = AzureSettings {
            cloud: CloudName::Custom,
            authority: Some("http://localhost:1".to_owned()),
            resource_manager: Some("https://localhost:2/arm/".to_owned()),
            ..AzureSettings::default()
        };
        let cloud = Cloud::of(&settings).unwrap();
        assert_eq!(cloud.authority.as_str(), "http://localhost:1/");
        assert_eq!(cloud.resource_manager.as_str(), "https://localhost:2/arm/");
        assert_eq!(cloud.scope(), "https://localhost:2/arm/.default");
        assert_eq!(cloud.portal, None);
    }
}
