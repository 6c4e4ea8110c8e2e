//! The list as rows for a spreadsheet or a firewall's import (RFC 4180): one for each address,
//! and one for each host without any.

use super::{FirewallList, text};

pub(super) fn render(list: &FirewallList) -> String {
    let ports = text::ports(list);
    // A field with a comma in it stands in quotes.
    let ports = if ports.contains(',') { format!("\"{ports}\"") } else { ports };
    let mut rows = "Host,Kind,Protocol,Port,Address,State\r\n".to_owned();
    for (place, host) in list.hosts.iter().enumerate() {
        let kind = if place == 0 { "namespace" } else { "gateway" };
        let (name, state) = (&host.name, host.found.as_str());
        for address in host.found.addresses() {
            rows.push_str(&format!("{name},{kind},TCP,{ports},{address},{state}\r\n"));
        }
        if host.found.addresses().is_empty() {
            rows.push_str(&format!("{name},{kind},TCP,{ports},,{state}\r\n"));
        }
    }
    rows
}
