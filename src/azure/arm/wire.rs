//! What Resource Manager answers with, as far as it is of use here.

use serde::Deserialize;
use serde::de::IgnoredAny;

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

/// A tenant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct TenantItem {
    pub(in crate::azure) tenant_id: String,
    pub(in crate::azure) display_name: Option<String>,
}

/// A subscription.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct SubscriptionItem {
    pub(in crate::azure) subscription_id: String,
    pub(in crate::azure) display_name: Option<String>,
    pub(in crate::azure) tenant_id: Option<String>,
    pub(in crate::azure) state: Option<String>,
}

/// A Relay namespace.
#[derive(Debug, Deserialize)]
pub(in crate::azure) struct NamespaceItem {
    pub(in crate::azure) id: String,
    pub(in crate::azure) name: String,
    pub(in crate::azure) location: Option<String>,
    #[serde(default)]
    pub(in crate::azure) properties: NamespaceProperties,
}

/// What is said of a namespace.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct NamespaceProperties {
    pub(in crate::azure) service_bus_endpoint: Option<String>,
}

/// A hybrid connection.
#[derive(Debug, Deserialize)]
pub(in crate::azure) struct HybridConnectionItem {
    pub(in crate::azure) id: String,
    pub(in crate::azure) name: String,
    #[serde(default)]
    pub(in crate::azure) properties: HybridConnectionProperties,
}

/// What is said of a hybrid connection.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::azure) struct HybridConnectionProperties {
    pub(in crate::azure) listener_count: Option<Lenient<u32>>,
    pub(in crate::azure) user_metadata: Option<String>,
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
            {"id":"/3","name":"c"}
        ],"count":5}"#;
        let page: Page<HybridConnectionItem> = serde_json::from_str(page).unwrap();
        assert_eq!(page.next_link, None);
        let items: Vec<_> = page
            .into_items()
            .into_iter()
            .map(|item| {
                let count = item.properties.listener_count.and_then(Lenient::into_fitting);
                (item.name, count, item.properties.user_metadata)
            })
            .collect();
        let expected = [
            ("a".to_owned(), Some(2), Some("m".to_owned())),
            ("b".to_owned(), None, None),
            ("c".to_owned(), None, None),
        ];
        assert_eq!(items, expected);
        assert!(serde_json::from_str::<Page<RuleItem>>("{}").is_err());
    }
}
