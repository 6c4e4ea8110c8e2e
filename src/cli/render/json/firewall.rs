//! The shape of a firewall list.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use crate::reach::firewall::{FirewallList, Found, Home};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FirewallShape<'a> {
    namespace: &'a str,
    service_bus_endpoint: &'a str,
    at: Timestamp,
    home: &'static str,
    stamp: Option<&'a str>,
    canonical_name: Option<&'a str>,
    proxy: Option<&'a str>,
    wildcard: String,
    ports: Vec<PortsShape>,
    hosts: Vec<HostShape<'a>>,
    remarks: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PortsShape {
    from: u16,
    to: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct HostShape<'a> {
    host: &'a str,
    kind: &'static str,
    state: &'static str,
    addresses: &'a [IpAddr],
    reason: Option<&'a str>,
}

impl<'a> FirewallShape<'a> {
    pub(super) fn of(list: &'a FirewallList) -> Self {
        let stamp = match &list.home {
            Home::Stamp(stamp) => Some(stamp.as_str()),
            _ => None,
        };
        let ports = list.ports().into_iter();
        let hosts = list.hosts.iter().enumerate().map(|(place, host)| HostShape {
            host: &host.name,
            kind: if place == 0 { "namespace" } else { "gateway" },
            state: host.found.as_str(),
            addresses: host.found.addresses(),
            reason: match &host.found {
                Found::Failed(words) => Some(words),
                _ => None,
            },
        });
        Self {
            namespace: list.namespace.label(),
            service_bus_endpoint: list.namespace.host(),
            at: list.at,
            home: list.home.as_str(),
            stamp,
            canonical_name: list.canonical.as_deref(),
            proxy: list.proxy.as_deref(),
            wildcard: list.wildcard(),
            ports: ports
                .map(|range| PortsShape { from: *range.start(), to: *range.end() })
                .collect(),
            hosts: hosts.collect(),
            remarks: list.remarks(),
        }
    }
}
