//! The list for people.

use super::{FirewallList, Found, Gap, Home, Host};

pub(super) fn render(list: &FirewallList) -> String {
    let mut text = String::new();
    for remark in remarks(list) {
        text.push_str(&format!("# {remark}\n"));
    }
    text.push('\n');
    let ports = ports(list);
    let longest = list.hosts.iter().map(|host| host.name.len()).max().unwrap_or_default();
    for host in &list.hosts {
        text.push_str(&format!("{:<longest$}  TCP {ports}  {}\n", host.name, addresses(host)));
    }
    text
}

/// `443`, or `443,9400-9599`.
pub(super) fn ports(list: &FirewallList) -> String {
    let written = list.ports().into_iter().map(|range| match range.start() == range.end() {
        true => range.start().to_string(),
        false => format!("{}-{}", range.start(), range.end()),
    });
    written.collect::<Vec<_>>().join(",")
}

fn addresses(host: &Host) -> String {
    match &host.found {
        Found::Waiting => "(being looked up)".to_owned(),
        Found::Addresses(addresses) => {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        Found::Unknown => "(no such name now)".to_owned(),
        Found::Failed(_) => "(DNS gave no answer)".to_owned(),
        Found::TimedOut => "(DNS did not answer in time)".to_owned(),
    }
}

/// What is to be known about the list, a line each.
pub(super) fn remarks(list: &FirewallList) -> Vec<String> {
    let (namespace, wildcard, ports) = (list.namespace.host(), list.wildcard(), ports(list));
    let mut lines = vec![format!(
        "What has to be let out, TCP {ports}, for the hybrid connections of {namespace}. Nothing is let in."
    )];
    if list.is_private() {
        lines.push(format!(
            "Here {namespace} leads to a private endpoint ({}). A listener needs the ports 9400 to 9599 of it besides.",
            list.canonical.as_deref().unwrap_or_default()
        ));
    }
    match &list.home {
        Home::Asking => {}
        Home::Stamp(stamp) => lines.push(of_gateways(list, stamp.as_str())),
        Home::PrivateLink => lines.push(format!(
            "Which stamp {namespace} lives on, DNS tells outside of the virtual network; hcm firewall takes it as --stamp."
        )),
        Home::Untold => lines.push(format!(
            "The gateways are not known: the name that DNS gives for {namespace} ({}) tells no stamp of Azure. Allow {wildcard}, or give hcm firewall the --stamp.",
            list.canonical.as_deref().unwrap_or("none")
        )),
        Home::Unresolved => lines.push(format!(
            "The gateways are not known: {namespace} {}. Behind a proxy that may be so: then the proxy needs the list, made where DNS knows the name. Allow {wildcard}, or give hcm firewall the --stamp.",
            match list.hosts.first().map(|host| &host.found) {
                Some(Found::Unknown) => "is no name that DNS knows here",
                Some(Found::TimedOut) => "could not be looked up: DNS did not answer in time",
                _ => "could not be looked up: DNS gave no answer",
            }
        )),
    }
    if let Some(Gap::OtherStamp(told)) = list.gap() {
        lines.push(format!(
            "DNS tells another stamp for {namespace}: {told}. Without --stamp the list has the gateways of that one."
        ));
    }
    if let Some(proxy) = &list.proxy {
        lines.push(format!(
            "The way to Azure leads through a proxy ({proxy}): that one needs this list, and this machine the proxy alone."
        ));
    }
    lines.push(format!(
        "By name, one rule is enough: {wildcard}. Addresses change: a list of them is of {:.0}.",
        list.at
    ));
    lines
}

fn of_gateways(list: &FirewallList, stamp: &str) -> String {
    let counts = list.counts();
    if list.gap() == Some(Gap::NoGateway) {
        return format!(
            "Stamp {stamp}: DNS knows none of its {} gateways here. The stamp may be mistyped, or DNS knows them elsewhere.",
            counts.gateways
        );
    }
    let mut line = format!(
        "Stamp {stamp}: any of its {} gateways may be named for a stream. {} have addresses now",
        counts.gateways, counts.resolved
    );
    if counts.unknown > 0 {
        line.push_str(&format!(", {} are names that Azure may give later", counts.unknown));
    }
    if counts.failed > 0 {
        line.push_str(&format!(", of {} DNS gave no answer", counts.failed));
    }
    if counts.waiting > 0 {
        line.push_str(&format!(", {} are being looked up", counts.waiting));
    }
    line.push('.');
    line
}
