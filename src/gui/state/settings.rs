//! The settings dialog.

use std::collections::BTreeMap;

use crate::model::CloudName;

/// The setting that names the cloud.
const CLOUD: &str = "azure.cloud";
/// Those that describe a custom cloud.
const OF_CUSTOM_CLOUD: [&str; 4] =
    ["azure.audience", "azure.authority", "azure.portal", "azure.resource_manager"];
/// Those without which there is none.
const NEEDED: [&str; 2] = ["azure.authority", "azure.resource_manager"];

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
            let is_changed = self.saved.get(*name).is_some_and(|saved| saved != value.trim());
            is_changed && !self.is_hidden(name)
        });
        changed.map(|(name, value)| (name.clone(), value.trim().to_owned())).collect()
    }

    /// The cloud is one that the settings describe.
    pub(crate) fn is_custom_cloud(&self) -> bool {
        self.field(CLOUD) == CloudName::Custom.as_str()
    }

    /// Nobody sees the field `name`: it describes a cloud that is not chosen.
    fn is_hidden(&self, name: &str) -> bool {
        OF_CUSTOM_CLOUD.contains(&name) && !self.is_custom_cloud()
    }

    /// Names of what the chosen cloud cannot do without, and has not.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let is_missing = |name: &&str| {
            self.is_custom_cloud()
                && self.saved.contains_key(*name)
                && self.field(name).trim().is_empty()
        };
        NEEDED.into_iter().filter(is_missing).collect()
    }

    /// The text in the field `name`.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}
