//! `hcm add`: one connection string or many, from wherever they come.

use zeroize::Zeroizing;

use crate::cli::args::{Add, PickedWithAccount};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, input, prompt, render};
use crate::ipc::Client;
use crate::ipc::protocol::{ErrorCode, Request, RequestError, Response};
use crate::model::connection_string::Numbered;
use crate::model::{
    ConnectionId, ConnectionString, ConnectionStringError, ConnectionView, Snapshot,
};

const PROMPT: &str = "Paste the connection string (it is not shown), then press Enter: ";

pub(super) async fn run(context: &Context<'_>, arguments: Add) -> Result<Exit, Failure> {
    if arguments.azure.is_used() {
        return Err(no_account(&arguments.azure));
    }
    let strings = ConnectionString::parse_many(&text(context, &arguments)?);
    let is_one = match strings.len() {
        0 => return Err(invalid(&ConnectionStringError::Empty)),
        many => many == 1,
    };
    let mut exits = Vec::new();
    let mut fail = |line: usize, failure: Failure| {
        exits.push(failure.exit);
        context.printer.failure(&failure.at_line((!is_one).then_some(line)));
    };
    let mut service = None;
    if strings.iter().any(|string| string.value.is_ok()) {
        match Service::open(context).await {
            Ok(opened) => service = Some(opened),
            Err(failure) => {
                // What is wrong with the strings can be said without the service.
                for Numbered { line, value } in &strings {
                    if let Err(error) = value {
                        fail(*line, invalid(error));
                    }
                }
                return Err(failure);
            }
        }
    }
    let mut added = Vec::new();
    for Numbered { line, value } in strings {
        let result = match (value, &mut service) {
            (Ok(string), Some(service)) => service.add(&string, arguments.replace).await,
            (Ok(_), None) => continue,
            (Err(error), _) => Err(invalid(&error)),
        };
        match result {
            Ok(id) => added.push(id),
            Err(failure) => fail(line, failure),
        }
    }
    if let Some(service) = service
        && !added.is_empty()
    {
        service.print(context, &added, is_one).await?;
    }
    Ok(Exit::together(exits))
}

/// The service, and what it had before anything was added.
struct Service {
    client: Client,
    before: Box<Snapshot>,
}

impl Service {
    async fn open(context: &Context<'_>) -> Result<Self, Failure> {
        let mut client = context.connect().await?;
        let before = super::snapshot(&mut client).await?;
        Ok(Self { client, before })
    }

    async fn add(
        &mut self,
        string: &ConnectionString,
        replace: bool,
    ) -> Result<ConnectionId, Failure> {
        let request = Request::AddConnection {
            connection_string: string.to_secret(),
            replace,
            resource: None,
        };
        match self.client.request(request).await {
            Ok(Response::Connection { id }) => Ok(id),
            Ok(Response::Done) => Ok(string.id.clone()),
            Ok(other) => Err(super::unexpected(&other)),
            Err(error) => Err(with_hint(error.into())),
        }
    }

    /// Shows what was added as it is now.
    async fn print(
        mut self,
        context: &Context<'_>,
        added: &[ConnectionId],
        is_one: bool,
    ) -> Result<(), Failure> {
        let after = super::snapshot(&mut self.client).await?;
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
            let was_there = self.before.connections.iter().any(|view| view.id == *id);
            printer.done(&line(id, was_there, find(id)))?;
        }
        Ok(())
    }
}

fn line(id: &ConnectionId, was_there: bool, now: Option<&ConnectionView>) -> String {
    let what = if was_there { "Updated the key of" } else { "Added" };
    match now {
        Some(view) => format!("{what} {id}: {}", view.status.label()),
        None => format!("{what} {id}"),
    }
}

/// The text with the connection strings, from where the arguments say.
fn text(context: &Context<'_>, arguments: &Add) -> Result<Zeroizing<String>, Failure> {
    if let Some(path) = &arguments.file {
        return input::of_file(path);
    }
    match &arguments.string {
        Some(string) if string.expose() != "-" => {
            context.printer.note(
                "note: this key is now in the shell's history and was in the process list; next time: hcm add -",
            );
            Ok(Zeroizing::new(string.expose().to_owned()))
        }
        _ if prompt::can_ask() => prompt::secret(context.printer, PROMPT),
        Some(_) => input::of_stdin(),
        None => Err(Failure::new(
            Exit::Usage,
            "there is no connection string, and no terminal to ask for one; pass it on standard input (hcm add -) or name a file (hcm add --file FILE)",
        )),
    }
}

fn invalid(error: &ConnectionStringError) -> Failure {
    RequestError::new(ErrorCode::InvalidConnectionString, error.to_string())
        .about(error.part())
        .into()
}

/// The service knows no options of this program.
fn with_hint(failure: Failure) -> Failure {
    if failure.exit == Exit::AlreadyExists && !failure.message.contains("--replace") {
        let message = failure.message.trim_end_matches('.');
        return Failure {
            message: format!("{message}; hcm add --replace updates its key"),
            ..failure
        };
    }
    failure
}

/// Microsoft's `hcm` picks with an Azure account; this version cannot.
pub(super) fn no_account(picked: &PickedWithAccount) -> Failure {
    let whose = match (&picked.namespace, &picked.name) {
        (Some(namespace), Some(name)) => format!("the connection string of {namespace}/{name}"),
        _ => "the connection string of the hybrid connection".to_owned(),
    };
    let text = format!(
        "picking with an Azure account (login; add with --subscription, --resource-group, --namespace and --name) is not part of this version; copy {whose} in the Azure portal, under its shared access policies, and pass it: hcm add -"
    );
    Failure::new(Exit::NotSupported, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;

    #[test]
    fn what_was_done_is_told_with_the_status() {
        let view = sample::view("contoso", "sql", crate::model::ConnectionStatus::Starting);
        assert_eq!(line(&view.id, false, Some(&view)), "Added contoso/sql: Connecting");
        assert_eq!(line(&view.id, true, None), "Updated the key of contoso/sql");
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

    #[test]
    fn an_account_is_answered_in_words() {
        let picked = PickedWithAccount {
            subscription: Some("1".into()),
            resource_group: None,
            namespace: Some("contoso".into()),
            name: Some("sql".into()),
        };
        let failure = no_account(&picked);
        assert_eq!(failure.exit, Exit::NotSupported);
        assert!(failure.message.contains("connection string of contoso/sql"), "{failure}");
    }
}
