//! The endpoint: what its name and port tell, where the name leads, and whether it answers.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::board::Board;
use super::tcp;
use super::{Subject, resolve};
use crate::model::diagnosis::{FactName, Note, NoteCode};
use crate::model::{CheckName, CheckReport, Endpoint, Fault, FaultCode, is_localhost};
use crate::network::dial::Failure;
use crate::network::each::Dialled;

/// Looks at `endpoint`; nothing where it is not known.
pub(super) async fn check(subject: &Subject, endpoint: Option<&Endpoint>, board: &Board<'_>) {
    use CheckName::{EndpointDns, EndpointName, EndpointTcp};
    let policy = &subject.policy;
    let permitted = match endpoint {
        Some(endpoint) => policy.permits(endpoint),
        None => policy.permits_any(),
    };
    let is_permitted = permitted.is_ok();
    let report = match permitted {
        Ok(()) if policy.info().is_none() => {
            CheckReport::ok(CheckName::Policy).noting(NoteCode::NoPolicy, "")
        }
        Ok(()) => CheckReport::ok(CheckName::Policy),
        Err(fault) => CheckReport::failed(CheckName::Policy, fault),
    };
    board.tell(report, Duration::ZERO);
    let Some(endpoint) = endpoint else {
        for check in [EndpointName, EndpointDns, EndpointTcp] {
            let note = Note::new(NoteCode::NoEndpoint, "");
            board.tell(CheckReport::skipped_as(check, note), Duration::ZERO);
        }
        return;
    };
    board.tell(name(endpoint), Duration::ZERO);
    if !is_permitted {
        return board.skip(&[EndpointDns, EndpointTcp], CheckName::Policy);
    }
    let start = Instant::now();
    let addresses = match resolve::resolve(endpoint.host(), board).await {
        Ok(resolved) => {
            let mut report = CheckReport::ok(EndpointDns);
            if let Some(canonical) = &resolved.canonical
                && !canonical.eq_ignore_ascii_case(endpoint.host())
            {
                report = report.with(FactName::CanonicalName, canonical);
            }
            for address in &resolved.addresses {
                report = report.with(FactName::Address, address);
            }
            board.tell_since(report, start);
            resolved.addresses
        }
        Err(words) => {
            let fault = Fault::new(FaultCode::EndpointNotResolved, words);
            board.tell_since(CheckReport::failed(EndpointDns, fault), start);
            return board.skip(&[EndpointTcp], EndpointDns);
        }
    };
    let start = Instant::now();
    let dialled = tcp::dial(&addresses, endpoint.port(), board).await;
    board.tell_since(answered(endpoint, &dialled), start);
}

/// What the answers of its addresses mean.
fn answered(endpoint: &Endpoint, dialled: &[Dialled]) -> CheckReport {
    let (words, open) = (tcp::words(dialled), tcp::open(dialled));
    let mut report = if open > 0 {
        let report = CheckReport::ok(CheckName::EndpointTcp);
        // Of `localhost`, one family is enough: a stream takes the one that answers.
        match open < dialled.len() && !is_localhost(endpoint.host()) {
            true => report.warning(NoteCode::SomeAddressesFail, ""),
            false => report,
        }
    } else {
        let code = match tcp::failure(dialled) {
            Failure::Refused => FaultCode::EndpointRefused,
            Failure::TimedOut => FaultCode::EndpointTimedOut,
            Failure::Unreachable => FaultCode::EndpointUnreachable,
        };
        let detail = words.join("; ");
        CheckReport::failed(CheckName::EndpointTcp, Fault::new(code, detail))
    };
    for words in words {
        report = report.with(FactName::Connected, words);
    }
    report
}

/// What its name and port tell, before anything is asked.
fn name(endpoint: &Endpoint) -> CheckReport {
    let mut report = CheckReport::ok(CheckName::EndpointName).with(FactName::Endpoint, endpoint);
    let host = endpoint.host();
    match host.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() || address.is_unspecified() => {
            report = report.warning(NoteCode::EndpointIsLoopback, host);
        }
        Ok(_) => report = report.warning(NoteCode::EndpointIsAddress, host),
        Err(_) if is_localhost(host) => {
            report = report.warning(NoteCode::EndpointIsLoopback, host);
        }
        Err(_) => {}
    }
    let port = endpoint.port();
    if let Some(code) = hopeless(port) {
        report = report.warning(code, port.to_string());
    }
    report
}

/// Ports of protocols that one TCP connection does not carry.
fn hopeless(port: u16) -> Option<NoteCode> {
    Some(match port {
        20 | 21 | 990 => NoteCode::FtpPort,
        139 | 445 | 2049 => NoteCode::FileSharePort,
        88 | 389 | 464 | 636 | 3268 | 3269 => NoteCode::DirectoryPort,
        111 | 135 => NoteCode::RpcPort,
        53 | 67 | 69 | 123 | 137 | 138 | 161 | 162 | 500 | 514 | 1812 | 4500 => NoteCode::UdpPort,
        1434 => NoteCode::SqlBrowserPort,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnosis::Verdict;

    fn notes(text: &str) -> (Verdict, Vec<NoteCode>) {
        let report = name(&text.parse().unwrap());
        (report.verdict, report.notes.iter().map(|note| note.code).collect())
    }

    #[test]
    fn names_and_ports_that_cannot_work_are_named() {
        use NoteCode as Code;
        for (text, expected) in [
            ("10.0.0.5:1433", vec![Code::EndpointIsAddress]),
            ("[fd00::5]:443", vec![Code::EndpointIsAddress]),
            ("127.0.0.1:1433", vec![Code::EndpointIsLoopback]),
            ("0.0.0.0:1433", vec![Code::EndpointIsLoopback]),
            ("LocalHost:8080", vec![Code::EndpointIsLoopback]),
            ("sql01.corp:1434", vec![Code::SqlBrowserPort]),
            ("files:445", vec![Code::FileSharePort]),
            ("10.0.0.5:389", vec![Code::EndpointIsAddress, Code::DirectoryPort]),
            ("ftp.corp:21", vec![Code::FtpPort]),
            ("dc.corp:135", vec![Code::RpcPort]),
            ("ns.corp:53", vec![Code::UdpPort]),
        ] {
            assert_eq!(notes(text), (Verdict::Warning, expected), "{text}");
        }
        assert_eq!(notes("sql01.corp:1433"), (Verdict::Ok, vec![]));
    }

    #[tokio::test]
    async fn each_address_is_told_and_one_that_answers_is_enough() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let board = Board::new(Vec::new(), &|_| {}, Duration::from_secs(10));
        let addresses = ["127.0.0.1", "127.0.0.2"].map(|text| text.parse().unwrap());
        let dialled = tcp::dial(&addresses, port, &board).await;
        let report = answered(&Endpoint::new("db.corp", port), &dialled);
        assert_eq!(report.verdict, Verdict::Warning);
        assert_eq!(report.notes[0].code, NoteCode::SomeAddressesFail);
        assert!(report.facts[0].value.starts_with(&format!("127.0.0.1:{port} in ")));
        assert_eq!(report.facts[1].value, format!("127.0.0.2:{port} refused the connection"));
        drop(listener);
        let dialled = tcp::dial(&addresses, port, &board).await;
        let report = answered(&Endpoint::new("db.corp", port), &dialled);
        let fault = report.fault.unwrap();
        assert_eq!(fault.code, FaultCode::EndpointRefused);
        assert!(fault.detail.contains("127.0.0.1") && fault.detail.contains("127.0.0.2"));
    }
}
