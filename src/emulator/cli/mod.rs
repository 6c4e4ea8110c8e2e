//! `relay-emulator`: the emulator as a program, and the command line that steers it.

mod args;
mod azure_fault;
mod client;
mod fault;
mod feed;
mod render;
mod run;
mod send;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

use self::args::{Arguments, Command, Hybrid};
use self::client::Client;
use self::fault::Order;
use super::announce::Announcement;
use super::config::Right;
use super::control::{Changes, Regenerate};
use super::error::EmulatorError;
use super::sender::SenderError;
use super::status::EmulatorState;
use crate::model::ConnectionSelector;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    #[error(transparent)]
    Sender(#[from] SenderError),
    #[error(
        "no emulator runs with the state folder {}; start one with: relay-emulator run", .0.display()
    )]
    NotRunning(PathBuf),
    #[error("the emulator refused: {0}")]
    Refused(String),
    #[error("the running emulator has no {0}")]
    Unknown(String),
    #[error("the runtime could not be started: {0}")]
    Runtime(std::io::Error),
    #[error("signals cannot be waited for: {0}")]
    Signal(std::io::Error),
    #[error("cannot write to the terminal: {0}")]
    Output(#[from] std::io::Error),
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; choose another --local port, or 0 for any"
    )]
    Local { port: u16, source: std::io::Error },
    #[error("there is no folder to keep the state in; name one with --state")]
    NoHome,
}

/// Reads the program's arguments and does what they say. 0 is success, 1 a failure
/// that was told, 2 a wrong command line.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return if error.print().is_ok() { ExitCode::from(code) } else { ExitCode::from(2) };
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(CliError::Runtime).and_then(|runtime| {
        let outcome = runtime.block_on(obey(arguments));
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            render::error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn obey(arguments: Arguments) -> Result<(), CliError> {
    let folder = match arguments.state {
        Some(folder) => folder,
        None => usual_folder().ok_or(CliError::NoHome)?,
    };
    match arguments.command {
        Command::Run(options) => run::run(options, &folder).await,
        Command::Send(options) => send::send(options, &folder).await,
        Command::Feed(options) => feed::feed(options).await,
        Command::Fault { on, fault } => {
            let client = Client::of(&folder)?;
            let told = match fault.order() {
                Order::Relay(fault) => fault::told(client.inject(on, fault).await?),
                Order::Azure(fault) => fault::told_of_azure(client.inject_azure(&fault).await?),
            };
            render::lines(&[told])
        }
        Command::Clear => Client::of(&folder)?.act("DELETE", "faults", None::<&()>).await,
        Command::State { json } => {
            let state: EmulatorState = Client::of(&folder)?.get("state").await?;
            if json { render::json(&state) } else { render::state(&state) }
        }
        Command::ConnectionString { connection, rule } => {
            let announcement = announcement(&folder)?;
            let found = announcement.find(&connection, rule.as_deref(), Right::Listen);
            let found = found.ok_or_else(|| unknown_rule(&connection, rule.as_deref()))?;
            render::lines(&[found.connection_string.expose().to_owned()])
        }
        Command::Set { connection, endpoint, user_metadata, requires_client_authorization } => {
            let metadata =
                endpoint.map(|endpoint| super::config::metadata_of(&endpoint.to_string()));
            let user_metadata = metadata.or(user_metadata);
            let changes = Changes { user_metadata, requires_client_authorization };
            let path = connection.path();
            Client::of(&folder)?.act("PATCH", &path, Some(&changes)).await
        }
        Command::Create { connection, endpoint } => {
            let Hybrid { namespace, name } = connection;
            let endpoint = endpoint.map(|endpoint| endpoint.to_string());
            let body = serde_json::json!({ "name": name, "endpoint": endpoint });
            let path = format!("hybrid-connections/{namespace}");
            Client::of(&folder)?.act("PUT", &path, Some(&body)).await
        }
        Command::Remove { connection } => {
            Client::of(&folder)?.act("DELETE", &connection.path(), None::<&()>).await
        }
        Command::RegenerateKeys { connection, rule } => {
            let Hybrid { namespace, name } = connection;
            let order = Regenerate { namespace, hybrid_connection: Some(name), rule };
            Client::of(&folder)?.act("POST", "regenerate-keys", Some(&order)).await
        }
    }
}

/// What the running emulator told of itself.
fn announcement(folder: &Path) -> Result<Announcement, CliError> {
    Announcement::read(folder)?.ok_or_else(|| CliError::NotRunning(folder.to_owned()))
}

fn unknown_rule(connection: &ConnectionSelector, rule: Option<&str>) -> CliError {
    CliError::Unknown(match rule {
        Some(rule) => format!("rule {rule} for {connection}"),
        None => format!("hybrid connection {connection} with a fitting rule"),
    })
}

/// Where the state is kept unless `--state` says otherwise.
fn usual_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "relay-emulator")?;
    Some(folders.data_local_dir().to_owned())
}
