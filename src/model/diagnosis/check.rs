//! The checks.

use serde::{Deserialize, Serialize};

macro_rules! check_names {
    ($( $(#[$doc:meta])* $name:ident = $text:literal, $title:literal, $ok:literal; )*) => {
        /// A check. What stands first is the cause of what fails behind it.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum CheckName {
            $( $(#[$doc])* #[serde(rename = $text)] $name, )*
        }

        impl CheckName {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The stable text form, `namespace-dns` for example.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// What is looked at, in a few words.
            pub fn title(self) -> &'static str {
                match self { $( Self::$name => $title, )* }
            }

            /// What is so when all is well, in one sentence without a full stop.
            pub fn ok(self) -> &'static str {
                match self { $( Self::$name => $ok, )* }
            }
        }
    };
}

check_names! {
    /// Whether the service runs, which version, and what it says of itself.
    Service = "service", "Service",
        "The service runs, and nothing is wrong with it as a whole";
    /// Whether the policy of this machine allows the connection.
    Policy = "policy", "Policy of this machine",
        "The policy of this machine allows it";
    /// Which proxy is used, and whether it opens the way.
    Proxy = "proxy", "Proxy",
        "The way to Azure is known";
    /// The addresses of the namespace.
    NamespaceDns = "namespace-dns", "DNS of the namespace",
        "The name of the namespace leads to addresses";
    /// TCP to the namespace.
    NamespaceTcp = "namespace-tcp", "TCP to the namespace",
        "The namespace takes connections";
    /// This machine's clock against Azure's.
    Clock = "clock", "Clock",
        "This machine's clock is right";
    /// Whose certificate the namespace shows.
    NamespaceTls = "namespace-tls", "TLS to the namespace",
        "The certificate of the namespace is trusted";
    /// Whether Azure takes this listener.
    Listen = "listen", "Listener",
        "Azure takes this listener";
    /// What Azure says of the hybrid connection.
    Management = "management", "Hybrid connection in Azure",
        "Azure knows the hybrid connection and its endpoint";
    /// The gateways to which each stream goes.
    Gateways = "gateways", "Gateways",
        "The gateways that were tried can be reached";
    /// What can be known of the endpoint by its name and port.
    EndpointName = "endpoint-name", "Endpoint",
        "Nothing is wrong with the name and the port of the endpoint";
    /// The addresses of the endpoint.
    EndpointDns = "endpoint-dns", "DNS of the endpoint",
        "The name of the endpoint leads to addresses";
    /// TCP to the endpoint.
    EndpointTcp = "endpoint-tcp", "TCP to the endpoint",
        "The endpoint takes connections";
    /// Listeners on other machines.
    Listeners = "listeners", "Other listeners",
        "No other machine takes streams of this hybrid connection";
    /// Other software that gets in the way.
    Conflicts = "conflicts", "Other software",
        "No software was found that gets in the way";
    /// A check of a newer service; none of this one.
    #[serde(other)]
    Other = "other", "Another check",
        "A check that this version does not know";
}

impl std::fmt::Display for CheckName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
