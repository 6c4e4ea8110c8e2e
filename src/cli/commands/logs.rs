//! `hcm logs`: the last lines, and with `--follow` the next ones.

use std::time::Duration;

use crate::cli::args::Logs;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, feed, render};
use crate::ipc::protocol::{LogFilter, LogLine, Request, Response};
use crate::ipc::{Client, Push};

/// Time between two looks for a service that is gone.
const PAUSE: Duration = Duration::from_millis(500);
/// Lines that are asked for after the service came back; older ones are left out.
const LINES_SINCE: usize = 1000;
/// Lines among which are those that a filter takes; more than any service keeps.
const MOST_LINES: usize = 10_000;

/// Lines that are shown where nobody says how many.
const LINES: u32 = 100;

pub(super) async fn run(context: &Context<'_>, arguments: &Logs) -> Result<Exit, Failure> {
    let mut client = context.connect_to_manage().await?;
    let most = if arguments.since.is_some() { u32::MAX } else { LINES };
    let lines = usize::try_from(arguments.lines.unwrap_or(most)).unwrap_or(usize::MAX);
    let filter = LogFilter {
        connection: arguments.connection.clone(),
        level: arguments.level,
        since: arguments.since,
    };
    if !arguments.follow {
        for line in last(&mut client, lines, false, &filter).await? {
            print(context, &line)?;
        }
        return Ok(Exit::Ok);
    }
    let mut signals = super::signals()?;
    tokio::select! {
        _ = signals.next() => Ok(Exit::Ok),
        failure = follow(context, client, lines, &filter) => Err(failure),
    }
}

/// Prints lines until that fails. A service that ends is waited for.
async fn follow(
    context: &Context<'_>,
    mut client: Client,
    mut lines: usize,
    filter: &LogFilter,
) -> Failure {
    let mut seen: Option<LogLine> = None;
    loop {
        let failure = follow_one(context, &mut client, lines, filter, &mut seen).await;
        if failure.exit != Exit::ServiceNotReachable {
            return failure;
        }
        context.printer.note(&format!("{failure}; looking for it…"));
        client = loop {
            match context.connect_to_manage().await {
                Ok(client) => break client,
                Err(failure) if !feed::may_pass(&failure) => return failure,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        lines = LINES_SINCE;
    }
}

/// Prints the lines of one service, from the one after `seen` on.
async fn follow_one(
    context: &Context<'_>,
    client: &mut Client,
    lines: usize,
    filter: &LogFilter,
    seen: &mut Option<LogLine>,
) -> Failure {
    let missed = match last(client, lines, true, filter).await {
        Ok(lines) => lines,
        Err(failure) => return failure,
    };
    for line in after(missed, seen.as_ref()) {
        if let Err(failure) = print(context, &line) {
            return failure;
        }
        *seen = Some(line);
    }
    loop {
        match client.next().await {
            Ok(Push::Log(line)) if filter.takes(&line) => {
                if let Err(failure) = print(context, &line) {
                    return failure;
                }
                *seen = Some(line);
            }
            Ok(_) => {}
            Err(error) => return error.into(),
        }
    }
}

/// The last `most` lines that `filter` takes. An older service does not know the filter and
/// sends others too.
async fn last(
    client: &mut Client,
    most: usize,
    follow: bool,
    filter: &LogFilter,
) -> Result<Vec<LogLine>, Failure> {
    let lines = if filter.takes_all() { most } else { most.max(MOST_LINES) };
    let filter = filter.clone();
    let request = Request::Logs { lines, follow, filter: filter.clone() };
    match client.request(request).await? {
        Response::Logs { mut lines } => {
            lines.retain(|line| filter.takes(line));
            let too_many = lines.len().saturating_sub(most);
            Ok(lines.split_off(too_many))
        }
        other => Err(super::unexpected(&other)),
    }
}

/// Those of `lines` that come after `seen`.
fn after(lines: Vec<LogLine>, seen: Option<&LogLine>) -> Vec<LogLine> {
    let Some(seen) = seen else { return lines };
    match lines.iter().rposition(|line| line == seen) {
        Some(at) => lines.into_iter().skip(at + 1).collect(),
        None => lines.into_iter().filter(|line| line.at > seen.at).collect(),
    }
}

fn print(context: &Context<'_>, line: &LogLine) -> Result<(), Failure> {
    let printer = context.printer;
    printer.line(&if printer.is_json() {
        render::json::log(line)
    } else {
        render::logs::render(line, &printer.zone, printer.style)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;

    fn line(seconds_ago: i64, message: &str) -> LogLine {
        LogLine {
            at: sample::ago(seconds_ago),
            level: "INFO".into(),
            target: "t".into(),
            message: message.into(),
            connection: None,
        }
    }

    #[test]
    fn no_line_is_shown_twice() {
        let lines = vec![line(3, "a"), line(2, "b"), line(2, "c"), line(1, "d")];
        let texts = |seen: Option<&LogLine>| -> String {
            after(lines.clone(), seen).into_iter().map(|line| line.message).collect()
        };
        assert_eq!(texts(None), "abcd");
        assert_eq!(texts(Some(&line(2, "b"))), "cd");
        assert_eq!(texts(Some(&line(2, "other"))), "d");
        assert_eq!(texts(Some(&line(9, "old"))), "abcd");
    }
}
