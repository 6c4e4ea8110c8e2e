//! Which of several failures is the cause of the others.

use super::{CheckName, CheckReport, Verdict};
use crate::model::FaultCode;

/// What is to be mended first; of failures before warnings. Also of a look that is under way.
pub fn cause(reports: &[CheckReport]) -> Option<&CheckReport> {
    let first = |verdict| reports.iter().filter(move |one| one.verdict == verdict).min_by_key(key);
    causes(reports).into_iter().next().or_else(|| first(Verdict::Warning))
}

/// The failures that are not the consequence of another one, the first one first.
pub fn causes(reports: &[CheckReport]) -> Vec<&CheckReport> {
    let mut failed: Vec<_> = reports.iter().filter(|one| one.verdict == Verdict::Failed).collect();
    failed.sort_by_key(key);
    let mut causes: Vec<&CheckReport> = Vec::new();
    for report in failed {
        if !causes.iter().any(|cause| explains(cause, report)) {
            causes.push(report);
        }
    }
    causes
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as `sort_by_key` calls it")]
fn key(report: &&CheckReport) -> CheckName {
    report.check
}

/// Whether `report` fails because of what `cause` has shown.
fn explains(cause: &CheckReport, report: &CheckReport) -> bool {
    let code = |report: &CheckReport| report.fault.as_ref().map(|fault| fault.code);
    let is_same = code(cause).is_some() && code(cause) == code(report);
    match (cause.check, report.check) {
        (CheckName::Service, _) => code(cause).is_none(),
        (CheckName::Proxy, CheckName::NamespaceDns | CheckName::NamespaceTcp)
        | (CheckName::Clock, CheckName::NamespaceTls) => true,
        (CheckName::Clock, _) => {
            matches!(code(report), Some(FaultCode::ClockWrong | FaultCode::Unauthorized))
        }
        // What the listener hears, the management address says too.
        (CheckName::Listen, CheckName::Management | CheckName::Listeners) => {
            is_same || code(report).is_none()
        }
        (CheckName::Policy, CheckName::Listen) => is_same,
        (CheckName::EndpointDns, CheckName::EndpointTcp) => true,
        _ => is_same,
    }
}
