//! Whether something answers here and now, step by step and with the time that each step takes.
//!
//! It is asked from the program that asks: another account, or the network of a container, may
//! see something else. What the service sees, the service tells.

mod endpoint;
mod namespace;
mod tcp;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub use self::endpoint::endpoint;
pub use self::namespace::{Way, namespace};
use crate::model::Fault;

/// A step and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was tried.
    pub trial: Trial,
    /// How long it took.
    pub took: Duration,
    /// What was seen, or what is wrong.
    pub outcome: Result<Seen, Fault>,
}

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trial {
    /// To look a name up.
    Dns(String),
    /// To connect an address.
    Tcp(SocketAddr),
    /// To have a proxy open the way.
    Proxy(String),
    /// A handshake of TLS with a host.
    Tls(String),
    /// To ask the web server there for its root.
    Http(String),
}

impl Trial {
    /// The stable text of what it is.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Tcp(_) => "tcp",
            Self::Proxy(_) => "proxy",
            Self::Tls(_) => "tls",
            Self::Http(_) => "http",
        }
    }

    /// With whom or what.
    pub fn target(&self) -> String {
        match self {
            Self::Dns(name) | Self::Proxy(name) | Self::Tls(name) | Self::Http(name) => {
                name.clone()
            }
            Self::Tcp(address) => address.to_string(),
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A name leads here.
    Addresses {
        /// Each of them; at least one.
        addresses: Vec<IpAddr>,
        /// The last name of the chain of aliases, where it is another one.
        canonical: Option<String>,
    },
    /// It took the connection.
    Open,
    /// The proxy has opened the way.
    OpenWay {
        /// Which proxy it is, and who names it.
        decision: String,
    },
    /// The handshake came to its end, and the certificate is trusted.
    Secure {
        /// Version of TLS.
        version: Option<String>,
        /// Who signed the certificate.
        signed_by: Option<String>,
    },
    /// It answers.
    Answer {
        /// The status of HTTP.
        status: u16,
        /// Its reason, on one line.
        reason: String,
        /// Seconds by which this machine's clock is ahead of the other side's.
        clock_ahead: Option<i64>,
    },
}

/// All that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Each step in the order in which it came to its end.
    pub steps: Vec<Step>,
    /// Why the target does not answer; nothing where it does.
    pub fault: Option<Fault>,
}

impl Probe {
    /// The time of the first connection that came about, with what had to be known for it; of a
    /// namespace, the time until its answer.
    pub fn took(&self) -> Duration {
        let of = |wanted: &str| {
            let is_it = |step: &&Step| step.trial.as_str() == wanted && step.outcome.is_ok();
            self.steps.iter().filter(is_it).map(|step| step.took).min().unwrap_or_default()
        };
        ["dns", "tcp", "proxy", "tls", "http"].into_iter().map(of).sum()
    }
}

/// Notes steps, and tells each as it comes.
struct Notes<'a> {
    steps: Vec<Step>,
    tell: &'a mut dyn FnMut(&Step),
}

impl<'a> Notes<'a> {
    fn new(tell: &'a mut dyn FnMut(&Step)) -> Self {
        Self { steps: Vec::new(), tell }
    }

    fn note(&mut self, trial: Trial, took: Duration, outcome: Result<Seen, Fault>) {
        let step = Step { trial, took, outcome };
        (self.tell)(&step);
        self.steps.push(step);
    }

    fn end(self, fault: Option<Fault>) -> Probe {
        Probe { steps: self.steps, fault }
    }
}

#[cfg(test)]
mod tests;
