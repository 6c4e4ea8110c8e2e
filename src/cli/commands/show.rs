//! `hcm show`: everything about one connection.

use jiff::Timestamp;

use crate::cli::args::OneConnection;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, pick, render};

pub(super) async fn run(context: &Context<'_>, arguments: OneConnection) -> Result<Exit, Failure> {
    let printer = context.printer;
    let names = arguments.connection.into_iter().collect();
    let selectors = pick::selectors(names, &arguments.by_options)?;
    let mut client = context.connect().await?;
    let snapshot = super::snapshot(&mut client).await?;
    for selector in &selectors {
        let view = pick::one(&snapshot, selector)?;
        if printer.is_json() {
            printer.line(&render::json::connection(view))?;
        } else {
            let (width, now) = (printer.width(), Timestamp::now());
            printer.lines(&render::show::render(view, now, &printer.zone, width, printer.style))?;
        }
    }
    Ok(Exit::Ok)
}
