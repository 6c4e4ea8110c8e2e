//! What a path of Azure Resource Manager means.

use crate::emulator::encoding::url_decode;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Tenants,
    Subscriptions,
    Subscription(String),
    ResourceGroups(String),
    ResourceGroup(String, String),
    /// All namespaces of a subscription.
    AllNamespaces(String),
    Namespaces(String, String),
    Namespace(Place),
    HybridConnections(Place),
    HybridConnection(Place, String),
    /// The rules of a hybrid connection, or of the namespace.
    Rules(Place, Option<String>),
    Rule(Place, Option<String>, String),
    ListKeys(Place, Option<String>, String),
}

impl Target {
    /// The id of the subscription that it is in.
    pub(crate) fn subscription(&self) -> Option<&str> {
        match self {
            Self::Tenants | Self::Subscriptions => None,
            Self::Subscription(id)
            | Self::ResourceGroups(id)
            | Self::ResourceGroup(id, _)
            | Self::AllNamespaces(id)
            | Self::Namespaces(id, _) => Some(id),
            Self::Namespace(place)
            | Self::HybridConnections(place)
            | Self::HybridConnection(place, _)
            | Self::Rules(place, _)
            | Self::Rule(place, ..)
            | Self::ListKeys(place, ..) => Some(&place.subscription),
        }
    }
}

/// Where a namespace is, by the names of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) subscription: String,
    pub(crate) group: String,
    pub(crate) namespace: String,
}

/// Whether Resource Manager has such paths.
pub(crate) fn is_below(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    ["subscriptions", "tenants", "providers"].iter().any(|own| own.eq_ignore_ascii_case(first))
}

/// What requests for `path` are counted as.
pub(crate) fn kind(path: &str) -> &'static str {
    match parse(path) {
        Some(Target::Tenants) => "tenants",
        Some(Target::Subscriptions | Target::Subscription(_)) => "subscriptions",
        Some(Target::ResourceGroups(_) | Target::ResourceGroup(..)) => "resourceGroups",
        Some(Target::AllNamespaces(_) | Target::Namespaces(..) | Target::Namespace(_)) => {
            "namespaces"
        }
        Some(Target::HybridConnections(_) | Target::HybridConnection(..)) => "hybridConnections",
        Some(Target::Rules(..) | Target::Rule(..)) => "rules",
        Some(Target::ListKeys(..)) => "listKeys",
        None => "other",
    }
}

/// Reads a path. Its fixed parts may be written in any case.
pub(crate) fn parse(path: &str) -> Option<Target> {
    let parts: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|part| url_decode(part, false))
        .collect::<Option<_>>()?;
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let part = |at: usize| parts[at].clone();
    Some(match lower.as_slice() {
        ["tenants"] => Target::Tenants,
        ["subscriptions"] => Target::Subscriptions,
        ["subscriptions", _] => Target::Subscription(part(1)),
        ["subscriptions", _, "resourcegroups"] => Target::ResourceGroups(part(1)),
        ["subscriptions", _, "resourcegroups", _] => Target::ResourceGroup(part(1), part(3)),
        ["subscriptions", _, "providers", "microsoft.relay", "namespaces"] => {
            Target::AllNamespaces(part(1))
        }
        ["subscriptions", _, "resourcegroups", _, "providers", "microsoft.relay", "namespaces"] => {
            Target::Namespaces(part(1), part(3))
        }
        [
            "subscriptions",
            _,
            "resourcegroups",
            _,
            "providers",
            "microsoft.relay",
            "namespaces",
            _,
            rest @ ..,
        ] => {
            let place = Place { subscription: part(1), group: part(3), namespace: part(7) };
            match rest {
                [] => Target::Namespace(place),
                ["hybridconnections"] => Target::HybridConnections(place),
                ["hybridconnections", _] => Target::HybridConnection(place, part(9)),
                ["hybridconnections", _, rules @ ..] => {
                    below_rules(rules, &parts[10..], place, Some(part(9)))?
                }
                rules => below_rules(rules, &parts[8..], place, None)?,
            }
        }
        _ => return None,
    })
}

fn below_rules(
    lower: &[&str],
    parts: &[String],
    place: Place,
    hybrid_connection: Option<String>,
) -> Option<Target> {
    Some(match lower {
        ["authorizationrules"] => Target::Rules(place, hybrid_connection),
        ["authorizationrules", _] => Target::Rule(place, hybrid_connection, parts[1].clone()),
        ["authorizationrules", _, "listkeys"] => {
            Target::ListKeys(place, hybrid_connection, parts[1].clone())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_any_case() {
        let place =
            || Place { subscription: "S".into(), group: "Rg".into(), namespace: "ns".into() };
        let namespace =
            "/Subscriptions/S/resourcegroups/Rg/providers/microsoft.relay/namespaces/ns";
        let of = |rest: &str| parse(&format!("{namespace}{rest}"));
        assert_eq!(parse("/tenants"), Some(Target::Tenants));
        assert_eq!(of(""), Some(Target::Namespace(place())));
        assert_eq!(of("/HybridConnections"), Some(Target::HybridConnections(place())));
        let rule = "/hybridConnections/a%7Eb/AuthorizationRules/Send";
        assert_eq!(of(rule), Some(Target::Rule(place(), Some("a~b".into()), "Send".into())));
        assert_eq!(
            of("/authorizationRules/root/ListKeys"),
            Some(Target::ListKeys(place(), None, "root".into()))
        );
        assert_eq!(of("/nix"), None);
        assert_eq!(parse("/subscriptions/S/nix"), None);
        assert_eq!(kind(&format!("{namespace}/authorizationRules/root/listkeys")), "listKeys");
    }
}
