//! Settings of the service, each known by a dotted name.

use serde::{Deserialize, Serialize};

use super::azure_settings::AzureSettings;
use super::log_settings::{ConnectionLevels, LogFormat};
use super::metrics::MetricsSettings;
use super::proxies::ProxyChoice;
use super::proxy::{Proxy, ProxyError};
use super::upgrade::{Channel, Feed};

/// All settings. A missing one has its default; unknown ones are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How Azure is reached.
    pub network: NetworkSettings,
    /// Where people sign in to add connections.
    pub azure: AzureSettings,
    /// What is logged.
    pub log: LogSettings,
    /// Where the metrics are read.
    pub metrics: MetricsSettings,
    /// How the service runs.
    pub service: ServiceSettings,
    /// Where newer versions are looked for.
    pub upgrade: UpgradeSettings,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// How Azure is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSettings {
    /// PEM file with CA certificates trusted besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_ca_certificates: Option<String>,
    /// The proxy on the way to Azure; never for endpoints.
    #[serde(skip_serializing_if = "ProxyChoice::is_automatic")]
    pub proxy: ProxyChoice,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSettings {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: LogLevel,
    /// Connections with a level of their own.
    #[serde(skip_serializing_if = "ConnectionLevels::is_empty")]
    pub connections: ConnectionLevels,
    /// `text` or `json`: the lines in files and on standard output.
    #[serde(skip_serializing_if = "is_default")]
    pub format: LogFormat,
    /// Daily log files that are kept.
    pub keep_files: u32,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// How the service runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceSettings {
    /// Seconds that open streams get when the service stops.
    pub drain_seconds: u32,
    /// Every account of this machine may read the status.
    pub status_for_all: bool,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl ServiceSettings {
    /// The most of [`Self::drain_seconds`].
    pub const MOST_DRAIN_SECONDS: u32 = 3600;
}

/// Where newer versions are looked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpgradeSettings {
    /// Where releases are asked for.
    pub feed: Feed,
    /// Which releases are wanted.
    pub channel: Channel,
    /// What a newer version wrote; kept as it is.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            connections: ConnectionLevels::default(),
            format: LogFormat::default(),
            keep_files: 14,
            unknown: serde_json::Map::new(),
        }
    }
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self { drain_seconds: 30, status_for_all: true, unknown: serde_json::Map::new() }
    }
}

/// How much is logged; each level has all of the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the standard ones")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// All of them, the quietest first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The name of the level.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl std::str::FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|level| text.eq_ignore_ascii_case(level.as_str())).ok_or(())
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Why a setting could not be read or set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such setting.
    #[error("there is no setting \"{name}\"; there are: {}", Settings::NAMES.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The value does not fit.
    #[error("\"{value}\" does not fit the setting {name}: {expected}")]
    BadValue {
        /// Which setting.
        name: String,
        /// What was given.
        value: String,
        /// What it takes.
        expected: String,
    },
}

impl Settings {
    /// The dotted names of all settings.
    pub const NAMES: &'static [&'static str] = &[
        "azure.audience",
        "azure.authority",
        "azure.client_id",
        "azure.cloud",
        "azure.portal",
        "azure.resource_manager",
        "azure.tenant",
        "log.connections",
        "log.format",
        "log.keep_files",
        "log.level",
        "metrics.listen",
        "network.extra_ca_certificates",
        "network.proxy",
        "service.drain_seconds",
        "service.status_for_all",
        "upgrade.channel",
        "upgrade.feed",
    ];

    /// The value of the setting `name` as text; empty for one that is not set. `***`
    /// stands for a password, and given back to [`Self::set`] it keeps that.
    ///
    /// # Errors
    /// [`SettingError::Unknown`] lists the names that exist.
    pub fn get(&self, name: &str) -> Result<String, SettingError> {
        if let Some(value) = self.azure.get(name) {
            return Ok(value);
        }
        Ok(match name {
            "log.connections" => self.log.connections.to_string(),
            "log.format" => self.log.format.as_str().to_owned(),
            "log.keep_files" => self.log.keep_files.to_string(),
            "log.level" => self.log.level.as_str().to_owned(),
            "metrics.listen" => self.metrics.listen(),
            "network.extra_ca_certificates" => {
                self.network.extra_ca_certificates.clone().unwrap_or_default()
            }
            "network.proxy" => self.network.proxy.to_string(),
            "service.drain_seconds" => self.service.drain_seconds.to_string(),
            "service.status_for_all" => on_or_off(self.service.status_for_all).to_owned(),
            "upgrade.channel" => self.upgrade.channel.to_string(),
            "upgrade.feed" => self.upgrade.feed.to_string(),
            _ => return Err(SettingError::Unknown { name: name.to_owned() }),
        })
    }

    /// Sets `name` to `value`; an empty value takes an optional setting away.
    ///
    /// # Errors
    /// [`SettingError`] says which names exist, or what the setting takes.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let value = value.trim();
        let bad = |expected: &str| SettingError::BadValue {
            name: name.to_owned(),
            value: value.to_owned(),
            expected: expected.to_owned(),
        };
        if let Some(set) = self.azure.set(name, value) {
            return set.map_err(bad);
        }
        match name {
            "log.keep_files" => {
                self.log.keep_files = whole_number(value, 1, 3650)
                    .ok_or_else(|| bad("a whole number of files from 1 to 3650"))?;
            }
            "log.level" => {
                self.log.level =
                    value.parse().map_err(|()| bad("error, warn, info, debug or trace"))?;
            }
            "log.connections" => self.log.connections = value.parse().map_err(bad)?,
            "log.format" => {
                self.log.format = value.parse().map_err(|()| bad("text or json"))?;
            }
            "metrics.listen" => self.metrics.set_listen(value).map_err(bad)?,
            "network.extra_ca_certificates" => {
                if !value.is_empty() && !std::path::Path::new(value).is_absolute() {
                    return Err(bad("the whole path of a PEM file"));
                }
                self.network.extra_ca_certificates =
                    Some(value.to_owned()).filter(|v| !v.is_empty());
            }
            "network.proxy" => {
                let proxy = ProxyChoice::parse(value, &self.network.proxy);
                self.network.proxy = proxy.map_err(|error| SettingError::BadValue {
                    name: name.to_owned(),
                    value: Proxy::redacted(value),
                    expected: proxy_expected(&error),
                })?;
            }
            "service.drain_seconds" => {
                let most = ServiceSettings::MOST_DRAIN_SECONDS;
                self.service.drain_seconds = whole_number(value, 0, most)
                    .ok_or_else(|| bad(&format!("a whole number of seconds from 0 to {most}")))?;
            }
            "service.status_for_all" => {
                self.service.status_for_all = switch(value).ok_or_else(|| bad("on or off"))?;
            }
            "upgrade.channel" => {
                self.upgrade.channel =
                    value.to_ascii_lowercase().parse().map_err(|()| bad("stable or preview"))?;
            }
            "upgrade.feed" => self.upgrade.feed = value.parse().map_err(bad)?,
            _ => return Err(SettingError::Unknown { name: name.to_owned() }),
        }
        Ok(())
    }
}

fn proxy_expected(error: &ProxyError) -> String {
    const FORM: &str = "http://host:port, http://user:password@host:port, the same with https:// or socks5://, none for no proxy, or empty for that of the system";
    match error {
        ProxyError::NoPort | ProxyError::Scheme(_) => FORM.to_owned(),
        error => format!("{FORM}; {error}"),
    }
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn switch(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|&on| text.eq_ignore_ascii_case(on_or_off(on)))
}

fn whole_number(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_read_and_set_to_what_it_is() {
        let mut settings = Settings::default();
        for name in Settings::NAMES {
            let value = settings.get(name).unwrap();
            settings.set(name, &value).unwrap();
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn others_read_the_status_unless_that_is_switched_off() {
        let old = r#"{"service":{"drain_seconds":5}}"#;
        let mut settings: Settings = serde_json::from_str(old).unwrap();
        assert_eq!(settings.get("service.status_for_all").unwrap(), "on");
        settings.set("service.status_for_all", "Off").unwrap();
        assert!(!settings.service.status_for_all);
        assert_eq!(settings.get("service.status_for_all").unwrap(), "off");
    }

    #[test]
    fn what_a_newer_version_wrote_survives() {
        let text = r#"{"network":{"extra_ca_certificates":"/ca.pem","dns":"x"},"future":[1]}"#;
        let settings: Settings = serde_json::from_str(text).unwrap();
        let back = serde_json::to_value(&settings).unwrap();
        assert_eq!(back["network"]["dns"], "x");
        assert_eq!(back["future"][0], 1);
    }

    #[test]
    fn a_wrong_value_or_name_is_said_in_words() {
        let mut settings = Settings::default();
        let error = settings.set("log.level", "loud").unwrap_err().to_string();
        assert!(error.contains("log.level") && error.contains("loud") && error.contains("debug"));
        let error = settings.get("log.levle").unwrap_err().to_string();
        assert!(error.contains("log.level,"));
        assert!(settings.set("network.extra_ca_certificates", "ca.pem").is_err());
        assert!(settings.set("service.drain_seconds", "-1").is_err());
        let error = settings.set("service.status_for_all", "maybe").unwrap_err().to_string();
        assert!(error.contains("on or off"), "{error}");
        let error = settings.set("network.proxy", "socks4://me:c2Vj@h:1").unwrap_err().to_string();
        assert!(
            error.contains("socks4://***@h:1") && error.contains("or socks5://, none"),
            "{error}"
        );
    }

    #[test]
    fn the_password_of_the_proxy_is_kept_and_not_shown() {
        let mut settings = Settings::default();
        settings.set("network.proxy", "http://me:c2Vj@h:1").unwrap();
        let (before, shown) = (settings.clone(), settings.get("network.proxy").unwrap());
        assert_eq!(shown, "http://me:***@h:1");
        assert!(!format!("{settings:?}").contains("c2Vj"));
        settings.set("network.proxy", &shown).unwrap();
        assert_eq!(settings, before);
        assert!(settings.set("network.proxy", "http://me:***@other:1").is_err());
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), before);
        settings.set("network.proxy", "None").unwrap();
        assert_eq!(settings.get("network.proxy").unwrap(), "none");
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
        settings.set("network.proxy", "").unwrap();
        assert_eq!(settings, Settings::default());
    }
}
