//! A rule collection group of an Azure Firewall policy, as a template of Azure Resource Manager:
//! `az deployment group create` takes it as it is. Its rules are by name, so it has the hosts
//! without an address too.

use serde_json::{Value, json};

use super::{FirewallList, Home};

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

pub(super) fn render(list: &FirewallList) -> String {
    let group = format!("hybrid-connections-{}", list.label());
    let names: Vec<_> = match list.home {
        Home::Stamp(_) => list.hosts.iter().map(|host| host.name.clone()).collect(),
        // Whatever the gateways are.
        _ => vec![list.wildcard()],
    };
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
                "ruleCollections": [{
                    "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
                    "name": group,
                    "priority": 100,
                    "action": { "type": "Allow" },
                    "rules": rules(list, &names),
                }]
            }
        }]
    });
    format!("{template:#}\n")
}

fn rules(list: &FirewallList, names: &[String]) -> Value {
    json!([{
        "ruleType": "ApplicationRule",
        "name": "namespace-and-gateways",
        "description": format!("Azure Relay of {}", list.namespace.host()),
        "protocols": [{ "protocolType": "Https", "port": list.namespace.port() }],
        "sourceAddresses": "[parameters('sourceAddresses')]",
        "targetFqdns": names,
        "terminateTLS": false,
    }])
}
