//! `hcm restart`, `enable` and `disable`: the same for one, several or all connections.

use crate::cli::args::SomeOrAll;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, pick, render};
use crate::ipc::Client;
use crate::ipc::protocol::{Request, Response};
use crate::model::{ConnectionId, ConnectionSelector};

/// What is done to a connection.
#[derive(Clone, Copy)]
pub(super) struct Action {
    request: fn(ConnectionSelector) -> Request,
    /// Of one to which it was done; in JSON.
    result: &'static str,
    /// Of one to which it was done; to people.
    done: &'static str,
}

pub(super) const RESTART: Action = Action {
    request: |connection| Request::RestartConnection { connection },
    result: "restarting",
    done: "Restarting",
};
pub(super) const ENABLE: Action = Action {
    request: |connection| Request::EnableConnection { connection },
    result: "enabled",
    done: "Enabled",
};
pub(super) const DISABLE: Action = Action {
    request: |connection| Request::DisableConnection { connection },
    result: "disabled",
    done: "Disabled",
};
pub(super) const REMOVE: Action = Action {
    request: |connection| Request::RemoveConnection { connection },
    result: "removed",
    done: "Removed",
};

pub(super) async fn run(
    context: &Context<'_>,
    arguments: SomeOrAll,
    action: Action,
) -> Result<Exit, Failure> {
    let selectors = pick::selectors(arguments.connections, &arguments.by_options)?;
    let mut client = context.connect_to_manage().await?;
    let snapshot = super::snapshot(&mut client).await?;
    let targets = if arguments.all {
        snapshot.connections.iter().map(|view| Ok(view.id.clone())).collect()
    } else {
        let found = |selector| pick::one(&snapshot, selector).map(|view| view.id.clone());
        selectors.iter().map(found).collect()
    };
    act_on_all(context, &mut client, targets, action).await
}

/// Does `action` to every target that was found, and says how each went.
pub(super) async fn act_on_all(
    context: &Context<'_>,
    client: &mut Client,
    targets: Vec<Result<ConnectionId, Failure>>,
    action: Action,
) -> Result<Exit, Failure> {
    let printer = context.printer;
    let mut exits = Vec::new();
    let mut done = Vec::new();
    for target in targets {
        let acted = match target {
            Ok(id) => act_on(client, id, action).await,
            Err(failure) => Err(failure),
        };
        match acted {
            Ok(id) => {
                printer.done(&format!("{} {id}", action.done))?;
                done.push(id);
            }
            Err(failure) => {
                printer.failure(&failure);
                exits.push(failure.exit);
            }
        }
    }
    if printer.is_json() {
        printer.line(&render::json::results(&done, action.result))?;
    }
    Ok(Exit::together(exits))
}

async fn act_on(
    client: &mut Client,
    id: ConnectionId,
    action: Action,
) -> Result<ConnectionId, Failure> {
    match client.request((action.request)(ConnectionSelector::from(&id))).await {
        Ok(Response::Connection { id }) => Ok(id),
        Ok(Response::Done) => Ok(id),
        Ok(other) => Err(super::unexpected(&other)),
        Err(error) => {
            let failure = Failure::from(error);
            Err(Failure { message: format!("{id}: {}", failure.message), ..failure })
        }
    }
}
