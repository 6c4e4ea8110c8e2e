//! What can be looked at where no service answers, or one that does not know the question.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::diagnosis::{self, Subject};
use crate::model::diagnosis::{Note, NoteCode};
use crate::model::{CheckName, CheckReport, ConnectionSelector, Diagnosis};

/// Whether `failure` to call the service leaves something to look at.
pub(super) fn is_for(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::ServiceNotReachable | Exit::VersionMismatch | Exit::TimedOut)
}

/// Looks from here, for the reason `failure`. The network is then that of this program.
pub(super) async fn look(
    only: Option<ConnectionSelector>,
    all_gateways: bool,
    failure: &Failure,
) -> Result<Diagnosis, Failure> {
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
        return Ok(diagnosis::look_at_machine(vec![service], |_| {}).await);
    };
    let id = selector.in_public_cloud();
    let making = move || Subject::seen_from_here(id, all_gateways);
    let subject = tokio::task::spawn_blocking(making).await;
    let subject = subject.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
    // Without a key there is nothing to try.
    let listen = std::future::pending();
    Ok(diagnosis::look(&subject, vec![service], listen, |_| {}).await)
}

/// Whether the service was not there.
pub(super) fn lacks_service(diagnosis: &Diagnosis) -> bool {
    let missing = [NoteCode::ServiceNotRunning, NoteCode::ServiceNotAnswering];
    let is_missing =
        |report: &CheckReport| report.notes.iter().any(|note| missing.contains(&note.code));
    diagnosis.reports.iter().any(is_missing)
}
