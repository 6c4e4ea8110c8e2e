//! `hcm version`: that of this program and that of the service.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, render};

/// The version of this program.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// A service that is not there does not make the question fail.
pub(super) async fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let reached = context.connect().await;
    let (service, message) = match &reached {
        Ok(client) => (Some(client.server().version.as_str()), None),
        Err(failure) => (None, Some(failure.message.as_str())),
    };
    let printer = context.printer;
    if printer.is_json() {
        printer.line(&render::json::version(OWN, service, message))?;
    } else {
        printer.line(&format!("hcm      {OWN}"))?;
        let service = service.map(|version| render::text::plain(version).into_owned());
        let shown = service.or_else(|| message.map(|message| format!("not known: {message}")));
        printer.line(&format!("service  {}", shown.unwrap_or_default()))?;
    }
    Ok(Exit::Ok)
}
