//! One connection string or many, from wherever they come.

use zeroize::Zeroizing;

use super::service::Service;
use crate::cli::args::Add;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, input, prompt};
use crate::ipc::protocol::{ErrorCode, RequestError};
use crate::model::connection_string::Numbered;
use crate::model::{ConnectionString, ConnectionStringError};

const PROMPT: &str = "Paste the connection string (it is not shown), then press Enter: ";

/// Adds what the connection strings of `arguments` say.
pub(super) async fn run(context: &Context<'_>, arguments: &Add) -> Result<Exit, Failure> {
    let strings = ConnectionString::parse_many(&text(context, arguments)?);
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
            (Ok(string), Some(service)) => {
                let id = string.id.clone();
                service.add(id, string.to_secret(), arguments.replace, None).await
            }
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
        _ => input::of_stdin(),
    }
}

fn invalid(error: &ConnectionStringError) -> Failure {
    RequestError::new(ErrorCode::InvalidConnectionString, error.to_string())
        .about(error.part())
        .into()
}
