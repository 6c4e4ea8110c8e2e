//! What the policy of this machine means for a connection.

use super::{Actor, Event};
use crate::model::{ConnectionStatus, Fault, FaultCode};

impl Actor {
    /// Why the connection may not be served, by all that is known of it.
    pub(super) fn denied(&self) -> Option<Fault> {
        let policy = self.context.policy.borrow();
        match self.streams.endpoint() {
            Some(endpoint) => policy.permits(&endpoint).err(),
            None => policy.permits_any().err(),
        }
    }

    /// The policy or the endpoint may be another one: what is not allowed any more ends, and
    /// what is allowed again is opened at once. Each stream looks after itself.
    pub(super) fn obey_policy(&mut self) {
        match self.denied() {
            Some(fault) => self.deny(fault),
            None if self.denied_so_far().is_some() => self.step(Event::TryNow),
            None => {}
        }
    }

    /// The same as a refusal of what was just to be opened. Azure may name another endpoint
    /// by now than the one that is known.
    pub(super) fn deny_and_look_again(&mut self, fault: Fault) {
        self.deny(fault);
        if self.describe_at.is_some() {
            self.describe();
        }
    }

    fn deny(&mut self, fault: Fault) {
        self.checking = None;
        self.check_at = None;
        self.reachability = None;
        let is_off = matches!(
            self.machine.status(),
            ConnectionStatus::Disabled | ConnectionStatus::Stopping { .. }
        );
        if is_off || self.denied_so_far() == Some(&fault) {
            return;
        }
        self.step(Event::Denied(fault));
        // What would be read of Azure changes nothing where nothing is allowed.
        if self.context.policy.borrow().permits_any().is_ok() {
            self.describe_later();
        }
    }

    fn denied_so_far(&self) -> Option<&Fault> {
        match self.machine.status() {
            ConnectionStatus::Faulted { fault } => Some(fault),
            _ => None,
        }
        .filter(|fault| fault.code == FaultCode::PolicyDenied)
    }
}
