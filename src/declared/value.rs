//! Whether a value fits its setting.

use crate::model::Settings;
use crate::model::settings::SettingError;

/// The setting whose value is a path.
pub(super) const PATH: &str = "network.extra_ca_certificates";

/// Whether `value` fits the setting `name`; `origin` is where it is kept, if not in the file
/// itself.
///
/// # Errors
/// What the setting takes. What is kept elsewhere is not shown.
pub(super) fn check(name: &str, value: &str, origin: Option<&str>) -> Result<(), String> {
    Settings::default().set(name, value).map_err(|error| match (origin, error) {
        (Some(origin), SettingError::BadValue { expected, .. }) => {
            format!("{origin} does not fit the setting {name}: {expected}")
        }
        (_, error) => error.to_string(),
    })
}
