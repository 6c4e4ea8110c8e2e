//! Where a person signs in to Azure, and as which application.
//!
//! The sign-in itself is done by the window and by `hcm`; the service only keeps these
//! settings, so that all of them use the same.

use serde::{Deserialize, Serialize};

use super::address;

/// Client id of the application that a person signs in to, unless the settings name
/// another: the Azure CLI's, a public client that every tenant knows. Microsoft's identity
/// libraries for developers sign in with it too.
pub const DEFAULT_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Which of Azure's clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloudName {
    /// The worldwide one.
    #[default]
    Public,
    /// Azure operated by 21Vianet.
    China,
    /// Azure Government.
    UsGovernment,
    /// One that the settings describe.
    Custom,
}

impl CloudName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Public, Self::China, Self::UsGovernment, Self::Custom];

    /// The text of the setting `azure.cloud`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::China => "china",
            Self::UsGovernment => "us-government",
            Self::Custom => "custom",
        }
    }
}

/// Settings of the sign-in. Empty texts mean the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AzureSettings {
    /// Which cloud.
    pub cloud: CloudName,
    /// Client id of the application that is signed in to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Tenant that is signed in to, by its id or domain; without one, that of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Where a custom cloud signs people in, `https://login.example` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Where a custom cloud has its Resource Manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_manager: Option<String>,
    /// What a custom cloud's tokens are for; without it, its Resource Manager's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where a custom cloud has its portal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl AzureSettings {
    /// The client id that is signed in with.
    pub fn client_id(&self) -> &str {
        self.client_id.as_deref().unwrap_or(DEFAULT_CLIENT_ID)
    }

    /// The value of the setting `name`; nothing for one that is not of the sign-in.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        Some(match name {
            "azure.cloud" => self.cloud.as_str().to_owned(),
            "azure.client_id" => self.client_id().to_owned(),
            "azure.tenant" => self.tenant.clone().unwrap_or_default(),
            "azure.authority" => self.authority.clone().unwrap_or_default(),
            "azure.resource_manager" => self.resource_manager.clone().unwrap_or_default(),
            "azure.audience" => self.audience.clone().unwrap_or_default(),
            "azure.portal" => self.portal.clone().unwrap_or_default(),
            _ => return None,
        })
    }

    /// Sets `name`, or says what it takes; nothing for one that is not of the sign-in.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Option<Result<(), &'static str>> {
        let optional = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        match name {
            "azure.cloud" => {
                let lower = value.to_ascii_lowercase();
                match CloudName::ALL.into_iter().find(|cloud| cloud.as_str() == lower) {
                    Some(cloud) => self.cloud = cloud,
                    None => return Some(Err("public, china, us-government or custom")),
                }
            }
            "azure.client_id" => {
                if !value.is_empty() && uuid::Uuid::try_parse(value).is_err() {
                    return Some(Err("the application (client) id of an app registration, a GUID"));
                }
                self.client_id = optional(value).filter(|id| id != DEFAULT_CLIENT_ID);
            }
            "azure.tenant" => {
                if !value.is_empty() && !is_tenant(value) {
                    return Some(Err("a tenant's id, or one of its domains (contoso.com)"));
                }
                self.tenant = optional(value);
            }
            "azure.authority" | "azure.resource_manager" | "azure.portal" | "azure.audience" => {
                if !value.is_empty() && address::safe(value).is_none() {
                    return Some(Err("an https:// address without user, query and fragment"));
                }
                let field = match name {
                    "azure.authority" => &mut self.authority,
                    "azure.resource_manager" => &mut self.resource_manager,
                    "azure.portal" => &mut self.portal,
                    _ => &mut self.audience,
                };
                *field = optional(value);
            }
            _ => return None,
        }
        Some(Ok(()))
    }
}

/// Whether `text` may stand for a tenant in an address: an id or a domain.
pub fn is_tenant(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_char)
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::super::settings::Settings;

    #[test]
    fn addresses_are_safe_ones() {
        let mut settings = Settings::default();
        for good in ["https://login.example", "http://localhost:10443", "http://127.0.0.1:1/x", ""]
        {
            settings.set("azure.authority", good).unwrap();
            assert_eq!(settings.get("azure.authority").unwrap(), good);
        }
        for bad in ["http://login.example", "login.example", "https://me:x@a.b", "https://a.b/?c"] {
            settings.set("azure.authority", bad).unwrap_err();
        }
    }

    #[test]
    fn the_client_id_has_a_default() {
        let mut settings = Settings::default();
        let default = settings.get("azure.client_id").unwrap();
        settings.set("azure.client_id", "8f0e8d2a-1111-4222-8333-444455556666").unwrap();
        assert_ne!(settings.get("azure.client_id").unwrap(), default);
        settings.set("azure.client_id", "").unwrap();
        assert_eq!(settings.get("azure.client_id").unwrap(), default);
        assert!(settings.set("azure.client_id", "me").is_err());
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn clouds_and_tenants_have_names() {
        let mut settings = Settings::default();
        settings.set("azure.cloud", "US-Government").unwrap();
        assert_eq!(settings.get("azure.cloud").unwrap(), "us-government");
        let error = settings.set("azure.cloud", "germany").unwrap_err().to_string();
        assert!(error.contains("china"), "{error}");
        settings.set("azure.tenant", "contoso.onmicrosoft.com").unwrap();
        assert!(settings.set("azure.tenant", "a/b").is_err());
        assert!(settings.set("azure.tenant", "..").is_err());
    }
}
