//! What is wrong, looked for by the service: each check is told as it comes, and the cause
//! stands first.

use std::time::{Duration, Instant};

use hybrid_connection_manager::emulator::{EmulatorConfig, InjectedFault};
use hybrid_connection_manager::ipc::protocol::{Access, ErrorCode, Request, Response};
use hybrid_connection_manager::ipc::{Client, Push};
use hybrid_connection_manager::model::diagnosis::{NoteCode, Verdict, cause};
use hybrid_connection_manager::model::{
    CheckName, CheckReport, Diagnosis, DiagnosisStep, FaultCode,
};
use hybrid_connection_manager::platform::Paths;

use crate::bed::{Bed, DownEndpoint, Endpoint, NAME, NAMESPACE, within};
#[cfg(unix)]
use crate::cli_pty::Terminal;
use crate::cli_support::{Ran, hcm_in};

fn diagnose() -> Request {
    let connection = Some(format!("{NAMESPACE}/{NAME}").parse().unwrap());
    Request::Diagnose { connection, all_gateways: false }
}

async fn look(bed: &mut Bed) -> Diagnosis {
    match bed.host.request(diagnose()).await.unwrap() {
        Response::Diagnosed { diagnosis } => *diagnosis,
        other => panic!("{other:?}"),
    }
}

fn of(diagnosis: &Diagnosis, check: CheckName) -> &CheckReport {
    diagnosis.reports.iter().find(|report| report.check == check).unwrap()
}

/// The check that is named as the cause, with its fault.
fn named(diagnosis: &Diagnosis) -> Option<(CheckName, Option<FaultCode>)> {
    let cause = cause(&diagnosis.reports)?;
    Some((cause.check, cause.fault.as_ref().map(|fault| fault.code)))
}

#[tokio::test]
async fn a_healthy_connection_is_told_step_by_step_and_left_alone() {
    let mut bed = Bed::connected().await;
    let paths = Paths::in_home(bed.host.home.path()).unwrap();
    let mut client = Client::connect(&paths.channel, "test").await.unwrap();
    let listener = bed.tracking_id();
    let start = Instant::now();
    let answer = within(client.request(diagnose())).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let Response::Diagnosed { diagnosis } = answer else { panic!("{answer:?}") };
    // All of it came before the answer.
    let mut told = Vec::new();
    let mut announced = Vec::new();
    while told.len() < diagnosis.reports.len() {
        match within(client.next()).await.unwrap() {
            Push::Diagnosis { connection, step: DiagnosisStep::Begun { checks } } => {
                assert_eq!((connection, told.len()), (diagnosis.connection.clone(), 0));
                announced = checks;
            }
            Push::Diagnosis { step: DiagnosisStep::Checked { report }, .. } => told.push(*report),
            other => panic!("{other:?}"),
        }
    }
    announced.sort();
    told.sort_by_key(|report| report.check);
    assert_eq!(told, diagnosis.reports);
    assert_eq!(told.iter().map(|report| report.check).collect::<Vec<_>>(), announced);
    let failed: Vec<_> = told.iter().filter(|one| one.verdict == Verdict::Failed).collect();
    assert_eq!(failed, Vec::<&CheckReport>::new());
    let listen = of(&diagnosis, CheckName::Listen);
    assert_eq!(listen.notes[0].code, NoteCode::ListenerConnected);
    // The endpoint of this bed is an address of this machine, which is worth a word.
    assert_eq!(named(&diagnosis), Some((CheckName::EndpointName, None)));
    assert_eq!(bed.tracking_id(), listener, "no second listener, and the same channel");
    assert_eq!(bed.host.view(NAME).await.traffic.total_streams, 0);
    bed.end().await;
}

#[tokio::test]
async fn a_key_that_was_regenerated_is_named() {
    let mut bed = Bed::connected().await;
    // The listener goes on with its token; Azure's management address says it first.
    bed.emulator.regenerate_keys(NAMESPACE, Some(NAME), "defaultListener").unwrap();
    let looked = look(&mut bed).await;
    assert_eq!(named(&looked), Some((CheckName::Management, Some(FaultCode::Unauthorized))));
    assert_eq!(of(&looked, CheckName::EndpointTcp).verdict, Verdict::Ok);
    bed.inject(InjectedFault::Drop { streams: false });
    bed.host.until_fault(NAME, FaultCode::Unauthorized).await;
    let looked = look(&mut bed).await;
    assert_eq!(named(&looked), Some((CheckName::Listen, Some(FaultCode::Unauthorized))));
    bed.end().await;
}

#[tokio::test]
async fn what_is_gone_is_named() {
    let mut bed = Bed::connected().await;
    bed.emulator.remove_hybrid_connection(NAMESPACE, NAME).unwrap();
    let looked = look(&mut bed).await;
    assert_eq!(named(&looked), Some((CheckName::Listen, Some(FaultCode::NotFound))));

    let port = bed.emulator.port();
    within(bed.emulator.shutdown()).await;
    let Response::Diagnosed { diagnosis } = bed.host.request(diagnose()).await.unwrap() else {
        panic!()
    };
    let expected = (CheckName::NamespaceTcp, Some(FaultCode::AzureUnreachable));
    assert_eq!(named(&diagnosis), Some(expected));
    let tcp = of(&diagnosis, CheckName::NamespaceTcp);
    assert!(tcp.facts[0].value.contains(&port.to_string()), "{tcp:?}");
    for check in [CheckName::Clock, CheckName::NamespaceTls, CheckName::Listen] {
        assert_eq!(of(&diagnosis, check).because, Some(CheckName::NamespaceTcp), "{check}");
    }
    bed.host.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_is_down_and_a_firewall_of_azure_are_named() {
    let down = DownEndpoint::bind();
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &down.address());
    let mut bed = Bed::of(config, Endpoint::bind().await).await;
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_connected(NAME).await;
    let looked = look(&mut bed).await;
    assert_eq!(named(&looked), Some((CheckName::EndpointTcp, Some(FaultCode::EndpointRefused))));

    bed.inject(InjectedFault::IpFirewall { times: None });
    bed.inject(InjectedFault::Drop { streams: false });
    bed.host.until_fault(NAME, FaultCode::IpBlocked).await;
    let looked = look(&mut bed).await;
    assert_eq!(named(&looked), Some((CheckName::Listen, Some(FaultCode::IpBlocked))));
    bed.end().await;
}

#[tokio::test]
async fn one_that_is_switched_off_says_so_and_one_that_waits_is_tried() {
    let mut bed = Bed::connected().await;
    let connection = || format!("{NAMESPACE}/{NAME}").parse().unwrap();
    bed.host.request(Request::DisableConnection { connection: connection() }).await.unwrap();
    let looked = look(&mut bed).await;
    assert_eq!(named(&looked), Some((CheckName::Listen, None)));
    let listen = of(&looked, CheckName::Listen);
    assert_eq!(listen.notes[0].code, NoteCode::ConnectionDisabled);

    let refused = InjectedFault::RefuseListens {
        status: 403,
        reason: "Listen claim is required".to_owned(),
        times: Some(1),
    };
    bed.inject(refused);
    bed.host.request(Request::EnableConnection { connection: connection() }).await.unwrap();
    bed.host.until_fault(NAME, FaultCode::Forbidden).await;
    // Its next attempt is a minute away, and succeeds.
    let looked = look(&mut bed).await;
    let listen = of(&looked, CheckName::Listen);
    assert_eq!((listen.verdict, listen.notes[0].code), (Verdict::Ok, NoteCode::ListenerTried));
    bed.host.until_connected(NAME).await;
    bed.end().await;
}

#[tokio::test]
async fn without_a_connection_this_machine_is_looked_at_and_an_unknown_one_is_refused() {
    let mut bed = Bed::start().await;
    let request = Request::Diagnose { connection: None, all_gateways: false };
    let Response::Diagnosed { diagnosis } = bed.host.request(request).await.unwrap() else {
        panic!()
    };
    let checks: Vec<_> = diagnosis.reports.iter().map(|report| report.check).collect();
    assert_eq!(checks, [CheckName::Service, CheckName::Conflicts]);
    assert_eq!(bed.host.refused(diagnose()).await, ErrorCode::NotFound);
    assert!(!Access::ReadStatus.allows(&diagnose()));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hcm_says_the_cause_first_and_all_of_it_as_json_and_in_a_file() {
    let down = DownEndpoint::bind();
    let config = EmulatorConfig::new().hybrid_connection(NAMESPACE, NAME, &down.address());
    let mut bed = Bed::of(config, Endpoint::bind().await).await;
    bed.host.add(&bed.emulator, NAME).await;
    bed.host.until_connected(NAME).await;
    let home = bed.host.home.path().to_owned();
    let name = format!("{NAMESPACE}/{NAME}");
    let hcm = |arguments: &[&str]| Ran::of(hcm_in(&home, arguments).spawn().unwrap());
    let ran = hcm(&["doctor", &name]).await;
    let first = ran.expect(17).out.lines().next().unwrap();
    assert!(first.starts_with(&name) && first.ends_with("[endpoint-refused]"), "{first}");
    assert!(ran.out.contains("\n  → Check that the program is running"), "{ran:?}");
    let ran = hcm(&["doctor", "-o", "json"]).await;
    let json = ran.expect(17).json();
    assert_eq!(json[0]["Cause"], "endpoint-tcp");
    assert_eq!(json[0]["Checks"].as_array().unwrap().len(), 15);
    let file = home.join("report.txt");
    let ran = hcm(&["doctor", &name, "--report", file.to_str().unwrap()]).await;
    assert!(ran.expect(17).err.contains("keys and passwords are not"), "{ran:?}");
    let report = tokio::fs::read_to_string(&file).await.unwrap();
    for part in
        ["Names and addresses of this network are in it", "log.level = info", &down.address()]
    {
        assert!(report.contains(part), "{part}: {report}");
    }
    let string = bed.emulator.connection_string(NAMESPACE, NAME, "defaultListener").unwrap();
    let key = string.expose().split("SharedAccessKey=").nth(1).unwrap().split(';').next().unwrap();
    assert!(key.len() > 20 && !report.contains(key));
    hcm(&["doctor", "contoso/nothing"]).await.expect(4);
    bed.end().await;

    let ran = hcm(&["doctor"]).await;
    let first = ran.expect(3).out.lines().next().unwrap();
    assert!(first.contains("The service does not run"), "{first}");
    assert!(first.ends_with("[service-not-running]"), "{first}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_sees_each_check_as_it_comes_and_is_given_back_on_ctrl_c() {
    let bed = Bed::connected().await;
    bed.inject(InjectedFault::BlackHole);
    let name = format!("{NAMESPACE}/{NAME}");
    let terminal = Terminal::of(hcm_in(bed.host.home.path(), &["doctor", &name]), 100, 40);
    let raw = terminal.until(|raw| raw.contains("The namespace takes connections")).await;
    assert!(!raw.contains("did not answer the TLS handshake"), "{raw}");
    terminal.interrupt();
    let (code, raw) = terminal.end().await;
    assert_eq!(code, Some(130), "{raw}");
    assert!(raw.contains("\u{1b}[?25h") && raw.contains("interrupted"), "{raw}");
    bed.end().await;
}
