//! `hcm remove`: asks a person, does not ask a script.

use super::act::{self, REMOVE};
use crate::cli::args::Remove;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::{Context, pick, prompt};
use crate::model::ConnectionView;

pub(super) async fn run(context: &Context<'_>, arguments: Remove) -> Result<Exit, Failure> {
    let selectors = pick::selectors(arguments.connections, &arguments.by_options)?;
    let mut client = context.connect_to_manage().await?;
    let snapshot = super::snapshot(&mut client).await?;
    let found: Vec<_> = selectors.iter().map(|one| pick::one(&snapshot, one)).collect();
    let views: Vec<&ConnectionView> =
        found.iter().filter_map(|one| one.as_ref().ok().copied()).collect();
    let asks = !arguments.yes && !views.is_empty() && prompt::can_ask();
    if asks && !prompt::confirm(context.printer, &question(&views))? {
        return Err(Failure::new(Exit::Failure, "nothing was removed"));
    }
    let targets = found.into_iter().map(|one| one.map(|view| view.id.clone())).collect();
    act::act_on_all(context, &mut client, targets, REMOVE).await
}

fn question(views: &[&ConnectionView]) -> String {
    let names: Vec<String> = views.iter().map(|view| view.id.to_string()).collect();
    let open: u64 = views.iter().map(|view| view.traffic.active_streams).sum();
    let streams = match open {
        0 => String::new(),
        1 => " One stream is open.".to_owned(),
        many => format!(" {many} streams are open."),
    };
    format!(
        "Apps in Azure will no longer reach their endpoints through this machine.{streams}\nRemove {}?",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::render::sample;

    #[test]
    fn the_question_says_what_it_means() {
        let snapshot = sample::mixed();
        let views: Vec<_> = snapshot.connections.iter().collect();
        assert_eq!(
            question(&views[..1]),
            "Apps in Azure will no longer reach their endpoints through this machine.\nRemove contoso/files?"
        );
        assert_eq!(
            question(&views[..2]),
            "Apps in Azure will no longer reach their endpoints through this machine. 3 streams are open.\nRemove contoso/files, contoso/sql?"
        );
    }
}
