//! Which connections are meant.

use super::args::ByOptions;
use super::exit::Exit;
use super::failure::Failure;
use crate::ipc::protocol::ErrorCode;
use crate::ipc::protocol::RequestError;
use crate::model::{ConnectionSelector, ConnectionView, Snapshot};

/// The selectors of a command line, from its names or from its two options.
///
/// # Errors
/// [`Exit::Usage`] for two options that name nothing.
pub(super) fn selectors(
    names: Vec<ConnectionSelector>,
    by_options: &ByOptions,
) -> Result<Vec<ConnectionSelector>, Failure> {
    let named = by_options.selector();
    let named = named.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let mut all = names;
    all.extend(named);
    Ok(all)
}

/// The connection of `snapshot` that `selector` means.
///
/// # Errors
/// [`Exit::NotFound`], or [`Exit::InvalidInput`] where several are meant.
pub(super) fn one<'a>(
    snapshot: &'a Snapshot,
    selector: &ConnectionSelector,
) -> Result<&'a ConnectionView, Failure> {
    let meant: Vec<_> =
        snapshot.connections.iter().filter(|view| selector.matches(&view.id)).collect();
    match (meant.as_slice(), meant.iter().find(|view| selector.is_exactly(&view.id))) {
        ([view], _) | (_, Some(view)) => Ok(view),
        ([], None) => {
            let text = if snapshot.connections.is_empty() {
                format!("there is no hybrid connection {selector}, nor any other; add it: hcm add")
            } else {
                format!("there is no hybrid connection {selector}; hcm list shows those there are")
            };
            Err(RequestError::new(ErrorCode::NotFound, text).into())
        }
        (several, None) => {
            let names: Vec<String> = several.iter().map(|view| view.id.full()).collect();
            let text = format!(
                "{selector} may be any of {}; write the whole host, with its port where it has one",
                names.join(", ")
            );
            Err(RequestError::new(ErrorCode::Ambiguous, text).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::sample;
    use super::*;
    use crate::model::{ConnectionId, NamespaceAddress};

    fn by(text: &str) -> ConnectionSelector {
        text.parse().unwrap()
    }

    #[test]
    fn one_is_found_by_label_or_host() {
        let snapshot = sample::mixed();
        assert_eq!(one(&snapshot, &by("CONTOSO/SQL")).unwrap().id.name(), "sql");
        let whole = by("contoso.servicebus.windows.net/sql");
        assert_eq!(one(&snapshot, &whole).unwrap().id.name(), "sql");
    }

    #[test]
    fn none_and_several_are_said_in_words() {
        let mut snapshot = sample::mixed();
        let failure = one(&snapshot, &by("contoso/other")).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::NotFound, "not-found"));
        assert!(failure.message.contains("contoso/other; hcm list"), "{failure}");
        let mut second = snapshot.connections[1].clone();
        let host = NamespaceAddress::new("contoso.servicebus.localhost", 10443);
        second.id = ConnectionId::new(host, "sql");
        snapshot.connections.push(second);
        let failure = one(&snapshot, &by("contoso/sql")).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::InvalidInput, "ambiguous"));
        assert!(failure.message.contains("contoso.servicebus.localhost:10443/sql"), "{failure}");
        let whole = by("contoso.servicebus.windows.net/sql");
        assert_eq!(one(&snapshot, &whole).unwrap().id.namespace().port(), 443);
    }
}
