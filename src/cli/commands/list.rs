//! `hcm list`, once or for as long as someone watches.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::args::List;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::feed::Feed;
use crate::cli::render::screen::Screen;
use crate::cli::watch::{ChangeLines, Update, WatchState};
use crate::cli::{Context, render};
use crate::ipc::protocol::Event;
use crate::ipc::{Client, Gap, Push};

/// Shortest time between two frames: many events in a row make one.
const FRAME: Duration = Duration::from_millis(20);
/// Time between two frames that only count.
const TICK: Duration = Duration::from_secs(1);
/// How often the size of the terminal is looked at.
const SIZE_CHECK: Duration = Duration::from_millis(250);

pub(super) async fn run(context: &Context<'_>, arguments: &List) -> Result<Exit, Failure> {
    let mut client = context.connect().await?;
    if arguments.watch {
        return watch(context, client).await;
    }
    let snapshot = super::snapshot(&mut client).await?;
    let printer = context.printer;
    if printer.is_json() {
        printer.line(&render::json::connections(&snapshot.connections))?;
    } else {
        printer.table(&snapshot)?;
    }
    Ok(Exit::Ok)
}

async fn watch(context: &Context<'_>, client: Client) -> Result<Exit, Failure> {
    let mut signals = super::signals()?;
    let is_terminal = context.printer.width().is_some();
    if context.printer.is_json() || !is_terminal {
        tokio::select! {
            _ = signals.next() => return Ok(Exit::Ok),
            failure = lines(context, client) => return Err(failure),
        }
    }
    let mut screen = Screen::default();
    let ended = tokio::select! {
        _ = signals.next() => Ok(Exit::Ok),
        failure = in_place(context, client, &mut screen) => Err(failure),
    };
    context.printer.write(screen.finish())?;
    ended
}

/// Redraws the table until that fails.
async fn in_place(context: &Context<'_>, client: Client, screen: &mut Screen) -> Failure {
    let printer = context.printer;
    let mut feed = Feed::start(context.reach.clone(), Some(client));
    let mut state = WatchState::default();
    let mut size = printer.size();
    let mut size_check = tokio::time::interval(SIZE_CHECK);
    let mut last_frame = Instant::now() - FRAME;
    let mut next_frame: Option<Instant> = None;
    loop {
        let is_due = next_frame.is_some();
        let due = next_frame.unwrap_or_else(Instant::now);
        tokio::select! {
            update = feed.next() => {
                if let Err(Gap { .. }) = state.take(update, Timestamp::now()) {
                    feed = Feed::start(context.reach.clone(), None);
                }
                let soon = last_frame + FRAME;
                next_frame = Some(next_frame.map_or(soon, |planned| planned.min(soon)));
            }
            _ = size_check.tick() => {
                if printer.size() != size {
                    size = printer.size();
                    next_frame = Some(Instant::now());
                }
            }
            () = tokio::time::sleep_until(due), if is_due => {
                let now = Timestamp::now();
                let width = size.columns.saturating_sub(1);
                let table = render::watch::table(&state, now, &printer.zone, width, printer.style);
                if let Err(failure) = printer.write(&screen.draw(&table, size)) {
                    return failure;
                }
                last_frame = Instant::now();
                next_frame = state.is_counting(now).then(|| last_frame + TICK);
            }
        }
    }
}

/// Prints a line per change until that fails.
async fn lines(context: &Context<'_>, client: Client) -> Failure {
    let printer = context.printer;
    let mut feed = Feed::start(context.reach.clone(), Some(client));
    let mut changes = ChangeLines::default();
    loop {
        let update = feed.next().await;
        let lines: Vec<String> = if printer.is_json() {
            json_line(&update).into_iter().collect()
        } else {
            let now = Timestamp::now();
            let lines = changes.take(&update, &printer.zone).into_iter();
            lines
                .map(|line| render::watch::stamped(&line, now, &printer.zone, printer.style))
                .collect()
        };
        if let Err(failure) = printer.lines(&lines) {
            return failure;
        }
    }
}

fn json_line(update: &Update) -> Option<String> {
    Some(match update {
        Update::Lost(failure) => render::json::change_by_loss(&failure.message),
        Update::Push(Push::Snapshot(snapshot)) => render::json::change_to_snapshot(snapshot),
        Update::Push(Push::Event { revision, event }) => match event {
            Event::Connection { connection } => {
                render::json::change_of_connection(*revision, connection)
            }
            Event::Removed { id } => render::json::change_by_removal(*revision, id),
            Event::Service { service } => render::json::change_of_service(*revision, service),
            Event::Other => return None,
        },
        Update::Push(Push::Log(_) | Push::Diagnosis { .. }) => return None,
    })
}
