//! A look for what is wrong that is made up: what each check shows, each at its time.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::News;
use crate::gui::state::Ticket;
use crate::ipc::Push;
use crate::ipc::protocol::Response;
use crate::model::diagnosis::{CheckName, CheckReport, FactName, NoteCode};
use crate::model::{ConnectionId, ConnectionView, Diagnosis, DiagnosisStep, Fault, VERSION};

/// Between two checks.
const PAUSE: SignedDuration = SignedDuration::from_millis(120);

/// What is still told.
#[derive(Debug, Default)]
pub(super) struct Looks(VecDeque<(Timestamp, News)>);

impl Looks {
    /// Looks at `view`, from `now` on; the answer goes to `ticket`.
    pub(super) fn begin(&mut self, ticket: Ticket, view: Option<&ConnectionView>, now: Timestamp) {
        let connection = view.map(|view| view.id.clone());
        let reports = view.map_or_else(of_this_machine, of_connection);
        let checks = reports.iter().map(|report| report.check).collect();
        let mut at = now;
        let step = |step| told(connection.clone(), step);
        self.0.push_back((at, step(DiagnosisStep::Begun { checks })));
        for report in reports.iter().cloned().map(Box::new) {
            at += PAUSE;
            self.0.push_back((at, step(DiagnosisStep::Checked { report })));
        }
        let took_micros =
            Duration::try_from(at.duration_since(now)).unwrap_or_default().as_micros();
        let took_micros = u64::try_from(took_micros).unwrap_or_default();
        let diagnosis = Box::new(Diagnosis { connection, began: now, took_micros, reports });
        let outcome = Ok(Response::Diagnosed { diagnosis });
        self.0.push_back((at + PAUSE, News::Answer { ticket, outcome }));
    }

    /// The next thing whose time has come.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<News> {
        self.0.pop_front_if(|(at, _)| *at <= now).map(|(_, news)| news)
    }

    /// When more is told.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.0.front().map(|(at, _)| *at)
    }
}

fn told(connection: Option<ConnectionId>, step: DiagnosisStep) -> News {
    News::Push(Push::Diagnosis { connection, step })
}

fn of_this_machine() -> Vec<CheckReport> {
    vec![
        CheckReport::ok(CheckName::Service).with(FactName::Version, VERSION),
        CheckReport::ok(CheckName::Conflicts),
    ]
}

fn of_connection(view: &ConnectionView) -> Vec<CheckReport> {
    let took = |mut report: CheckReport, micros| {
        report.took_micros = micros;
        report
    };
    let mut reports = vec![
        CheckReport::ok(CheckName::Service).with(FactName::Version, VERSION),
        CheckReport::ok(CheckName::Proxy).noting(NoteCode::NoProxy, ""),
        took(dns(view), 3_100),
        took(
            CheckReport::ok(CheckName::NamespaceTcp)
                .with(FactName::Connected, "203.0.113.20:443 11 ms"),
            11_000,
        ),
        CheckReport::ok(CheckName::Clock).with(FactName::Ahead, "0.2"),
        took(tls(), 24_000),
    ];
    let refusal = view.status.fault().cloned();
    reports.push(match &refusal {
        Some(fault) => took(CheckReport::failed(CheckName::Listen, fault.clone()), 210_000),
        None => CheckReport::ok(CheckName::Listen).noting(NoteCode::ListenerConnected, ""),
    });
    reports.push(match refusal {
        Some(fault) => took(CheckReport::failed(CheckName::Management, fault), 180_000),
        None => took(CheckReport::ok(CheckName::Management), 95_000),
    });
    reports.push(took(
        CheckReport::ok(CheckName::Gateways).with(FactName::GatewaysReached, "8 / 8"),
        42_000,
    ));
    reports.extend(endpoint(view));
    reports.push(CheckReport::ok(CheckName::Conflicts));
    reports
}

fn dns(view: &ConnectionView) -> CheckReport {
    CheckReport::ok(CheckName::NamespaceDns)
        .with(FactName::Address, "203.0.113.20")
        .with(FactName::CanonicalName, format!("ns-prod-am3-018.{}", suffix(view)))
        .with(FactName::Stamp, "prod-am3-018")
}

fn suffix(view: &ConnectionView) -> &str {
    view.id.namespace().host().split_once('.').map_or("", |(_, suffix)| suffix)
}

fn tls() -> CheckReport {
    CheckReport::ok(CheckName::NamespaceTls).with(FactName::TlsVersion, "1.3").with(
        FactName::Certificate,
        "servicebus.windows.net, signed by Microsoft Azure RSA TLS Issuing CA",
    )
}

fn endpoint(view: &ConnectionView) -> Vec<CheckReport> {
    let Some(endpoint) = &view.endpoint else {
        return vec![CheckReport::skipped(CheckName::EndpointTcp, CheckName::Management)];
    };
    let name = CheckReport::ok(CheckName::EndpointName).with(FactName::Endpoint, endpoint);
    let is_address = endpoint.host().parse::<IpAddr>().is_ok();
    let name = match is_address {
        true => name.warning(NoteCode::EndpointIsAddress, endpoint.host()),
        false => name,
    };
    let fault: Option<Fault> = view.reachability.as_ref().and_then(|it| it.fault.clone());
    let tcp = match fault {
        Some(fault) => CheckReport::failed(CheckName::EndpointTcp, fault),
        None => CheckReport { took_micros: 1_800, ..CheckReport::ok(CheckName::EndpointTcp) },
    };
    vec![name, tcp]
}
