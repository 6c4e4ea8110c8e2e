//! TCP to every address of a name, side by side.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;

use super::board::Board;
use crate::network::dial::Failure;
use crate::network::each::{self, Dialled, NoAnswer};

/// How long an address may take to answer.
pub(super) const LIMIT: Duration = Duration::from_secs(4);

/// How each of `dialled` answered.
pub(super) fn words(dialled: &[Dialled]) -> Vec<String> {
    let of = |Dialled { at, took, answer }: &Dialled| match answer {
        Ok(_) => format!("{at} in {} ms", shown_millis(*took)),
        Err(error) => format!("{at} {error}"),
    };
    dialled.iter().map(of).collect()
}

/// How many of `dialled` took the connection.
pub(super) fn open(dialled: &[Dialled]) -> usize {
    dialled.iter().filter(|one| one.answer.is_ok()).count()
}

/// Why none of `dialled` is open.
pub(super) fn failure(dialled: &[Dialled]) -> Failure {
    let failed = dialled.iter().filter_map(|one| one.answer.as_ref().err());
    failed.map(NoAnswer::kind).max().unwrap_or(Failure::Unreachable)
}

/// Dials all of `addresses` at once; in their order.
pub(super) async fn dial(addresses: &[IpAddr], port: u16, board: &Board<'_>) -> Vec<Dialled> {
    join_all(each::dial(addresses, port, LIMIT.min(board.left()))).await
}

/// Milliseconds with one digit behind the point where there are few.
fn shown_millis(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.1}") } else { format!("{millis:.0}") }
}
