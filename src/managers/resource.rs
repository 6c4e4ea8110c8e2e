//! Where a hybrid connection is in Azure, of the little that Microsoft's manager keeps.

use crate::model::{AzureResource, ConnectionId};

/// The portals of the clouds, by the end of their namespaces' hosts.
const PORTALS: [(&str, &str); 3] = [
    (".servicebus.windows.net", "https://portal.azure.com"),
    (".servicebus.chinacloudapi.cn", "https://portal.azure.cn"),
    (".servicebus.usgovcloudapi.net", "https://portal.azure.us"),
];

/// Where `id` is, unless subscription or group cannot be those of Azure.
pub(super) fn of(id: &ConnectionId, subscription_id: &str, group: &str) -> Option<AzureResource> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_group = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    if !subscription_id.chars().all(is_plain) || !group.chars().all(is_group) {
        return None;
    }
    let host = id.namespace().host();
    let portal = PORTALS.iter().find(|(end, _)| host.ends_with(end));
    Some(AzureResource {
        id: format!(
            "/subscriptions/{subscription_id}/resourceGroups/{group}/providers/Microsoft.Relay/namespaces/{}/hybridConnections/{}",
            id.namespace().label(),
            id.name()
        ),
        subscription_id: subscription_id.to_owned(),
        subscription: String::new(),
        resource_group: group.to_owned(),
        region: String::new(),
        tenant_id: None,
        portal: portal.map(|(_, portal)| (*portal).to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_host(host: &str, subscription: &str, group: &str) -> Option<AzureResource> {
        of(&ConnectionId::try_from(format!("{host}/sql")).unwrap(), subscription, group)
    }

    #[test]
    fn the_page_in_the_portal_is_found_without_a_tenant() {
        let resource = of_host("contoso.servicebus.windows.net", "1-2", "rg").unwrap();
        assert!(resource.is_plausible());
        assert_eq!(
            resource.portal_address().unwrap(),
            "https://portal.azure.com/#@/resource/subscriptions/1-2/resourceGroups/rg/providers/Microsoft.Relay/namespaces/contoso/hybridConnections/sql"
        );
        let china = of_host("contoso.servicebus.chinacloudapi.cn", "1-2", "rg").unwrap();
        assert!(china.portal_address().unwrap().starts_with("https://portal.azure.cn/#@/"));
        let elsewhere = of_host("contoso.servicebus.localhost", "1-2", "rg").unwrap();
        assert_eq!(elsewhere.portal_address(), None);
    }

    #[test]
    fn names_that_azure_does_not_have_are_left_alone() {
        for (subscription, group) in [("1/2", "rg"), ("1-2", "r/g"), ("1-2", "r\ng")] {
            assert_eq!(of_host("a.servicebus.windows.net", subscription, group), None);
        }
    }
}
