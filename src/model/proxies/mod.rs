//! Which proxy is used on the way to a host, who says so, and why.
//!
//! The first source that says something decides alone: the setting `network.proxy`, the environment,
//! the system. Whoever names a proxy also names the hosts that it is not for.

mod choice;
mod decision;
mod exception;

use std::fmt;

use url::Url;

pub use self::choice::ProxyChoice;
pub use self::decision::{ProxyDecision, ProxyReason, ProxySource, ProxyUse};
use self::exception::{Exception, Exceptions};
use super::endpoint::Endpoint;
use super::fault::{Fault, FaultCode};
use super::proxy::Proxy;

/// Variables with the proxy of the environment, the first that is set counts, in the order of curl.
/// That of plain HTTP is not among them: what this program asks without TLS is on this machine.
const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// Variables with the hosts that are reached without it.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];
/// The setting.
const SETTING: &str = "network.proxy";

/// The proxies of all sources. The default goes straight to every host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    first: Option<Source>,
    problems: Vec<ProxyProblem>,
}

/// A source that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    kind: ProxySource,
    /// What it is called: a setting, a variable, a place in the system.
    place: String,
    /// Nothing, where it says that there is none, or cannot be used.
    proxy: Result<Proxy, ProxyReason>,
    exceptions: Exceptions,
}

/// What the system says of a proxy in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemProxy {
    /// What the place is called.
    pub place: String,
    /// `host:port`, or a list such as `http=a:80;https=b:8080`; empty for none.
    pub server: String,
    /// Hosts that are reached without it: `*.corp;10.*;<local>`.
    pub exceptions: String,
    /// Address of a script that names the proxy (PAC); empty for none.
    pub script: String,
}

/// What a source says and this program cannot follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyProblem {
    /// What stands in a place is no proxy.
    NoProxy {
        /// The place.
        place: String,
        /// Why, without anything that may be secret.
        why: String,
    },
    /// A place names a script instead of a proxy.
    Script {
        /// The place.
        place: String,
        /// Where the script is, without anything that may be secret.
        script: String,
    },
}

impl ProxyProblem {
    /// The same as a fault.
    pub fn fault(&self) -> Fault {
        let code = match self {
            Self::NoProxy { .. } => FaultCode::ProxyUnusable,
            Self::Script { .. } => FaultCode::ProxyScript,
        };
        Fault::new(code, self.to_string())
    }
}

impl fmt::Display for ProxyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProxy { place, why } => write!(f, "{place} names no proxy: {why}"),
            Self::Script { place, script } => write!(f, "{place}: {script}"),
        }
    }
}

impl Proxies {
    /// What the setting says.
    pub fn of(choice: &ProxyChoice) -> Self {
        let proxy = match choice {
            ProxyChoice::Automatic => return Self::default(),
            ProxyChoice::Straight => Err(ProxyReason::SwitchedOff),
            ProxyChoice::Through(proxy) => Ok(proxy.clone()),
        };
        let (kind, place) = (ProxySource::Setting, SETTING.to_owned());
        let first = Source { kind, place, proxy, exceptions: Exceptions::default() };
        Self { first: Some(first), problems: Vec::new() }
    }

    /// And else what the environment says, whose variables `look` tells.
    pub fn or_environment(self, look: impl Fn(&str) -> Option<String>) -> Self {
        let first_of = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = look(name).filter(|value| !value.trim().is_empty())?;
                Some((*name, value))
            })
        };
        let Some((variable, value)) = first_of(&VARIABLES) else { return self };
        let exceptions = first_of(&EXCEPTIONS);
        let exceptions = exceptions
            .map(|(variable, list)| Exceptions::of_environment(variable, &list))
            .unwrap_or_default();
        self.or(ProxySource::Environment, variable, &value, exceptions)
    }

    /// And else what the system says in one of its places.
    pub fn or_system(self, system: &SystemProxy) -> Self {
        let SystemProxy { place, server, exceptions, script } = system;
        if let Some(server) = choice::for_tls(server) {
            let exceptions = Exceptions::of_windows(place, exceptions);
            return self.or(ProxySource::System, place, &server, exceptions);
        }
        if self.first.is_some() || script.trim().is_empty() {
            return self;
        }
        let (place, script) = (place.clone(), shown(script.trim()));
        self.with(ProxyProblem::Script { place, script })
    }

    /// And else the proxy in `text`, which stands in `place`.
    fn or(mut self, kind: ProxySource, place: &str, text: &str, exceptions: Exceptions) -> Self {
        if self.first.is_some() {
            return self;
        }
        let place = place.to_owned();
        let proxy = Proxy::parse_lenient(text).map_err(|error| {
            let why = format!("{}: {error}", Proxy::redacted(text));
            self.problems.push(ProxyProblem::NoProxy { place: place.clone(), why });
            ProxyReason::Unusable
        });
        if proxy.is_ok() {
            // Nobody misses the script.
            self.problems.clear();
        }
        self.first = Some(Source { kind, place, proxy, exceptions });
        self
    }

    fn with(mut self, problem: ProxyProblem) -> Self {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        self
    }

    /// What a source says and is not followed.
    pub fn problems(&self) -> &[ProxyProblem] {
        &self.problems
    }

    /// The proxy on the way to `host` and `port`, or that there is none, and why. No name is
    /// looked up: what the host is called decides.
    pub fn decide(&self, host: &str, port: u16) -> ProxyDecision {
        let Some(source) = &self.first else { return ProxyDecision::straight() };
        let decision = |proxy, reason| ProxyDecision {
            proxy,
            source: source.kind,
            place: source.place.clone(),
            reason,
        };
        match &source.proxy {
            Err(reason) => decision(None, reason.clone()),
            Ok(proxy) => match source.why_not(host, port) {
                Some(reason) => decision(None, reason),
                None => decision(Some(proxy.clone()), ProxyReason::Named),
            },
        }
    }

    /// Whether there is a proxy on the way to `url`; what is asked without TLS is on this machine.
    pub fn has_for(&self, url: &Url) -> bool {
        let host = Endpoint::of_url(url).filter(|_| url.scheme() == "https");
        host.is_some_and(|host| self.decide(host.host(), host.port()).proxy.is_some())
    }

    /// What is used for most hosts, as it may be told.
    pub fn in_use(&self) -> ProxyUse {
        let Some(source) = &self.first else { return ProxyUse::default() };
        ProxyUse {
            proxy: source.proxy.as_ref().ok().map(Proxy::to_string),
            source: source.kind,
            place: source.place.clone(),
            exceptions: source.exceptions.texts(),
        }
    }

    /// The proxy that is used for most hosts.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.first.as_ref()?.proxy.as_ref().ok()
    }
}

/// The address of a script without user, password, and what it is asked with.
fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(mut url) if url.has_host() => {
            url.set_query(None);
            url.set_fragment(None);
            // Only an address that has neither takes none.
            url.set_password(None).and_then(|()| url.set_username("")).unwrap_or_default();
            url.to_string()
        }
        _ if address.contains(['@', '?', '#']) => "an address that may have a password".to_owned(),
        _ => address.to_owned(),
    }
}

impl Source {
    /// Why its proxy is not used for `host` and `port`, if it is not.
    fn why_not(&self, host: &str, port: u16) -> Option<ProxyReason> {
        // Who sets a proxy for this program means all that it sends to Azure; the others say
        // what holds for all programs, and a proxy elsewhere cannot reach this machine.
        if self.kind != ProxySource::Setting && exception::is_this_machine(host) {
            return Some(ProxyReason::ThisMachine);
        }
        let Exception { list, text, .. } = self.exceptions.find(&Endpoint::new(host, port))?;
        Some(ProxyReason::Excepted { list: list.clone(), entry: text.clone() })
    }
}

#[cfg(test)]
mod tests;
