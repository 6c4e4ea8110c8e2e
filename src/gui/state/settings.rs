//! The settings dialog.

use std::collections::BTreeMap;

/// The settings of the service, as they are being changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettingsForm {
    /// Whether they are there.
    pub load: SettingsLoad,
    /// The values of the service, by name.
    pub saved: BTreeMap<String, String>,
    /// What stands in the fields, by name.
    pub fields: BTreeMap<String, String>,
    /// Why a field was refused, by name.
    pub errors: BTreeMap<String, String>,
    /// Changes that the service has not answered yet.
    pub saving: usize,
    /// The window starts at login; nothing where that could not be found out.
    pub autostart: Option<bool>,
}

/// Whether the settings of the service are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SettingsLoad {
    /// Asked for.
    #[default]
    Loading,
    /// There.
    Loaded,
    /// Not to be had, and why.
    Failed(String),
}

impl SettingsForm {
    /// Names and new values of what was changed.
    pub(crate) fn changes(&self) -> Vec<(String, String)> {
        let changed = self.fields.iter().filter(|(name, value)| {
            self.saved.get(*name).is_some_and(|saved| saved != value.trim())
        });
        changed.map(|(name, value)| (name.clone(), value.trim().to_owned())).collect()
    }

    /// The text in the field `name`.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}
