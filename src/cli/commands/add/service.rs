//! What is added goes to the service, and comes back as it is then.

use crate::cli::commands::{snapshot, unexpected};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, render};
use crate::ipc::Client;
use crate::ipc::protocol::{Request, Response};
use crate::model::{AzureResource, ConnectionId, ConnectionView, Secret, Snapshot};

/// The service, and what it had before anything was added.
pub(in crate::cli::commands) struct Service {
    /// The channel to it.
    pub(super) client: Client,
    before: Box<Snapshot>,
}

impl Service {
    /// Calls the service.
    ///
    /// # Errors
    /// One that does not answer.
    pub(in crate::cli::commands) async fn open(context: &Context<'_>) -> Result<Self, Failure> {
        let mut client = context.connect_to_manage().await?;
        let before = snapshot(&mut client).await?;
        Ok(Self { client, before })
    }

    /// What it had then.
    pub(in crate::cli::commands) fn before(&self) -> &[ConnectionView] {
        &self.before.connections
    }

    /// Whether `id` was there before.
    pub(super) fn has(&self, id: &ConnectionId) -> bool {
        self.before.connections.iter().any(|view| view.id == *id)
    }

    /// Adds `id`, which `connection_string` is of.
    ///
    /// # Errors
    /// What the service refuses.
    pub(in crate::cli::commands) async fn add(
        &mut self,
        id: ConnectionId,
        connection_string: Secret,
        replace: bool,
        resource: Option<AzureResource>,
    ) -> Result<ConnectionId, Failure> {
        let request = Request::AddConnection { connection_string, replace, resource };
        match self.client.request(request).await {
            Ok(Response::Connection { id }) => Ok(id),
            Ok(Response::Done) => Ok(id),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(with_hint(error.into())),
        }
    }

    /// Shows what was added as it is now.
    ///
    /// # Errors
    /// A service that is gone.
    pub(in crate::cli::commands) async fn print(
        self,
        context: &Context<'_>,
        added: &[ConnectionId],
        is_one: bool,
    ) -> Result<(), Failure> {
        let Self { mut client, before } = self;
        let after = snapshot(&mut client).await?;
        let printer = context.printer;
        let find = |id: &ConnectionId| after.connections.iter().find(|view| view.id == *id);
        if printer.is_json() {
            let views: Vec<&ConnectionView> = added.iter().filter_map(find).collect();
            return match views.as_slice() {
                [view] if is_one => printer.line(&render::json::connection_brief(view)),
                _ => printer.line(&render::json::connections(views)),
            };
        }
        for id in added {
            let was_there = before.connections.iter().any(|view| view.id == *id);
            printer.done(&line(id, was_there, find(id)))?;
        }
        Ok(())
    }
}

fn line(id: &ConnectionId, was_there: bool, now: Option<&ConnectionView>) -> String {
    let what = if was_there { "Updated the key of" } else { "Added" };
    match now {
        Some(view) => match view.status.fault() {
            Some(fault) => {
                let fault = render::connection::fault(fault);
                format!("{what} {id}: {} · {fault}", view.status.label())
            }
            None => format!("{what} {id}: {}", view.status.label()),
        },
        None => format!("{what} {id}"),
    }
}

/// The service knows no options of this program.
pub(super) fn with_hint(failure: Failure) -> Failure {
    if failure.exit == Exit::AlreadyExists && !failure.message.contains("--replace") {
        let message = failure.message.trim_end_matches('.');
        return Failure {
            message: format!("{message}; hcm add --replace updates its key"),
            ..failure
        };
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;
    use crate::ipc::protocol::{ErrorCode, RequestError};
    use crate::model::{ConnectionStatus, Fault, FaultCode};

    #[test]
    fn what_was_done_is_told_with_the_status() {
        let view = sample::view("contoso", "sql", crate::model::ConnectionStatus::Starting);
        assert_eq!(line(&view.id, false, Some(&view)), "Added contoso/sql: Connecting");
        assert_eq!(line(&view.id, true, None), "Updated the key of contoso/sql");
        let fault = Fault::new(FaultCode::PolicyDenied, "/etc/x");
        let view = ConnectionView { status: ConnectionStatus::Faulted { fault }, ..view };
        let said = line(&view.id, false, Some(&view));
        let words = "Added contoso/sql: Not connected · The policy of this machine does not allow";
        assert!(said.starts_with(words) && said.contains("(/etc/x)"), "{said}");
    }

    #[test]
    fn one_that_is_there_already_can_be_replaced() {
        let refusal = |text| RequestError::new(ErrorCode::AlreadyExists, text);
        let hinted = with_hint(refusal("contoso/sql is there already.").into());
        assert_eq!(
            hinted.message,
            "contoso/sql is there already; hcm add --replace updates its key"
        );
        let same = with_hint(refusal("there; use --replace").into());
        assert_eq!(same.message, "there; use --replace");
    }
}
