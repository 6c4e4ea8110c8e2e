//! Connections and settings that the environment declares, as containers are configured.

use std::ffi::OsString;

use super::{Declared, DeclaredConnection, DeclaredError, DeclaredSetting, Place, Which, value};
use crate::model::{ConnectionString, Secret, Settings};

/// The variable with a connection string; `_1`, `_2` and other endings are more of them.
pub const VARIABLE: &str = "HCM_CONNECTION_STRING";
/// How the variable of a setting begins; its name follows in capitals, `_` for each dot.
pub const SETTING: &str = "HCM_SETTING_";

/// What `variables` declare, by the names of the variables; empty ones declare nothing.
///
/// # Errors
/// Each variable that is of no use; none of the values.
pub fn declared(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Declared, Vec<DeclaredError>> {
    let mut found: Vec<(String, OsString)> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| is_ours(name) && !value.is_empty())
        .collect();
    found.sort();
    let (mut declared, mut errors) = (Declared::default(), Vec::new());
    for (name, value) in found {
        let source = format!("the environment variable {name}").into();
        let place = Place { source, mark: None };
        let read = match value.into_string() {
            Err(_) => Err(DeclaredError::new(place, "its value is no text")),
            Ok(value) => match setting_of(&name) {
                Some(_) => setting(&name, place, value).map(|one| declared.settings.push(one)),
                None => connection(place, &value).map(|one| declared.connections.push(one)),
            },
        };
        errors.extend(read.err());
    }
    if errors.is_empty() { Ok(declared) } else { Err(errors) }
}

fn connection(place: Place, value: &str) -> Result<DeclaredConnection, DeclaredError> {
    match ConnectionString::parse(value) {
        Ok(string) => {
            Ok(DeclaredConnection { place, which: Which::WithKey(string), desired: None })
        }
        Err(error) => {
            let field = error.part().map(str::to_owned);
            Err(DeclaredError { place, message: error.to_string(), field })
        }
    }
}

fn setting(variable: &str, place: Place, value: String) -> Result<DeclaredSetting, DeclaredError> {
    let rest = setting_of(variable).unwrap_or_default();
    let in_variables = |name: &str| name.replace('.', "_").to_ascii_uppercase();
    let known = Settings::NAMES.iter().find(|name| in_variables(name) == rest);
    let Some(name) = known else {
        let all: Vec<_> =
            Settings::NAMES.iter().map(|name| format!("{SETTING}{}", in_variables(name))).collect();
        let message = format!("it names no setting; there are: {}", all.join(", "));
        return Err(DeclaredError::new(place, message));
    };
    let value = match *name {
        // A relative one begins where the service was started.
        value::PATH => {
            let path = std::path::absolute(&value);
            path.map_or(value, |path| path.to_string_lossy().into_owned())
        }
        _ => value,
    };
    match value::check(name, &value, Some("its value")) {
        Ok(()) => Ok(DeclaredSetting { place, name, value: Secret::new(value) }),
        Err(message) => Err(DeclaredError { place, message, field: Some((*name).to_owned()) }),
    }
}

fn is_ours(name: &str) -> bool {
    is_connection(name) || setting_of(name).is_some()
}

/// What of the variable `name` names a setting, if it is of one. Windows' names have no case.
fn setting_of(name: &str) -> Option<String> {
    name.to_ascii_uppercase().strip_prefix(SETTING).map(str::to_owned)
}

fn is_connection(name: &str) -> bool {
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
        let found = declared(variables)
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let connections = found.connections.iter().map(|one| match &one.which {
            Which::WithKey(string) => format!("{} from {}", string.id, one.place),
            Which::Present(selector) => panic!("{selector}"),
        });
        let settings = found.settings.iter();
        let settings = settings.map(|one| format!("{} is {}", one.name, one.value.expose()));
        Ok(connections.chain(settings).collect())
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
    #[test]
    fn each_setting_has_a_variable() {
        let found = of(&[
            ("HCM_SETTING_SERVICE_DRAIN_SECONDS", "20"),
            ("HCM_SETTING_NETWORK_PROXY", "http://proxy.corp:3128"),
            ("HCM_SETTING_LOG_LEVEL", ""),
            ("HCM_SETTINGS", "other"),
        ]);
        assert_eq!(
            found.unwrap(),
            ["network.proxy is http://proxy.corp:3128", "service.drain_seconds is 20"]
        );
        let found = of(&[("HCM_SETTING_NETWORK_EXTRA_CA_CERTIFICATES", "ca.pem")]).unwrap();
        let path = std::path::absolute("ca.pem").unwrap();
        assert_eq!(found, [format!("network.extra_ca_certificates is {}", path.display())]);
    }

    #[test]
    fn a_setting_that_is_none_or_does_not_fit_is_named_without_its_value() {
        let errors = of(&[
            ("HCM_SETTING_NETWORK_PROXY", "http://me:hunter2@proxy"),
            ("HCM_SETTING_DRAIN", "20"),
            ("HCM_CONNECTION_STRING", "x"),
        ]);
        let errors = errors.unwrap_err();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[1].starts_with("the environment variable HCM_SETTING_DRAIN: it names no"));
        assert!(errors[1].contains("HCM_SETTING_SERVICE_DRAIN_SECONDS"), "{errors:?}");
        assert!(errors[2].starts_with(
            "the environment variable HCM_SETTING_NETWORK_PROXY: its value does not fit the setting network.proxy: http"
        ), "{errors:?}");
        assert!(errors.iter().all(|error| !error.contains("hunter2")), "{errors:?}");
    }
}
