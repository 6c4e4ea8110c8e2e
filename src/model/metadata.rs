//! Reading the endpoint out of a hybrid connection's `userMetadata`.
//!
//! Azure keeps the endpoint as a string holding JSON:
//! `[{"key":"endpoint","value":"host:port"}]`.

use serde_json::Value;

use super::endpoint::{Endpoint, EndpointError};

/// An endpoint as Azure's metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointMetadata {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The text had the missing quote of the published sample and was mended.
    pub mended: bool,
}

/// Why the metadata names no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// There is no metadata at all.
    #[error(
        "the hybrid connection has no metadata, so its endpoint is unknown; set userMetadata to [{{\"key\":\"endpoint\",\"value\":\"host:port\"}}]"
    )]
    Empty,
    /// It is no JSON.
    #[error(
        "the metadata of the hybrid connection is not valid JSON (line {line}, column {column})"
    )]
    NotJson {
        /// Line in the metadata, from 1.
        line: usize,
        /// Column in the metadata, from 1.
        column: usize,
    },
    /// It is JSON without an `endpoint` item.
    #[error(
        "the metadata of the hybrid connection has no item with the key \"endpoint\"; it needs {{\"key\":\"endpoint\",\"value\":\"host:port\"}}"
    )]
    NoEndpoint,
    /// The item is there, and is no `host:port`.
    #[error("in the metadata of the hybrid connection, {0}")]
    Endpoint(#[from] EndpointError),
}

/// Reads the endpoint out of `text`, the value of `userMetadata`.
///
/// Accepts an array of items or one object, any case and order, and mends the
/// missing quote of the sample published in Microsoft's Bicep documentation.
///
/// # Errors
/// [`MetadataError`] names what is wrong in words.
pub fn parse_endpoint(text: &str) -> Result<EndpointMetadata, MetadataError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(MetadataError::Empty);
    }
    let (value, mended) = match serde_json::from_str::<Value>(text) {
        Ok(value) => (value, false),
        Err(error) => match serde_json::from_str::<Value>(&mend_published_sample(text)) {
            Ok(value) => (value, true),
            Err(_) => {
                return Err(MetadataError::NotJson { line: error.line(), column: error.column() });
            }
        },
    };
    let found = match &value {
        Value::Array(items) => items.iter().find_map(endpoint_of_item),
        item @ Value::Object(_) => endpoint_of_item(item).or_else(|| member(item, "endpoint")),
        _ => None,
    };
    let endpoint = found.ok_or(MetadataError::NoEndpoint)?.parse()?;
    Ok(EndpointMetadata { endpoint, mended })
}

fn endpoint_of_item(item: &Value) -> Option<&str> {
    member(item, "key").filter(|key| key.trim().eq_ignore_ascii_case("endpoint"))?;
    member(item, "value")
}

fn member<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.as_object()?.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?.1.as_str()
}

/// The published sample reads `"value : "host:port"`: the quote after `value` is
/// missing. Puts it in where a member's name runs on into its colon.
fn mend_published_sample(text: &str) -> String {
    let mut mended = String::with_capacity(text.len() + 2);
    let mut rest = text;
    while let Some(at) = rest.find("\"value") {
        let (before, after) = rest.split_at(at + "\"value".len());
        mended.push_str(before);
        if after.trim_start().starts_with(':') {
            mended.push('"');
        }
        rest = after;
    }
    mended.push_str(rest);
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_people_deploy() {
        for text in [
            r#"[{"key":"endpoint","value":"db.corp:1433"}]"#,
            r#"[{"key":"other","value":"x"},{"Value":" db.corp:1433 ","Key":"EndPoint"}]"#,
            r#"{"key":"endpoint","value":"db.corp:1433"}"#,
            r#"{"endpoint":"db.corp:1433"}"#,
        ] {
            let read = parse_endpoint(text).unwrap();
            assert_eq!((read.endpoint.to_string().as_str(), read.mended), ("db.corp:1433", false));
        }
    }

    #[test]
    fn mends_the_malformed_published_sample() {
        let read = parse_endpoint(r#"[{"key": "endpoint", "value : "db.corp:1433"}]"#).unwrap();
        assert!(read.mended);
        assert_eq!(read.endpoint.to_string(), "db.corp:1433");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(parse_endpoint("  "), Err(MetadataError::Empty));
        assert_eq!(parse_endpoint("[{"), Err(MetadataError::NotJson { line: 1, column: 2 }));
        assert_eq!(parse_endpoint("[]"), Err(MetadataError::NoEndpoint));
        assert_eq!(parse_endpoint("3"), Err(MetadataError::NoEndpoint));
        let placeholder = r#"[{"key":"endpoint","value":"<HOST>:<PORT>"}]"#;
        assert!(matches!(parse_endpoint(placeholder), Err(MetadataError::Endpoint(_))));
    }
}
