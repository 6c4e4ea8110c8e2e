//! `hcm test`: whether something answers from here.

use crate::cli::account::setup;
use crate::cli::args::{Account, Target, Test};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::namespace::{self, Named};
use crate::cli::{Context, render};
use crate::http::surroundings;
use crate::ipc::protocol::Access;
use crate::model::ProxyChoice;
use crate::reach::lookup;
use crate::reach::probe::{self, Probe, Step, Way};

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
            let way = way(context).await?;
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

/// The way to Azure of the service's settings, where they can be read, and of the surroundings.
async fn way(context: &Context<'_>) -> Result<Way, Failure> {
    let printer = context.printer;
    let way = match context.connect().await {
        Ok(mut client) if client.access() == Access::Manage => {
            let setup = setup::of_service(printer, &mut client, &Account::default()).await?;
            Way { proxies: surroundings::proxies(&setup.proxy), extra_ca: setup.extra_ca }
        }
        Ok(_) => {
            printer.note(
                "Only those who manage the service read its proxy and CA: tried without them.",
            );
            by_surroundings()
        }
        Err(_) => by_surroundings(),
    };
    for problem in way.proxies.problems() {
        printer.note(&format!("Not used as a proxy: {problem}"));
    }
    Ok(way)
}

fn by_surroundings() -> Way {
    Way { proxies: surroundings::proxies(&ProxyChoice::Automatic), extra_ca: None }
}
