use std::sync::Arc;

use tokio::net::TcpListener;

use super::*;
use crate::model::{Endpoint, FaultCode, Proxies, ProxyChoice};
use crate::reach::lookup::{LookUp, Resolved, Unresolved};

fn leads_to(addresses: &'static [&'static str]) -> LookUp {
    Arc::new(move |name| {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Box::pin(async { Ok(Resolved { canonical: Some(name), addresses }) })
    })
}

async fn probe(host: &str, port: u16, names: &LookUp) -> (Probe, Vec<Step>) {
    let mut told = Vec::new();
    let target = Endpoint::new(host, port);
    let probe = endpoint(&target, names, &mut |step| told.push(step.clone())).await;
    (probe, told)
}

fn outcome<'a>(probe: &'a Probe, target: &str) -> Result<&'a Seen, FaultCode> {
    let step = probe.steps.iter().find(|step| step.trial.target() == target);
    step.unwrap_or_else(|| panic!("{probe:?}")).outcome.as_ref().map_err(|fault| fault.code)
}

#[tokio::test]
async fn every_address_is_tried_and_one_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let names = leads_to(&["127.0.0.2", "127.0.0.1"]);
    let (probe, told) = probe("sql01.corp", port, &names).await;
    assert_eq!((&probe.fault, &told), (&None, &probe.steps));
    let Ok(Seen::Addresses { addresses, canonical: None }) = outcome(&probe, "sql01.corp") else {
        panic!("{probe:?}")
    };
    assert_eq!(addresses.len(), 2);
    assert_eq!(outcome(&probe, &format!("127.0.0.1:{port}")), Ok(&Seen::Open));
    let refused = outcome(&probe, &format!("127.0.0.2:{port}"));
    assert_eq!(refused, Err(FaultCode::EndpointRefused));
    assert!(probe.took() > Duration::ZERO);
}

#[tokio::test]
async fn what_says_most_is_the_fault() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for addresses in [&["127.0.0.1", "255.255.255.255"], &["255.255.255.255", "127.0.0.1"]] {
        let (probe, _) = probe("sql01.corp", port, &leads_to(addresses)).await;
        let fault = probe.fault.unwrap();
        assert_eq!(fault.code, FaultCode::EndpointRefused);
        assert_eq!(fault.detail, format!("127.0.0.1:{port} refused the connection"));
    }
    let (probe, _) = probe("127.0.0.1", port, &leads_to(&[])).await;
    assert_eq!(probe.steps.len(), 1, "an address is not looked up: {probe:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_leads_nowhere_is_told_from_a_dns_that_is_silent() {
    let unknown: LookUp = Arc::new(|_| Box::pin(async { Err(Unresolved::Unknown) }));
    let (told, _) = probe("sql01.corp", 1433, &unknown).await;
    let fault = told.fault.unwrap();
    assert_eq!(fault.code, FaultCode::EndpointNotResolved);
    assert_eq!(fault.detail, "sql01.corp: no such name");
    let silent: LookUp = Arc::new(|_| Box::pin(std::future::pending()));
    let (told, steps) = probe("sql01.corp", 1433, &silent).await;
    let detail = told.fault.unwrap().detail;
    assert_eq!(detail, "sql01.corp: the resolver did not answer within 10 s");
    assert_eq!(steps[0].took, Duration::from_secs(10));
}

#[tokio::test]
async fn the_steps_to_a_namespace_end_at_the_first_that_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = crate::model::NamespaceAddress::new("contoso.servicebus.windows.net", port);
    let hanging_up = tokio::spawn(async move { drop(listener.accept().await) });
    let names = leads_to(&["127.0.0.1"]);
    let probe = namespace(&address, &Way::default(), &names, &mut |_| {}).await;
    hanging_up.await.unwrap();
    let trials: Vec<_> = probe.steps.iter().map(|step| step.trial.as_str()).collect();
    assert_eq!(trials, ["dns", "tcp", "tls"]);
    assert_eq!(probe.fault.unwrap().code, FaultCode::TlsFailed);

    let names: LookUp = Arc::new(|_| Box::pin(async { Err(Unresolved::Unknown) }));
    let proxy = format!("127.0.0.1:{port}").parse().unwrap();
    let way = Way { proxies: Proxies::of(&ProxyChoice::Through(proxy)), extra_ca: None };
    let probe = namespace(&address, &way, &names, &mut |_| {}).await;
    let trials: Vec<_> = probe.steps.iter().map(|step| step.trial.as_str()).collect();
    assert_eq!(trials, ["dns", "proxy"], "a proxy looks names up itself");
    assert_eq!(probe.fault.unwrap().code, FaultCode::ProxyUnreachable);
}
