//! The gateways, to which every stream goes: all of them, or a few.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::Subject;
use super::board::Board;
use crate::model::diagnosis::{FactName, Note, NoteCode};
use crate::model::{CheckName, CheckReport, Stamp, gateways};
use crate::platform::resolver;

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
    /// Its name leads nowhere: there is none of this number.
    Absent,
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
            let answer = board.within(LIMIT, try_one(subject, &name, board)).await;
            let late = || Answer::Unreached(format!("no answer within {} s", LIMIT.as_secs()));
            (name, answer.unwrap_or_else(late))
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
    let Ok(Ok(resolved)) = spawn_blocking(move || resolver::look_up(&asked)).await else {
        return Answer::Absent;
    };
    let mut words = String::new();
    for address in resolved.addresses {
        match TcpStream::connect((address, PORT)).await {
            Ok(_) => return Answer::Reached,
            Err(error) => words = format!("{address}: {error}"),
        }
    }
    Answer::Unreached(words)
}

fn report(stamp: &Stamp, answers: &[(String, Answer)]) -> CheckReport {
    let there = answers.iter().filter(|(_, answer)| !matches!(answer, Answer::Absent)).count();
    let reached = answers.iter().filter(|(_, answer)| matches!(answer, Answer::Reached)).count();
    if there == 0 {
        let note = Note::new(NoteCode::GatewaysUnknown, stamp.to_string());
        return CheckReport::skipped_as(CheckName::Gateways, note);
    }
    let count = format!("{reached}/{there}");
    let mut report = if reached == there {
        CheckReport::ok(CheckName::Gateways)
    } else {
        let detail = format!("{} of {there}", there - reached);
        CheckReport::failed_as(CheckName::Gateways, Note::new(NoteCode::GatewaysBlocked, detail))
    };
    report = report.with(FactName::Stamp, stamp).with(FactName::GatewaysReached, count);
    let unreached = answers.iter().filter_map(|(name, answer)| match answer {
        Answer::Unreached(words) => Some(format!("{name}: {words}")),
        Answer::Absent | Answer::Reached => None,
    });
    for told in unreached.take(MOST_TOLD) {
        report = report.with(FactName::GatewayUnreached, told);
    }
    report
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
        assert_eq!(told(&[None, None]).verdict, Verdict::Skipped);
        let many = told(&[Some(false); 100]);
        assert_eq!(many.facts.len(), 2 + MOST_TOLD);
    }
}
