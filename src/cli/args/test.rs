//! Arguments of `test`.

use std::str::FromStr;

use clap::Args;

use crate::cli::namespace::NamespaceName;
use crate::model::{Endpoint, EndpointError};

/// What `hcm help test` says.
pub(crate) const ABOUT: &str = "\
Try whether a host and port, or a namespace, answers from here.

HOST:PORT is looked up and all its addresses are connected. A namespace, contoso or
contoso.servicebus.windows.net, is looked up and connected, says who signs its certificate, and
is asked for its root, which needs no key. Each step is shown with its time.

hcm does it by itself: with your account, from where it runs. For a namespace it takes the proxy
and the CA of the service's settings, where it may read them; where they name no proxy, that of
its own environment (HTTPS_PROXY, NO_PROXY) or of Windows. The service dials endpoints as its
own account; where that may see another network, hcm doctor asks the service.

Ends with 0 when it answers, with 7 where an endpoint does not, and with 14 where a namespace
does not.";

/// Arguments of `test`.
#[derive(Args, Debug)]
pub(crate) struct Test {
    /// What to try: sql01.corp:1433, contoso, contoso.servicebus.windows.net
    #[arg(value_name = "HOST:PORT|NAMESPACE")]
    pub(crate) target: Target,
}

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A host and port in this network.
    Endpoint(Endpoint),
    /// A namespace of Azure Relay.
    Namespace(NamespaceName),
}

/// Why a text is neither.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; a namespace is written contoso or contoso.servicebus.windows.net")]
pub(crate) struct NoTarget(EndpointError);

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        match (text.parse::<NamespaceName>(), text.parse::<Endpoint>()) {
            (Ok(namespace), _) if namespace.is_azure() => Ok(Self::Namespace(namespace)),
            (_, Ok(endpoint)) => Ok(Self::Endpoint(endpoint)),
            (Ok(namespace), Err(_)) if namespace.is_label() => Ok(Self::Namespace(namespace)),
            (_, Err(error)) => Err(NoTarget(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_a_port_is_told_from_a_namespace() {
        for text in ["sql01.corp:1433", "sql:1433", "10.0.0.5:80", "[fd00::1]:443", "contoso:443"] {
            assert!(matches!(text.parse().unwrap(), Target::Endpoint(_)), "{text}");
        }
        for text in [
            "contoso",
            "contoso.servicebus.windows.net",
            "contoso.servicebus.windows.net:443",
            "sb://contoso.servicebus.chinacloudapi.cn/",
            "x.servicebus.localhost:10443",
        ] {
            assert!(matches!(text.parse().unwrap(), Target::Namespace(_)), "{text}");
        }
        let error = "sql01.corp".parse::<Target>().unwrap_err().to_string();
        assert!(error.contains("has no port") && error.contains("contoso"), "{error}");
        assert!("a b".parse::<Target>().is_err() && "".parse::<Target>().is_err());
    }
}
