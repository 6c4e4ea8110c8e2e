//! `hcm export`: what is here, as a file for `hcm apply`.

use std::io::{self, IsTerminal as _};

use zeroize::Zeroizing;

use super::{snapshot, unexpected};
use crate::cli::Context;
use crate::cli::args::{Export, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::declared::write::{self, Entry};
use crate::ipc::Client;
use crate::ipc::protocol::{ExportedConnection, Request, Response};
use crate::model::{ConnectionView, Secret};

/// The first lines of the file.
const HEAD: &str = "Hybrid connections, for: hcm apply -f FILE";
const WITHOUT_KEYS: &str = "Without keys: each must be there already, or get a connectionString, for example\nconnectionString: {env: NAME} or {file: PATH} or {secret: NAME}.";
const WITH_KEYS: &str = "With keys: whoever reads this may listen on these hybrid connections.";
const UNREADABLE: &str = "its key cannot be read by the service and is not here";

pub(super) async fn run(context: &Context<'_>, arguments: Export) -> Result<Exit, Failure> {
    let printer = context.printer;
    if arguments.with_keys && !arguments.yes && io::stdout().is_terminal() {
        let text = "the keys would be seen on this terminal; write them into a file: hcm export --with-keys > FILE, or show them with --yes";
        return Err(Failure::new(Exit::Usage, text));
    }
    let mut client = match arguments.with_keys {
        true => context.connect_to_manage().await?,
        false => context.connect().await?,
    };
    let strings = match arguments.with_keys {
        true => strings(&mut client).await?,
        false => Vec::new(),
    };
    let snapshot = snapshot(&mut client).await?;
    let mut entries: Vec<_> = snapshot
        .connections
        .iter()
        .map(|view| entry(view, arguments.with_keys, &strings))
        .collect();
    entries.sort_by(|one, other| one.id.cmp(other.id));
    printer.write(&text(printer.format, arguments.with_keys, &entries))?;
    if arguments.with_keys {
        printer.remark("note: the keys are in it; let nobody read it who may not listen");
        for entry in entries.iter().filter(|entry| entry.string.is_none()) {
            printer.remark(&format!("note: {}: {UNREADABLE}", entry.id));
        }
    }
    Ok(Exit::Ok)
}

async fn strings(client: &mut Client) -> Result<Vec<ExportedConnection>, Failure> {
    match client.request(Request::ExportConnections).await {
        Ok(Response::Exported { connections }) => Ok(connections),
        Ok(other) => Err(unexpected(&other)),
        Err(error) => Err(error.into()),
    }
}

fn entry<'a>(
    view: &'a ConnectionView,
    with_keys: bool,
    strings: &'a [ExportedConnection],
) -> Entry<'a> {
    let found = strings.iter().find(|one| one.id == view.id);
    let string: Option<&Secret> = found.map(|one| &one.connection_string);
    let remark = (with_keys && string.is_none()).then_some(UNREADABLE);
    Entry { id: &view.id, desired: view.desired, string, remark }
}

fn text(format: Format, with_keys: bool, entries: &[Entry<'_>]) -> Zeroizing<String> {
    let head: Vec<&str> = [HEAD]
        .into_iter()
        .chain(if with_keys { WITH_KEYS } else { WITHOUT_KEYS }.lines())
        .collect();
    match format {
        Format::Json => write::json(entries),
        Format::Table | Format::Yaml => write::yaml(&head, entries),
    }
}
