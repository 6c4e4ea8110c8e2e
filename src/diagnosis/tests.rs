//! The whole look, by a clock of its own.

use std::sync::Mutex;

use tokio::net::TcpListener;

use super::*;
use crate::model::diagnosis::Verdict;
use crate::model::{Fault, FaultCode, NamespaceAddress, Secret};

fn subject(port: u16, endpoint: Option<Endpoint>) -> Subject {
    let namespace = NamespaceAddress::new("contoso.servicebus.localhost", port);
    Subject {
        id: ConnectionId::new(namespace, "sql"),
        credential: Some(Credential::Key {
            name: "listen".to_owned(),
            key: Secret::new("bm90IGEga2V5"),
        }),
        network: Network::new(tls::trusting_nobody()),
        extra_ca: None,
        policy: Arc::default(),
        endpoint,
        all_gateways: false,
    }
}

fn of(diagnosis: &Diagnosis, check: CheckName) -> &CheckReport {
    diagnosis.reports.iter().find(|report| report.check == check).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_network_that_swallows_everything_takes_less_than_15_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let endpoint = Endpoint::new("localhost", port);
    let told = Mutex::new(Vec::new());
    let start = Instant::now();
    let tell = |report: &CheckReport| {
        told.lock().unwrap().push((report.check, start.elapsed()));
    };
    let subject = subject(port, Some(endpoint));
    let listen = async { unreachable!("nobody listens where Azure does not answer") };
    let diagnosis = look(&subject, Vec::new(), listen, tell).await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let tls = of(&diagnosis, CheckName::NamespaceTls);
    assert_eq!(tls.fault.as_ref().unwrap().code, FaultCode::AzureTimedOut);
    let listen = of(&diagnosis, CheckName::Listen);
    assert_eq!((listen.verdict, listen.because), (Verdict::Skipped, Some(CheckName::NamespaceTls)));
    let checks: Vec<_> = diagnosis.reports.iter().map(|report| report.check).collect();
    assert_eq!(checks, OF_CONNECTION, "each once, in their order");
    // What does not hang is not held up by what does.
    let when = |check| told.lock().unwrap().iter().find(|(one, _)| *one == check).unwrap().1;
    for early in [CheckName::NamespaceTcp, CheckName::EndpointTcp, CheckName::Policy] {
        assert!(when(early) < Duration::from_secs(1), "{early}: {:?}", when(early));
    }
    assert!(when(CheckName::NamespaceTls) >= Duration::from_secs(4));
}

#[tokio::test]
async fn what_is_not_allowed_is_not_dialled() {
    let endpoint = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = endpoint.local_addr().unwrap().port();
    let mut subject = subject(1, Some(Endpoint::new("127.0.0.1", port)));
    let mut policy = Policy::at("a test");
    policy.restrict();
    subject.policy = Arc::new(policy);
    let listen = async { CheckReport::ok(CheckName::Listen) };
    let diagnosis = look(&subject, Vec::new(), listen, |_| {}).await;
    let denied = of(&diagnosis, CheckName::Policy);
    assert_eq!(denied.fault.as_ref().map(|fault| fault.code), Some(FaultCode::PolicyDenied));
    assert_eq!(of(&diagnosis, CheckName::EndpointTcp).because, Some(CheckName::Policy));
    let dialled = tokio::time::timeout(Duration::from_millis(100), endpoint.accept()).await;
    assert!(dialled.is_err(), "{dialled:?}");
}

#[tokio::test]
async fn without_a_key_what_needs_one_is_left_out() {
    let mut subject = subject(1, None);
    subject.credential = None;
    let told = CheckReport::failed(CheckName::Service, Fault::new(FaultCode::Other, ""));
    let listen = std::future::pending();
    let diagnosis = look(&subject, vec![told], listen, |_| {}).await;
    assert_eq!(diagnosis.reports[0].check, CheckName::Service);
    let tcp = of(&diagnosis, CheckName::NamespaceTcp);
    assert_eq!(tcp.fault.as_ref().unwrap().code, FaultCode::AzureUnreachable);
    let endpoint = of(&diagnosis, CheckName::EndpointTcp);
    assert_eq!(endpoint.notes[0].code, NoteCode::NoEndpoint);
}
