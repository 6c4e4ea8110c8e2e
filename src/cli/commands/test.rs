//! `hcm test`: whether something answers from here.

use crate::cli::args::{Target, Test};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::namespace::{self, Named};
use crate::cli::{Context, render, way};
use crate::reach::lookup;
use crate::reach::probe::{self, Probe, Step};

/// What to know of a failure that the service may not have, or the other way round.
const FROM_HERE: &str =
    "Tried by hcm, with your account and from where it runs. What the service sees: hcm doctor.";

pub(super) async fn run(context: &Context<'_>, arguments: Test) -> Result<Exit, Failure> {
    let printer = context.printer;
    let names = lookup::system();
    let show = &mut |step: &Step| {
        if !printer.is_json() {
            // Whoever has closed the pipe is told at the end.
            printer.lines(&render::probe::step(step, printer.style)).unwrap_or_default();
        }
    };
    let (target, exit, probe) = match arguments.target {
        Target::Endpoint(endpoint) => {
            let probe = probe::endpoint(&endpoint, &names, show).await;
            (endpoint.to_string(), Exit::NotConnected, probe)
        }
        Target::Namespace(name) => {
            let way = way::to_azure(context).await?;
            let address = namespace::find(context, &Named::Namespace(name)).await?.address;
            let probe = probe::namespace(&address, &way, &names, show).await;
            (address.to_string(), Exit::AzureNotReachable, probe)
        }
    };
    if printer.is_json() {
        printer.line(&render::json::probe(&target, &probe))?;
    }
    end(context, &target, exit, &probe)
}

fn end(context: &Context<'_>, target: &str, exit: Exit, probe: &Probe) -> Result<Exit, Failure> {
    let Some(fault) = &probe.fault else {
        context.printer.done(&render::probe::success(target, probe))?;
        return Ok(Exit::Ok);
    };
    context.printer.note(FROM_HERE);
    let text = format!("{target} does not answer: {fault}. {}", fault.code.advice());
    Err(Failure::new(exit, text).with_code(fault.code.as_str()))
}
