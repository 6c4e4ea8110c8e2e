//! Asking for the keys of what was chosen, and adding it.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::service::Service;
use crate::azure::{Azure, FoundConnection, Usable};
use crate::cli::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::account::short;
use crate::cli::render::printer::Printer;
use crate::cli::render::text::count;
use crate::model::ConnectionId;
use crate::platform::signals::StopSignals;

/// Keys that are asked for at the same time.
const AT_ONCE: usize = 8;

/// What is to be added, and how.
pub(super) struct Chosen {
    /// Each can be added.
    pub(super) connections: Vec<(FoundConnection, Usable)>,
    /// Whether a key that is there is to be updated.
    pub(super) replace: bool,
    /// Whether no more than one was ever meant: its errors need no name then.
    pub(super) is_one: bool,
}

/// Adds `chosen` one by one and tells how each went. A key is asked for only when the
/// service is there to take it; what was added when a person leaves stays.
///
/// # Errors
/// A service that is gone; [`Exit::Interrupted`].
pub(super) async fn run(
    context: &Context<'_>,
    signals: &mut StopSignals,
    azure: &Azure,
    chosen: Chosen,
) -> Result<Exit, Failure> {
    let Chosen { connections, replace, is_one } = chosen;
    let all = connections.len();
    let mut service = Service::open(context).await?;
    let printer = context.printer;
    let asked = connections.into_iter().map(|(found, usable)| async move {
        let key = azure.connection_string(&found).await;
        (found, usable.id, key)
    });
    let mut asked = stream::iter(asked).buffered(AT_ONCE);
    let mut added: Vec<ConnectionId> = Vec::new();
    let mut exits = Vec::new();
    let is_left = loop {
        let at = (added.len() + exits.len() + 1).min(all);
        printer.progress(&format!("Asking Azure for the keys and adding: {at} of {all}…"));
        let next = tokio::select! {
            biased;
            _ = signals.next() => break true,
            next = asked.next() => next,
        };
        let Some((found, id, key)) = next else { break false };
        let result = match key {
            Ok(key) => service.add(id, key, replace, Some(azure.resource(&found))).await,
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(id) => added.push(id),
            Err(failure) => {
                exits.push(failure.exit);
                printer.end_progress();
                tell(printer, failure, is_one, short(&found));
            }
        }
    };
    printer.end_progress();
    let done = added.len();
    if done > 0 {
        service.print(context, &added, is_one).await?;
    }
    if is_left {
        return Err(Failure::new(Exit::Interrupted, left(done, all)));
    }
    Ok(Exit::together(exits))
}

/// Tells why `whole` was not added: by its name, unless it is the only one, or the words
/// name it already.
pub(super) fn tell(printer: &Printer, failure: Failure, is_one: bool, whole: String) {
    let is_named = is_one || failure.exit == Exit::AlreadyExists;
    printer.failure(&if is_named { failure } else { failure.of_connection(whole) });
}

fn left(done: usize, all: usize) -> String {
    match done {
        0 => "interrupted; nothing was added".to_owned(),
        _ => format!(
            "interrupted; {done} of {} were added",
            count(all as u64, "hybrid connection", "hybrid connections")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_leaves_is_told_what_was_done() {
        assert_eq!(left(0, 3), "interrupted; nothing was added");
        assert_eq!(left(2, 3), "interrupted; 2 of 3 hybrid connections were added");
    }
}
