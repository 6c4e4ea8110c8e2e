//! A rule of Windows Firewall, in PowerShell. It knows addresses alone.

use super::{FirewallList, text};

pub(super) fn render(list: &FirewallList) -> String {
    let addresses = list.addresses();
    if addresses.is_empty() {
        return String::new();
    }
    let label = list.label();
    let name = format!("hybrid-connection-manager-{label}");
    let mut script = String::new();
    for remark in text::remarks(list) {
        script.push_str(&format!("# {remark}\r\n"));
    }
    script.push_str(
        "# For a Windows that lets nothing out by default; run as an administrator. Run again, the\r\n\
         # new rule takes the place of the old one. DNS has to be let out besides.\r\n",
    );
    script.push_str(&format!(
        "Get-NetFirewallRule -Name '{name}' -ErrorAction SilentlyContinue | Remove-NetFirewallRule\r\n"
    ));
    script.push_str("$addresses = @(\r\n");
    let last = addresses.len() - 1;
    for (place, address) in addresses.iter().enumerate() {
        let comma = if place == last { "" } else { "," };
        script.push_str(&format!("    '{address}'{comma}\r\n"));
    }
    script.push_str(")\r\n");
    let ports: Vec<_> = text::ports(list).split(',').map(|port| format!("'{port}'")).collect();
    script.push_str(&format!(
        "New-NetFirewallRule -Name '{name}' `\r\n    \
             -DisplayName 'Hybrid Connection Manager: {label}' `\r\n    \
             -Group 'Hybrid Connection Manager' `\r\n    \
             -Direction Outbound -Action Allow -Protocol TCP -RemotePort {} `\r\n    \
             -RemoteAddress $addresses\r\n",
        ports.join(", ")
    ));
    script
}
