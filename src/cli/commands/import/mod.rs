//! `hcm import`: takes over what Microsoft's managers are configured with, and leaves their
//! files as they are.

mod find;

use std::collections::BTreeSet;
use std::path::Path;

use super::add::service::Service;
use crate::cli::args::Import;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::import::{Row, Source, Step, plan};
use crate::cli::render::printer::Printer;
use crate::cli::render::text::count;
use crate::cli::{Context, render};
use crate::managers::Manager;
use crate::model::ConnectionView;
use crate::platform::microsoft_managers;

pub(super) async fn run(context: &Context<'_>, arguments: Import) -> Result<Exit, Failure> {
    let printer = context.printer;
    let (sources, failures) = sources(printer, arguments.file.as_deref())?;
    tell_of(printer, &sources);
    failures.iter().for_each(|failure| printer.failure(failure));
    let mut exits: Vec<Exit> = failures.iter().map(|failure| failure.exit).collect();
    if sources.iter().all(|source| source.contents.entries.is_empty()) {
        if exits.is_empty() {
            return Err(nothing_in(&sources));
        }
        return Ok(Exit::together(exits));
    }
    // What is wrong with the files can be said without the service.
    let service = Service::open(context).await;
    let here: &[ConnectionView] = service.as_ref().map_or(&[], Service::before);
    let mut rows = plan(&sources, here, arguments.replace);
    tell_why(printer, &rows);
    let (mut service, is_dry) = match (service, arguments.dry_run) {
        (Ok(service), is_dry) => (service, is_dry),
        (Err(failure), false) => return Err(failure),
        (Err(failure), true) => {
            show(printer, &sources, &rows, true)?;
            return Err(failure);
        }
    };
    if is_dry {
        show(printer, &sources, &rows, true)?;
        printer.note("Nothing was changed (--dry-run).");
    } else {
        if !printer.is_json() && !printer.is_quiet() {
            printer.lines(&render::import::table(&rows, printer.width(), printer.style))?;
        }
        take_over(printer, &mut service, &mut rows, arguments.replace).await;
        if printer.is_json() {
            show(printer, &sources, &rows, false)?;
        } else {
            tell_what_was_done(context, service, &sources, &rows).await?;
        }
    }
    exits.extend(rows.iter().filter_map(|row| row.failure.as_ref()).map(|failure| failure.exit));
    Ok(Exit::together(exits))
}

/// The file that was named, or those that are on this machine.
fn sources(printer: &Printer, file: Option<&Path>) -> Result<(Vec<Source>, Vec<Failure>), Failure> {
    if let Some(file) = file {
        return Ok((vec![find::named(file)?], Vec::new()));
    }
    let found = find::among(microsoft_managers::files(), microsoft_managers::stranger_who_owns);
    if let Some(nothing) = found.nothing() {
        return Err(nothing);
    }
    if !found.missing.is_empty() {
        printer.note(&format!("Not there: {}", find::list(&found.missing)));
    }
    Ok((found.sources, found.failures))
}

/// Says what was found in each file, and what else its manager is told there.
fn tell_of(printer: &Printer, sources: &[Source]) {
    for Source { path, contents } in sources {
        let many = count(contents.entries.len() as u64, "hybrid connection", "hybrid connections");
        printer.note(&format!(
            "{}: {many} of Microsoft's manager {}",
            path.display(),
            contents.manager.version()
        ));
        if let Some(proxy) = &contents.proxy {
            let advice = proxy.advice();
            printer.remark(&format!("note: {}, line {}: {advice}", path.display(), proxy.line));
        }
    }
}

fn tell_why(printer: &Printer, rows: &[Row]) {
    for failure in rows.iter().filter_map(|row| row.failure.as_ref()) {
        printer.failure(failure);
    }
}

fn nothing_in(sources: &[Source]) -> Failure {
    let paths: Vec<_> = sources.iter().map(|source| source.path.clone()).collect();
    let text = format!("there is no hybrid connection to take over in {}", find::list(&paths));
    Failure::new(Exit::NotFound, text)
}

/// Shows all that was found and what becomes of it.
fn show(printer: &Printer, sources: &[Source], rows: &[Row], is_dry: bool) -> Result<(), Failure> {
    if printer.is_json() {
        return printer.line(&render::json::import(sources, rows, is_dry));
    }
    printer.lines(&render::import::table(rows, printer.width(), printer.style))
}

/// Adds one after another, and notes in `rows` how each went.
async fn take_over(printer: &Printer, service: &mut Service, rows: &mut [Row], replace: bool) {
    for row in rows.iter_mut().filter(|row| matches!(row.step, Step::Add | Step::Replace)) {
        let Some(importable) = row.importable.as_ref() else { continue };
        let (string, resource) = (&importable.string, importable.resource.clone());
        match service.add(string.id.clone(), string.to_secret(), replace, resource).await {
            Ok(_) => row.done(),
            Err(failure) => {
                row.refused(failure);
                row.failure.iter().for_each(|failure| printer.failure(failure));
            }
        }
    }
}

async fn tell_what_was_done(
    context: &Context<'_>,
    service: Service,
    sources: &[Source],
    rows: &[Row],
) -> Result<(), Failure> {
    let is_done = |row: &&Row| matches!(row.step, Step::Added | Step::Replaced);
    let done: Vec<_> = rows.iter().filter(is_done).collect();
    if done.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = done.iter().filter_map(|row| row.id()).cloned().collect();
    service.print(context, &ids, false).await?;
    let is_of = |source: &&Source| done.iter().any(|row| row.path == source.path);
    let managers = sources.iter().filter(is_of).map(|source| source.contents.manager);
    context.printer.note(&beside(&managers.collect()));
    Ok(())
}

/// Both managers may listen; that is told once something was taken over.
fn beside(managers: &BTreeSet<Manager>) -> String {
    let ways: Vec<&str> = managers.iter().map(|manager| manager.how_to_stop()).collect();
    format!(
        "Where Microsoft's manager still runs, it goes on listening on them, and Azure spreads the streams over both. To move over, stop it: {}",
        ways.join("; ")
    )
}
