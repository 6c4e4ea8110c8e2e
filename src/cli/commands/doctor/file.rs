//! One file with all that was found, to send on.

use std::path::Path;

use jiff::Timestamp;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::style::Style;
use crate::cli::{Context, render};
use crate::ipc::Client;
use crate::ipc::protocol::{LogFilter, Request, Response};
use crate::model::{Diagnosis, VERSION};
use crate::platform::files::write_durably;
use crate::platform::permissions::Access;

/// Lines of the log that go along.
const LINES: usize = 300;
/// What stands before all else.
const HEAD: &str = "What hcm doctor has found. Names and addresses of this network are in it; keys and passwords\nare not. Look through it before you send it on.";

/// Writes `diagnoses` into the file at `path`, with what the service tells besides.
pub(super) async fn write(
    context: &Context<'_>,
    path: &Path,
    diagnoses: &[Diagnosis],
    has_service: bool,
) -> Result<(), Failure> {
    let mut lines: Vec<String> = HEAD.lines().map(str::to_owned).collect();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    lines.push(format!("Made {} by hcm {VERSION} on {system}.", Timestamp::now()));
    lines.push(String::new());
    lines.extend(render::doctor::in_full(diagnoses, None, Style::PLAIN));
    let client = match has_service {
        true => context.connect_to_manage().await.ok(),
        false => None,
    };
    if let Some(mut client) = client {
        // What was found is worth a file without it, too.
        match about_service(&mut client).await {
            Ok(more) => lines.extend(more),
            Err(failure) => lines.push(format!("The service told no more: {}", failure.message)),
        }
    }
    heading(&mut lines, "The same for programs");
    lines.push(render::json::diagnoses(diagnoses));
    lines.push(String::new());
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (file, text) = (path.clone(), lines.join("\n"));
    let writing = tokio::task::spawn_blocking(move || {
        write_durably(&file, text.as_bytes(), Access::OwnerOnly)
    });
    let written = writing.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    written.map_err(|error| {
        Failure::new(Exit::Failure, format!("the file {}: {error}", path.display()))
    })?;
    let file = path.display();
    context.printer.note(&format!(
        "written to {file}; names and addresses of this network are in it, keys and passwords are not"
    ));
    Ok(())
}

/// The settings, the connections and the end of the log.
async fn about_service(client: &mut Client) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    if let Response::Settings { settings } = client.request(Request::GetSettings).await? {
        heading(&mut lines, "Settings");
        lines.extend(settings.into_iter().map(|(name, value)| format!("{name} = {value}")));
    }
    if let Response::Snapshot { snapshot } = client.request(Request::Snapshot).await? {
        heading(&mut lines, "Hybrid connections");
        for view in &snapshot.connections {
            let status = view.status.label();
            let fault = view.status.fault().map(|fault| format!(": {fault}")).unwrap_or_default();
            lines.push(format!("{}: {status}{fault}", view.id.full()));
            let events = view.events.iter();
            lines.extend(events.map(|event| format!("  {} {}", event.at, event.text)));
        }
    }
    let request = Request::Logs { lines: LINES, follow: false, filter: LogFilter::default() };
    if let Response::Logs { lines: log } = client.request(request).await? {
        heading(&mut lines, "The end of the log");
        let zone = jiff::tz::TimeZone::UTC;
        lines.extend(log.iter().map(|line| render::logs::render(line, &zone, Style::PLAIN)));
    }
    Ok(lines)
}

fn heading(lines: &mut Vec<String>, text: &str) {
    lines.extend([String::new(), format!("== {text} =="), String::new()]);
}
