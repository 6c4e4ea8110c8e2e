//! Signing in, choosing a subscription and some of its hybrid connections.

use super::create::{self, Chosen};
use super::service::Service;
use crate::azure::{Azure, FoundConnection, Subscription, Unusable, Usable};
use crate::cli::account::{ask, read, setup, sign_in, subscription};
use crate::cli::args::Add;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::account::{connection_choices, left_out, subscription_choices};
use crate::cli::render::text::plain;
use crate::cli::{Context, commands, prompt};

/// Asks what to add, and adds it.
pub(super) async fn run(context: &Context<'_>, arguments: &Add) -> Result<Exit, Failure> {
    let mut signals = commands::signals()?;
    let choosing = choose(context, arguments);
    let chosen = prompt::unless_left(context.printer, &mut signals, choosing).await;
    let (azure, chosen) = chosen.ok_or_else(prompt::left)??;
    create::run(context, &mut signals, &azure, chosen).await
}

async fn choose(context: &Context<'_>, arguments: &Add) -> Result<(Azure, Chosen), Failure> {
    let printer = context.printer;
    // First of all: without a service no sign-in is of use.
    let mut service = Service::open(context).await?;
    let setup = setup::of_service(printer, &mut service.client, &arguments.account).await?;
    let method = arguments.account.sign_in.map(Into::into);
    let azure = sign_in::sign_in(printer, &setup, method).await?;
    let subscription = subscription(context, &azure).await?;
    let read = read::read(printer, &azure, &subscription).await?;
    for (namespace, error) in &read.problems {
        printer.remark(&format!("note: the namespace {} cannot be read: {error}", namespace.name));
    }
    if let Some(failure) = &read.cut_short {
        printer.remark(&format!("note: there may be more: {failure}"));
    }
    let is_partial = !read.problems.is_empty() || read.cut_short.is_some();
    let offer = Offer::of(read.connections, arguments.replace, |usable| service.has(&usable.id));
    let usable: Vec<_> = offer.unusable.iter().map(|(found, why)| (found, why)).collect();
    for line in left_out(&offer.here.iter().collect::<Vec<_>>(), &usable) {
        printer.remark(&line);
    }
    if offer.open.is_empty() {
        return Err(offer.nothing(&subscription, is_partial));
    }
    let is_here =
        |found: &FoundConnection| found.usable.as_ref().is_ok_and(|usable| service.has(&usable.id));
    let choices = connection_choices(offer.open.iter().map(|(found, _)| found), is_here);
    let places = ask::some(printer, "Which hybrid connections?", choices).await?;
    let is_chosen = |place: usize| places.contains(&place);
    let open = offer.open.into_iter().enumerate();
    let connections: Vec<_> =
        open.filter(|(place, _)| is_chosen(*place)).map(|(_, one)| one).collect();
    let is_one = connections.len() == 1;
    Ok((azure, Chosen { connections, replace: arguments.replace, is_one }))
}

async fn subscription(context: &Context<'_>, azure: &Azure) -> Result<Subscription, Failure> {
    let printer = context.printer;
    let mut list = subscription::all(printer, azure).await?;
    let place = if list.len() == 1 {
        printer.note(&format!("Subscription: {}", list[0].name));
        0
    } else {
        ask::one(printer, "Which subscription?", subscription_choices(&list)).await?
    };
    Ok(list.swap_remove(place))
}

/// What was read, by what can be done with it.
struct Offer {
    /// What can be added, or updated.
    open: Vec<(FoundConnection, Usable)>,
    /// What was added before.
    here: Vec<FoundConnection>,
    /// What cannot be added.
    unusable: Vec<(FoundConnection, Unusable)>,
}

impl Offer {
    fn of(
        connections: Vec<FoundConnection>,
        replace: bool,
        is_here: impl Fn(&Usable) -> bool,
    ) -> Self {
        let mut offer = Self { open: Vec::new(), here: Vec::new(), unusable: Vec::new() };
        for found in connections {
            match found.usable.clone() {
                Err(why) => offer.unusable.push((found, why)),
                Ok(usable) if is_here(&usable) && !replace => offer.here.push(found),
                Ok(usable) => offer.open.push((found, usable)),
            }
        }
        offer
    }

    /// There is nothing to choose from.
    fn nothing(&self, subscription: &Subscription, is_partial: bool) -> Failure {
        let name = plain(&subscription.name);
        if !self.here.is_empty() {
            let text = format!(
                "every hybrid connection of {name} that can be added is here already; hcm add --replace updates their keys"
            );
            return Failure::new(Exit::AlreadyExists, text);
        }
        let text = match (self.unusable.is_empty(), is_partial) {
            (false, _) => format!("no hybrid connection of {name} can be added"),
            (true, true) => format!("no hybrid connection of {name} could be read"),
            (true, false) => format!(
                "there is no hybrid connection in the subscription {name}; create one in the Azure portal, under Networking of the app"
            ),
        };
        Failure::new(Exit::NotFound, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::account::sample;

    #[test]
    fn what_was_read_is_offered_or_told() {
        let list = || {
            let mut broken = sample::found("contoso", "broken");
            broken.usable = Err(Unusable::NoAddress("x".into()));
            vec![sample::found("contoso", "a"), sample::found("contoso", "b"), broken]
        };
        let is_here = |usable: &Usable| usable.id.name() == "a";
        let offer = Offer::of(list(), false, is_here);
        assert_eq!((offer.open.len(), offer.here.len(), offer.unusable.len()), (1, 1, 1));
        let offer = Offer::of(list(), true, is_here);
        assert_eq!((offer.open.len(), offer.here.len()), (2, 0));
    }

    #[test]
    fn nothing_to_choose_from_has_its_reason() {
        let subscription = sample::subscription("Production");
        let nothing =
            |list, is_partial| Offer::of(list, false, |_| true).nothing(&subscription, is_partial);
        let failure = nothing(vec![], false);
        assert_eq!(failure.exit, Exit::NotFound);
        assert!(failure.message.contains("no hybrid connection in the subscription Production"));
        assert!(nothing(vec![], true).message.contains("could be read"));
        let failure = nothing(vec![sample::found("contoso", "a")], false);
        assert_eq!(failure.exit, Exit::AlreadyExists);
    }
}
