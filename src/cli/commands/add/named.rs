//! Hybrid connections of an account, named option by option: for scripts, without a question.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::create::{self, Chosen};
use super::service::{Service, with_hint};
use crate::azure::{Azure, FoundConnection, Usable};
use crate::cli::account::{setup, sign_in, subscription};
use crate::cli::args::{Add, WholePlace};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::account::short;
use crate::cli::render::text::plain;
use crate::cli::{Context, commands, prompt};
use crate::ipc::protocol::{ErrorCode, RequestError};

/// Hybrid connections that are looked for at the same time.
const AT_ONCE: usize = 8;

/// Adds the hybrid connections of `place`.
pub(super) async fn run(
    context: &Context<'_>,
    arguments: &Add,
    place: WholePlace,
) -> Result<Exit, Failure> {
    let mut signals = commands::signals()?;
    let finding = find(context, arguments, place);
    let found = prompt::unless_left(context.printer, &mut signals, finding).await;
    let (azure, chosen, exits) = found.ok_or_else(prompt::left)??;
    let created = match chosen.connections.is_empty() {
        true => Exit::Ok,
        false => create::run(context, &mut signals, &azure, chosen).await?,
    };
    Ok(Exit::together(exits.into_iter().chain([created])))
}

/// Looks for all of `place`; what cannot be added is told at once.
async fn find(
    context: &Context<'_>,
    arguments: &Add,
    place: WholePlace,
) -> Result<(Azure, Chosen, Vec<Exit>), Failure> {
    let printer = context.printer;
    let mut service = Service::open(context).await?;
    let setup = setup::of_service(printer, &mut service.client, &arguments.account).await?;
    let method = arguments.account.sign_in.map(Into::into);
    let azure = sign_in::sign_in(printer, &setup, method).await?;
    let WholePlace { subscription, resource_group, namespace, names } = place;
    let list = subscription::all(printer, &azure).await?;
    let subscription = subscription::named(list, &subscription)?;
    // Microsoft's hcm takes a name here; a whole host names it too.
    let namespace = namespace.split('.').next().unwrap_or_default();
    let is_one = names.len() == 1;
    let looks =
        names.iter().map(|name| azure.find(&subscription, &resource_group, namespace, name));
    let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let mut connections = Vec::new();
    let mut exits = Vec::new();
    for (name, found) in names.iter().zip(found) {
        let checked = found
            .map_err(Failure::from)
            .and_then(|found| check(found, arguments.replace, |usable| service.has(&usable.id)));
        match checked {
            Ok(one) => connections.push(one),
            Err(failure) => {
                exits.push(failure.exit);
                let whole = format!("{}/{}", plain(namespace), plain(name));
                create::tell(printer, failure, is_one, whole);
            }
        }
    }
    let chosen = Chosen { connections, replace: arguments.replace, is_one };
    Ok((azure, chosen, exits))
}

/// What can be added, before its key is asked for.
fn check(
    found: FoundConnection,
    replace: bool,
    is_here: impl Fn(&Usable) -> bool,
) -> Result<(FoundConnection, Usable), Failure> {
    match found.usable.clone() {
        Err(why) => {
            let text = format!("{} cannot be added: {}", short(&found), plain(&why.to_string()));
            Err(Failure::new(Exit::InvalidInput, text).with_code("no-endpoint"))
        }
        Ok(usable) if is_here(&usable) && !replace => {
            let text = format!("{} is here already", usable.id);
            Err(with_hint(RequestError::new(ErrorCode::AlreadyExists, text).into()))
        }
        Ok(usable) => Ok((found, usable)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::Unusable;
    use crate::cli::render::account::sample;

    #[test]
    fn what_cannot_be_added_is_told_before_a_key_is_asked_for() {
        let found = || sample::found("contoso", "sql");
        assert!(check(found(), false, |_| false).is_ok());
        assert!(check(found(), true, |_| true).is_ok());
        let failure = check(found(), false, |_| true).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::AlreadyExists, "already-exists"));
        assert!(failure.message.ends_with("hcm add --replace updates its key"), "{failure}");
        let mut broken = found();
        broken.usable = Err(Unusable::NoAddress("x".into()));
        let failure = check(broken, true, |_| false).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::InvalidInput, "no-endpoint"));
        assert!(failure.message.starts_with("contoso/sql cannot be added"), "{failure}");
    }
}
