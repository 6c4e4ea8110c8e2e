//! Values for the tests of what shows the model.

use jiff::{SignedDuration, Timestamp};

use super::{
    AzureFacts, AzureResource, ConnectionEvent, ConnectionId, ConnectionStatus, ConnectionView,
    Desired, Endpoint, EventKind, Fault, FaultCode, NamespaceAddress, Reachability, ServiceInfo,
    Snapshot, Traffic,
};

pub(crate) fn now() -> Timestamp {
    "2026-11-22T04:00:00Z".parse().unwrap()
}

pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(crate) fn connected() -> ConnectionStatus {
    ConnectionStatus::Connected { since: ago(11_520), gateway: Some("G42".to_owned()) }
}

pub(crate) fn waiting(fault: Fault, millis: i64) -> ConnectionStatus {
    let until = now() + SignedDuration::from_millis(millis);
    ConnectionStatus::Waiting { until, attempt: 3, fault }
}

pub(crate) fn refused_key() -> Fault {
    Fault::new(FaultCode::Unauthorized, "InvalidSignature")
        .with_tracking_id(Some("7f3c_G42".to_owned()))
}

pub(crate) fn refused_endpoint() -> Reachability {
    Reachability {
        checked_at: ago(12),
        connect_micros: None,
        fault: Some(Fault::new(FaultCode::EndpointRefused, "sql01.corp:1433")),
    }
}

pub(crate) fn id(namespace: &str, name: &str) -> ConnectionId {
    let host = format!("{namespace}.servicebus.windows.net");
    ConnectionId::new(NamespaceAddress::new(&host, 443), name)
}

pub(crate) fn view(namespace: &str, name: &str, status: ConnectionStatus) -> ConnectionView {
    let disabled = status == ConnectionStatus::Disabled;
    ConnectionView {
        id: id(namespace, name),
        key_name: "defaultListener".to_owned(),
        desired: if disabled { Desired::Disabled } else { Desired::Enabled },
        status,
        endpoint: Some(Endpoint::new("sql01.corp", 1433)),
        azure: Some(AzureFacts {
            listener_count: Some(2),
            created_at: Some("2026-01-02T10:00:00Z".parse().unwrap()),
            updated_at: Some("2026-03-04T11:30:00Z".parse().unwrap()),
            read_at: ago(40),
        }),
        resource: None,
        reachability: Some(Reachability {
            checked_at: ago(12),
            connect_micros: Some(1_840),
            fault: None,
        }),
        traffic: Traffic {
            active_streams: 3,
            total_streams: 120,
            refused_streams: 1,
            bytes_to_endpoint: 12_345_678,
            bytes_to_azure: 987,
        },
        events: vec![
            ConnectionEvent::new(ago(11_521), EventKind::Restarted),
            ConnectionEvent::new(
                ago(11_520),
                EventKind::Connected { gateway: Some("G42".to_owned()) },
            ),
        ],
    }
}

/// Where a connection is that was selected with an Azure account.
pub(crate) fn resource() -> AzureResource {
    AzureResource {
        id: "/subscriptions/0a1b2c3d-1111-4222-8333-444455556666/resourceGroups/rg-integration/providers/Microsoft.Relay/namespaces/contoso/hybridConnections/sql".to_owned(),
        subscription_id: "0a1b2c3d-1111-4222-8333-444455556666".to_owned(),
        subscription: "Contoso Production".to_owned(),
        resource_group: "rg-integration".to_owned(),
        region: "West Europe".to_owned(),
        tenant_id: Some("7f000001-1111-4222-8333-444455556666".to_owned()),
        portal: Some("https://portal.azure.com".to_owned()),
    }
}

pub(crate) fn snapshot(connections: Vec<ConnectionView>) -> Snapshot {
    Snapshot { revision: 7, service: service(), connections }
}

/// A service at which all is well.
pub(crate) fn service() -> ServiceInfo {
    ServiceInfo {
        version: "0.1.0".to_owned(),
        pid: 4711,
        started: ago(90_000),
        home: "/var/lib/hybrid-connection-manager".to_owned(),
        faults: vec![],
        draining: None,
        policy: None,
        proxy: None,
        upgrade: None,
    }
}

/// One connection of every kind.
pub(crate) fn mixed() -> Snapshot {
    let mut files = view("contoso", "files", ConnectionStatus::Disabled);
    files.traffic = Traffic::default();
    files.azure = None;
    let mut web = view("fabrikam", "web", waiting(refused_key(), 11_200));
    web.endpoint = None;
    web.traffic = Traffic { bytes_to_azure: 4_560_000, ..Traffic::default() };
    snapshot(vec![files, view("contoso", "sql", connected()), web])
}
