//! `hcm status --check`: one question of a script or a probe. It says nothing when the answer
//! is yes, and why in one line when it is no.

use std::time::Duration;

use crate::cli::args::Check;
use crate::cli::commands;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, pick, render};
use crate::display::health::Health;
use crate::ipc::protocol::{Access, Request};
use crate::model::{ConnectionSelector, Snapshot};

/// How long the service may take for its answer, unless the caller says so.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn run(
    context: &Context<'_>,
    what: Check,
    wait_for: Option<Duration>,
    only: Option<&ConnectionSelector>,
) -> Result<Exit, Failure> {
    let checked = match what {
        Check::Live if only.is_some() => {
            let text = "--check live is about the service; it takes no hybrid connection";
            return Err(Failure::new(Exit::Usage, text));
        }
        Check::Live => answered(live(context), wait_for.unwrap_or(ANSWER_LIMIT)).await,
        Check::Ready => match wait_for {
            None => answered(now(context, only), ANSWER_LIMIT).await,
            Some(limit) => within(context, limit, only).await,
        },
    };
    if !context.printer.is_json() {
        return checked.map(|()| Exit::Ok);
    }
    let failure = checked.err();
    context.printer.line(&render::json::check(what.as_str(), failure.as_ref()))?;
    Ok(failure.map_or(Exit::Ok, |failure| failure.exit))
}

/// The answer, if it comes within `limit`.
async fn answered(
    answer: impl Future<Output = Result<(), Failure>>,
    limit: Duration,
) -> Result<(), Failure> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        let text = format!("the service did not answer within {} s", limit.as_secs());
        Err(Failure::new(Exit::TimedOut, text))
    })
}

/// Whether the service takes requests: what may change something waits for its turn there.
async fn live(context: &Context<'_>) -> Result<(), Failure> {
    let mut client = context.connect().await?;
    let request = match client.access() {
        Access::Manage => Request::GetSettings,
        Access::ReadStatus => Request::Snapshot,
    };
    client.request(request).await?;
    Ok(())
}

async fn now(context: &Context<'_>, only: Option<&ConnectionSelector>) -> Result<(), Failure> {
    let mut client = context.connect().await?;
    let snapshot = commands::snapshot(&mut client).await?;
    ready(&snapshot, only)
}

async fn within(
    context: &Context<'_>,
    limit: Duration,
    only: Option<&ConnectionSelector>,
) -> Result<(), Failure> {
    let Some(answer) = super::waited(context, limit, only).await? else {
        return Err(Failure::new(Exit::Interrupted, "interrupted"));
    };
    ready(&answer.snapshot, only).map_err(|failure| match answer.exit {
        Exit::TimedOut => Failure::new(Exit::TimedOut, failure.message),
        _ => failure,
    })
}

/// Whether every enabled connection of `snapshot`, or `only` that one, is connected and will
/// stay so.
fn ready(snapshot: &Snapshot, only: Option<&ConnectionSelector>) -> Result<(), Failure> {
    if snapshot.service.draining.is_some() {
        return Err(Failure::new(Exit::ServiceNotReachable, "the service is stopping"));
    }
    let view = only.map(|only| pick::one(snapshot, only)).transpose()?;
    let health = Health::of(snapshot, view.map(|view| &view.id));
    match health.not_ready() {
        None => Ok(()),
        Some(reason) => Err(Failure::new(Exit::NotConnected, reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;

    #[test]
    fn one_that_is_stopping_is_not_ready_though_all_is_still_connected() {
        let sql = sample::view("contoso", "sql", sample::connected());
        let mut snapshot = sample::snapshot(vec![sql]);
        assert_eq!(ready(&snapshot, None), Ok(()));
        snapshot.service.draining = Some(3);
        assert_eq!(ready(&snapshot, None).unwrap_err().exit, Exit::ServiceNotReachable);
    }

    #[test]
    fn a_missing_connection_is_not_ready() {
        let snapshot = sample::mixed();
        let exit = |name: &str| ready(&snapshot, Some(&name.parse().unwrap())).map_err(|f| f.exit);
        assert_eq!(exit("contoso/sql"), Ok(()));
        assert_eq!(exit("contoso/files"), Err(Exit::NotConnected));
        assert_eq!(exit("contoso/none"), Err(Exit::NotFound));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_answer_is_not_waited_for_any_longer() {
        let never = std::future::pending::<Result<(), Failure>>();
        let failure = answered(never, ANSWER_LIMIT).await.unwrap_err();
        assert_eq!(failure.exit, Exit::TimedOut);
        assert_eq!(failure.message, "the service did not answer within 5 s");
    }
}
