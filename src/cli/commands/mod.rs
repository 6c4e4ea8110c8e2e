//! One file a verb.

mod act;
mod add;
mod list;
mod logs;
mod remove;
mod settings;
mod show;
mod status;
mod version;

use super::args::{Command, PickedWithAccount};
use super::exit::{self, Exit};
use super::failure::Failure;
use super::{Context, render};
use crate::ipc::Client;
use crate::ipc::protocol::{Request, Response};
use crate::model::Snapshot;

/// Does what `command` asks for.
pub(super) async fn run(context: &Context<'_>, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Add(arguments) => add::run(context, arguments).await,
        Command::List(arguments) => list::run(context, &arguments).await,
        Command::Show(arguments) => show::run(context, arguments).await,
        Command::Remove(arguments) => remove::run(context, arguments).await,
        Command::Restart(arguments) => act::run(context, arguments, act::RESTART).await,
        Command::Enable(arguments) => act::run(context, arguments, act::ENABLE).await,
        Command::Disable(arguments) => act::run(context, arguments, act::DISABLE).await,
        Command::Status(arguments) => status::run(context, arguments).await,
        Command::Logs(arguments) => logs::run(context, &arguments).await,
        Command::Version => version::run(context).await,
        Command::Settings(arguments) => settings::run(context, arguments).await,
        Command::Login => Err(add::no_account(&PickedWithAccount::default())),
        Command::ExitCodes => context.printer.line(&exit::help()).map(|()| Exit::Ok),
        Command::Json => context.printer.line(render::json::HELP).map(|()| Exit::Ok),
        Command::Demo(_) => Err(Failure::new(Exit::NotSupported, "this build of hcm has no demo")),
    }
}

/// The state, once.
async fn snapshot(client: &mut Client) -> Result<Box<Snapshot>, Failure> {
    match client.request(Request::Snapshot).await? {
        Response::Snapshot { snapshot } => Ok(snapshot),
        other => Err(unexpected(&other)),
    }
}

/// A service that answers something else than it was asked.
fn unexpected(response: &Response) -> Failure {
    let kind = match response {
        Response::Done => "done",
        Response::Connection { .. } => "a connection",
        Response::Snapshot { .. } => "a snapshot",
        Response::Settings { .. } => "settings",
        Response::Logs { .. } => "lines of the log",
    };
    let text = format!(
        "the service answered with {kind}, which was not asked for; install the same version of hcm and the service"
    );
    Failure::new(Exit::VersionMismatch, text)
}
