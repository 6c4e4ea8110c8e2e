//! What Resource Manager answers with, as far as it is of use here.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Page<T> {
    value: Vec<Lenient<T>>,
    pub(super) next_link: Option<String>,
}

impl<T> Page<T> {
    /// The items that have the shape of one.
    pub(super) fn into_items(self) -> Vec<T> {
        self.value.into_iter().filter_map(Lenient::into_fitting).collect()
    }
}

/// A value that may have another shape than it should: it must not break the list it is in.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(in crate::azure) enum Lenient<T> {
    /// It has its shape.
    Fits(T),
    /// It has another one.
    Odd(IgnoredAny),
}

impl<T> Lenient<T> {
    /// The value, if it has its shape.
    pub(in crate::azure) fn into_fitting(self) -> Option<T> {
        match self {
            Self::Fits(value) => Some(value),
            Self::Odd(_) => None,
        }
    }
}

impl<T: Default> Default for Lenient<T> {
    /// What is left out is no odd shape.
    fn default() -> Self {
        Self::Fits(T::default())
    }
}

/// A text that can be done without, whatever stands in its place.
fn text_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Lenient::deserialize(from)?.into_fitting())
}

/// A tenant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct TenantItem {
    pub(in crate::azure) tenant_id: String,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(in crate::azure) display_name: Option<String>,
}

/// A subscription.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct SubscriptionItem {
    pub(in crate::azure) subscription_id: String,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(in crate::azure) display_name: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(in crate::azure) tenant_id: Option<String>,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(in crate::azure) state: Option<String>,
}

/// A Relay namespace.
#[derive(Debug, Deserialize)]
pub(in crate::azure) struct NamespaceItem {
    pub(in crate::azure) id: String,
    pub(in crate::azure) name: String,
    #[serde(default, deserialize_with = "text_if_any")]
    pub(in crate::azure) location: Option<String>,
    #[serde(default)]
    pub(in crate::azure) properties: Lenient<NamespaceProperties>,
}

/// What is said of a namespace.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct NamespaceProperties {
    pub(in crate::azure) service_bus_endpoint: Option<Lenient<String>>,
}

/// A hybrid connection.
#[derive(Debug, Deserialize)]
pub(in crate::azure) struct HybridConnectionItem {
    pub(in crate::azure) id: String,
    pub(in crate::azure) name: String,
    #[serde(default)]
    pub(in crate::azure) properties: Lenient<HybridConnectionProperties>,
}

/// What is said of a hybrid connection.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct HybridConnectionProperties {
    pub(in crate::azure) listener_count: Option<Lenient<u32>>,
    pub(in crate::azure) user_metadata: Option<Lenient<String>>,
}

/// A shared access policy.
#[derive(Debug, Deserialize)]
pub(in crate::azure) struct RuleItem {
    pub(in crate::azure) id: String,
    #[serde(default)]
    pub(in crate::azure) properties: RuleProperties,
}

/// What is said of a shared access policy.
#[derive(Debug, Default, Deserialize)]
pub(in crate::azure) struct RuleProperties {
    #[serde(default)]
    pub(in crate::azure) rights: Vec<String>,
}

/// An error, as Azure writes it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: Option<ErrorText>,
    // Some front ends leave the frame out.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

/// Code and message of an error.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorText {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_another_shape_does_not_break_the_page() {
        let page = r#"{"value":[
            {"id":"/1","name":"a","properties":{"listenerCount":2,"userMetadata":"m","new":[1]}},
            {"id":7},
            null,
            {"id":"/2","name":"b","properties":{"listenerCount":-1,"userMetadata":null}},
            {"id":"/3","name":"c"},
            {"id":"/4","name":"d","properties":{"listenerCount":4,"userMetadata":5}},
            {"id":"/5","name":"e","properties":null}
        ],"count":5}"#;
        let page: Page<HybridConnectionItem> = serde_json::from_str(page).unwrap();
        assert_eq!(page.next_link, None);
        let told: Vec<_> = page
            .into_items()
            .into_iter()
            .map(|item| match item.properties {
                Lenient::Fits(it) => {
                    let count = it.listener_count.and_then(Lenient::into_fitting);
                    let metadata = match it.user_metadata {
                        Some(Lenient::Odd(_)) => "odd".to_owned(),
                        text => text.and_then(Lenient::into_fitting).unwrap_or_default(),
                    };
                    format!("{} {count:?} {metadata}", item.name)
                }
                Lenient::Odd(_) => format!("{} odd", item.name),
            })
            .collect();
        assert_eq!(told, ["a Some(2) m", "b None ", "c None ", "d Some(4) odd", "e odd"]);
        assert!(serde_json::from_str::<Page<RuleItem>>("{}").is_err());
    }

    #[test]
    fn what_is_beside_id_and_name_may_be_anything() {
        let namespace =
            r#"{"id":"/1","name":"a","location":1,"properties":{"serviceBusEndpoint":[]}}"#;
        let namespace: NamespaceItem = serde_json::from_str(namespace).unwrap();
        assert_eq!(namespace.location, None);
        let subscription = r#"{"subscriptionId":"1","displayName":2,"state":{}}"#;
        let subscription: SubscriptionItem = serde_json::from_str(subscription).unwrap();
        assert_eq!((subscription.display_name, subscription.state), (None, None));
    }
}
