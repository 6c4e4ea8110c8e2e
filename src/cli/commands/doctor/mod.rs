//! `hcm doctor`: what is wrong, as the service finds it, or as far as it shows without one.

mod alone;
mod file;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::{snapshot, unexpected};
use crate::cli::args::Doctor;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::doctor::Live;
use crate::cli::{Context, pick, render};
use crate::ipc::protocol::{Request, Response};
use crate::ipc::{Client, Push, Requester};
use crate::model::diagnosis::{Verdict, cause};
use crate::model::{ConnectionId, ConnectionSelector, Diagnosis, VERSION};

/// How long the service may take; its own limit is shorter.
const LIMIT: Duration = Duration::from_secs(20);
/// Connections that are looked at side by side.
const AT_ONCE: usize = 32;

/// What was found.
struct Found {
    diagnoses: Vec<Diagnosis>,
    has_service: bool,
    /// What broke the look off.
    failure: Option<Failure>,
}

pub(super) async fn run(context: &Context<'_>, arguments: Doctor) -> Result<Exit, Failure> {
    let names = arguments.connection.into_iter().collect();
    let only = pick::selectors(names, &arguments.by_options)?.pop();
    let found = look(context, only, arguments.all_gateways).await?;
    let printer = context.printer;
    if printer.is_json() {
        printer.line(&render::json::diagnoses(&found.diagnoses))?;
    } else {
        printer.lines(&render::doctor::all(&found.diagnoses, printer.width(), printer.style))?;
    }
    let Some(failure) = found.failure else {
        if let Some(path) = &arguments.report {
            file::write(context, path, &found.diagnoses, found.has_service).await?;
        }
        return Ok(exit(&found.diagnoses));
    };
    // Whoever has broken it off does not wait for the service once more.
    if let Some(path) = &arguments.report
        && let Err(unwritten) = file::write(context, path, &found.diagnoses, false).await
    {
        printer.note(&unwritten.message);
    }
    Err(failure)
}

/// The service looks, or this program where it cannot.
async fn look(
    context: &Context<'_>,
    only: Option<ConnectionSelector>,
    all_gateways: bool,
) -> Result<Found, Failure> {
    let (failure, has_service) = match context.connect_to_manage().await {
        Ok(mut client) => {
            let targets = targets(&mut client, only.as_ref()).await?;
            let found = asked(context, client, targets, all_gateways).await?;
            match found.failure {
                // An older service does not know the question.
                Some(failure) if failure.exit == Exit::VersionMismatch => (failure, true),
                _ => return Ok(found),
            }
        }
        Err(failure) if alone::is_for(&failure) => (failure, false),
        Err(failure) => return Err(failure),
    };
    let (diagnosis, failure) = alone::look(context, only, all_gateways, &failure).await?;
    Ok(Found { diagnoses: vec![diagnosis], has_service, failure })
}

/// What is to be looked at: the connection that is named, or all; nothing stands for the machine
/// alone.
async fn targets(
    client: &mut Client,
    only: Option<&ConnectionSelector>,
) -> Result<Vec<Option<ConnectionId>>, Failure> {
    let snapshot = snapshot(client).await?;
    if let Some(only) = only {
        return Ok(vec![Some(pick::one(&snapshot, only)?.id.clone())]);
    }
    let ids: Vec<_> = snapshot.connections.into_iter().map(|view| Some(view.id)).collect();
    Ok(if ids.is_empty() { vec![None] } else { ids })
}

/// What the service finds, shown as it comes.
async fn asked(
    context: &Context<'_>,
    client: Client,
    targets: Vec<Option<ConnectionId>>,
    all_gateways: bool,
) -> Result<Found, Failure> {
    let version = &client.server().version;
    if version != VERSION {
        let text = format!("the service is version {version}, and this program {VERSION}");
        context.printer.note(&text);
    }
    let (requester, mut pushes) = client.into_parts();
    let mut live = Live::new(targets.len());
    let mut asking = stream::iter(targets)
        .map(|target| ask(&requester, target, all_gateways))
        .buffer_unordered(AT_ONCE);
    let mut signals = super::signals()?;
    let (mut diagnoses, mut failure) = (Vec::new(), None);
    loop {
        tokio::select! {
            answer = asking.next() => match answer {
                Some(Ok(diagnosis)) => diagnoses.push(diagnosis),
                // What is known of the others is worth as much.
                Some(Err(failed)) => failure = failure.or(Some(failed)),
                None => break,
            },
            _ = signals.next() => {
                failure = Some(interrupted());
                break;
            }
            told = pushes.next() => match told {
                Ok(Push::Diagnosis { connection, step }) => {
                    live.take(connection, step);
                    draw(context, &mut live);
                }
                Ok(_) => {}
                Err(error) => {
                    failure = Some(error.into());
                    break;
                }
            },
        }
    }
    context.printer.redraw(&mut live.screen, &[]);
    context.printer.end_redraw(std::mem::take(&mut live.screen));
    if failure.is_some() {
        diagnoses.extend(live.broken_off(&diagnoses));
    }
    diagnoses.sort_by(|one, other| one.connection.cmp(&other.connection));
    Ok(Found { diagnoses, has_service: true, failure })
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted")
}

fn draw(context: &Context<'_>, live: &mut Live) {
    let printer = context.printer;
    let lines = live.lines(printer.question_size().columns, printer.question_style());
    printer.redraw(&mut live.screen, &lines);
}

async fn ask(
    requester: &Requester,
    target: Option<ConnectionId>,
    all_gateways: bool,
) -> Result<Diagnosis, Failure> {
    let connection = target.as_ref().map(ConnectionSelector::from);
    let request = Request::Diagnose { connection, all_gateways };
    match requester.request_within(request, LIMIT).await? {
        Response::Diagnosed { diagnosis } => Ok(*diagnosis),
        other => Err(unexpected(&other)),
    }
}

/// Whether something has failed.
fn exit(diagnoses: &[Diagnosis]) -> Exit {
    let has_failed = |diagnosis: &Diagnosis| {
        cause(&diagnosis.reports).is_some_and(|report| report.verdict == Verdict::Failed)
    };
    match diagnoses.iter().any(alone::lacks_service) {
        true => Exit::ServiceNotReachable,
        false if diagnoses.iter().any(has_failed) => Exit::ProblemFound,
        false => Exit::Ok,
    }
}
