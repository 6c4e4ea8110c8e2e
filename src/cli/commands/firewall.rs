//! `hcm firewall`: what a firewall must let out.

use jiff::Timestamp;

use crate::cli::args::{ByOptions, Firewall};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::namespace::{self, Named};
use crate::cli::{Context, render};
use crate::reach::firewall::{FirewallList, Gap, Search};
use crate::reach::lookup;

pub(super) async fn run(context: &Context<'_>, arguments: Firewall) -> Result<Exit, Failure> {
    let printer = context.printer;
    let Firewall { named, by_options, format, stamp } = arguments;
    if printer.is_json() && format.is_some() {
        let text = "--format is for results that are no JSON: leave it or -o json out";
        return Err(Failure::new(Exit::Usage, text));
    }
    let format = format.unwrap_or_default();
    let meant = namespace::find(context, &meant(named, &by_options)?).await?;
    let list = FirewallList::new(meant.address, Timestamp::now()).behind(meant.proxy);
    printer.progress(&format!("Looking {} up…", list.namespace.host()));
    let mut search = Search::begin(list, stamp, lookup::system()).await;
    loop {
        let counts = search.list().counts();
        let known = counts.gateways - counts.waiting;
        printer.progress(&format!("{known} of {} gateways looked up…", counts.gateways));
        if search.next().await.is_none() {
            break;
        }
    }
    printer.end_progress();
    let list = search.list();
    if printer.is_json() {
        printer.line(&render::json::firewall(list))?;
    } else {
        printer.write(&list.render(format))?;
        if format.is_by_address() || list.is_private() || list.gap().is_some() {
            for remark in list.remarks() {
                printer.note(&remark);
            }
        }
    }
    end(list)
}

fn meant(named: Option<Named>, by_options: &ByOptions) -> Result<Named, Failure> {
    let by_options = by_options.selector();
    let by_options = by_options.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    named
        .or(by_options.map(Named::Connection))
        .ok_or_else(|| Failure::new(Exit::Usage, "name a namespace or a hybrid connection"))
}

/// A script that takes a list for whole would lock gateways out.
fn end(list: &FirewallList) -> Result<Exit, Failure> {
    let (host, counts) = (list.namespace.host(), list.counts());
    let text = match list.gap() {
        None => return Ok(Exit::Ok),
        Some(Gap::NoAddress) => {
            format!("DNS knows no address of {host} here, so the list is not whole")
        }
        Some(Gap::NoStamp) => {
            format!("DNS tells no stamp for {host}, so the list has no gateways; give it: --stamp")
        }
        Some(Gap::OtherStamp(told)) => format!(
            "DNS tells the stamp {told} for {host}, so the list has the wrong gateways; leave --stamp out"
        ),
        Some(Gap::Unanswered) => format!(
            "DNS gave no answer for {} of the gateways of {host}, so the list is not whole",
            counts.failed
        ),
        Some(Gap::NoGateway) => format!(
            "DNS knows none of the {} gateways of {host} here, so the list is not whole; check --stamp, or make the list where DNS knows them",
            counts.gateways
        ),
    };
    Err(Failure::new(Exit::AzureNotReachable, text))
}
