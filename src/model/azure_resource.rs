//! Where a hybrid connection is in Azure, as its Resource Manager tells.

use serde::{Deserialize, Serialize};

/// Where a hybrid connection is in Azure. Known of connections that were selected with an
/// Azure account, here or in Microsoft's manager before; a connection string does not tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AzureResource {
    /// Resource id of the hybrid connection, as Azure wrote it.
    pub id: String,
    /// Id of the subscription.
    pub subscription_id: String,
    /// Name of the subscription, as it was then; empty where it is not known.
    pub subscription: String,
    /// Name of the resource group.
    pub resource_group: String,
    /// Region of the namespace, "West Europe" for example; empty where it is not known.
    pub region: String,
    /// Id of the tenant that the subscription belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Address of the cloud's portal, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
}

impl AzureResource {
    /// Longest text of a field in bytes; Azure's longest resource ids are shorter.
    const LONGEST: usize = 2048;

    /// Whether every text is of a size that makes sense.
    pub fn is_plausible(&self) -> bool {
        let Self { id, subscription_id, subscription, resource_group, region, .. } = self;
        let texts = [id, subscription_id, subscription, resource_group, region];
        let more = [&self.tenant_id, &self.portal];
        texts.into_iter().chain(more.into_iter().flatten()).all(|text| text.len() <= Self::LONGEST)
    }

    /// The name of the subscription, or its id where that is all that is known.
    pub fn subscription_name(&self) -> &str {
        if self.subscription.is_empty() { &self.subscription_id } else { &self.subscription }
    }

    /// The page of the hybrid connection in the portal, where the cloud has one.
    pub fn portal_address(&self) -> Option<String> {
        let portal = self.portal.as_deref()?.trim_end_matches('/');
        let is_web = portal.starts_with("https://") || portal.starts_with("http://");
        let is_path = self.id.starts_with('/') && !self.id.chars().any(char::is_control);
        let tenant = self.tenant_id.as_deref().unwrap_or_default();
        let id = self.id.replace(' ', "%20");
        (is_web && is_path).then(|| format!("{portal}/#@{tenant}/resource{id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portal_is_linked_where_there_is_one() {
        let mut resource = AzureResource {
            id: "/subscriptions/1-2/resourceGroups/rg 1/providers/Microsoft.Relay/namespaces/contoso/hybridConnections/sql".to_owned(),
            subscription_id: "1-2".to_owned(),
            subscription: "Production".to_owned(),
            resource_group: "rg 1".to_owned(),
            region: "West Europe".to_owned(),
            tenant_id: Some("t-1".to_owned()),
            portal: Some("https://portal.azure.com/".to_owned()),
        };
        assert!(resource.is_plausible());
        assert_eq!(
            resource.portal_address().unwrap(),
            "https://portal.azure.com/#@t-1/resource/subscriptions/1-2/resourceGroups/rg%201/providers/Microsoft.Relay/namespaces/contoso/hybridConnections/sql"
        );
        for portal in [Some("file:///etc/passwd".to_owned()), None] {
            resource.portal = portal;
            assert_eq!(resource.portal_address(), None);
        }
        assert_eq!(resource.subscription_name(), "Production");
        resource.subscription.clear();
        assert_eq!(resource.subscription_name(), "1-2");
        resource.id = "/".repeat(4096);
        assert!(!resource.is_plausible());
    }
}
