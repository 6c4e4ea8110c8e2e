//! The key of a hybrid connection that was chosen, and of no other.

use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::arm::{self, Arm, Call, Pages, RuleItem, of_resource};
use super::browse::{FoundConnection, Usable};
use super::error::{AzureError, AzureErrorKind};
use crate::model::secret::exposed;
use crate::model::{ConnectionId, ConnectionString, ConnectionStringError, Secret};

/// Where rules are.
struct Level {
    read: &'static str,
    list_keys: &'static str,
}

const OF_CONNECTION: Level = Level {
    read: "Microsoft.Relay/namespaces/hybridConnections/authorizationRules/read",
    list_keys: "Microsoft.Relay/namespaces/hybridConnections/authorizationRules/listKeys/action",
};

const OF_NAMESPACE: Level = Level {
    read: "Microsoft.Relay/namespaces/authorizationRules/read",
    list_keys: "Microsoft.Relay/namespaces/authorizationRules/listKeys/action",
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    #[serde(deserialize_with = "exposed::deserialize")]
    primary_connection_string: Secret,
}

/// The connection string with which this machine listens on `found`: the key of a rule with
/// no more than the Listen right if there is one, and of the hybrid connection rather than of
/// its whole namespace.
pub(super) async fn connection_string(
    arm: &Arm,
    tenant: Option<&str>,
    found: &FoundConnection,
) -> Result<Secret, AzureError> {
    let usable = found.usable.as_ref();
    let usable = usable.map_err(|reason| bad_answer(reason.to_string()))?;
    let own = key_of(arm, tenant, &found.resource_id, &OF_CONNECTION, usable).await;
    let why = match own {
        Ok(Some(key)) => return Ok(key),
        Ok(None) => None,
        Err(error) if is_about_this(&error) => Some(error),
        Err(error) => return Err(error),
    };
    let namespace = &found.namespace.resource_id;
    match (key_of(arm, tenant, namespace, &OF_NAMESPACE, usable).await, why) {
        (Ok(Some(key)), _) => Ok(key),
        // The right on the one hybrid connection is the smaller one to ask for.
        (Ok(None), Some(why)) => Err(why),
        (Err(error), Some(why)) if is_about_this(&error) => Err(why),
        (Err(error), _) => Err(error),
        (Ok(None), None) => Err(AzureError::new(AzureErrorKind::NoListenRule, usable.id.short())),
    }
}

/// Whether the keys of one resource are closed, and those of another may be open.
fn is_about_this(error: &AzureError) -> bool {
    matches!(error.kind, AzureErrorKind::Forbidden | AzureErrorKind::Locked)
}

/// The key of the best rule of the resource `id`; none without a rule that may listen.
async fn key_of(
    arm: &Arm,
    tenant: Option<&str>,
    id: &str,
    level: &Level,
    usable: &Usable,
) -> Result<Option<Secret>, AzureError> {
    let address = of_resource(arm.base(), id, &["authorizationRules"], arm::RELAY)?;
    let rules = Pages::new(tenant, address, level.read).all(arm).await?;
    for rule in that_listen(rules) {
        let address = of_resource(arm.base(), &rule.id, &["listKeys"], arm::RELAY)?;
        let call = Call { tenant, method: Method::POST, address, action: level.list_keys };
        match arm.send(&call).await {
            Ok(answer) => return listening(answer.json()?, &usable.id).map(Some),
            // The rule was removed since it was listed.
            Err(error) if error.kind == AzureErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The rules with the Listen right, those first that have no other.
fn that_listen(rules: Vec<RuleItem>) -> Vec<RuleItem> {
    let listens = |right: &String| right.eq_ignore_ascii_case("Listen");
    let mut rules: Vec<_> =
        rules.into_iter().filter(|rule| rule.properties.rights.iter().any(listens)).collect();
    rules.sort_by_key(|rule| !rule.properties.rights.iter().all(listens));
    rules
}

/// The connection string of `keys` for the hybrid connection `id`: that of a namespace names
/// none, and the host is the one that Azure told for the namespace.
fn listening(keys: Keys, id: &ConnectionId) -> Result<Secret, AzureError> {
    let text = keys.primary_connection_string;
    let mut read = ConnectionString::parse(text.expose());
    if matches!(read, Err(ConnectionStringError::Missing("EntityPath"))) {
        let text = text.expose().trim().trim_end_matches(';');
        let whole = Zeroizing::new(format!("{text};EntityPath={}", id.name()));
        read = ConnectionString::parse(&whole);
    }
    // These errors show no value that may be a key.
    let mut read = read.map_err(|error| bad_answer(error.to_string()))?;
    if !read.id.name().eq_ignore_ascii_case(id.name()) {
        return Err(bad_answer(format!("the key is for another hybrid connection than {id}")));
    }
    read.id = id.clone();
    Ok(read.to_secret())
}

fn bad_answer(detail: String) -> AzureError {
    AzureError::new(AzureErrorKind::BadAnswer, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NamespaceAddress;

    fn id() -> ConnectionId {
        ConnectionId::new(NamespaceAddress::new("contoso.servicebus.localhost", 10443), "sql")
    }

    fn keys(text: &str) -> Keys {
        let json = serde_json::json!({ "keyName": "k", "primaryConnectionString": text });
        serde_json::from_value(json).unwrap()
    }

    fn rule(name: &str, rights: &[&str]) -> RuleItem {
        let json = serde_json::json!({ "id": name, "properties": { "rights": rights } });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_smallest_right_comes_first() {
        let rules = vec![
            rule("all", &["Manage", "Send", "Listen"]),
            rule("send", &["Send"]),
            rule("listen", &["listen"]),
            rule("both", &["Listen", "Send"]),
            rule("none", &[]),
        ];
        let order: Vec<_> = that_listen(rules).into_iter().map(|rule| rule.id).collect();
        assert_eq!(order, ["listen", "all", "both"]);
    }

    #[test]
    fn the_name_is_added_and_host_and_port_are_azures() {
        let expected = "Endpoint=sb://contoso.servicebus.localhost:10443/;SharedAccessKeyName=k;SharedAccessKey=a2V5;EntityPath=sql";
        for end in ["", ";", ";EntityPath=sql", ";EntityPath=SQL;"] {
            let text = format!(
                "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=a2V5{end}"
            );
            assert_eq!(listening(keys(&text), &id()).unwrap().expose(), expected);
        }
    }

    #[test]
    fn a_key_for_something_else_is_refused_without_showing_it() {
        let begin = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=k";
        for text in [
            format!("{begin};SharedAccessKey=c2VjcmV0;EntityPath=other"),
            format!("{begin};SharedAccess=c2VjcmV0"),
            "c2VjcmV0".to_owned(),
            String::new(),
        ] {
            let error = listening(keys(&text), &id()).unwrap_err();
            assert_eq!(error.kind, AzureErrorKind::BadAnswer);
            assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
        }
    }
}
