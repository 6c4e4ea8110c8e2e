//! Connections that the environment declares, as containers are configured.

use std::ffi::OsString;

use super::{DeclaredConnection, DeclaredError, Place, Which};
use crate::model::ConnectionString;

/// The variable with a connection string; `_1`, `_2` and other endings are more of them.
pub const VARIABLE: &str = "HCM_CONNECTION_STRING";

/// The connections that `variables` declare, by the names of the variables; empty ones declare
/// nothing.
///
/// # Errors
/// Each variable whose value is no connection string; none of the values.
pub fn connections(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<DeclaredConnection>, Vec<DeclaredError>> {
    let mut found: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| is_ours(name) && !value.is_empty())
        .collect();
    found.sort();
    let (mut connections, mut errors) = (Vec::new(), Vec::new());
    for (name, value) in found {
        let source = format!("the environment variable {name}").into();
        let place = Place { source, mark: None };
        let Ok(value) = value.into_string() else {
            errors.push(DeclaredError::new(place, "its value is no text"));
            continue;
        };
        match ConnectionString::parse(&value) {
            Ok(string) => {
                let which = Which::WithKey(string);
                connections.push(DeclaredConnection { place, which, desired: None });
            }
            Err(error) => {
                let field = error.part().map(str::to_owned);
                let message = error.to_string();
                errors.push(DeclaredError { place, message, field });
            }
        }
    }
    if errors.is_empty() { Ok(connections) } else { Err(errors) }
}

/// Windows' names have no case.
fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.strip_prefix(VARIABLE).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(name: &str) -> String {
        format!(
            "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0;EntityPath={name}"
        )
    }

    fn of(variables: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
        let variables = variables.iter().map(|&(name, value)| (name.into(), value.into()));
        let found = connections(variables)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let shown = found.iter().map(|one| match &one.which {
            Which::WithKey(string) => format!("{} from {}", string.id, one.place),
            Which::Present(selector) => panic!("{selector}"),
        });
        Ok(shown.collect())
    }

    #[test]
    fn each_variable_with_the_name_is_a_connection() {
        let (sql, web, files) = (string("sql"), string("web"), string("files"));
        let found = of(&[
            ("HCM_CONNECTION_STRING_WEB", &web),
            ("HCM_CONNECTION_STRING", &sql),
            ("HCM_CONNECTION_STRING_2", &files),
            ("HCM_CONNECTION_STRING_3", ""),
            ("HCM_CONNECTION_STRINGS", "other"),
            ("HCM_HOME", "/x"),
        ]);
        assert_eq!(
            found.unwrap(),
            [
                "contoso/sql from the environment variable HCM_CONNECTION_STRING",
                "contoso/files from the environment variable HCM_CONNECTION_STRING_2",
                "contoso/web from the environment variable HCM_CONNECTION_STRING_WEB",
            ]
        );
    }

    #[test]
    fn a_wrong_one_is_named_without_its_value() {
        let cut = string("sql").replace(";EntityPath=sql", "");
        let errors =
            of(&[("HCM_CONNECTION_STRING_1", &cut), ("HCM_CONNECTION_STRING", "c2VjcmV0")]);
        let errors = errors.unwrap_err();
        assert_eq!(errors.len(), 2);
        assert!(errors[0].starts_with("the environment variable HCM_CONNECTION_STRING: "));
        assert!(errors[1].starts_with(
            "the environment variable HCM_CONNECTION_STRING_1: the connection string has no EntityPath"
        ));
        assert!(errors.iter().all(|error| !error.contains("c2Vj")), "{errors:?}");
    }
}
