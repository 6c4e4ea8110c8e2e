//! The way to Azure of those who look from here.

use super::Context;
use super::account::setup;
use super::args::Account;
use super::failure::Failure;
use crate::http::surroundings;
use crate::ipc::protocol::Access;
use crate::model::ProxyChoice;
use crate::reach::probe::Way;

/// The way to Azure of the service's settings, where they can be read, and of the surroundings.
///
/// # Errors
/// A proxy without its password, settings that do not fit.
pub(super) async fn to_azure(context: &Context<'_>) -> Result<Way, Failure> {
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

/// The way that the surroundings of this program tell.
pub(super) fn by_surroundings() -> Way {
    Way { proxies: surroundings::proxies(&ProxyChoice::Automatic), extra_ca: None }
}
