//! A made-up service for the mock backend and the tests. Names and hosts are examples.

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use crate::model::upgrade::{Release, UpgradeInfo};
use crate::model::{
    AzureFacts, ConnectionEvent, ConnectionId, ConnectionStatus, ConnectionView, Desired, Endpoint,
    EventKind, Fault, FaultCode, NamespaceAddress, NextAttempt, Reachability, ServiceInfo,
    Snapshot, Traffic, VERSION,
};

/// The connection `name` in the namespace `namespace`.
pub(crate) fn id(namespace: &str, name: &str) -> ConnectionId {
    let host = format!("{namespace}.servicebus.windows.net");
    ConnectionId::new(NamespaceAddress::new(&host, 443), name)
}

/// Seven connections in every usual condition, as they are at `now`.
pub(crate) fn snapshot(now: Timestamp) -> Snapshot {
    let mut connections = vec![
        Row::new("contoso-weu", "erp-sql", "sql01.corp.contoso.com:1433").serving(2, 12),
        Row::new("contoso-weu", "orders-api", "orders.corp.contoso.com:443").serving(2, 38),
        Row::new("contoso-weu", "file-drop", "files.corp.contoso.com:8080").serving(1, 0),
        Row::new("contoso-neu", "warehouse-mq", "mq.warehouse.local:5672"),
        Row::new("contoso-weu", "legacy-soap", "10.20.0.14:8443").refused(now),
        Row::new("contoso-ops", "metrics", "prom.corp.contoso.com:9090").serving(3, 4),
        Row::new("contoso-ops", "mail-relay", "smtp.corp.contoso.com:587").serving(1, 1),
    ]
    .into_iter()
    .map(|row| row.view(now))
    .collect::<Vec<_>>();
    connections.sort_by(|one, other| one.id.cmp(&other.id));
    Snapshot { revision: 1, service: service(now), connections }
}

/// `count` connections, most of them connected.
pub(crate) fn many(count: usize, now: Timestamp) -> Snapshot {
    let mut connections: Vec<_> = (0..count)
        .map(|number| {
            let namespace = format!("contoso-{}", number % 7);
            let name = format!("connection-{number:04}");
            let endpoint = format!("host{number}.corp.contoso.com:{}", 1000 + number % 9000);
            let row = Row::new(&namespace, &name, &endpoint);
            let row = if number % 10 == 9 { row } else { row.serving(1, number as u64 % 5) };
            row.view(now)
        })
        .collect();
    connections.sort_by(|one, other| one.id.cmp(&other.id));
    Snapshot { revision: 1, service: service(now), connections }
}

/// What a service knows that can upgrade itself to 1.1.0.
pub(crate) fn newer() -> UpgradeInfo {
    let at = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
    let release = Release {
        version: Version::new(1, 1, 0),
        released: at(1_794_992_400),
        notes: "- Reconnect at once after the machine wakes up.\n\
                - Show the gateways of your own stamp in the firewall list.\n\
                - Take a proxy password with `@`.\n"
            .to_owned(),
    };
    UpgradeInfo {
        asked: Some(at(1_795_316_400)),
        release: Some(release),
        by_service: true,
        ..UpgradeInfo::default()
    }
}

fn service(now: Timestamp) -> ServiceInfo {
    ServiceInfo {
        version: VERSION.to_owned(),
        pid: 4242,
        started: now - SignedDuration::from_hours(5),
        home: "/var/lib/hybrid-connection-manager".to_owned(),
        faults: Vec::new(),
        draining: None,
        policy: None,
        proxy: None,
        upgrade: None,
    }
}

struct Row {
    id: ConnectionId,
    endpoint: Option<Endpoint>,
    listeners: u32,
    streams: u64,
    status: ConnectionStatus,
    events: Vec<ConnectionEvent>,
}

impl Row {
    fn new(namespace: &str, name: &str, endpoint: &str) -> Self {
        Self {
            id: id(namespace, name),
            endpoint: endpoint.parse().ok(),
            listeners: 0,
            streams: 0,
            status: ConnectionStatus::Connecting { attempt: 1, last: None },
            events: Vec::new(),
        }
    }

    fn serving(mut self, listeners: u32, streams: u64) -> Self {
        (self.listeners, self.streams) = (listeners, streams);
        self.status = ConnectionStatus::Connected {
            since: Timestamp::UNIX_EPOCH,
            gateway: Some("G42".to_owned()),
        };
        self
    }

    fn refused(mut self, now: Timestamp) -> Self {
        let before = |seconds| now - SignedDuration::from_secs(seconds);
        let fault = Fault::new(FaultCode::Unauthorized, "the key defaultListener is not known")
            .with_tracking_id(Some("0d6e8f4e-6e1b-4c43-8f0d-1c8f1e4d2a77_G12".to_owned()));
        let lost = Fault::new(FaultCode::ChannelLost, "the channel was reset");
        let next = Some(NextAttempt { attempt: 3, seconds: 30 });
        self.events = [
            (before(6000), EventKind::Connected { gateway: Some("G42".to_owned()) }),
            (before(48), EventKind::ChannelFailed { fault: lost, next: None }),
            (before(18), EventKind::ChannelFailed { fault: fault.clone(), next }),
        ]
        .map(|(at, kind)| ConnectionEvent::new(at, kind))
        .into();
        let until = now + SignedDuration::from_secs(28);
        self.status = ConnectionStatus::Waiting { until, attempt: 3, fault };
        self
    }

    fn view(self, now: Timestamp) -> ConnectionView {
        let since = now - SignedDuration::from_mins(100);
        let status = match self.status {
            ConnectionStatus::Connected { gateway, .. } => {
                ConnectionStatus::Connected { since, gateway }
            }
            status => status,
        };
        let events = match &status {
            ConnectionStatus::Connected { gateway, .. } => {
                let kind = EventKind::Connected { gateway: gateway.clone() };
                vec![ConnectionEvent::new(since, kind)]
            }
            _ => self.events,
        };
        ConnectionView {
            key_name: "defaultListener".to_owned(),
            desired: Desired::Enabled,
            resource: None,
            reachability: self.endpoint.as_ref().map(|_| Reachability {
                checked_at: now - SignedDuration::from_secs(12),
                connect_micros: Some(1_800),
                fault: None,
            }),
            endpoint: self.endpoint,
            azure: Some(AzureFacts {
                listener_count: Some(self.listeners),
                created_at: Some(now - SignedDuration::from_hours(24 * 90)),
                updated_at: Some(now - SignedDuration::from_hours(24 * 3)),
                read_at: now - SignedDuration::from_secs(40),
            }),
            traffic: Traffic { active_streams: self.streams, ..Traffic::default() },
            id: self.id,
            status,
            events,
        }
    }
}
