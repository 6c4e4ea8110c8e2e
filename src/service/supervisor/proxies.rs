//! Which proxy is on the way to Azure: what the settings, the environment and the system say, and
//! what programs see of it.

use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::Supervisor;
use crate::http::surroundings;
use crate::model::proxies::{ProxyProblem, ProxySource};
use crate::model::{Fault, FaultCode, Proxies, ProxyChoice};
use crate::service::hub::Hub;

impl Supervisor {
    /// Reads again what the system says of proxies; a change counts for all that is opened from now
    /// on.
    pub(super) async fn reread_proxies(&self) {
        // Held, so that no setting changes meanwhile.
        let state = self.state.lock().await;
        let proxies = all(&state.settings.network.proxy).await;
        let network = self.network.borrow().clone();
        if *network.proxies() != proxies {
            show(&proxies, &self.hub);
            self.network.send_replace(network.through(proxies));
        }
    }
}

/// The proxies of all sources as they are now, with `choice` of the settings.
pub(super) async fn all(choice: &ProxyChoice) -> Proxies {
    let (choice, set) = (choice.clone(), Proxies::of(choice));
    spawn_blocking(move || surroundings::proxies(&choice)).await.unwrap_or(set)
}

/// Makes what programs see of the service say which proxy is in use, and what is wrong with what
/// names one.
pub(super) fn show(proxies: &Proxies, hub: &Hub) {
    let in_use = proxies.in_use();
    info!("the proxy on the way to Azure: {in_use}");
    let faults: Vec<Fault> = proxies.problems().iter().map(ProxyProblem::fault).collect();
    for fault in &faults {
        warn!(code = %fault.code, "{fault}");
    }
    let in_use = (in_use.source != ProxySource::Nobody).then(|| Box::new(in_use));
    hub.update_service(|service| {
        let of_proxies = [FaultCode::ProxyUnusable, FaultCode::ProxyScript];
        service.faults.retain(|fault| !of_proxies.contains(&fault.code));
        service.faults.extend(faults);
        service.proxy = in_use;
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::proxies::SystemProxy;
    use crate::model::sample;

    #[test]
    fn programs_see_which_proxy_is_used_and_what_is_wrong() {
        let hub = Hub::new(sample::service());
        let before = hub.snapshot().service;
        let named = |value: &'static str| {
            Proxies::default()
                .or_environment(move |name| (name == "HTTPS_PROXY").then(|| value.to_owned()))
        };
        show(&named("http://me:c2Vj@p:1"), &hub);
        let service = hub.snapshot().service;
        assert_eq!(service.proxy.unwrap().proxy.unwrap(), "http://me:***@p:1");
        assert_eq!(service.faults, before.faults);

        show(&named("gopher://p"), &hub);
        let service = hub.snapshot().service;
        assert_eq!(service.faults.last().unwrap().code, FaultCode::ProxyUnusable);
        assert_eq!(service.proxy.unwrap().proxy, None);
        let script = SystemProxy { script: "http://wpad/x.pac".into(), ..SystemProxy::default() };
        show(&Proxies::default().or_system(&script), &hub);
        let service = hub.snapshot().service;
        assert_eq!(service.faults.len(), before.faults.len() + 1, "the other one is gone");
        assert_eq!(service.faults.last().unwrap().code, FaultCode::ProxyScript);
        assert_eq!(service.proxy, None);
        show(&Proxies::default(), &hub);
        assert_eq!(hub.snapshot().service, before);
    }
}
