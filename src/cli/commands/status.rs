//! `hcm status`: whether what should be connected is connected, now or within a time.

mod check;

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::args::Status;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::feed::{self, Feed};
use crate::cli::watch::{Link, Update, WatchState};
use crate::cli::{Context, pick, render};
use crate::display::health::{Health, Verdict};
use crate::model::{ConnectionSelector, Snapshot};

pub(super) async fn run(context: &Context<'_>, arguments: Status) -> Result<Exit, Failure> {
    let names = arguments.connection.into_iter().collect();
    let only = pick::selectors(names, &arguments.by_options)?.pop();
    let wait_for = arguments.wait.filter(|&seconds| seconds > 0);
    let wait_for = wait_for.map(|seconds| Duration::from_secs(seconds.into()));
    if let Some(what) = arguments.check {
        return check::run(context, what, wait_for, only.as_ref()).await;
    }
    let Some(limit) = wait_for else {
        let mut client = context.connect().await?;
        let snapshot = super::snapshot(&mut client).await?;
        let verdict = verdict(&snapshot, only.as_ref())?;
        print(context, &snapshot, only.as_ref())?;
        return Ok(match verdict {
            Verdict::Healthy => Exit::Ok,
            Verdict::NotYet | Verdict::Hopeless => Exit::NotConnected,
        });
    };
    let Some(answer) = waited(context, limit, only.as_ref()).await? else {
        return Ok(Exit::Interrupted);
    };
    print(context, &answer.snapshot, only.as_ref())?;
    if answer.exit == Exit::TimedOut {
        let text = format!("not connected within {} s", limit.as_secs());
        return Err(Failure::new(Exit::TimedOut, text));
    }
    Ok(answer.exit)
}

/// What came of waiting for the service of `context`; nothing after Ctrl-C.
async fn waited(
    context: &Context<'_>,
    limit: Duration,
    only: Option<&ConnectionSelector>,
) -> Result<Option<Answer>, Failure> {
    let mut signals = super::signals()?;
    let feed = || Feed::start(context.reach.clone(), None);
    tokio::select! {
        _ = signals.next() => Ok(None),
        answer = wait(feed(), limit, only, feed) => answer.map(Some),
    }
}

/// What came of waiting.
#[derive(Debug, PartialEq)]
struct Answer {
    exit: Exit,
    snapshot: Snapshot,
}

/// Waits until what is asked about is connected, cannot become so, or `limit` is over.
/// After a gap in its events the feed is taken anew from `again`.
async fn wait(
    mut feed: Feed,
    limit: Duration,
    only: Option<&ConnectionSelector>,
    again: impl Fn() -> Feed,
) -> Result<Answer, Failure> {
    let deadline = Instant::now() + limit;
    let mut state = WatchState::default();
    let mut lost: Option<Failure> = None;
    while let Ok(update) = tokio::time::timeout_at(deadline, feed.next()).await {
        if let Update::Lost(failure) = &update {
            if !feed::may_pass(failure) {
                return Err(failure.clone());
            }
            lost = Some(failure.clone());
        }
        if state.take(update, Timestamp::now()).is_err() {
            feed = again();
        }
        let (Some(snapshot), Link::Up | Link::Back { .. }) = (state.snapshot(), &state.link) else {
            continue;
        };
        let exit = match verdict(snapshot, only)? {
            Verdict::NotYet => continue,
            Verdict::Healthy => Exit::Ok,
            Verdict::Hopeless => Exit::NotConnected,
        };
        return Ok(Answer { exit, snapshot: snapshot.clone() });
    }
    match (state.snapshot(), &state.link) {
        (Some(snapshot), Link::Up | Link::Back { .. }) => {
            Ok(Answer { exit: Exit::TimedOut, snapshot: snapshot.clone() })
        }
        _ => Err(lost.unwrap_or_else(|| {
            let text = format!("the service did not answer within {} s", limit.as_secs());
            Failure::new(Exit::TimedOut, text)
        })),
    }
}

fn verdict(snapshot: &Snapshot, only: Option<&ConnectionSelector>) -> Result<Verdict, Failure> {
    let view = only.map(|only| pick::one(snapshot, only)).transpose()?;
    Ok(Health::of(snapshot, view.map(|view| &view.id)).verdict())
}

fn print(
    context: &Context<'_>,
    snapshot: &Snapshot,
    only: Option<&ConnectionSelector>,
) -> Result<(), Failure> {
    let printer = context.printer;
    let view = only.map(|only| pick::one(snapshot, only)).transpose()?;
    let health = Health::of(snapshot, view.map(|view| &view.id));
    let service = &snapshot.service;
    if printer.is_json() {
        return printer.line(&render::json::status(service, &health));
    }
    let (now, width) = (Timestamp::now(), printer.width());
    printer.lines(&render::status::render(service, &health, now, width, printer.style))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::cli::render::sample;
    use crate::ipc::Push;
    use crate::ipc::protocol::Event;
    use crate::model::{ConnectionStatus, ConnectionView};

    /// What waiting for 30 s gives when `script` happens, each after its seconds.
    async fn answer(
        script: Vec<(u64, Update)>,
        only: Option<&str>,
    ) -> (Result<Exit, Failure>, Duration) {
        let (sender, updates) = mpsc::channel(16);
        let start = Instant::now();
        tokio::spawn(async move {
            for (seconds, update) in script {
                tokio::time::sleep_until(start + Duration::from_secs(seconds)).await;
                sender.send(update).await.unwrap();
            }
            sender.closed().await;
        });
        let only = only.map(|only| only.parse().unwrap());
        let no_gap = || -> Feed { panic!("no event is missing") };
        let feed = Feed::of(updates);
        let answer = wait(feed, Duration::from_secs(30), only.as_ref(), no_gap).await;
        (answer.map(|answer| answer.exit), start.elapsed())
    }

    fn whole(views: Vec<ConnectionView>) -> Update {
        Update::Push(Push::Snapshot(Box::new(sample::snapshot(views))))
    }

    fn changed(revision: u64, view: ConnectionView) -> Update {
        let event = Event::Connection { connection: Box::new(view) };
        Update::Push(Push::Event { revision, event })
    }

    fn sql(status: ConnectionStatus) -> ConnectionView {
        sample::view("contoso", "sql", status)
    }

    fn lost(exit: Exit) -> Update {
        Update::Lost(Failure::new(exit, "gone"))
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_event_that_connects() {
        let starting = whole(vec![sql(ConnectionStatus::Starting)]);
        let script = vec![(0, starting), (7, changed(8, sql(sample::connected())))];
        let (exit, after) = answer(script, None).await;
        assert_eq!((exit, after.as_secs()), (Ok(Exit::Ok), 7));
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_a_service_that_is_starting_or_restarts() {
        let script = vec![
            (1, lost(Exit::ServiceNotReachable)),
            (5, whole(vec![sql(ConnectionStatus::Starting)])),
            (9, lost(Exit::ServiceNotReachable)),
            (12, whole(vec![sql(sample::connected())])),
        ];
        let (exit, after) = answer(script, Some("contoso/sql")).await;
        assert_eq!((exit, after.as_secs()), (Ok(Exit::Ok), 12));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_ends_it() {
        let (exit, after) =
            answer(vec![(0, whole(vec![sql(ConnectionStatus::Starting)]))], None).await;
        assert_eq!((exit, after.as_secs()), (Ok(Exit::TimedOut), 30));
        let (exit, after) = answer(vec![(0, lost(Exit::ServiceNotReachable))], None).await;
        assert_eq!(exit.map_err(|failure| failure.exit), Err(Exit::ServiceNotReachable));
        assert_eq!(after.as_secs(), 30);
        let (exit, _) = answer(vec![], None).await;
        assert_eq!(exit.map_err(|failure| failure.exit), Err(Exit::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_happen_is_not_waited_for() {
        let faulted = ConnectionStatus::Faulted { fault: sample::refused_key() };
        for (update, only, expected) in [
            (whole(vec![sql(faulted)]), None, Ok(Exit::NotConnected)),
            (
                whole(vec![sql(ConnectionStatus::Disabled)]),
                Some("contoso/sql"),
                Ok(Exit::NotConnected),
            ),
            (whole(vec![]), Some("contoso/sql"), Err(Exit::NotFound)),
            (lost(Exit::Denied), None, Err(Exit::Denied)),
            (lost(Exit::VersionMismatch), None, Err(Exit::VersionMismatch)),
        ] {
            let (exit, after) = answer(vec![(2, update)], only).await;
            assert_eq!((exit.map_err(|failure| failure.exit), after.as_secs()), (expected, 2));
        }
    }
}
