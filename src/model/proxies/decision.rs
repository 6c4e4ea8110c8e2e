//! Which proxy is used, as values and in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::proxy::Proxy;

/// The proxy on the way to one host, and why. As text it is one line without a password:
/// `http://proxy.corp:8080, from HTTPS_PROXY in the environment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyDecision {
    /// The proxy; nothing for going straight.
    pub proxy: Option<Proxy>,
    /// Who says so.
    pub source: ProxySource,
    /// What that is called: a setting, a variable, a place in the system.
    pub place: String,
    /// Why.
    pub reason: ProxyReason,
}

/// Who says which proxy is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxySource {
    /// The setting of this program.
    Setting,
    /// The environment of the program that asks.
    Environment,
    /// The system's own settings.
    System,
    /// Nobody.
    #[default]
    #[serde(other)]
    Nobody,
}

/// Why a proxy is used, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyReason {
    /// The source names it.
    Named,
    /// The setting says that there is none.
    SwitchedOff,
    /// A list of the source has this host.
    Excepted {
        /// What the list is called.
        list: String,
        /// Its entry.
        entry: String,
    },
    /// The host is this machine.
    ThisMachine,
    /// What the source says is no proxy.
    Unusable,
    /// No source says anything.
    NothingNamed,
}

impl ProxyDecision {
    pub(super) fn straight() -> Self {
        let (source, place) = (ProxySource::Nobody, String::new());
        Self { proxy: None, source, place, reason: ProxyReason::NothingNamed }
    }
}

impl ProxyDecision {
    /// Where the proxy comes from, where somebody else than this program's setting names it.
    pub fn origin(&self) -> Option<String> {
        let is_foreign = matches!(self.source, ProxySource::Environment | ProxySource::System);
        (is_foreign && self.proxy.is_some()).then(|| Origin(self.source, &self.place).to_string())
    }
}

/// Who names a proxy, in words.
struct Origin<'a>(ProxySource, &'a str);

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, self.1)
    }
}

impl fmt::Display for ProxyDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(proxy) = &self.proxy {
            write!(f, "{proxy}, from ")?;
            return self.source.write(f, &self.place);
        }
        f.write_str("none: ")?;
        match &self.reason {
            ProxyReason::SwitchedOff => write!(f, "{} is none", self.place),
            ProxyReason::Excepted { list, entry } => {
                self.source.write(f, list)?;
                write!(f, " excepts this host ({entry})")
            }
            ProxyReason::ThisMachine => f.write_str("the host is this machine"),
            ProxyReason::Unusable => {
                self.source.write(f, &self.place)?;
                f.write_str(" names no proxy that can be used")
            }
            ProxyReason::Named | ProxyReason::NothingNamed => f.write_str(NOTHING_NAMED),
        }
    }
}

const NOTHING_NAMED: &str = "neither the settings nor the environment nor the system names one";

impl ProxySource {
    fn write(self, f: &mut fmt::Formatter<'_>, place: &str) -> fmt::Result {
        f.write_str(place)?;
        f.write_str(match self {
            Self::Setting => " in the settings",
            Self::Environment => " in the environment",
            Self::System | Self::Nobody => "",
        })
    }
}

/// The proxy that is used for most hosts, as it is told. As text it is one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyUse {
    /// The proxy without its password; nothing for going straight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Who says so.
    pub source: ProxySource,
    /// What that is called: a setting, a variable, a place in the system.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Hosts that are reached without it, as they are written there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<String>,
}

impl fmt::Display for ProxyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, source, place, exceptions } = self;
        match (proxy, source) {
            (Some(proxy), _) => {
                write!(f, "{proxy}, from ")?;
                source.write(f, place)?;
                match &exceptions[..] {
                    [] => Ok(()),
                    exceptions => write!(f, ", not for {}", exceptions.join(", ")),
                }
            }
            (None, ProxySource::Setting) => write!(f, "none: {place} is none"),
            (None, ProxySource::Environment | ProxySource::System) => {
                f.write_str("none: ")?;
                source.write(f, place)?;
                f.write_str(" names no proxy that can be used")
            }
            (None, ProxySource::Nobody) => write!(f, "none: {NOTHING_NAMED}"),
        }
    }
}
