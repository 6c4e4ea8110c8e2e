//! What a person sets, and which of several proxies is meant for TLS.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::proxy::{Proxy, ProxyError};

/// The value of the setting that means no proxy at all.
const NONE: &str = "none";

/// The setting `network.proxy`. Shown without a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the environment or the system says: an empty text.
    #[default]
    Automatic,
    /// No proxy, whatever they say: `none`.
    Straight,
    /// This one.
    Through(Proxy),
}

impl ProxyChoice {
    /// Reads what a person writes; see [`Proxy::parse`] for `kept`.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub fn parse(text: &str, kept: &Self) -> Result<Self, ProxyError> {
        match text.trim() {
            "" => Ok(Self::Automatic),
            none if none.eq_ignore_ascii_case(NONE) => Ok(Self::Straight),
            proxy => Proxy::parse(proxy, kept.proxy()).map(Self::Through),
        }
    }

    /// The proxy that is set.
    pub fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Through(proxy) => Some(proxy),
            Self::Automatic | Self::Straight => None,
        }
    }

    /// Whether nothing is set.
    pub fn is_automatic(&self) -> bool {
        *self == Self::Automatic
    }
}

impl fmt::Display for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Automatic => Ok(()),
            Self::Straight => f.write_str(NONE),
            Self::Through(proxy) => proxy.fmt(f),
        }
    }
}

/// With its password; for the settings file only.
impl Serialize for ProxyChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Automatic => serializer.serialize_none(),
            Self::Straight => serializer.serialize_str(NONE),
            Self::Through(proxy) => serializer.serialize_str(proxy.to_secret().expose()),
        }
    }
}

impl<'de> Deserialize<'de> for ProxyChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        Self::parse(&text, &Self::Automatic).map_err(de::Error::custom)
    }
}

/// The proxy for TLS of a list as Windows has it: `host:port` for all, or `http=a:80;https=b:8080`.
/// Without one for `https`, that of `socks` is for all.
pub(super) fn for_tls(list: &str) -> Option<String> {
    let entries =
        || list.split(|c: char| c == ';' || c.is_whitespace()).filter(|it| !it.is_empty());
    let of = |wanted: &str| {
        entries().find_map(|entry| {
            let (scheme, proxy) = entry.split_once('=')?;
            scheme.eq_ignore_ascii_case(wanted).then_some(proxy)
        })
    };
    let for_all = || entries().find(|entry| !entry.contains('='));
    if let Some(proxy) = of("https").or_else(for_all) {
        return Some(proxy.to_owned());
    }
    let socks = of("socks")?;
    Some(if socks.contains("://") { socks.to_owned() } else { format!("socks5://{socks}") })
}
