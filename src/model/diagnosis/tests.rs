use std::collections::BTreeSet;

use super::*;
use crate::model::FaultCode;

fn failed(check: CheckName, code: FaultCode) -> CheckReport {
    CheckReport::failed(check, Fault::new(code, "seen"))
}

#[test]
fn every_name_and_note_has_a_text_of_its_own() {
    let names: BTreeSet<_> = CheckName::ALL.iter().map(|check| check.title()).collect();
    assert_eq!(names.len(), CheckName::ALL.len());
    for check in CheckName::ALL {
        assert!(!check.ok().ends_with('.'), "{check}");
        let json = serde_json::to_string(check).unwrap();
        assert_eq!(json, format!("\"{check}\""));
        assert_eq!(serde_json::from_str::<CheckName>(&json).unwrap(), *check);
    }
    let codes: BTreeSet<_> = NoteCode::ALL.iter().map(|code| code.as_str()).collect();
    let summaries: BTreeSet<_> = NoteCode::ALL.iter().map(|code| code.summary()).collect();
    assert_eq!((codes.len(), summaries.len()), (NoteCode::ALL.len(), NoteCode::ALL.len()));
    for code in NoteCode::ALL {
        assert!(code.advice().ends_with('.') && !code.summary().ends_with('.'), "{code}");
        let json = serde_json::to_string(code).unwrap();
        assert_eq!(json, format!("\"{code}\""));
        assert_eq!(serde_json::from_str::<NoteCode>(&json).unwrap(), *code);
    }
    let faults: BTreeSet<_> = FaultCode::ALL.iter().map(|code| code.as_str()).collect();
    let both: Vec<_> = codes.intersection(&faults).copied().collect();
    assert_eq!(both, ["other"], "a code means one thing");
    for fact in FactName::ALL {
        let json = serde_json::to_string(fact).unwrap();
        assert_eq!(json, format!("\"{}\"", fact.as_str()));
        assert_eq!(serde_json::from_str::<FactName>(&json).unwrap(), *fact);
    }
}

#[test]
fn what_a_newer_service_says_is_not_lost() {
    let json = r#"{"check":"phase-of-the-moon","verdict":"waning","facts":[{"name":"tide","value":"low"}]}"#;
    let report: CheckReport = serde_json::from_str(json).unwrap();
    assert_eq!((report.check, report.verdict), (CheckName::Other, Verdict::Other));
    assert_eq!(report.facts, [Fact::new(FactName::Other, "low")]);
    let step: DiagnosisStep = serde_json::from_str(r#"{"step":"paused"}"#).unwrap();
    assert_eq!(step, DiagnosisStep::Other);
}

#[test]
fn the_cause_comes_before_its_consequences() {
    use CheckName as Check;
    use FaultCode as Code;
    let clock = CheckReport::failed_as(Check::Clock, Note::new(NoteCode::ClockOff, "3600 s"));
    for (reports, expected) in [
        (
            vec![
                CheckReport::skipped(Check::NamespaceTcp, Check::NamespaceDns),
                failed(Check::NamespaceDns, Code::NamespaceNotResolved),
            ],
            vec![Check::NamespaceDns],
        ),
        (
            vec![
                failed(Check::Management, Code::ClockWrong),
                failed(Check::Listen, Code::Unauthorized),
                failed(Check::NamespaceTls, Code::TlsUntrusted),
                clock,
            ],
            vec![Check::Clock],
        ),
        (
            vec![
                failed(Check::Management, Code::Unauthorized),
                failed(Check::Listen, Code::Unauthorized),
            ],
            vec![Check::Listen],
        ),
        (
            vec![
                failed(Check::NamespaceTcp, Code::AzureTimedOut),
                failed(Check::Proxy, Code::ProxyScript),
            ],
            vec![Check::Proxy],
        ),
        (
            vec![
                failed(Check::EndpointTcp, Code::EndpointRefused),
                failed(Check::Management, Code::Unauthorized),
            ],
            vec![Check::Management, Check::EndpointTcp],
        ),
        (vec![CheckReport::ok(Check::Clock)], vec![]),
    ] {
        let found: Vec<_> = causes(&reports).iter().map(|report| report.check).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_warning_is_named_where_nothing_has_failed() {
    let warned = CheckReport::ok(CheckName::EndpointName)
        .warning(NoteCode::EndpointIsAddress, "10.0.0.5")
        .with(FactName::Endpoint, "10.0.0.5:1433");
    let reports = [CheckReport::ok(CheckName::Clock), warned.clone()];
    assert_eq!(cause(&reports), Some(&warned));
    assert_eq!(warned.meaning(), "The endpoint is an IP address and no name: 10.0.0.5");
    assert!(warned.advice().unwrap().contains("Use a DNS name"));
    assert_eq!(cause(&reports[..1]), None);
    let skipped = CheckReport::skipped(CheckName::Listen, CheckName::NamespaceTcp);
    assert_eq!(skipped.meaning(), "Not looked at, because of this: TCP to the namespace");
    assert_eq!(skipped.advice(), None);
}
