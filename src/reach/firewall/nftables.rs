//! Sets and a chain for `nft -f`, which hold what is of now each time it is read. They are in
//! the table `inet filter`: a set is known in its own table alone, and a chain of another table
//! could not let out what that one drops.

use std::net::IpAddr;

use super::{FirewallList, text};

const TABLE: &str = "inet filter";

pub(super) fn render(list: &FirewallList) -> String {
    let addresses = list.addresses();
    if addresses.is_empty() {
        return String::new();
    }
    let chain = format!("hcm_{}", list.label().replace('-', "_"));
    let ports = text::ports(list).replace(',', ", ");
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv4);
    let mut file = String::new();
    for remark in text::remarks(list) {
        file.push_str(&format!("# {remark}\n"));
    }
    file.push_str(&format!(
        "# Read it with nft -f, again whenever it is made anew. Once, where the chain output of the\n\
         # table {TABLE} drops or rejects, before it does so:\n\
         #   nft insert rule {TABLE} output jump {chain}\n\
         # DNS has to be let out besides.\n"
    ));
    file.push_str(&format!("add table {TABLE}\n"));
    for (suffix, kind, addresses) in [("v4", "ipv4_addr", &v4), ("v6", "ipv6_addr", &v6)] {
        let set = format!("{chain}_{suffix}");
        file.push_str(&format!("add set {TABLE} {set} {{ type {kind}; }}\n"));
        file.push_str(&format!("flush set {TABLE} {set}\n"));
        if !addresses.is_empty() {
            let elements: Vec<_> = addresses.iter().map(|it| format!("    {it}")).collect();
            file.push_str(&format!("add element {TABLE} {set} {{\n{}\n}}\n", elements.join(",\n")));
        }
    }
    file.push_str(&format!("add chain {TABLE} {chain}\nflush chain {TABLE} {chain}\n"));
    for (family, suffix) in [("ip", "v4"), ("ip6", "v6")] {
        file.push_str(&format!(
            "add rule {TABLE} {chain} {family} daddr @{chain}_{suffix} tcp dport {{ {ports} }} accept\n"
        ));
    }
    file
}
