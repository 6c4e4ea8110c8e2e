//! Which subscription.

use crate::azure::{Azure, AzureError, Subscription, Subscriptions, Unread};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::printer::Printer;
use crate::cli::render::text::plain;

/// What to do with an account that sees no subscription.
pub(in crate::cli) const NONE_SEEN: &str =
    "use another account or tenant (--tenant), or ask for a role in one";

/// Subscriptions that an error names.
const NAMED: usize = 10;

/// What the account sees; tenants that cannot be read are told.
///
/// # Errors
/// An account that sees no subscription.
pub(in crate::cli) async fn all(
    printer: &Printer,
    azure: &Azure,
) -> Result<Vec<Subscription>, Failure> {
    let Subscriptions { list, problems } = azure.subscriptions().await?;
    if list.is_empty() {
        return Err(none(&azure.account().name, problems));
    }
    for (what, error) in &problems {
        printer.note(&problem(what, error));
    }
    Ok(list)
}

/// What is said of a part that cannot be read.
pub(in crate::cli) fn problem(what: &Unread, error: &AzureError) -> String {
    let text = format!("note: {} cannot be read: {error}", name_of(what));
    plain(&text).into_owned()
}

fn name_of(what: &Unread) -> String {
    match what {
        Unread::Tenants => "the list of tenants".to_owned(),
        Unread::Tenant { name, .. } => format!("the subscriptions of the tenant {}", plain(name)),
    }
}

fn none(account: &str, problems: Vec<(Unread, AzureError)>) -> Failure {
    match problems.into_iter().next() {
        Some((what, error)) => {
            let failure = Failure::from(error);
            let words = format!("{} cannot be read: {}", name_of(&what), failure.message);
            Failure { message: words, ..failure }
        }
        None => {
            let text = format!("the account {} sees no subscription; {NONE_SEEN}", plain(account));
            Failure::new(Exit::NotFound, text)
        }
    }
}

/// The subscription that a command line means, by its id or its name.
///
/// # Errors
/// [`Exit::NotFound`], or [`Exit::InvalidInput`] where several have the name.
pub(in crate::cli) fn named(
    list: Vec<Subscription>,
    wanted: &str,
) -> Result<Subscription, Failure> {
    let wanted = wanted.trim();
    let is_id = |one: &Subscription| one.id.eq_ignore_ascii_case(wanted);
    let is_name = |one: &Subscription| one.name.to_lowercase() == wanted.to_lowercase();
    let mut meant: Vec<&Subscription> = list.iter().filter(|one| is_id(one)).collect();
    if meant.is_empty() {
        meant = list.iter().filter(|one| is_name(one)).collect();
    }
    match meant.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let text = format!(
                "the account sees no subscription \"{}\"; it sees {}",
                plain(wanted),
                names(list.iter())
            );
            Err(Failure::new(Exit::NotFound, text))
        }
        several => {
            let text = format!(
                "\"{}\" may be any of {}; write its id",
                plain(wanted),
                names(several.iter().copied())
            );
            Err(Failure::new(Exit::InvalidInput, text).with_code("ambiguous"))
        }
    }
}

fn names<'a>(list: impl ExactSizeIterator<Item = &'a Subscription>) -> String {
    let left_out = list.len().saturating_sub(NAMED);
    let mut texts: Vec<String> =
        list.take(NAMED).map(|one| format!("{} ({})", plain(&one.name), plain(&one.id))).collect();
    if left_out > 0 {
        texts.push(format!("and {left_out} more"));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::AzureErrorKind;

    fn subscription(id: &str, name: &str) -> Subscription {
        Subscription {
            id: id.to_owned(),
            name: name.to_owned(),
            tenant_id: "t".to_owned(),
            tenant: None,
            state: None,
            reached_by: None,
        }
    }

    #[test]
    fn one_is_meant_by_its_id_or_name() {
        let list = || {
            vec![
                subscription("A-1", "Production"),
                subscription("b-2", "Tést"),
                subscription("c-3", "tést"),
            ]
        };
        assert_eq!(named(list(), "a-1").unwrap().name, "Production");
        assert_eq!(named(list(), " production ").unwrap().id, "A-1");
        let failure = named(list(), "TÉST").unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::InvalidInput, "ambiguous"));
        assert!(failure.message.contains("any of Tést (b-2), tést (c-3); write its id"));
        let failure = named(list(), "other").unwrap_err();
        assert_eq!(failure.exit, Exit::NotFound);
        assert!(failure.message.contains("it sees Production (A-1), Tést (b-2)"), "{failure}");
    }

    #[test]
    fn words_of_azure_steer_no_terminal() {
        let error = AzureError::new(AzureErrorKind::Forbidden, "no\u{1b}[2J\r\nway");
        let text =
            problem(&Unread::Tenant { name: "Fab\u{202e}rikam".to_owned(), id: None }, &error);
        assert!(text.contains("the tenant Fab rikam cannot be read"), "{text}");
        assert!(text.contains("(403): no [2J way."), "{text}");
    }

    #[test]
    fn an_account_that_sees_nothing_is_told_why() {
        let failure = none("you@contoso.com", vec![]);
        assert_eq!(failure.exit, Exit::NotFound);
        assert!(failure.message.contains("you@contoso.com sees no subscription"), "{failure}");
        let error = AzureError::new(AzureErrorKind::ConditionalAccess, "");
        let failure = none(
            "you@contoso.com",
            vec![(Unread::Tenant { name: "Fabrikam".to_owned(), id: None }, error.clone())],
        );
        assert_eq!(
            (failure.exit, failure.code.as_str()),
            (Exit::NotSignedIn, "conditional-access")
        );
        assert!(failure.message.starts_with("the subscriptions of the tenant Fabrikam"));
        let note = problem(&Unread::Tenants, &error);
        assert!(note.starts_with("note: the list of tenants cannot be read: "), "{note}");
    }
}
