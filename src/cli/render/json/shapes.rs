//! The objects of `--output json`, key by key.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::proxies::ProxySource;
use crate::model::upgrade::{UpgradeInfo, UpgradeProgress, UpgradeStep};
use crate::model::{
    AzureResource, ConnectionEvent, ConnectionStatus, ConnectionView, Desired, Endpoint, Fault,
    PolicyInfo, ProxyUse, Reachability, ServiceInfo,
};

/// A hybrid connection; the first ten keys are those of Microsoft's `hcm`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Connection<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) endpoint: Option<&'a Endpoint>,
    pub(super) status: String,
    pub(super) number_of_listeners: Option<u32>,
    pub(super) service_bus_endpoint: String,
    pub(super) created_on: Option<Timestamp>,
    pub(super) last_updated: Option<Timestamp>,
    pub(super) subscription_id: Option<&'a str>,
    pub(super) resource_group: Option<&'a str>,
    pub(super) subscription: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) portal_address: Option<String>,
    pub(super) id: String,
    pub(super) enabled: bool,
    pub(super) state: &'static str,
    pub(super) since: Option<Timestamp>,
    pub(super) gateway: Option<&'a str>,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) attempt: Option<u32>,
    pub(super) fault: Option<FaultShape<'a>>,
    pub(super) key_name: &'a str,
    pub(super) reachability: Option<ReachabilityShape<'a>>,
    pub(super) traffic: TrafficShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<Vec<EventShape<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FaultShape<'a> {
    pub(super) code: &'static str,
    pub(super) summary: &'static str,
    pub(super) detail: &'a str,
    pub(super) advice: &'static str,
    pub(super) tracking_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReachabilityShape<'a> {
    pub(super) checked_at: Timestamp,
    pub(super) connect_microseconds: Option<u64>,
    pub(super) fault: Option<FaultShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TrafficShape {
    pub(super) active_streams: u64,
    pub(super) total_streams: u64,
    pub(super) refused_streams: u64,
    pub(super) bytes_to_endpoint: u64,
    pub(super) bytes_to_azure: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EventShape<'a> {
    pub(super) at: Timestamp,
    pub(super) text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceShape<'a> {
    pub(super) version: &'a str,
    pub(super) pid: u32,
    pub(super) started: Timestamp,
    pub(super) home: &'a str,
    pub(super) faults: Vec<FaultShape<'a>>,
    pub(super) draining: Option<u64>,
    pub(super) policy: Option<PolicyShape<'a>>,
    pub(super) proxy: Option<ProxyShape<'a>>,
    pub(super) upgrade: Option<UpgradeShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyShape<'a> {
    pub(super) place: &'a str,
    pub(super) allowed: bool,
    pub(super) endpoints: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProxyShape<'a> {
    pub(super) address: Option<&'a str>,
    pub(super) source: ProxySource,
    pub(super) place: &'a str,
    pub(super) exceptions: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatusShape<'a> {
    pub(super) healthy: bool,
    pub(super) enabled: usize,
    pub(super) connected: usize,
    pub(super) disabled: usize,
    pub(super) service: ServiceShape<'a>,
    pub(super) connections: Vec<Connection<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckShape<'a> {
    pub(super) check: &'a str,
    pub(super) passed: bool,
    pub(super) code: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResultShape<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) id: String,
    pub(super) result: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LogShape<'a> {
    pub(super) at: Timestamp,
    pub(super) level: &'a str,
    pub(super) target: &'a str,
    pub(super) message: &'a str,
    pub(super) connection: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionShape<'a> {
    pub(super) version: &'a str,
    pub(super) service_version: Option<&'a str>,
    pub(super) service_message: Option<&'a str>,
    pub(super) upgrade: Option<UpgradeShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpgradeShape<'a> {
    pub(super) asked: Option<Timestamp>,
    pub(super) version: Option<String>,
    pub(super) released: Option<Timestamp>,
    pub(super) notes: Option<&'a str>,
    pub(super) fault: Option<FaultShape<'a>>,
    pub(super) by_service: bool,
    pub(super) progress: Option<ProgressShape<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProgressShape<'a> {
    pub(super) version: String,
    pub(super) step: &'static str,
    pub(super) done: Option<u64>,
    pub(super) size: Option<u64>,
    pub(super) fault: Option<FaultShape<'a>>,
}

#[derive(Serialize)]
pub(super) struct ErrorShape<'a> {
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connection: Option<&'a str>,
    #[serde(rename = "azureCode", skip_serializing_if = "Option::is_none")]
    pub(super) azure_code: Option<&'a str>,
    #[serde(rename = "correlationId", skip_serializing_if = "Option::is_none")]
    pub(super) correlation_id: Option<&'a str>,
}

/// A line of `list --watch`.
#[derive(Serialize)]
#[serde(tag = "Event", rename_all = "kebab-case", rename_all_fields = "PascalCase")]
pub(super) enum ChangeShape<'a> {
    Snapshot { revision: u64, service: ServiceShape<'a>, connections: Vec<Connection<'a>> },
    Connection { revision: u64, connection: Box<Connection<'a>> },
    Removed { revision: u64, id: String, namespace: &'a str, name: &'a str },
    Service { revision: u64, service: ServiceShape<'a> },
    ServiceLost { message: &'a str },
}

/// A text that is empty where it is not known.
fn known(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl<'a> Connection<'a> {
    pub(super) fn of(view: &'a ConnectionView) -> Self {
        let azure = view.azure.as_ref();
        let resource = view.resource.as_ref();
        let progress = Progress::of(&view.status);
        Self {
            namespace: view.id.namespace().label(),
            name: view.id.name(),
            endpoint: view.endpoint.as_ref(),
            status: view.status.label().to_string(),
            number_of_listeners: azure.and_then(|azure| azure.listener_count),
            service_bus_endpoint: view.id.namespace().to_string(),
            created_on: azure.and_then(|azure| azure.created_at),
            last_updated: azure.and_then(|azure| azure.updated_at),
            subscription_id: resource.map(|resource| resource.subscription_id.as_str()),
            resource_group: resource.map(|resource| resource.resource_group.as_str()),
            subscription: resource.and_then(|resource| known(&resource.subscription)),
            region: resource.and_then(|resource| known(&resource.region)),
            portal_address: resource.and_then(AzureResource::portal_address),
            id: view.id.full(),
            enabled: view.desired == Desired::Enabled,
            state: progress.state,
            since: progress.since,
            gateway: progress.gateway,
            retry_at: progress.retry_at,
            attempt: progress.attempt,
            fault: view.status.fault().map(FaultShape::of),
            key_name: &view.key_name,
            reachability: view.reachability.as_ref().map(ReachabilityShape::of),
            traffic: TrafficShape {
                active_streams: view.traffic.active_streams,
                total_streams: view.traffic.total_streams,
                refused_streams: view.traffic.refused_streams,
                bytes_to_endpoint: view.traffic.bytes_to_endpoint,
                bytes_to_azure: view.traffic.bytes_to_azure,
            },
            events: None,
        }
    }

    pub(super) fn with_events(mut self, events: &'a [ConnectionEvent]) -> Self {
        let shape = |event: &'a ConnectionEvent| EventShape { at: event.at, text: &event.text };
        self.events = Some(events.iter().map(shape).collect());
        self
    }
}

/// The parts of a status that have keys of their own.
#[derive(Default)]
struct Progress<'a> {
    state: &'static str,
    since: Option<Timestamp>,
    gateway: Option<&'a str>,
    retry_at: Option<Timestamp>,
    attempt: Option<u32>,
}

impl<'a> Progress<'a> {
    fn of(status: &'a ConnectionStatus) -> Self {
        let state = |state| Self { state, ..Self::default() };
        match status {
            ConnectionStatus::Disabled => state("disabled"),
            ConnectionStatus::Starting => state("starting"),
            ConnectionStatus::Connecting { attempt, .. } => {
                Self { attempt: Some(*attempt), ..state("connecting") }
            }
            ConnectionStatus::Connected { since, gateway } => {
                Self { since: Some(*since), gateway: gateway.as_deref(), ..state("connected") }
            }
            ConnectionStatus::Waiting { until, attempt, .. } => {
                Self { retry_at: Some(*until), attempt: Some(*attempt), ..state("waiting") }
            }
            ConnectionStatus::Faulted { .. } => state("faulted"),
            ConnectionStatus::Stopping { .. } => state("stopping"),
            ConnectionStatus::Other => state("other"),
        }
    }
}

impl<'a> FaultShape<'a> {
    pub(super) fn of(fault: &'a Fault) -> Self {
        Self {
            code: fault.code.as_str(),
            summary: fault.code.summary(),
            detail: &fault.detail,
            advice: fault.code.advice(),
            tracking_id: fault.tracking_id.as_deref(),
        }
    }
}

impl<'a> ReachabilityShape<'a> {
    pub(super) fn of(seen: &'a Reachability) -> Self {
        Self {
            checked_at: seen.checked_at,
            connect_microseconds: seen.connect_micros,
            fault: seen.fault.as_ref().map(FaultShape::of),
        }
    }
}

impl<'a> PolicyShape<'a> {
    fn of(policy: &'a PolicyInfo) -> Self {
        let PolicyInfo { place, allowed, endpoints } = policy;
        Self { place, allowed: *allowed, endpoints: *endpoints }
    }
}

impl<'a> UpgradeShape<'a> {
    pub(super) fn of(upgrade: &'a UpgradeInfo) -> Self {
        let UpgradeInfo { asked, release, fault, by_service, progress } = upgrade;
        let release = release.as_ref();
        Self {
            asked: *asked,
            version: release.map(|release| release.version.to_string()),
            released: release.map(|release| release.released),
            notes: release.map(|release| release.notes.as_str()),
            fault: fault.as_ref().map(FaultShape::of),
            by_service: *by_service,
            progress: progress.as_ref().map(ProgressShape::of),
        }
    }
}

impl<'a> ProgressShape<'a> {
    fn of(progress: &'a UpgradeProgress) -> Self {
        let at = |step| {
            let version = progress.version.to_string();
            Self { version, step, done: None, size: None, fault: None }
        };
        match &progress.step {
            UpgradeStep::Downloading { done, size } => {
                Self { done: Some(*done), size: Some(*size), ..at("downloading") }
            }
            UpgradeStep::Installing => at("installing"),
            UpgradeStep::Failed { fault } => {
                Self { fault: Some(FaultShape::of(fault)), ..at("failed") }
            }
            UpgradeStep::Other => at("other"),
        }
    }
}

impl<'a> ProxyShape<'a> {
    fn of(used: &'a ProxyUse) -> Self {
        let ProxyUse { proxy, source, place, exceptions } = used;
        Self { address: proxy.as_deref(), source: *source, place, exceptions }
    }
}

impl<'a> ServiceShape<'a> {
    pub(super) fn of(service: &'a ServiceInfo) -> Self {
        Self {
            version: &service.version,
            pid: service.pid,
            started: service.started,
            home: &service.home,
            faults: service.faults.iter().map(FaultShape::of).collect(),
            draining: service.draining,
            policy: service.policy.as_ref().map(PolicyShape::of),
            proxy: service.proxy.as_deref().map(ProxyShape::of),
            upgrade: service.upgrade.as_deref().map(UpgradeShape::of),
        }
    }
}
