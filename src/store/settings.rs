//! `settings.json`: the settings by section, as in their dotted names, and a version.
//!
//! ```json
//! {
//!   "version": 2,
//!   "network": {
//!     "proxy": "http://me:***@proxy.corp:8080",
//!     "proxy_password": { "protection": "dpapi-machine", "value": "…" }
//!   }
//! }
//! ```
//!
//! Where secrets are not sealed, the password of the proxy stands in `proxy`; so it does
//! after a person has edited the file. See [`super::secret`].

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value};

use super::connections::to_text;
use super::file::{Codes, Found, SaveError, StoreFile, in_words};
use super::schema::{Object, Schema};
use super::secret::{Protection, StoredSecret};
use crate::model::settings::SettingError;
use crate::model::{Fault, FaultCode, Proxy, ProxyChoice, Settings};

/// From version 2 on, the password of the proxy may be sealed.
const SCHEMA: Schema = Schema { migrations: &[|_| Ok(())] };
/// Where the sealed password of the proxy stands, and what it is sealed with.
const PROXY_PASSWORD: &str = "proxy_password";
const PROXY_PASSWORD_ENTROPY: &str = "network.proxy_password";

/// The file. What this version does not know in it, [`Settings`] keeps.
pub(super) struct SettingsFile {
    file: StoreFile,
    /// The proxy whose password is sealed in the file, and that as it is written again.
    sealed: Option<(Proxy, StoredSecret)>,
}

/// What a settings file says, before it is in use.
pub struct SettingsRead {
    settings: Settings,
    faults: Vec<Fault>,
    sealed: Option<(Proxy, StoredSecret)>,
}

impl SettingsRead {
    /// The settings; the defaults for what the file does not say.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is wrong with the file, though it can be used.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.faults)
    }
}

impl fmt::Debug for SettingsRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettingsRead").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl SettingsFile {
    /// Reads the file at `path`. Reports what cannot be used; the default stands in
    /// for it.
    pub(super) fn open(
        path: &Path,
        protection: &Protection,
        now: Timestamp,
        found: &mut Found,
    ) -> (Self, Settings) {
        let codes =
            Codes { damaged: FaultCode::SettingsDamaged, unusable: FaultCode::SettingsUnusable };
        let mut this = Self { file: StoreFile::new(path, codes), sealed: None };
        let settings = this.read(protection, now, found).unwrap_or_default();
        (this, settings)
    }

    fn read(
        &mut self,
        protection: &Protection,
        now: Timestamp,
        found: &mut Found,
    ) -> Option<Settings> {
        let mut contents = self.file.read(&SCHEMA, now, &mut found.faults)?;
        let mut object = std::mem::take(&mut contents.object);
        let mut problems = Vec::new();
        let sealed = take_sealed_proxy(&mut object, &mut problems);
        problems.extend(drop_unfit(&mut object));
        let Ok(mut settings) = Settings::deserialize(Value::Object(object)) else {
            return self.file.set_aside("is not a settings file", now, &mut found.faults);
        };
        if let Some((shown, stored)) = sealed {
            match unseal(&shown, &stored, protection, &mut found.faults) {
                Ok(proxy) => {
                    settings.network.proxy = ProxyChoice::Through(proxy.clone());
                    self.sealed = Some((proxy, stored));
                }
                Err(problem) => problems.push(problem),
            }
        }
        let may_write = problems.is_empty()
            || self.file.keep_copy(&contents, &problems, now, &mut found.faults);
        let unsealed = usize::from(self.is_unsealed(&settings, protection));
        if may_write && (!problems.is_empty() || unsealed > 0) {
            let saved = self.save(protection, &settings);
            found.wrote_back(unsealed, saved);
        }
        Some(settings)
    }

    /// What the file says now, or why not all of it can be used. Touches nothing.
    pub(super) fn look(&self, protection: &Protection) -> Result<SettingsRead, String> {
        let mut object = self.file.look(&SCHEMA)?.unwrap_or_default();
        let mut problems = Vec::new();
        let sealed = take_sealed_proxy(&mut object, &mut problems);
        problems.extend(drop_unfit(&mut object));
        if !problems.is_empty() {
            let words = format!("has parts that cannot be used: {}", in_words(&problems));
            return Err(self.file.named(&words));
        }
        let settings = Settings::deserialize(Value::Object(object));
        let settings = settings.map_err(|_| self.file.named("is not a settings file"))?;
        let mut read = SettingsRead { settings, faults: Vec::new(), sealed: None };
        if let Some((shown, stored)) = sealed {
            let proxy = unseal(&shown, &stored, protection, &mut read.faults);
            let proxy =
                proxy.map_err(|problem| self.file.named(&format!("says that {problem}")))?;
            read.settings.network.proxy = ProxyChoice::Through(proxy.clone());
            read.sealed = Some((proxy, stored));
        }
        Ok(read)
    }

    /// Takes over what [`Self::look`] has read, and writes it where its secrets are not sealed.
    pub(super) fn adopt(
        &mut self,
        read: SettingsRead,
        protection: &Protection,
    ) -> Result<Settings, SaveError> {
        let SettingsRead { settings, sealed, .. } = read;
        let before = std::mem::replace(&mut self.sealed, sealed);
        self.file.is_mended();
        if self.is_unsealed(&settings, protection)
            && let Err(error) = self.save(protection, &settings)
        {
            self.sealed = before;
            return Err(error);
        }
        Ok(settings)
    }

    /// How often the disk has taken it.
    pub(super) fn writes(&self) -> u64 {
        self.file.writes()
    }

    /// Whether the password of the proxy is known, and not sealed as it would be now.
    fn is_unsealed(&self, settings: &Settings, protection: &Protection) -> bool {
        let has_password = settings.network.proxy.proxy().and_then(Proxy::password).is_some();
        has_password
            && protection.seals()
            && !self.sealed.as_ref().is_some_and(|(_, stored)| protection.is_of(stored))
    }

    /// Writes `settings`.
    pub(super) fn save(
        &mut self,
        protection: &Protection,
        settings: &Settings,
    ) -> Result<(), SaveError> {
        let sealed = match settings.network.proxy.proxy() {
            Some(proxy) => self.seal(protection, proxy)?,
            None => None,
        };
        let version = SCHEMA.version();
        match &sealed {
            None => self.file.save(&to_text(&StoredSettings { version, settings })),
            Some((proxy, stored)) => {
                let mut settings = settings.clone();
                settings.network.proxy = ProxyChoice::Through(proxy.clone().with_sealed_password());
                let stored = stored.to_value();
                settings.network.unknown.insert(PROXY_PASSWORD.to_owned(), stored);
                self.file.save(&to_text(&StoredSettings { version, settings: &settings }))
            }
        }?;
        self.sealed = sealed;
        Ok(())
    }

    /// `proxy` with its password as it is written. What is sealed already, or cannot be
    /// unsealed, is left as it is. `None` where there is nothing to seal.
    fn seal(
        &self,
        protection: &Protection,
        proxy: &Proxy,
    ) -> Result<Option<(Proxy, StoredSecret)>, SaveError> {
        let known = self.sealed.as_ref().filter(|(of, stored)| {
            of == proxy && (proxy.password_is_sealed() || protection.is_of(stored))
        });
        if let Some(known) = known {
            return Ok(Some(known.clone()));
        }
        let Some(password) = proxy.password().filter(|_| protection.seals()) else {
            return Ok(None);
        };
        match protection.protect(password, PROXY_PASSWORD_ENTROPY) {
            Ok(stored) => Ok(Some((proxy.clone(), stored))),
            Err(error) => {
                let what = "the password of the proxy".to_owned();
                Err(SaveError::NotSealed { what, error })
            }
        }
    }
}

/// Takes a proxy out of `object` whose password is sealed beside it: as it is shown, and
/// the password. Names what is wrong.
fn take_sealed_proxy(
    object: &mut Object,
    problems: &mut Vec<String>,
) -> Option<(String, StoredSecret)> {
    let network = object.get_mut("network")?.as_object_mut()?;
    let stored = network.remove(PROXY_PASSWORD)?;
    let shown = network.get("proxy")?.as_str()?.to_owned();
    // Else somebody has put another proxy there by hand.
    if !Proxy::hides_password(&shown) {
        return None;
    }
    network.remove("proxy");
    let stored = StoredSecret::read(stored);
    let problem = |problem| format!("network.{PROXY_PASSWORD} {problem}, so there is no proxy");
    stored.map_err(|error| problems.push(problem(error))).ok().map(|stored| (shown, stored))
}

/// The proxy that is shown as `shown`, with the password in `stored`. One that cannot be
/// unsealed is a fault, and the proxy stays: going straight is no way around it.
fn unseal(
    shown: &str,
    stored: &StoredSecret,
    protection: &Protection,
    faults: &mut Vec<Fault>,
) -> Result<Proxy, String> {
    let proxy = match protection.read(stored, PROXY_PASSWORD_ENTROPY) {
        Ok(password) => Proxy::parse_shown(shown, &password),
        Err(problem) => Proxy::parse_sealed(shown).inspect(|proxy| {
            let detail = format!("the password of {proxy} {problem}");
            faults.push(Fault::new(FaultCode::ProxyPasswordSealed, detail));
        }),
    };
    proxy.map_err(|error| format!("network.proxy is no proxy: {error}"))
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
