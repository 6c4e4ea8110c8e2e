//! The gateways, to which every stream goes: all of them, or a few.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::Subject;
use super::board::Board;
use crate::model::diagnosis::{FactName, Note, NoteCode};
use crate::model::{CheckName, CheckReport, Stamp, gateways};
use crate::network::dial;
use crate::platform::resolver::{self, Unresolved};

/// Every how manieth gateway is tried where not all are.
const SAMPLE_STEP: usize = 23;
/// How many are tried at once.
const AT_ONCE: usize = 64;
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(3);
/// How many that fail are told by name.
const MOST_TOLD: usize = 20;
/// Their port.
const PORT: u16 = 443;

/// How a gateway answered.
enum Answer {
    /// There is no such name: there is none of this number, or the DNS here knows none of them.
    Absent,
    /// DNS does not say.
    Untold(String),
    Reached,
    Unreached(String),
}

/// Tries gateways of the stamp that `canonical` tells.
pub(super) async fn check(subject: &Subject, canonical: Option<&str>, board: &Board<'_>) {
    let start = Instant::now();
    let Some(stamp) = canonical.and_then(Stamp::of_canonical) else {
        let note = Note::new(NoteCode::GatewaysUnknown, "");
        board.tell(CheckReport::skipped_as(CheckName::Gateways, note), Duration::ZERO);
        return;
    };
    let step = if subject.all_gateways { 1 } else { SAMPLE_STEP };
    let suffix = gateways::suffix(subject.id.namespace());
    let names: Vec<_> = stamp.gateways(suffix).step_by(step).collect();
    let answers: Vec<_> = stream::iter(names)
        .map(|name| async {
            let answer = try_one(subject, &name, board).await;
            (name, answer)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    board.tell_since(report(&stamp, &answers), start);
}

async fn try_one(subject: &Subject, name: &str, board: &Board<'_>) -> Answer {
    if subject.network.proxies().decide(name, PORT).proxy.is_some() {
        let deadline = board.deadline(LIMIT);
        return match subject.network.open_tcp(name, PORT, deadline).await {
            Ok(_) => Answer::Reached,
            Err(fault) => Answer::Unreached(fault.detail),
        };
    }
    let asked = name.to_owned();
    let late = || format!("no answer within {} s", LIMIT.as_secs());
    let looking = spawn_blocking(move || resolver::look_up(&asked));
    let addresses = match board.within(LIMIT, looking).await {
        Some(Ok(Ok(resolved))) => resolved.addresses,
        Some(Ok(Err(Unresolved::Unknown))) => return Answer::Absent,
        Some(Ok(Err(error))) => return Answer::Untold(error.to_string()),
        Some(Err(error)) => return Answer::Untold(error.to_string()),
        None => return Answer::Untold(format!("DNS gave {}", late())),
    };
    let why = match board.within(LIMIT, dial::connect_any(&addresses, PORT)).await {
        Some(Ok(_)) => return Answer::Reached,
        Some(Err(error)) => error.to_string(),
        None => late(),
    };
    let tried: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    Answer::Unreached(format!("{}: {why}", tried.join(", ")))
}

fn report(stamp: &Stamp, answers: &[(String, Answer)]) -> CheckReport {
    let count = |is: fn(&Answer) -> bool| answers.iter().filter(|(_, answer)| is(answer)).count();
    let reached = count(|answer| matches!(answer, Answer::Reached));
    let unreached = count(|answer| matches!(answer, Answer::Unreached(_)));
    let untold = count(|answer| matches!(answer, Answer::Untold(_)));
    let there = reached + unreached + untold;
    let failed = |code| {
        let detail = format!("{} of {there}", there - reached);
        CheckReport::failed_as(CheckName::Gateways, Note::new(code, detail))
    };
    let report = match (there, unreached, untold) {
        (0, ..) => {
            let detail = format!("none of {} names", answers.len());
            CheckReport::ok(CheckName::Gateways).warning(NoteCode::GatewaysNotResolved, detail)
        }
        (_, 0, 0) => CheckReport::ok(CheckName::Gateways),
        (_, 0, _) => failed(NoteCode::GatewaysNotResolved),
        (..) => failed(NoteCode::GatewaysBlocked),
    };
    let mut report = report.with(FactName::Stamp, stamp);
    if there > 0 {
        report = report.with(FactName::GatewaysReached, format!("{reached}/{there}"));
    }
    let told = answers.iter().filter_map(|(name, answer)| match answer {
        Answer::Unreached(words) | Answer::Untold(words) => Some(format!("{name}: {words}")),
        Answer::Absent | Answer::Reached => None,
    });
    told.take(MOST_TOLD).fold(report, |report, told| report.with(FactName::GatewayUnreached, told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnosis::Verdict;

    fn answers(of: &[Option<bool>]) -> Vec<(String, Answer)> {
        let answer = |one: &Option<bool>| match one {
            None => Answer::Absent,
            Some(true) => Answer::Reached,
            Some(false) => Answer::Unreached("refused".to_owned()),
        };
        of.iter().enumerate().map(|(at, one)| (format!("g{at}"), answer(one))).collect()
    }

    #[test]
    fn those_that_are_there_have_to_answer() {
        let stamp: Stamp = "sn3-010".parse().unwrap();
        let told = |of: &[Option<bool>]| report(&stamp, &answers(of));
        let all = told(&[Some(true), None, Some(true)]);
        assert_eq!((all.verdict, all.facts[1].value.as_str()), (Verdict::Ok, "2/2"));
        let some = told(&[Some(true), Some(false), None]);
        assert_eq!(some.verdict, Verdict::Failed);
        assert_eq!(some.notes, [Note::new(NoteCode::GatewaysBlocked, "1 of 2")]);
        assert_eq!(some.facts[2].value, "g1: refused");
        let none = told(&[None, None]);
        assert_eq!(none.verdict, Verdict::Warning);
        assert_eq!(none.notes, [Note::new(NoteCode::GatewaysNotResolved, "none of 2 names")]);
        let many = told(&[Some(false); 100]);
        assert_eq!(many.facts.len(), 2 + MOST_TOLD);
    }

    #[test]
    fn a_dns_that_does_not_answer_for_them_is_named() {
        let stamp: Stamp = "sn3-010".parse().unwrap();
        let untold = || ("g0".to_owned(), Answer::Untold("no answer".to_owned()));
        let reached = || ("g1".to_owned(), Answer::Reached);
        let some = report(&stamp, &[untold(), reached()]);
        assert_eq!(some.verdict, Verdict::Failed);
        assert_eq!(some.notes, [Note::new(NoteCode::GatewaysNotResolved, "1 of 2")]);
        assert_eq!(some.facts[2].value, "g0: no answer");
        let blocked = ("g2".to_owned(), Answer::Unreached("refused".to_owned()));
        let both = report(&stamp, &[untold(), reached(), blocked]);
        assert_eq!(both.notes, [Note::new(NoteCode::GatewaysBlocked, "2 of 3")]);
    }
}
