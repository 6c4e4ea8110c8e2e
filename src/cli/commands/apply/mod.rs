//! `hcm apply`: makes the service's connections and settings what a file declares. The
//! difference is shown first, and what is so already is not touched.

mod ask;
mod read;

use crate::cli::apply::{Changes, Connection, Progress};
use crate::cli::args::Apply;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::printer::Printer;
use crate::cli::render::text::count;
use crate::cli::{Context, prompt, render};
use crate::declared::plan::Step;
use crate::declared::{Declared, DeclaredError, Which};
use crate::ipc::Client;
use crate::ipc::protocol::Request;
use crate::model::{ConnectionSelector, Desired};

pub(super) async fn run(context: &Context<'_>, arguments: Apply) -> Result<Exit, Failure> {
    let printer = context.printer;
    // What is wrong with the files can be said without the service.
    let declared = match read::files(&arguments.files, &arguments.secrets)? {
        Ok(declared) => declared,
        Err(errors) => return Ok(tell(printer, errors.into_iter().map(Failure::from).collect())),
    };
    let mut client = context.connect_to_manage().await?;
    let snapshot = super::snapshot(&mut client).await?;
    let mut changes = match ask::changes(&mut client, &declared, &snapshot, arguments.prune).await {
        Ok(changes) => changes,
        Err(failures) => return Ok(tell(printer, failures)),
    };
    if arguments.dry_run {
        show(printer, &changes, true)?;
        let differs = changes.count() > 0;
        printer.note(if differs { "Nothing was changed (--dry-run)." } else { NOTHING });
        return Ok(if differs { Exit::Differs } else { Exit::Ok });
    }
    if !printer.is_json() && !printer.is_quiet() {
        show(printer, &changes, false)?;
    }
    if changes.count() == 0 {
        printer.note(NOTHING);
    } else {
        let asks = !arguments.yes && changes.removed().next().is_some() && prompt::can_ask();
        if asks && !prompt::confirm(printer, &question(&changes))? {
            return Err(Failure::new(Exit::Failure, "nothing was changed"));
        }
        carry_out(printer, &mut client, &declared, &mut changes).await?;
    }
    if printer.is_json() {
        show(printer, &changes, false)?;
    }
    Ok(Exit::together(changes.failures().map(|failure| failure.exit)))
}

const NOT_REMOVED: &str = "it is not removed, because not all that is declared could be done";
const NOTHING: &str = "Nothing to do: all is as declared.";

/// Says all that is wrong; nothing was changed then.
fn tell(printer: &Printer, failures: Vec<Failure>) -> Exit {
    failures.iter().for_each(|failure| printer.failure(failure));
    printer.note("Nothing was changed.");
    Exit::together(failures.iter().map(|failure| failure.exit))
}

fn show(printer: &Printer, changes: &Changes, is_dry: bool) -> Result<(), Failure> {
    if printer.is_json() {
        return printer.line(&render::json::apply(changes, is_dry));
    }
    printer.lines(&render::apply::lines(changes, printer.width(), printer.style))
}

fn question(changes: &Changes) -> String {
    let names: Vec<String> = changes.removed().map(|one| one.row.id.to_string()).collect();
    let many = count(names.len() as u64, "hybrid connection is", "hybrid connections are");
    format!("{many} not declared and will be removed: {}.\nGo on?", names.join(", "))
}

/// Changes one after another, and notes in `changes` how each went. Settings come first:
/// connections may need the proxy or the CA among them. Where something is refused, nothing
/// is removed.
async fn carry_out(
    printer: &Printer,
    client: &mut Client,
    declared: &Declared,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let values = changes.settings.iter_mut().zip(&declared.settings);
    for (setting, one) in values.filter(|(setting, _)| setting.changes) {
        let (name, value) = (one.name.to_owned(), one.value.expose().to_owned());
        let done = client.request(Request::SetSetting { name, value }).await;
        let done = done.map(|_| ()).map_err(|error| at(&one.place, error.into()));
        setting.progress = note(printer, done, &format!("Set {}", one.name))?;
    }
    let mut is_refused = changes.failures().next().is_some();
    for one in changes.connections.iter_mut().filter(|one| one.changes()) {
        let words = render::apply::done(&one.row.steps);
        let done = match one.row.steps == [Step::Remove] && is_refused {
            true => {
                Err(Failure::new(Exit::Failure, NOT_REMOVED).of_connection(one.row.id.to_string()))
            }
            false => change(client, declared, one).await,
        };
        is_refused |= done.is_err();
        one.progress = note(printer, done, &format!("{words} {}", one.row.id))?;
    }
    Ok(())
}

/// Does to one connection what it needs, in one request.
async fn change(client: &mut Client, declared: &Declared, one: &Connection) -> Result<(), Failure> {
    let connection = ConnectionSelector::from(&one.row.id);
    let entry = one.row.declared.and_then(|at| declared.connections.get(at));
    let request = match entry.map(|entry| (&entry.which, entry.desired)) {
        Some((Which::WithKey(string), desired)) => {
            let connection_string = string.to_secret();
            Request::Declare { connection_string, desired, dry_run: false }
        }
        Some((Which::Present(_), Some(Desired::Enabled))) => {
            Request::EnableConnection { connection }
        }
        Some((Which::Present(_), Some(Desired::Disabled))) => {
            Request::DisableConnection { connection }
        }
        Some((Which::Present(_), None)) => return Ok(()),
        None if one.row.steps == [Step::Remove] => Request::RemoveConnection { connection },
        None => return Ok(()),
    };
    let done = client.request(request).await;
    done.map(|_| ()).map_err(|error| {
        let failure = Failure::from(error).of_connection(one.row.id.to_string());
        match &one.row.place {
            Some(place) => at(place, failure),
            None => failure,
        }
    })
}

fn note(printer: &Printer, done: Result<(), Failure>, words: &str) -> Result<Progress, Failure> {
    match done {
        Ok(()) => printer.done(words).map(|()| Progress::Done),
        Err(failure) => {
            printer.failure(&failure);
            Ok(Progress::Failed(Box::new(failure)))
        }
    }
}

/// `failure`, with the place of what it is about.
fn at(place: &crate::declared::Place, failure: Failure) -> Failure {
    let failure = failure.in_file(&*place.source);
    match place.mark {
        Some(mark) => failure.at_line(Some(mark.line)).at_column(mark.column),
        None => failure,
    }
}

impl From<DeclaredError> for Failure {
    fn from(error: DeclaredError) -> Self {
        let failure = Self::new(Exit::InvalidInput, error.message);
        at(&error.place, Self { field: error.field, ..failure })
    }
}
