//! What can be looked at where no service answers, or one that does not know the question.

use std::pin::pin;

use tokio::sync::mpsc;

use super::super::signals;
use super::{draw, interrupted};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::doctor::Live;
use crate::cli::{Context, way};
use crate::diagnosis::{self, Subject};
use crate::model::diagnosis::{Note, NoteCode};
use crate::model::{CheckName, CheckReport, ConnectionSelector, Diagnosis, DiagnosisStep};

/// Whether `failure` to call the service leaves something to look at.
pub(super) fn is_for(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::ServiceNotReachable | Exit::VersionMismatch | Exit::TimedOut)
}

/// Looks from here, for the reason `failure`, and shows what is found as it comes. The network is then
/// that of this program. With what broke it off, if something did.
pub(super) async fn look(
    context: &Context<'_>,
    only: Option<ConnectionSelector>,
    all_gateways: bool,
    failure: &Failure,
) -> Result<(Diagnosis, Option<Failure>), Failure> {
    let code = match failure.exit {
        Exit::VersionMismatch => NoteCode::ServiceTooOld,
        Exit::ServiceNotReachable if failure.message.contains("does not run") => {
            NoteCode::ServiceNotRunning
        }
        _ => NoteCode::ServiceNotAnswering,
    };
    let note = Note::new(code, &failure.message);
    let service = CheckReport::failed_as(CheckName::Service, note);
    let Some(selector) = only else {
        return Ok((diagnosis::look_at_machine(vec![service], |_| {}).await, None));
    };
    let id = selector.in_public_cloud();
    // Only a service that answers knows of a proxy, and one that it cannot name is no reason not to look.
    let way = match failure.exit {
        Exit::VersionMismatch => way::to_azure(context).await.unwrap_or_else(|failure| {
            context.printer.note(&failure.message);
            way::by_surroundings()
        }),
        _ => way::by_surroundings(),
    };
    let which = id.clone();
    let making = move || Subject::seen_from_here(which, way.proxies, way.extra_ca, all_gateways);
    let subject = tokio::task::spawn_blocking(making).await;
    let subject = subject.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;

    let mut live = Live::new(1);
    let mut take = |step| live.take(Some(id.clone()), step);
    let service_and_rest =
        [CheckName::Service].into_iter().chain(diagnosis::OF_CONNECTION.to_vec());
    take(DiagnosisStep::Begun { checks: service_and_rest.collect() });
    take(DiagnosisStep::Checked { report: Box::new(service.clone()) });
    draw(context, &mut live);
    // Each check is told once.
    let (tell, mut told) = mpsc::channel(CheckName::ALL.len());
    let tell = |report: &CheckReport| tell.try_send(report.clone()).unwrap_or_default();
    // Without a key there is nothing to try.
    let listen = std::future::pending();
    let mut looking = pin!(diagnosis::look(&subject, vec![service], listen, tell));
    let mut signals = signals()?;
    let found = loop {
        tokio::select! {
            diagnosis = &mut looking => break Ok(diagnosis),
            Some(report) = told.recv() => {
                live.take(Some(id.clone()), DiagnosisStep::Checked { report: Box::new(report) });
                draw(context, &mut live);
            }
            _ = signals.next() => break Err(interrupted()),
        }
    };
    context.printer.redraw(&mut live.screen, &[]);
    context.printer.end_redraw(std::mem::take(&mut live.screen));
    match found {
        Ok(diagnosis) => Ok((diagnosis, None)),
        Err(failure) => match live.broken_off(&[]).pop() {
            Some(diagnosis) => Ok((diagnosis, Some(failure))),
            None => Err(failure),
        },
    }
}

/// Whether the service was not there.
pub(super) fn lacks_service(diagnosis: &Diagnosis) -> bool {
    let missing = [NoteCode::ServiceNotRunning, NoteCode::ServiceNotAnswering];
    let is_missing =
        |report: &CheckReport| report.notes.iter().any(|note| missing.contains(&note.code));
    diagnosis.reports.iter().any(is_missing)
}
