//! Every metric that there is: its name, what it means, and where its value comes from.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::exposition::{Format, Kind, Page, Samples};
use super::registry::Registry;
use crate::display::Health;
use crate::model::{ConnectionView, Desired, FaultCode, Snapshot, StatusLabel, Traffic};
use crate::platform::usage::Usage;
use crate::relay::TrafficCounters;
use crate::relay::meters::ByCode;

use FaultCode as Code;
use Kind::{Counter, Gauge, Histogram};
use Values::{OfConnection, OfService};

/// What all metrics are about.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// The state that programs see.
    pub(super) snapshot: &'a Snapshot,
    /// What is counted of each connection.
    pub(super) registry: &'a Registry,
    /// What the process uses.
    pub(super) usage: Usage,
    /// How many files and sockets it may have open, where that has a limit.
    pub(super) most_files: Option<u64>,
}

/// One connection.
struct One<'a> {
    view: &'a ConnectionView,
    namespace: String,
    traffic: Traffic,
    counters: Arc<TrafficCounters>,
}

/// One metric.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The labels of its samples; those of connections have `namespace` and `name` besides.
    pub(super) labels: &'static [&'static str],
    /// What it means, in one sentence.
    pub(super) help: &'static str,
    values: Values,
}

/// Where the values of a metric come from.
enum Values {
    OfService(fn(&Facts<'_>, &mut Samples<'_>)),
    OfConnection(fn(&One<'_>, &mut Samples<'_>)),
}

impl Family {
    /// Whether each connection has it.
    #[cfg(test)]
    pub(super) fn is_of_connections(&self) -> bool {
        matches!(self.values, OfConnection(_))
    }
}

/// The labels of everything about a connection.
pub(super) const OF_CONNECTION: [&str; 2] = ["namespace", "name"];

/// The words for the states of a connection.
const STATES: [(StatusLabel, &str); 5] = [
    (StatusLabel::Connected, "connected"),
    (StatusLabel::Connecting, "connecting"),
    (StatusLabel::NotConnected, "not-connected"),
    (StatusLabel::Disabled, "disabled"),
    (StatusLabel::Stopping, "stopping"),
];

/// Causes that are there from the start, as 0: of a series that begins with 1, Prometheus does
/// not see the first increase.
const LOST: &[Code] = &[Code::ChannelLost, Code::Recycled, Code::TokenExpired];
const NOT_OPENED: &[Code] = &[
    Code::AzureTimedOut,
    Code::AzureUnreachable,
    Code::NamespaceNotResolved,
    Code::ServiceUnavailable,
    Code::Unauthorized,
];
const REFUSED: &[Code] = &[
    Code::EndpointNotResolved,
    Code::EndpointRefused,
    Code::EndpointTimedOut,
    Code::EndpointUnreachable,
];
const FAILED: &[Code] = &[Code::AzureTimedOut, Code::AzureUnreachable, Code::ServiceUnavailable];

const CAUSE: &[&str] = &["code"];

/// All metrics, in the order in which they are written.
pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "hcm_build_info",
        kind: Gauge,
        labels: &["version", "os", "arch"],
        help: "The program that runs; always 1.",
        values: OfService(|facts, out| {
            let version = facts.snapshot.service.version.as_str();
            let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
            out.labelled(&[version, os, arch], 1);
        }),
    },
    Family {
        name: "hcm_ready",
        kind: Gauge,
        labels: &[],
        help: "1 while every enabled hybrid connection is connected and the service is not stopping, as /ready says.",
        values: OfService(|facts, out| out.truth(readiness(facts.snapshot).is_ok())),
    },
    Family {
        name: "hcm_draining",
        kind: Gauge,
        labels: &[],
        help: "1 while the service is stopping and waits for open streams.",
        values: OfService(|facts, out| out.truth(facts.snapshot.service.draining.is_some())),
    },
    Family {
        name: "hcm_service_fault",
        kind: Gauge,
        labels: CAUSE,
        help: "1 for each thing that is wrong with the service as a whole.",
        values: OfService(|facts, out| {
            let faults = facts.snapshot.service.faults.iter();
            let codes: BTreeSet<_> = faults.map(|fault| fault.code).collect();
            codes.into_iter().for_each(|code| out.labelled(&[code.as_str()], 1));
        }),
    },
    Family {
        name: "hcm_upgrade_available",
        kind: Gauge,
        labels: &[],
        help: "1 if there is a newer release.",
        values: OfService(|facts, out| {
            let upgrade = facts.snapshot.service.upgrade.as_ref();
            out.truth(upgrade.is_some_and(|upgrade| upgrade.release.is_some()));
        }),
    },
    Family {
        name: "hcm_connection_up",
        kind: Gauge,
        labels: &[],
        help: "1 while Azure hands streams to this listener.",
        values: OfConnection(|one, out| {
            out.truth(one.view.status.label() == StatusLabel::Connected);
        }),
    },
    Family {
        name: "hcm_connection_enabled",
        kind: Gauge,
        labels: &[],
        help: "1 if it is to be connected, 0 if somebody has disabled it.",
        values: OfConnection(|one, out| out.truth(one.view.desired == Desired::Enabled)),
    },
    Family {
        name: "hcm_connection_state",
        kind: Gauge,
        labels: &["state"],
        help: "1 for the state that it is in, 0 for the others.",
        values: OfConnection(|one, out| {
            let label = one.view.status.label();
            for (state, word) in STATES {
                out.labelled(&[word], u8::from(state == label));
            }
        }),
    },
    Family {
        name: "hcm_connection_fault",
        kind: Gauge,
        labels: CAUSE,
        help: "1 for what keeps it from being connected.",
        values: OfConnection(|one, out| {
            if let Some(fault) = one.view.status.fault() {
                out.labelled(&[fault.code.as_str()], 1);
            }
        }),
    },
    Family {
        name: "hcm_connection_azure_listeners",
        kind: Gauge,
        labels: &[],
        help: "Listeners of all machines as Azure counts them; not there while that is not known.",
        values: OfConnection(|one, out| {
            let azure = one.view.azure.as_ref();
            azure.and_then(|azure| azure.listener_count).into_iter().for_each(|it| out.value(it));
        }),
    },
    Family {
        name: "hcm_connection_endpoint_reachable",
        kind: Gauge,
        labels: &[],
        help: "1 if the endpoint answered when it was last dialled; not there before that.",
        values: OfConnection(|one, out| {
            let last = one.view.reachability.as_ref();
            last.into_iter().for_each(|last| out.truth(last.fault.is_none()));
        }),
    },
    Family {
        name: "hcm_connection_channels_opened_total",
        kind: Counter,
        labels: &[],
        help: "Channels to Azure that were opened.",
        values: OfConnection(|one, out| out.value(one.counters.meters().opened.read())),
    },
    Family {
        name: "hcm_connection_channel_failures_total",
        kind: Counter,
        labels: CAUSE,
        help: "Attempts to open a channel to Azure that failed, by cause.",
        values: OfConnection(|one, out| {
            by_code(&one.counters.meters().not_opened, NOT_OPENED, out);
        }),
    },
    Family {
        name: "hcm_connection_reconnects_total",
        kind: Counter,
        labels: CAUSE,
        help: "Open channels to Azure that were lost, and had to be opened anew, by cause.",
        values: OfConnection(|one, out| by_code(&one.counters.meters().lost, LOST, out)),
    },
    Family {
        name: "hcm_connection_token_renewals_total",
        kind: Counter,
        labels: &[],
        help: "Tokens that were renewed on an open channel.",
        values: OfConnection(|one, out| out.value(one.counters.meters().renewed.read())),
    },
    Family {
        name: "hcm_connection_token_renewal_failures_total",
        kind: Counter,
        labels: &[],
        help: "Tokens that could not be renewed on an open channel.",
        values: OfConnection(|one, out| out.value(one.counters.meters().not_renewed.read())),
    },
    Family {
        name: "hcm_connection_streams",
        kind: Gauge,
        labels: &[],
        help: "Streams that are open.",
        values: OfConnection(|one, out| out.value(one.traffic.active_streams)),
    },
    Family {
        name: "hcm_connection_streams_opened_total",
        kind: Counter,
        labels: &[],
        help: "Streams that were opened.",
        values: OfConnection(|one, out| out.value(one.traffic.total_streams)),
    },
    Family {
        name: "hcm_connection_streams_refused_total",
        kind: Counter,
        labels: CAUSE,
        help: "Streams that this machine refused, by cause.",
        values: OfConnection(|one, out| by_code(&one.counters.meters().refused, REFUSED, out)),
    },
    Family {
        name: "hcm_connection_streams_failed_total",
        kind: Counter,
        labels: CAUSE,
        help: "Streams that came to nothing between Azure and this machine, by cause.",
        values: OfConnection(|one, out| by_code(&one.counters.meters().failed, FAILED, out)),
    },
    Family {
        name: "hcm_connection_carried_bytes_total",
        kind: Counter,
        labels: &["direction"],
        help: "Bytes that streams have carried.",
        values: OfConnection(|one, out| {
            out.labelled(&["to-endpoint"], one.traffic.bytes_to_endpoint);
            out.labelled(&["to-azure"], one.traffic.bytes_to_azure);
        }),
    },
    Family {
        name: "hcm_connection_dial_seconds",
        kind: Histogram,
        labels: &[],
        help: "How long the endpoint took to answer, for each stream for which it did.",
        values: OfConnection(|one, out| out.histogram(&one.counters.meters().dial.read())),
    },
    Family {
        name: "hcm_connection_rendezvous_seconds",
        kind: Histogram,
        labels: &[],
        help: "How long streams took from their announcement until both sides were there, the dial included.",
        values: OfConnection(|one, out| out.histogram(&one.counters.meters().rendezvous.read())),
    },
    Family {
        name: "process_start_time_seconds",
        kind: Gauge,
        labels: &[],
        help: "When the service started, in Unix time.",
        values: OfService(|facts, out| {
            out.value(facts.snapshot.service.started.as_duration().as_secs_f64());
        }),
    },
    Family {
        name: "process_cpu_seconds_total",
        kind: Counter,
        labels: &[],
        help: "Processor time of the service.",
        values: OfService(|facts, out| {
            facts.usage.cpu.into_iter().for_each(|cpu| out.value(cpu.as_secs_f64()));
        }),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: Gauge,
        labels: &[],
        help: "Memory that the service has in use.",
        values: OfService(|facts, out| {
            facts.usage.resident.into_iter().for_each(|it| out.value(it))
        }),
    },
    Family {
        name: "process_open_fds",
        kind: Gauge,
        labels: &[],
        help: "Files and sockets that the service has open.",
        values: OfService(|facts, out| {
            facts.usage.open_files.into_iter().for_each(|it| out.value(it))
        }),
    },
    Family {
        name: "process_max_fds",
        kind: Gauge,
        labels: &[],
        help: "Files and sockets that it may have open.",
        values: OfService(|facts, out| {
            facts.most_files.into_iter().for_each(|most| out.value(most))
        }),
    },
];

/// Whether every enabled hybrid connection is connected and will stay so.
///
/// # Errors
/// Why not, in one line.
pub(super) fn readiness(snapshot: &Snapshot) -> Result<(), String> {
    if snapshot.service.draining.is_some() {
        return Err("the service is stopping".to_owned());
    }
    Health::of(snapshot, None).not_ready().map_or(Ok(()), Err)
}

/// All metrics in `format`. A metric of which nothing is known, or nothing there, is left out.
pub(super) fn page(facts: &Facts<'_>, format: Format) -> String {
    let connections: Vec<_> =
        facts.snapshot.connections.iter().map(|view| one(view, facts.registry)).collect();
    let mut page = Page::new(format);
    for family in FAMILIES {
        let mut samples = page.metric(family.name, family.kind, family.labels, family.help);
        match family.values {
            OfService(tell) => tell(facts, &mut samples),
            OfConnection(tell) => {
                for one in &connections {
                    let [namespace, name] = OF_CONNECTION;
                    samples.of(&[(namespace, &one.namespace), (name, one.view.id.name())]);
                    tell(one, &mut samples);
                }
            }
        }
    }
    page.end()
}

fn one<'a>(view: &'a ConnectionView, registry: &Registry) -> One<'a> {
    let namespace = view.id.namespace().to_string();
    let counters = registry.counters(&view.id);
    // What programs see is up to a second old.
    let traffic = counters.as_ref().map_or(view.traffic, |counters| counters.read());
    One { view, namespace, traffic, counters: counters.unwrap_or_default() }
}

/// A sample for each cause that has been or is told from the start.
fn by_code(counts: &ByCode, from_the_start: &[Code], out: &mut Samples<'_>) {
    let mut counts = counts.read();
    for code in from_the_start {
        counts.entry(*code).or_default();
    }
    for (code, count) in counts {
        out.labelled(&[code.as_str()], count);
    }
}
