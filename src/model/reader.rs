//! What is left of a snapshot for an account that reads the status and manages nothing: nothing
//! that tells where files are, with which key or through whom Azure is reached, and who owns it.

use super::event::{ConnectionEvent, EventKind};
use super::fault::{Fault, FaultCode};
use super::policy::PolicyInfo;
use super::snapshot::{ConnectionView, Reachability, ServiceInfo, Snapshot};
use super::status::ConnectionStatus;
use super::upgrade::{UpgradeInfo, UpgradeProgress, UpgradeStep};

impl Snapshot {
    /// The same for a reader.
    pub fn for_reader(self) -> Self {
        let connections = self.connections.into_iter().map(ConnectionView::for_reader).collect();
        Self { service: self.service.for_reader(), connections, ..self }
    }
}

impl ServiceInfo {
    /// The same for a reader.
    pub fn for_reader(self) -> Self {
        Self {
            home: String::new(),
            proxy: None,
            faults: self.faults.into_iter().map(Fault::for_reader).collect(),
            policy: self.policy.map(|policy| PolicyInfo { place: String::new(), ..policy }),
            upgrade: self.upgrade.map(|upgrade| Box::new(upgrade.for_reader())),
            ..self
        }
    }
}

impl ConnectionView {
    /// The same for a reader.
    pub fn for_reader(self) -> Self {
        Self {
            key_name: String::new(),
            resource: None,
            status: self.status.for_reader(),
            reachability: self
                .reachability
                .map(|seen| Reachability { fault: seen.fault.map(Fault::for_reader), ..seen }),
            events: self.events.into_iter().map(ConnectionEvent::for_reader).collect(),
            ..self
        }
    }
}

impl ConnectionStatus {
    fn for_reader(self) -> Self {
        match self {
            Self::Connecting { attempt, last } => {
                Self::Connecting { attempt, last: last.map(Fault::for_reader) }
            }
            Self::Waiting { until, attempt, fault } => {
                Self::Waiting { until, attempt, fault: fault.for_reader() }
            }
            Self::Faulted { fault } => Self::Faulted { fault: fault.for_reader() },
            Self::Disabled
            | Self::Starting
            | Self::Connected { .. }
            | Self::Stopping { .. }
            | Self::Other => self,
        }
    }
}

impl ConnectionEvent {
    /// A text says what its kind does; that of a kind that is not known may say anything.
    fn for_reader(self) -> Self {
        let kind = self.kind.clone().for_reader();
        if kind == self.kind && kind != EventKind::Other {
            return self;
        }
        Self::new(self.at, kind)
    }
}

impl EventKind {
    fn for_reader(self) -> Self {
        match self {
            Self::ChannelFailed { fault, next } => {
                Self::ChannelFailed { fault: fault.for_reader(), next }
            }
            Self::StreamFailed { fault } => Self::StreamFailed { fault: fault.for_reader() },
            Self::EndpointKept { fault } => Self::EndpointKept { fault: fault.for_reader() },
            Self::EndpointNotRead { fault } => Self::EndpointNotRead { fault: fault.for_reader() },
            Self::EndpointFailed { fault } => Self::EndpointFailed { fault: fault.for_reader() },
            Self::Connected { .. }
            | Self::Restarted
            | Self::KeyReplaced
            | Self::EndpointChanged { .. }
            | Self::MetadataMended
            | Self::EndpointAnswers
            | Self::Other => self,
        }
    }
}

impl UpgradeInfo {
    fn for_reader(self) -> Self {
        Self {
            fault: self.fault.map(Fault::for_reader),
            progress: self.progress.map(UpgradeProgress::for_reader),
            ..self
        }
    }
}

impl UpgradeProgress {
    fn for_reader(self) -> Self {
        let step = match self.step {
            UpgradeStep::Failed { fault } => UpgradeStep::Failed { fault: fault.for_reader() },
            step @ (UpgradeStep::Downloading { .. }
            | UpgradeStep::Installing
            | UpgradeStep::Other) => step,
        };
        Self { step, ..self }
    }
}

impl Fault {
    /// The same for a reader: its code says what is wrong, and what was seen stays where it
    /// can only be about Azure Relay, the way there or the endpoint.
    fn for_reader(self) -> Self {
        if self.code.is_open() { self } else { Self { detail: String::new(), ..self } }
    }
}

impl FaultCode {
    /// Whether what is seen of it never has a file, a key or a proxy in it.
    fn is_open(self) -> bool {
        matches!(
            self,
            Self::NamespaceNotResolved
                | Self::AzureUnreachable
                | Self::AzureTimedOut
                | Self::TlsUntrusted
                | Self::TlsFailed
                | Self::IpBlocked
                | Self::NotFound
                | Self::TooManyListeners
                | Self::ServiceUnavailable
                | Self::UnexpectedAnswer
                | Self::ChannelLost
                | Self::TokenExpired
                | Self::TokenSpent
                | Self::EntityRemoved
                | Self::Recycled
                | Self::EndpointUnknown
                | Self::EndpointMissing
                | Self::EndpointNotResolved
                | Self::EndpointRefused
                | Self::EndpointTimedOut
                | Self::EndpointUnreachable
                | Self::OpenFilesExhausted
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{VERSION, sample};

    /// What no reader may see.
    const HIDDEN: &str = "hidden-from-readers";

    fn hidden(code: FaultCode) -> Fault {
        Fault::new(code, HIDDEN)
    }

    /// A snapshot with `fault` in every place that has one.
    fn all_over(fault: &Fault) -> Snapshot {
        let fault = || fault.clone();
        let mut view = sample::view("contoso", "sql", ConnectionStatus::Starting);
        view.key_name = HIDDEN.to_owned();
        view.reachability = Some(Reachability {
            checked_at: sample::now(),
            connect_micros: None,
            fault: Some(fault()),
        });
        let kinds = [
            EventKind::ChannelFailed { fault: fault(), next: None },
            EventKind::StreamFailed { fault: fault() },
            EventKind::EndpointKept { fault: fault() },
            EventKind::EndpointNotRead { fault: fault() },
            EventKind::EndpointFailed { fault: fault() },
        ];
        view.events = kinds.map(|kind| ConnectionEvent::new(sample::now(), kind)).to_vec();
        let statuses = [
            ConnectionStatus::Connecting { attempt: 2, last: Some(fault()) },
            sample::waiting(fault(), 1_000),
            ConnectionStatus::Faulted { fault: fault() },
        ];
        let views = statuses.map(|status| ConnectionView { status, ..view.clone() });
        let mut snapshot = sample::snapshot(views.to_vec());
        snapshot.service.faults = vec![fault()];
        snapshot.service.upgrade = Some(Box::new(UpgradeInfo {
            fault: Some(fault()),
            progress: Some(UpgradeProgress {
                version: VERSION.parse().unwrap(),
                step: UpgradeStep::Failed { fault: fault() },
            }),
            ..UpgradeInfo::default()
        }));
        snapshot
    }

    #[test]
    fn what_is_wrong_is_told_without_files_keys_and_proxies() {
        for code in FaultCode::ALL.iter().filter(|code| !code.is_open()) {
            let mut snapshot = all_over(&hidden(*code));
            snapshot.service.home = HIDDEN.to_owned();
            snapshot.service.policy =
                Some(PolicyInfo { place: HIDDEN.to_owned(), allowed: true, endpoints: None });
            let (at, kind) = (sample::now(), EventKind::Other);
            let newer = ConnectionEvent { at, kind, text: HIDDEN.to_owned() };
            snapshot.connections[0].events.push(newer);
            let read = serde_json::to_string(&snapshot.for_reader()).unwrap();
            assert!(!read.contains(HIDDEN), "{code}: {read}");
            assert_eq!(
                read.matches(&format!("\"code\":\"{code}\"")).count(),
                3 + 3 + 3 + 15,
                "{read}"
            );
            assert!(read.contains(code.summary()), "the events say it in words");
        }
    }

    #[test]
    fn what_is_seen_of_azure_and_the_endpoint_is_told() {
        let fault = hidden(FaultCode::EndpointRefused);
        let snapshot = all_over(&fault);
        let read = snapshot.clone().for_reader();
        for (read, whole) in read.connections.into_iter().zip(snapshot.connections) {
            assert_eq!(read, ConnectionView { key_name: String::new(), ..whole });
        }
        assert_eq!(read.service.faults, [fault]);
    }
}
