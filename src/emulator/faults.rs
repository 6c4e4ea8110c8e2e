//! Faults on demand: what goes wrong in real networks and in the real service.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::model::{ConnectionId, ConnectionSelector};

/// The text with which the service's IP firewall refuses, with its line feeds
/// (seen in a public issue of a Relay client).
pub(crate) const IP_FIREWALL: &str = "Generic: Ip has been prevented to connect to the endpoint.\n  For more information see:\n  Virtual Network service endpoints: https://go.microsoft.com/fwlink/?linkid=2044183\n  IP Filters: https://go.microsoft.com/fwlink/?linkid=2044183";

/// Something to go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum InjectedFault {
    /// Closes control channels: TCP ends in order, without a Close frame.
    Drop {
        /// The streams too.
        #[serde(default)]
        streams: bool,
    },
    /// Resets control channels.
    Reset {
        /// The streams too.
        #[serde(default)]
        streams: bool,
    },
    /// Lasts: everything that is open goes silent, and new connections are taken and
    /// never answered. When it is cleared, everything goes on.
    BlackHole,
    /// Lasts: every handshake is answered this much later.
    Delay {
        /// Milliseconds.
        millis: u64,
    },
    /// Lasts: `listen` is refused.
    RefuseListens {
        /// HTTP status.
        status: u16,
        /// What the service says; the tracking id is added.
        reason: String,
        /// How often; always without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: `listen` is refused as the IP firewall of a namespace does, with line
    /// feeds in the status line.
    IpFirewall {
        /// How often; always without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: management requests are refused.
    RefuseManagement {
        /// HTTP status.
        status: u16,
        /// What the service says; the tracking id is added.
        detail: String,
        /// How often; always without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
    },
    /// Lasts: control messages come in fragments.
    FragmentMessages {
        /// Payload bytes of each fragment.
        bytes: usize,
    },
    /// Closes control channels with 1008, as when their token ends.
    ExpireTokens,
    /// Closes control channels with 1011, as the service does about once a day.
    Recycle,
    /// Closes control channels with 1001, as when the hybrid connection is removed.
    EntityRemoved,
    /// Sends a control message that no listener knows.
    UnknownMessage,
    /// Sends a control message of this size.
    OversizedMessage {
        /// Bytes.
        bytes: usize,
    },
    /// Sends pings one after the other.
    PingFlood {
        /// How many.
        count: u32,
    },
}

impl InjectedFault {
    /// Whether it lasts until it is cleared.
    pub(crate) fn lasts(&self) -> bool {
        match self {
            Self::BlackHole
            | Self::Delay { .. }
            | Self::RefuseListens { .. }
            | Self::IpFirewall { .. }
            | Self::RefuseManagement { .. }
            | Self::FragmentMessages { .. } => true,
            Self::Drop { .. }
            | Self::Reset { .. }
            | Self::ExpireTokens
            | Self::Recycle
            | Self::EntityRemoved
            | Self::UnknownMessage
            | Self::OversizedMessage { .. }
            | Self::PingFlood { .. } => false,
        }
    }
}

/// What a fault concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<ConnectionSelector>", into = "Option<ConnectionSelector>")]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// One hybrid connection.
    One(ConnectionSelector),
}

impl Scope {
    /// Whether `id` is concerned.
    pub(crate) fn has(&self, id: &ConnectionId) -> bool {
        match self {
            Self::All => true,
            Self::One(selector) => selector.matches(id),
        }
    }

    fn has_target(&self, target: Option<&ConnectionId>) -> bool {
        target.map_or(*self == Self::All, |id| self.has(id))
    }
}

impl From<Option<ConnectionSelector>> for Scope {
    fn from(one: Option<ConnectionSelector>) -> Self {
        one.map_or(Self::All, Self::One)
    }
}

impl From<Scope> for Option<ConnectionSelector> {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => None,
            Scope::One(selector) => Some(selector),
        }
    }
}

/// A fault that lasts, and what it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingFault {
    /// What it concerns.
    #[serde(default)]
    pub on: Scope,
    /// The fault.
    #[serde(flatten)]
    pub fault: InjectedFault,
}

/// What a request is refused with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// The faults that last.
#[derive(Debug)]
pub(crate) struct Faults {
    standing: Mutex<Vec<StandingFault>>,
    changed: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { standing: Mutex::default(), changed: watch::Sender::new(0) }
    }

    pub(crate) fn add(&self, fault: StandingFault) {
        self.lock().push(fault);
        self.tell();
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.tell();
    }

    pub(crate) fn list(&self) -> Vec<StandingFault> {
        self.lock().clone()
    }

    /// Waits while `target` (or everything, without one) is in a black hole.
    pub(crate) async fn thawed(&self, target: Option<&ConnectionId>) {
        let is_frozen = || {
            let black_hole = |s: &StandingFault| s.fault == InjectedFault::BlackHole;
            self.lock().iter().any(|s| black_hole(s) && s.on.has_target(target))
        };
        if !is_frozen() {
            return;
        }
        let mut changed = self.changed.subscribe();
        while is_frozen() {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits as long as handshakes for `target` are to be delayed.
    pub(crate) async fn delayed(&self, target: Option<&ConnectionId>) {
        let delay = self.first(target, |fault| match fault {
            InjectedFault::Delay { millis } => Some(Duration::from_millis(*millis)),
            _ => None,
        });
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
    }

    /// Whether a `listen` is to be refused; counts it.
    pub(crate) fn refused_listen(&self, target: Option<&ConnectionId>) -> Option<Refused> {
        self.first_counted(target, |fault| match fault {
            InjectedFault::RefuseListens { status, reason, times } => {
                Some((times, Refused { status: *status, text: reason.clone() }))
            }
            InjectedFault::IpFirewall { times } => {
                Some((times, Refused { status: 401, text: IP_FIREWALL.to_owned() }))
            }
            _ => None,
        })
    }

    /// Whether a management request is to be refused; counts it.
    pub(crate) fn refused_management(&self, target: Option<&ConnectionId>) -> Option<Refused> {
        self.first_counted(target, |fault| match fault {
            InjectedFault::RefuseManagement { status, detail, times } => {
                Some((times, Refused { status: *status, text: detail.clone() }))
            }
            _ => None,
        })
    }

    /// Payload bytes of each fragment of a control message, if it is to be in fragments.
    pub(crate) fn fragment_bytes(&self, target: &ConnectionId) -> Option<usize> {
        self.first(Some(target), |fault| match fault {
            InjectedFault::FragmentMessages { bytes } => Some((*bytes).max(1)),
            _ => None,
        })
    }

    fn first<T>(
        &self,
        target: Option<&ConnectionId>,
        pick: impl Fn(&InjectedFault) -> Option<T>,
    ) -> Option<T> {
        self.lock().iter().filter(|s| s.on.has_target(target)).find_map(|s| pick(&s.fault))
    }

    /// The same, for faults that happen so many times.
    fn first_counted(
        &self,
        target: Option<&ConnectionId>,
        pick: impl Fn(&mut InjectedFault) -> Option<(&mut Option<u32>, Refused)>,
    ) -> Option<Refused> {
        let mut standing = self.lock();
        let mut spent = None;
        let refused = standing.iter_mut().enumerate().find_map(|(at, standing)| {
            if !standing.on.has_target(target) {
                return None;
            }
            let (times, refused) = pick(&mut standing.fault)?;
            if let Some(left) = times {
                *left = left.saturating_sub(1);
                spent = (*left == 0).then_some(at);
            }
            Some(refused)
        });
        if let Some(at) = spent {
            standing.remove(at);
        }
        refused
    }

    fn tell(&self) {
        self.changed.send_modify(|revision| *revision += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<StandingFault>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NamespaceAddress;

    fn id(name: &str) -> ConnectionId {
        ConnectionId::new(NamespaceAddress::new("contoso.servicebus.localhost", 1), name)
    }

    #[test]
    fn a_counted_refusal_ends_and_keeps_to_its_scope() {
        let faults = Faults::new();
        faults.add(StandingFault {
            on: Scope::One("contoso/a".parse().unwrap()),
            fault: InjectedFault::RefuseListens {
                status: 503,
                reason: "no".into(),
                times: Some(2),
            },
        });
        assert_eq!(faults.refused_listen(Some(&id("b"))), None);
        assert_eq!(faults.refused_listen(None), None);
        assert_eq!(faults.refused_listen(Some(&id("a"))).unwrap().status, 503);
        assert!(faults.refused_management(Some(&id("a"))).is_none());
        assert!(faults.refused_listen(Some(&id("a"))).is_some());
        assert!(faults.refused_listen(Some(&id("a"))).is_none());
    }

    #[tokio::test]
    async fn a_black_hole_ends_when_it_is_cleared() {
        let faults = Faults::new();
        faults.add(StandingFault { on: Scope::All, fault: InjectedFault::BlackHole });
        let (a, none) = (id("a"), None);
        tokio::join!(faults.thawed(Some(&a)), faults.thawed(none), async {
            tokio::task::yield_now().await;
            faults.clear();
        });
    }

    #[test]
    fn the_json_form_is_flat() {
        let text = r#"{"on":"contoso/a","fault":"delay","millis":5}"#;
        let fault: StandingFault = serde_json::from_str(text).unwrap();
        assert_eq!(fault.fault, InjectedFault::Delay { millis: 5 });
        assert_eq!(serde_json::to_string(&fault).unwrap(), text);
        let all: StandingFault = serde_json::from_str(r#"{"fault":"black-hole"}"#).unwrap();
        assert_eq!(all.on, Scope::All);
    }
}
