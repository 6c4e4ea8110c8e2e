//! A rule collection group of an Azure Firewall policy, as a template of Azure Resource Manager:
//! `az deployment group create` takes it as it is. Its rules are by name, so it has the hosts
//! without an address too; what is no TLS on the port of the namespace is let out by address.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{FirewallList, Home, text};

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
/// Where the rules hold for: what the person who deploys them says.
const SOURCE: &str = "[parameters('sourceAddresses')]";

pub(super) fn render(list: &FirewallList) -> String {
    let group = format!("hybrid-connections-{}", list.label());
    let names: Vec<_> = match list.home {
        Home::Stamp(_) => list.hosts.iter().map(|host| host.name.clone()).collect(),
        // Whatever the gateways are.
        _ => vec![list.wildcard()],
    };
    let mut collections = vec![collection(&group, 100, application(list, &names))];
    let addresses = list.hosts.first().map(|host| host.found.addresses()).unwrap_or_default();
    if list.is_private() && !addresses.is_empty() {
        // The rules of a collection are all of one type.
        let name = format!("{group}-private-endpoint");
        collections.push(collection(&name, 110, network(list, addresses)));
    }
    let template = json!({
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            "firewallPolicy": {
                "type": "string",
                "metadata": { "description": "Name of the firewall policy, in this resource group" }
            },
            "priority": { "type": "int", "defaultValue": 500, "minValue": 100, "maxValue": 65000 },
            "sourceAddresses": {
                "type": "array",
                "defaultValue": ["*"],
                "metadata": { "description": "Where Hybrid Connection Manager runs" }
            }
        },
        "resources": [{
            "type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
            "apiVersion": "2024-05-01",
            "name": format!("[concat(parameters('firewallPolicy'), '/{group}')]"),
            "properties": {
                "priority": "[parameters('priority')]",
                "ruleCollections": collections,
            }
        }]
    });
    format!("{template:#}\n")
}

fn collection(name: &str, priority: u32, rule: Value) -> Value {
    json!({
        "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
        "name": name,
        "priority": priority,
        "action": { "type": "Allow" },
        "rules": [rule],
    })
}

fn application(list: &FirewallList, names: &[String]) -> Value {
    json!({
        "ruleType": "ApplicationRule",
        "name": "namespace-and-gateways",
        "description": format!("Azure Relay of {}", list.namespace.host()),
        "protocols": [{ "protocolType": "Https", "port": list.namespace.port() }],
        "sourceAddresses": SOURCE,
        "targetFqdns": names,
        "terminateTLS": false,
    })
}

/// All ports of the private endpoint at `addresses`.
fn network(list: &FirewallList, addresses: &[IpAddr]) -> Value {
    let ports = text::ports(list);
    json!({
        "ruleType": "NetworkRule",
        "name": "private-endpoint",
        "description": format!("The private endpoint of {}", list.namespace.host()),
        "ipProtocols": ["TCP"],
        "sourceAddresses": SOURCE,
        "destinationAddresses": addresses,
        "destinationPorts": ports.split(',').collect::<Vec<_>>(),
    })
}
