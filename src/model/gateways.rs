//! The gateways of Azure Relay: the hosts that streams go through, beside the namespace.
//!
//! A namespace lives on a *stamp*, a part of Azure that its canonical name in DNS tells:
//! `contoso.servicebus.windows.net` is `ns-sb2-prod-sn3-010.cloudapp.net`, so its stamp is
//! `sn3-010` of `prod`, and its gateways are `g0-prod-sn3-010-sb.servicebus.windows.net` and
//! so on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::names::NamespaceAddress;

/// How many gateways there may be of each kind.
pub const GATEWAYS_OF_A_KIND: u8 = 128;
/// The two kinds, as their names begin.
const KINDS: [&str; 2] = ["g", "gv"];
/// What the first label of a namespace's canonical name begins with, the longer ones first.
const ROLES: [&str; 4] = ["ns-sbeh-", "ns-sb2-", "ns-eh2-", "ns-"];
/// One of these words is in the first part of a stamp's name.
const ENVIRONMENTS: [&str; 4] = ["prod", "ppe", "int", "bvt"];
/// The environment of all that customers use.
const PRODUCTION: &str = "prod";
/// A label that is only there where the namespace has a private endpoint.
const PRIVATE_LINK: &str = "privatelink";

/// A part of Azure with gateways of its own: `prod-sn3-010`. Lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Stamp(String);

/// Why a text names no stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no stamp of Azure; write it as sn3-010 or prod-sn3-010")]
pub struct StampError(String);

impl Stamp {
    /// The stamp that a namespace's canonical name tells, `ns-sb2-prod-sn3-010.cloudapp.net`
    /// for example.
    pub fn of_canonical(name: &str) -> Option<Self> {
        let label = name.split('.').next()?.to_ascii_lowercase();
        let rest = ROLES.iter().find_map(|role| label.strip_prefix(role))?;
        Self::whole(rest)
    }

    /// Its whole name, with the environment: `prod-sn3-010`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// All its gateways for namespaces of `suffix`, `servicebus.windows.net` for example. Not
    /// every one of them need be there.
    pub fn gateways(&self, suffix: &str) -> impl Iterator<Item = String> {
        let names = KINDS.iter().flat_map(|kind| (0..GATEWAYS_OF_A_KIND).map(move |n| (kind, n)));
        names.map(move |(kind, number)| format!("{kind}{number}-{}-sb.{suffix}", self.0))
    }

    fn whole(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (environment, place, number) = (parts.next()?, parts.next()?, parts.next()?);
        let is_word = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_stamp = ENVIRONMENTS.iter().any(|word| environment.contains(word))
            && text.split('-').all(|part| !part.is_empty() && is_word(part))
            && place.len() >= 3
            && number.len() >= 3
            && number.bytes().all(|byte| byte.is_ascii_digit());
        is_stamp.then(|| Self(text.to_owned()))
    }
}

impl FromStr for Stamp {
    type Err = StampError;

    /// Reads `sn3-010`, `prod-sn3-010`, or a namespace's whole canonical name.
    fn from_str(text: &str) -> Result<Self, StampError> {
        let plain = text.trim().to_ascii_lowercase();
        Self::of_canonical(&plain)
            .or_else(|| Self::whole(&plain))
            .or_else(|| Self::whole(&format!("{PRODUCTION}-{plain}")))
            .ok_or_else(|| StampError(text.to_owned()))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Stamp {
    type Error = StampError;
    fn try_from(text: String) -> Result<Self, StampError> {
        text.parse()
    }
}

impl From<Stamp> for String {
    fn from(stamp: Stamp) -> Self {
        stamp.0
    }
}

/// The domain of a namespace and of its gateways: `servicebus.windows.net`.
pub fn suffix(namespace: &NamespaceAddress) -> &str {
    namespace.host().split_once('.').map_or(namespace.host(), |(_, suffix)| suffix)
}

/// Whether `canonical` is the name of a private endpoint, which tells no stamp.
pub fn is_private_link(canonical: &str) -> bool {
    canonical.split('.').any(|label| label.eq_ignore_ascii_case(PRIVATE_LINK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_is_in_the_canonical_name() {
        for (name, stamp) in [
            ("ns-sb2-prod-sn3-010.cloudapp.net", Some("prod-sn3-010")),
            ("NS-SB2-PROD-SN3-010.cloudapp.net.", Some("prod-sn3-010")),
            ("ns-eh2-prod-am3-516.cloudapp.net", Some("prod-am3-516")),
            ("ns-sbeh-prod-dub-001.cloudapp.net", Some("prod-dub-001")),
            ("ns-prod-by3-003.cloudapp.net", Some("prod-by3-003")),
            ("ns-mcprod-bj1-002.chinacloudapp.cn", Some("mcprod-bj1-002")),
            ("ns-sb2-prod-ch1-501-v1.cloudapp.net", Some("prod-ch1-501-v1")),
            ("contoso.servicebus.windows.net", None),
            ("contoso.privatelink.servicebus.windows.net", None),
            ("ns-sb2-sql.cloudapp.net", None),
            ("ns-production.contoso.com", None),
            ("ns-prod--010.cloudapp.net", None),
            ("ns-prod-sn3-010$.cloudapp.net", None),
            ("", None),
        ] {
            let found = Stamp::of_canonical(name);
            assert_eq!(found.as_ref().map(Stamp::as_str), stamp, "{name}");
        }
    }

    #[test]
    fn a_stamp_is_read_as_people_know_it() {
        for text in ["sn3-010", " prod-SN3-010 ", "ns-sb2-prod-sn3-010.cloudapp.net"] {
            assert_eq!(text.parse::<Stamp>().unwrap().as_str(), "prod-sn3-010", "{text}");
        }
        for text in ["", "contoso", "sn3", "sn3-1", "sn3-010;calc", "g0-prod-sn3-010-sb"] {
            assert_eq!(text.parse::<Stamp>(), Err(StampError(text.to_owned())));
        }
        let text = serde_json::to_string(&"sn3-010".parse::<Stamp>().unwrap()).unwrap();
        assert_eq!(text, "\"prod-sn3-010\"");
    }

    #[test]
    fn there_are_256_gateways() {
        let stamp: Stamp = "sn3-010".parse().unwrap();
        let names: Vec<_> = stamp.gateways("servicebus.windows.net").collect();
        assert_eq!(names.len(), 256);
        assert_eq!(names[0], "g0-prod-sn3-010-sb.servicebus.windows.net");
        assert_eq!(names[127], "g127-prod-sn3-010-sb.servicebus.windows.net");
        assert_eq!(names[128], "gv0-prod-sn3-010-sb.servicebus.windows.net");
        assert_eq!(names[255], "gv127-prod-sn3-010-sb.servicebus.windows.net");
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), 256);
    }

    #[test]
    fn gateways_are_in_the_domain_of_the_namespace() {
        let china = NamespaceAddress::new("contoso.servicebus.chinacloudapi.cn", 443);
        assert_eq!(suffix(&china), "servicebus.chinacloudapi.cn");
        assert_eq!(suffix(&NamespaceAddress::new("localhost", 443)), "localhost");
        assert!(is_private_link("contoso.privatelink.servicebus.windows.net"));
        assert!(!is_private_link("privatelink-contoso.servicebus.windows.net"));
    }
}
