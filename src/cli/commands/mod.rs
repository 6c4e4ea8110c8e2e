//! One file a verb.

mod act;
mod add;
mod apply;
mod doctor;
mod explain;
mod export;
mod firewall;
mod import;
mod list;
mod login;
mod logs;
mod remove;
pub(super) mod settings;
mod show;
mod status;
mod test;
mod upgrade;
mod version;

use super::Context;
use super::args::Verb;
use super::exit::Exit;
use super::failure::Failure;
use crate::ipc::Client;
use crate::ipc::protocol::{Request, Response};
use crate::model::Snapshot;
use crate::platform::signals::StopSignals;

/// Does what `verb` asks for.
pub(super) async fn run(context: &Context<'_>, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Add(arguments) => add::run(context, *arguments).await,
        Verb::Import(arguments) => import::run(context, arguments).await,
        Verb::Apply(arguments) => apply::run(context, arguments).await,
        Verb::Export(arguments) => export::run(context, arguments).await,
        Verb::List(arguments) => list::run(context, &arguments).await,
        Verb::Show(arguments) => show::run(context, arguments).await,
        Verb::Remove(arguments) => remove::run(context, arguments).await,
        Verb::Restart(arguments) => act::run(context, arguments, act::RESTART).await,
        Verb::Enable(arguments) => act::run(context, arguments, act::ENABLE).await,
        Verb::Disable(arguments) => act::run(context, arguments, act::DISABLE).await,
        Verb::Status(arguments) => status::run(context, arguments).await,
        Verb::Logs(arguments) => logs::run(context, &arguments).await,
        Verb::Doctor(arguments) => doctor::run(context, arguments).await,
        Verb::Explain(arguments) => explain::run(context, &arguments),
        Verb::Firewall(arguments) => firewall::run(context, arguments).await,
        Verb::Test(arguments) => test::run(context, arguments).await,
        Verb::Version => version::run(context).await,
        Verb::Upgrade(arguments) => upgrade::run(context, arguments).await,
        Verb::Settings(arguments) => settings::run(context, arguments).await,
        Verb::Login(options) => login::run(context, &options).await,
    }
}

/// The signals that end a command which goes on until then.
fn signals() -> Result<StopSignals, Failure> {
    StopSignals::listen().map_err(|error| Failure::new(Exit::Failure, error.to_string()))
}

/// The state, once.
pub(super) async fn snapshot(client: &mut Client) -> Result<Box<Snapshot>, Failure> {
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
        Response::Upgrade { .. } => "whether there is a newer version",
        Response::Settings { .. } => "settings",
        Response::Logs { .. } => "lines of the log",
        Response::Declared { .. } => "how a key compares",
        Response::Exported { .. } => "keys",
        Response::SettingChecked { .. } => "whether a setting would change",
        Response::Checked { .. } => "what a connection string leads to",
        Response::Diagnosed { .. } => "what is wrong",
    };
    let text = format!(
        "the service answered with {kind}, which was not asked for; install the same version of hcm and the service"
    );
    Failure::new(Exit::VersionMismatch, text)
}
