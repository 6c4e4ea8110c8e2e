//! What Azure says of a hybrid connection, made into what can be added.

use std::sync::Arc;

use url::{Host, Url};

use super::{FoundConnection, Namespace, Subscription, Unusable, Usable};
use crate::azure::arm::{HybridConnectionItem, Lenient, NamespaceItem, part_of, relay_name};
use crate::model::metadata::parse_endpoint;
use crate::model::{ConnectionId, NamespaceAddress, one_line};

/// A namespace and its address, which comes from Azure and is never put together here: each
/// cloud has a suffix of its own.
pub(super) struct Place {
    pub(super) namespace: Arc<Namespace>,
    address: Result<NamespaceAddress, String>,
}

impl Place {
    /// What Azure says of a namespace.
    pub(super) fn of(item: NamespaceItem) -> Self {
        let resource_group = part_of(&item.id, "resourceGroups").unwrap_or_default().to_owned();
        let namespace = Namespace {
            resource_group,
            resource_id: item.id,
            name: item.name,
            region: item.location.unwrap_or_default(),
        };
        let odd = || Err("Azure describes it in a way that cannot be understood".to_owned());
        let address = match item.properties {
            Lenient::Odd(_) => odd(),
            Lenient::Fits(told) => match told.service_bus_endpoint {
                Some(Lenient::Odd(_)) => odd(),
                Some(Lenient::Fits(text)) => address(&text),
                None => address(""),
            },
        };
        Self { namespace: Arc::new(namespace), address }
    }

    /// What Azure says of a hybrid connection in it.
    pub(super) fn connection(
        &self,
        item: HybridConnectionItem,
        subscription: &Arc<Subscription>,
    ) -> FoundConnection {
        let name = relay_name(&item.name);
        let told = item.properties.into_fitting();
        let metadata = told.as_ref().and_then(|told| match &told.user_metadata {
            None => Some(""),
            Some(Lenient::Fits(text)) => Some(text),
            Some(Lenient::Odd(_)) => None,
        });
        FoundConnection {
            usable: self.usable(&name, metadata),
            resource_id: item.id,
            name,
            namespace: self.namespace.clone(),
            subscription: subscription.clone(),
            listeners: told.and_then(|told| told.listener_count?.into_fitting()),
        }
    }

    fn usable(&self, name: &str, metadata: Option<&str>) -> Result<Usable, Unusable> {
        let address = self.address.clone().map_err(Unusable::NoAddress)?;
        let read = parse_endpoint(metadata.ok_or(Unusable::OddShape)?)?;
        let id = ConnectionId::new(address, name);
        Ok(Usable { id, endpoint: read.endpoint, mended: read.mended })
    }
}

/// Host and port of a `serviceBusEndpoint`, `https://contoso.servicebus.windows.net:443/`
/// for example.
fn address(endpoint: &str) -> Result<NamespaceAddress, String> {
    let text = endpoint.trim();
    if text.is_empty() {
        return Err("there is none".to_owned());
    }
    let odd = || format!("\"{}\"", one_line(text));
    let (scheme, rest) = text.split_once("://").ok_or_else(odd)?;
    if !["https", "sb"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return Err(odd());
    }
    // `url` reads hosts of schemes that it knows only.
    let address = Url::parse(&format!("https://{rest}")).map_err(|_| odd())?;
    let has_login = !address.username().is_empty() || address.password().is_some();
    match address.host() {
        Some(Host::Domain(host)) if !has_login && !host.is_empty() => {
            let port = address.port_or_known_default().filter(|port| *port > 0);
            Ok(NamespaceAddress::new(host.trim_end_matches('.'), port.ok_or_else(odd)?))
        }
        Some(Host::Ipv4(host)) if !has_login => {
            let port = address.port_or_known_default().filter(|port| *port > 0);
            Ok(NamespaceAddress::new(&host.to_string(), port.ok_or_else(odd)?))
        }
        _ => Err(odd()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metadata::MetadataError;

    fn place(endpoint: &str) -> Place {
        let item = serde_json::json!({
            "id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Relay/namespaces/Contoso",
            "name": "Contoso",
            "location": "West Europe",
            "properties": { "serviceBusEndpoint": endpoint },
        });
        Place::of(serde_json::from_value(item).unwrap())
    }

    fn found(place: &Place, metadata: Option<&str>) -> FoundConnection {
        let item = serde_json::json!({
            "id": format!("{}/hybridConnections/sql", place.namespace.resource_id),
            "name": "sql",
            "properties": { "listenerCount": 2, "userMetadata": metadata },
        });
        let subscription = Subscription {
            id: "1".to_owned(),
            name: "Production".to_owned(),
            tenant_id: "t".to_owned(),
            tenant: None,
            state: None,
            reached_by: None,
        };
        place.connection(serde_json::from_value(item).unwrap(), &Arc::new(subscription))
    }

    #[test]
    fn host_and_port_are_those_that_azure_names() {
        for (endpoint, expected) in [
            ("https://contoso.servicebus.windows.net:443/", "contoso.servicebus.windows.net"),
            ("sb://Contoso.servicebus.chinacloudapi.cn/", "contoso.servicebus.chinacloudapi.cn"),
            ("https://contoso.localhost:10443/", "contoso.localhost:10443"),
            (
                " https://contoso.servicebus.usgovcloudapi.net. ",
                "contoso.servicebus.usgovcloudapi.net",
            ),
        ] {
            assert_eq!(address(endpoint).unwrap().to_string(), expected);
        }
        for endpoint in [
            "",
            "contoso",
            "ftp://contoso.servicebus.windows.net/",
            "https:///",
            "https://me:key@contoso.servicebus.windows.net/",
            "https://[::1]/",
            "https://contoso:0/",
            "https://contoso:99999/",
        ] {
            assert!(address(endpoint).is_err(), "{endpoint}");
        }
        assert_eq!(address(" "), Err("there is none".to_owned()));
    }

    #[test]
    fn what_can_be_added_has_all_that_is_shown_of_it() {
        let place = place("https://contoso.servicebus.windows.net:443/");
        let found = found(&place, Some(r#"[{"key":"endpoint","value":"db:1433"}]"#));
        assert_eq!(found.namespace.resource_group, "rg");
        assert_eq!(found.namespace.region, "West Europe");
        assert_eq!(found.listeners, Some(2));
        let usable = found.usable.unwrap();
        assert_eq!(usable.id.full(), "contoso.servicebus.windows.net/sql");
        assert_eq!((usable.endpoint.to_string().as_str(), usable.mended), ("db:1433", false));
    }

    #[test]
    fn what_cannot_be_added_says_why() {
        let place = place("https://contoso.servicebus.windows.net:443/");
        let sample = r#"[{"key": "endpoint", "value : "db:1433"}]"#;
        assert!(found(&place, Some(sample)).usable.unwrap().mended);
        let reason = found(&place, None).usable.unwrap_err();
        assert_eq!(reason, Unusable::NoEndpoint(MetadataError::Empty));
        let reason = found(&self::place("nonsense"), Some(sample)).usable.unwrap_err();
        assert_eq!(
            reason.to_string(),
            "its namespace tells no usable Service Bus endpoint (\"nonsense\")"
        );
    }

    #[test]
    fn what_has_an_odd_shape_has_a_row_that_says_so() {
        let place = place("https://contoso.servicebus.windows.net:443/");
        let subscription = Arc::new(found(&place, None).subscription.as_ref().clone());
        let id = format!("{}/hybridConnections/sql", place.namespace.resource_id);
        for (properties, listeners) in [
            (serde_json::json!(null), None),
            (serde_json::json!({ "listenerCount": 2, "userMetadata": 7 }), Some(2)),
        ] {
            let item = serde_json::json!({ "id": id, "name": "sql", "properties": properties });
            let row = place.connection(serde_json::from_value(item).unwrap(), &subscription);
            assert_eq!((row.name.as_str(), row.listeners), ("sql", listeners));
            assert_eq!(row.usable, Err(Unusable::OddShape));
        }
        for properties in [serde_json::json!(null), serde_json::json!({ "serviceBusEndpoint": 1 })]
        {
            let id = &place.namespace.resource_id;
            let item = serde_json::json!({ "id": id, "name": "Contoso", "properties": properties });
            let odd = Place::of(serde_json::from_value(item).unwrap());
            assert_eq!((&*odd.namespace.name, &*odd.namespace.resource_group), ("Contoso", "rg"));
            let reason = found(&odd, Some("m")).usable.unwrap_err();
            assert!(matches!(reason, Unusable::NoAddress(_)), "{reason}");
        }
    }
}
