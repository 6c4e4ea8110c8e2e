//! What is wrong, looked for where the streams run.

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Duration, timeout};
use tracing::info;

use super::Supervisor;
use crate::diagnosis::{self, Subject};
use crate::ipc::protocol::{Event, RequestError, Response};
use crate::model::diagnosis::{FactName, Note, NoteCode, Verdict};
use crate::model::{
    CheckName, CheckReport, ConnectionId, ConnectionSelector, ConnectionStatus, ConnectionView,
    Diagnosis, DiagnosisStep, Fault, FaultCode, HybridConnection, ServiceInfo,
};
use crate::service::connection::Command;

/// How long Azure may take to answer the listener that is tried.
const LISTEN_LIMIT: Duration = Duration::from_secs(8);

impl Supervisor {
    /// Looks for what is wrong, with a connection or with the service alone. Holds nobody up
    /// meanwhile. `tell` hears what each check shows as it comes.
    pub(in crate::service) async fn diagnose(
        &self,
        selector: Option<ConnectionSelector>,
        all_gateways: bool,
        tell: impl Fn(Option<&ConnectionId>, DiagnosisStep) + Sync,
    ) -> Result<Response, RequestError> {
        let subject = match selector {
            None => None,
            Some(selector) => Some(self.subject(&selector, all_gateways).await?),
        };
        let id = subject.as_ref().map(|subject| &subject.id);
        let of_subject = match id {
            Some(_) => diagnosis::OF_CONNECTION,
            None => diagnosis::OF_MACHINE,
        };
        let checks = std::iter::once(CheckName::Service).chain(of_subject.iter().copied());
        tell(id, DiagnosisStep::Begun { checks: checks.collect() });
        let heard = |report: &CheckReport| {
            tell(id, DiagnosisStep::Checked { report: Box::new(report.clone()) });
        };
        let service = service(&self.hub.look(|state| state.service.clone()));
        heard(&service);
        let diagnosis = match &subject {
            Some(subject) => {
                let listen = self.try_listener(&subject.id);
                diagnosis::look(subject, vec![service], listen, heard).await
            }
            None => diagnosis::look_at_machine(vec![service], heard).await,
        };
        log(&diagnosis);
        Ok(Response::Diagnosed { diagnosis: Box::new(diagnosis) })
    }

    async fn subject(
        &self,
        selector: &ConnectionSelector,
        all_gateways: bool,
    ) -> Result<Subject, RequestError> {
        let state = self.state.lock().await;
        state.refuse_while_stopping()?;
        let id = state.find(selector)?;
        let extra_ca = state.settings.network.extra_ca_certificates.clone();
        drop(state);
        let which = id.clone();
        let find =
            move |all: &[HybridConnection]| all.iter().find(|known| known.id == which).cloned();
        let credential = self.stored(find).await?.map(|known| known.credential);
        let view = self.hub.connection(&id);
        self.network.borrow().try_refused_password();
        Ok(Subject {
            credential,
            network: self.network.borrow().clone(),
            extra_ca,
            policy: self.policy.borrow().clone(),
            endpoint: view.and_then(|view| view.endpoint),
            all_gateways,
            id,
        })
    }

    /// What Azure says to the listener of `id`. One that is connected is left alone; one that
    /// waits tries now what it would have tried later, and carries streams when it succeeds: no
    /// second listener takes any away.
    async fn try_listener(&self, id: &ConnectionId) -> CheckReport {
        let (snapshot, mut changes) = self.hub.subscribe();
        let mut view = snapshot.connections.into_iter().find(|view| view.id == *id);
        let mut is_trying = false;
        let mut was_told = false;
        let trying = async {
            loop {
                let Some(seen) = view.take() else { return instead(NoteCode::ConnectionRemoved) };
                if let Some(report) = outcome(&seen, is_trying) {
                    return report;
                }
                is_trying |= matches!(seen.status, ConnectionStatus::Connecting { .. });
                if !is_trying && !was_told {
                    was_told = true;
                    if let Some(connection) = self.state.lock().await.connections.get(id) {
                        connection.send(Command::TryNow).await;
                    }
                }
                loop {
                    match changes.recv().await.map(|change| change.1.clone()) {
                        Ok(Event::Connection { connection }) if connection.id == *id => {
                            view = Some(*connection);
                            break;
                        }
                        Ok(Event::Removed { id: gone }) if gone == *id => {
                            return instead(NoteCode::ConnectionRemoved);
                        }
                        Ok(_) => {}
                        Err(RecvError::Lagged(_)) => {
                            view = self.hub.connection(id);
                            break;
                        }
                        Err(RecvError::Closed) => return instead(NoteCode::ServiceStopping),
                    }
                }
            }
        };
        timeout(LISTEN_LIMIT, trying).await.unwrap_or_else(|_| {
            let seconds = LISTEN_LIMIT.as_secs();
            let detail = format!("the listener had no answer within {seconds} s");
            CheckReport::failed(CheckName::Listen, Fault::new(FaultCode::AzureTimedOut, detail))
        })
    }
}

/// What `view` shows of the listener, once that is sure; a fault is old where none `is_trying`.
fn outcome(view: &ConnectionView, is_trying: bool) -> Option<CheckReport> {
    match &view.status {
        ConnectionStatus::Connected { since, gateway } => {
            let code =
                if is_trying { NoteCode::ListenerTried } else { NoteCode::ListenerConnected };
            let mut report =
                CheckReport::ok(CheckName::Listen).noting(code, "").with(FactName::Since, since);
            if let Some(gateway) = gateway {
                report = report.with(FactName::Gateway, gateway);
            }
            Some(report)
        }
        ConnectionStatus::Waiting { fault, .. } | ConnectionStatus::Faulted { fault }
            if is_trying =>
        {
            Some(refused(fault))
        }
        ConnectionStatus::Disabled | ConnectionStatus::Stopping { .. } => {
            Some(instead(NoteCode::ConnectionDisabled))
        }
        ConnectionStatus::Starting
        | ConnectionStatus::Connecting { .. }
        | ConnectionStatus::Waiting { .. }
        | ConnectionStatus::Faulted { .. }
        | ConnectionStatus::Other => None,
    }
}

fn refused(fault: &Fault) -> CheckReport {
    match fault.code {
        // The listener was not tried: other checks say why.
        FaultCode::EndpointMissing | FaultCode::EndpointUnknown => {
            CheckReport::skipped(CheckName::Listen, CheckName::Management)
        }
        FaultCode::PolicyDenied => CheckReport::skipped(CheckName::Listen, CheckName::Policy),
        _ => {
            let report = CheckReport::failed(CheckName::Listen, fault.clone());
            match &fault.tracking_id {
                Some(id) => report.with(FactName::TrackingId, id),
                None => report,
            }
        }
    }
}

/// That nothing listens, for the reason `code`.
fn instead(code: NoteCode) -> CheckReport {
    CheckReport::failed_as(CheckName::Listen, Note::new(code, ""))
}

/// What the service says of itself.
fn service(info: &ServiceInfo) -> CheckReport {
    let mut report = match (&info.draining, info.faults.first()) {
        (Some(_), _) => {
            let note = Note::new(NoteCode::ServiceStopping, "");
            CheckReport::failed_as(CheckName::Service, note)
        }
        (None, Some(fault)) => CheckReport {
            verdict: Verdict::Warning,
            ..CheckReport::failed(CheckName::Service, fault.clone())
        },
        (None, None) => CheckReport::ok(CheckName::Service),
    };
    for fault in info.faults.iter().skip(1) {
        report = report.noting(NoteCode::ServiceSays, fault.to_string());
    }
    report
        .with(FactName::Version, &info.version)
        .with(FactName::ProcessId, info.pid)
        .with(FactName::Since, info.started)
}

/// The log tells what was found, for whoever reads it later.
fn log(diagnosis: &Diagnosis) {
    let took = Duration::from_micros(diagnosis.took_micros);
    let connection = diagnosis.connection.as_ref().map(ToString::to_string);
    match crate::model::diagnosis::cause(&diagnosis.reports) {
        Some(report) => info!(
            connection, check = %report.check, found = report.meaning(), ?took,
            "looked for what is wrong"
        ),
        None => info!(connection, ?took, "looked for what is wrong and found nothing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    #[test]
    fn an_old_fault_is_not_what_a_trial_has_shown() {
        let fault = Fault::new(FaultCode::Unauthorized, "401");
        let waiting =
            ConnectionStatus::Waiting { until: sample::now(), attempt: 2, fault: fault.clone() };
        let view = |status| ConnectionView {
            status,
            ..sample::view("contoso", "sql", sample::connected())
        };
        assert_eq!(outcome(&view(waiting.clone()), false), None);
        let report = outcome(&view(waiting), true).unwrap();
        assert_eq!((report.verdict, report.fault), (Verdict::Failed, Some(fault)));
        let missing = Fault::new(FaultCode::EndpointMissing, "");
        assert_eq!(refused(&missing).because, Some(CheckName::Management));
    }

    #[test]
    fn a_service_with_a_fault_says_it() {
        let mut info = sample::service();
        assert_eq!(service(&info).verdict, Verdict::Ok);
        info.faults =
            vec![Fault::new(FaultCode::CaUnusable, "a"), Fault::new(FaultCode::NotSealed, "b")];
        let report = service(&info);
        assert_eq!(report.verdict, Verdict::Warning);
        assert!(report.meaning().ends_with(": a") && report.notes[0].detail.ends_with(": b"));
        info.draining = Some(2);
        assert_eq!(service(&info).verdict, Verdict::Failed);
    }
}
