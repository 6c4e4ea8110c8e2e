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
use crate::ipc::{Client, Push};
use crate::ipc::{Pushes, Requester};
use crate::model::diagnosis::{Verdict, cause};
use crate::model::{ConnectionId, ConnectionSelector, Diagnosis, VERSION};

/// How long the service may take; its own limit is shorter.
const LIMIT: Duration = Duration::from_secs(20);
/// Connections that are looked at side by side.
const AT_ONCE: usize = 32;

pub(super) async fn run(context: &Context<'_>, arguments: Doctor) -> Result<Exit, Failure> {
    let names = arguments.connection.into_iter().collect();
    let only = pick::selectors(names, &arguments.by_options)?.pop();
    let (diagnoses, client) = match context.connect_to_manage().await {
        Ok(mut client) => {
            let targets = targets(&mut client, only.as_ref()).await?;
            match asked(context, client, targets, arguments.all_gateways).await {
                Ok(diagnoses) => (diagnoses, true),
                // An older service does not know the question.
                Err(failure) if failure.exit == Exit::VersionMismatch => {
                    (vec![alone::look(only, arguments.all_gateways, &failure).await?], true)
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(failure) if alone::is_for(&failure) => {
            (vec![alone::look(only, arguments.all_gateways, &failure).await?], false)
        }
        Err(failure) => return Err(failure),
    };
    let printer = context.printer;
    if printer.is_json() {
        printer.line(&render::json::diagnoses(&diagnoses))?;
    } else {
        printer.lines(&render::doctor::all(&diagnoses, printer.width(), printer.style))?;
    }
    if let Some(path) = &arguments.report {
        file::write(context, path, &diagnoses, client).await?;
    }
    Ok(exit(&diagnoses))
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
) -> Result<Vec<Diagnosis>, Failure> {
    let version = &client.server().version;
    if version != VERSION {
        let text = format!("the service is version {version}, and this program {VERSION}");
        context.printer.note(&text);
    }
    let (requester, pushes) = client.into_parts();
    let mut live = Live::new(targets.len());
    let asking = stream::iter(targets)
        .map(|target| ask(&requester, target, all_gateways))
        .buffered(AT_ONCE)
        .collect::<Vec<_>>();
    let mut signals = super::signals()?;
    let answers = tokio::select! {
        answers = asking => answers,
        // The terminal is given back first.
        _ = signals.next() => vec![Err(Failure::new(Exit::Interrupted, "interrupted"))],
        failure = show(context, pushes, &mut live) => vec![Err(failure)],
    };
    context.printer.redraw(&mut live.screen, &[]);
    context.printer.end_redraw(std::mem::take(&mut live.screen));
    answers.into_iter().collect()
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

/// Shows what the service tells, until it tells nothing more.
async fn show(context: &Context<'_>, mut pushes: Pushes, live: &mut Live) -> Failure {
    loop {
        match pushes.next().await {
            Ok(Push::Diagnosis { connection, step }) => {
                live.take(connection, step);
                let printer = context.printer;
                let lines = live.lines(printer.question_size().columns, printer.question_style());
                printer.redraw(&mut live.screen, &lines);
            }
            Ok(_) => {}
            Err(error) => return error.into(),
        }
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
