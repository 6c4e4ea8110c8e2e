//! `settings.json`: the settings by section, as in their dotted names, and a version.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value};

use super::connections::to_text;
use super::file::{Codes, SaveError, StoreFile};
use super::schema::{Object, Schema};
use crate::model::settings::SettingError;
use crate::model::{Fault, FaultCode, Settings};

const SCHEMA: Schema = Schema { migrations: &[] };

/// The file. What this version does not know in it, [`Settings`] keeps.
pub(super) struct SettingsFile {
    file: StoreFile,
}

impl SettingsFile {
    /// Reads the file at `path`. Reports what cannot be used; the default stands in
    /// for it.
    pub(super) fn open(path: &Path, now: Timestamp, faults: &mut Vec<Fault>) -> (Self, Settings) {
        let codes =
            Codes { damaged: FaultCode::SettingsDamaged, unusable: FaultCode::SettingsUnusable };
        let mut this = Self { file: StoreFile::new(path, codes) };
        let settings = this.read(now, faults).unwrap_or_default();
        (this, settings)
    }

    fn read(&mut self, now: Timestamp, faults: &mut Vec<Fault>) -> Option<Settings> {
        let mut contents = self.file.read(&SCHEMA, now, faults)?;
        let mut object = std::mem::take(&mut contents.object);
        let problems = drop_unfit(&mut object);
        let Ok(settings) = Settings::deserialize(Value::Object(object)) else {
            return self.file.set_aside("is not a settings file", now, faults);
        };
        if !problems.is_empty()
            && self.file.keep_copy(&contents, &problems, now, faults)
            && let Err(error) = self.save(&settings)
        {
            tracing::warn!(%error, "the usable settings were not written back");
        }
        Some(settings)
    }

    /// Writes `settings`.
    pub(super) fn save(&self, settings: &Settings) -> Result<(), SaveError> {
        self.file.save(&to_text(&StoredSettings { version: SCHEMA.version(), settings }))
    }
}

#[derive(Serialize)]
struct StoredSettings<'a> {
    version: u64,
    #[serde(flatten)]
    settings: &'a Settings,
}

/// Takes out every known setting whose value does not fit, and names each.
fn drop_unfit(object: &mut Object) -> Vec<String> {
    let mut problems = Vec::new();
    for &name in Settings::NAMES {
        let Some((section, field)) = name.split_once('.') else { continue };
        match object.get_mut(section) {
            None => {}
            Some(Value::Object(fields)) => {
                let unfit = fields.get(field).and_then(|value| why_unfit(name, value));
                if let Some(problem) = unfit {
                    fields.remove(field);
                    problems.push(problem);
                }
            }
            Some(_) => {
                object.remove(section);
                problems.push(format!("\"{section}\" is not an object"));
            }
        }
    }
    problems
}

/// What the setting `name` takes, if not `value`. The value itself is not shown.
fn why_unfit(name: &str, value: &Value) -> Option<String> {
    let (section, field) = name.split_once('.')?;
    let fields: Map<_, _> = [(field.to_owned(), value.clone())].into_iter().collect();
    let alone: Map<_, _> = [(section.to_owned(), Value::Object(fields))].into_iter().collect();
    let (mut settings, text) = match Settings::deserialize(Value::Object(alone)) {
        Ok(settings) => (settings.clone(), settings.get(name).ok()?),
        // No setting takes this text, so that what it takes is told.
        Err(_) => (Settings::default(), "?".to_owned()),
    };
    match settings.set(name, &text) {
        Err(SettingError::BadValue { expected, .. }) => Some(format!("{name} must be {expected}")),
        Err(SettingError::Unknown { .. }) | Ok(()) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_setting_that_does_not_fit_is_named_with_what_it_takes() {
        let mut value = json!({
            "log": {"level": "c2VjcmV0", "keep_files": 0, "new": 1},
            "network": "c2VjcmV0",
            "service": {"drain_seconds": "30"},
            "future": {"x": 1},
        });
        let object = value.as_object_mut().unwrap();
        let problems = drop_unfit(object).join("\n");
        for expected in [
            "log.level must be error, warn, info, debug or trace",
            "log.keep_files must be a whole number of files from 1 to 3650",
            "\"network\" is not an object",
            "service.drain_seconds must be a whole number of seconds",
        ] {
            assert!(problems.contains(expected), "{problems}");
        }
        assert!(!problems.contains("c2Vj"));
        assert_eq!(value, json!({"log": {"new": 1}, "service": {}, "future": {"x": 1}}));
    }

    #[test]
    fn every_known_setting_refuses_what_is_of_no_use() {
        for name in Settings::NAMES {
            for value in [json!([1]), json!({}), json!("?")] {
                assert!(why_unfit(name, &value).is_some(), "{name}: {value}");
            }
        }
    }
}
